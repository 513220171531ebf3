import { typeName } from './common/validate.ts'
import { ConfigurationError } from './errors.ts'

/**
 * Checks one value. Returns what was expected and what was given instead, or `undefined` if the value is
 * valid.
 */
export type Check = (value: unknown) => string | undefined

/** One check for each member that an object may have. */
export type Checks<Options> = { readonly [Name in keyof Required<Options>]: Check }

/**
 * Checks an object of options. Throws a {@link ConfigurationError} that names the first unknown, missing or
 * invalid member; `what` starts its message. A member that is `undefined` counts as left out.
 */
export function checkMembers<Options extends object>(
  what: string,
  given: unknown,
  checks: Checks<Options>,
  required: readonly (keyof Options & string)[],
): asserts given is Options {
  if (!isRecord(given))
    throw new ConfigurationError(
      `${what}: expected an object with the options ${Object.keys(checks).join(', ')}; got ${typeName(given)}`,
    )
  for (const name of required)
    if (given[name] === undefined) throw new ConfigurationError(`${what}: the option ${name} is missing`)
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(checks, name))
      throw new ConfigurationError(
        `${what}: ${name} is not a known option; expected one of ${Object.keys(checks).join(', ')}`,
      )
    if (value === undefined) continue
    const expected = checks[name as keyof Options](value) // checked just above
    if (expected) throw new ConfigurationError(`${what}: expected ${name} to be ${expected}`)
  }
}

/** A string with a length in this range. It counts characters (code points), not UTF-16 code units. */
export const textOf =
  (shortest: number, longest: number): Check =>
  (value) => {
    const expected = `a string of ${shortest} to ${longest} characters`
    if (typeof value !== 'string') return `${expected}, got ${typeName(value)}`
    const { length } = [...value]
    return length >= shortest && length <= longest ? undefined : `${expected}, got ${length}`
  }

/** A string that is not empty. */
export const anyText: Check = (value) =>
  typeof value === 'string' && value !== ''
    ? undefined
    : `a non-empty string, got ${value === '' ? 'an empty one' : typeName(value)}`

/** `true` or `false`. */
export const flag: Check = (value) =>
  typeof value === 'boolean' ? undefined : `true or false, got ${typeName(value)}`

/** A whole number that a double represents exactly. */
export const integer: Check = (value) =>
  Number.isSafeInteger(value)
    ? undefined
    : `a whole number, got ${typeof value === 'number' ? value : typeName(value)}`

/** One of some strings, which the error lists. */
export const oneOf =
  (...values: readonly string[]): Check =>
  (value) =>
    typeof value === 'string' && values.includes(value)
      ? undefined
      : `${values.length > 1 ? 'one of ' : ''}${values.join(', ')}; got ${typeof value === 'string' ? JSON.stringify(value) : typeName(value)}`

/** For a member that is checked elsewhere, with an error message of its own. */
export const elsewhere: Check = () => undefined

/** Whether a value can hold options: not an array, and not a regular expression. */
export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof RegExp)

/** Throws a {@link ConfigurationError} unless the value is a function; `expected` starts its message. */
export function expectFunction(
  value: unknown,
  expected: string,
): asserts value is (...all: never[]) => unknown {
  if (typeof value !== 'function') throw new ConfigurationError(`${expected}, got ${typeName(value)}`)
}
