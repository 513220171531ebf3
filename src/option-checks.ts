import { typeName } from './common/validate.ts'
import { ConfigurationError } from './errors.ts'

/** Looks at one value. Gives what was expected and what came, or `undefined` if nothing is wrong with it. */
export type Check = (value: unknown) => string | undefined

/** A check for every member that an object may have. */
export type Checks<Options> = { readonly [Name in keyof Required<Options>]: Check }

/**
 * Refuses an object of options that has an unknown, a missing or a wrong member, by its name. `what` begins the
 * message. A member that is `undefined` counts as left out.
 */
export function checkMembers<Options extends object>(
  what: string,
  given: unknown,
  checks: Checks<Options>,
  required: readonly (keyof Options & string)[],
): asserts given is Options {
  if (!isRecord(given))
    throw new ConfigurationError(
      `${what}: expected options, an object of ${Object.keys(checks).join(', ')}; came ${typeName(given)}`,
    )
  for (const name of required)
    if (given[name] === undefined) throw new ConfigurationError(`${what}: the option ${name} is missing`)
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(checks, name))
      throw new ConfigurationError(
        `${what}: there is no option ${name}; known are ${Object.keys(checks).join(', ')}`,
      )
    if (value === undefined) continue
    const expected = checks[name as keyof Options](value) // one of its names, as just seen
    if (expected) throw new ConfigurationError(`${what}: expected ${name} to be ${expected}`)
  }
}

/** A text of so many characters; characters are counted as people do, not in code units. */
export const textOf =
  (shortest: number, longest: number): Check =>
  (value) => {
    const expected = `a text of ${shortest} to ${longest} characters`
    if (typeof value !== 'string') return `${expected}, came ${typeName(value)}`
    const { length } = [...value]
    return length >= shortest && length <= longest ? undefined : `${expected}, came ${length}`
  }

export const anyText: Check = (value) =>
  typeof value === 'string' && value !== '' ? undefined : `a non-empty text, came ${typeName(value)}`

export const flag: Check = (value) =>
  typeof value === 'boolean' ? undefined : `true or false, came ${typeName(value)}`

export const integer: Check = (value) =>
  Number.isSafeInteger(value)
    ? undefined
    : `a whole number, came ${typeof value === 'number' ? value : typeName(value)}`

export const oneOf =
  (...values: readonly string[]): Check =>
  (value) =>
    typeof value === 'string' && values.includes(value)
      ? undefined
      : `${values.length > 1 ? 'one of ' : ''}${values.join(', ')}; came ${typeof value === 'string' ? JSON.stringify(value) : typeName(value)}`

/** For a member that another part looks at, which says what is wrong with it. */
export const elsewhere: Check = () => undefined

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof RegExp)

/** Refuses what is no function; `expected` begins the message. */
export function expectFunction(
  value: unknown,
  expected: string,
): asserts value is (...all: never[]) => unknown {
  if (typeof value !== 'function') throw new ConfigurationError(`${expected}, came ${typeName(value)}`)
}
