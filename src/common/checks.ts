import { isRecord } from './is-record.ts'
import { typeName } from './validate.ts'

/**
 * Checks the value of an option. Returns what is wrong as a sentence with the name of the option, or `undefined` if
 * the value is valid.
 */
export type Check = (value: unknown, name: string) => string | undefined

/** One check for each option of an object. */
export type Checks<Options> = { readonly [Name in keyof Required<Options>]: Check }

/** A check of one rule: `expected` is what its message says that the option has to be. */
export const expecting =
  (expected: string, accepts: (value: unknown) => boolean): Check =>
  (value, name) =>
    accepts(value) ? undefined : refusal(name, expected, shown(value))

/** The sentence about an invalid value: `expected NAME to be X, got Y`. */
export const refusal = (name: string, expected: string, got: string): string =>
  `expected ${name && `${name} to be `}${expected}${expected.includes(',') ? ';' : ','} got ${got}`

/** A value as a message shows it. Not for secrets: a short string is shown as it is. */
export function shown(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (typeof value === 'string')
    return value.length > 100 ? `a string of ${value.length} characters` : JSON.stringify(value)
  return kindOf(value)
}

const kindOf = (value: unknown): string => (value instanceof RegExp ? 'RegExp' : typeName(value))

/**
 * Checks an object of options. Returns what is wrong as a sentence that names the first unknown, missing or invalid option,
 * or `undefined` if there is none. An option that is `undefined` counts as left out.
 */
export function optionsFault<Options>(
  given: unknown,
  checks: Checks<Options>,
  required: readonly (keyof Options & string)[] = [],
  name = '',
): string | undefined {
  const known = Object.keys(checks)
  if (!isRecord(given) || given instanceof RegExp)
    return refusal(name, `an object with the options ${known.join(', ')}`, kindOf(given))
  const prefix = name && `${name}.`
  // Before the missing ones: a required option may only be misspelled.
  const unknown = unknownName('option', Object.keys(given), known, prefix)
  if (unknown) return unknown
  const missing = required.find((option) => given[option] === undefined)
  if (missing) return `the option ${prefix}${missing} is missing`
  for (const [option, value] of Object.entries(given)) {
    if (value === undefined) continue
    const fault = checks[option as keyof Options](value, `${prefix}${option}`) // all names are known
    if (fault) return fault
  }
  return undefined
}

/** An object of options as the value of an option; see {@link optionsFault}. */
export const objectOf =
  <Options>(checks: Checks<Options>, required: readonly (keyof Options & string)[] = []): Check =>
  (value, name) =>
    optionsFault(value, checks, required, name)

/** The sentence about the first name that is not known; `undefined` if there is none. */
export function unknownName(
  kind: 'option' | 'member' | 'parameter',
  given: readonly string[],
  known: readonly string[],
  prefix = '',
): string | undefined {
  const unknown = given.find((name) => !known.includes(name))
  if (unknown === undefined) return undefined
  const expected = known.length > 0 ? `one of ${known.join(', ')}` : 'none'
  return `${prefix}${unknown} is not a known ${kind}; expected ${expected}`
}

/** A list in which each item passes a check; `items` describes them. */
export const listOf =
  (items: string, check: Check): Check =>
  (value, name) => {
    if (!Array.isArray(value)) return refusal(name, `a list of ${items}`, shown(value))
    for (const [index, item] of value.entries()) {
      const fault = check(item, `${name}.${index}`)
      if (fault) return fault
    }
    return undefined
  }

/** A string with a length in this range. It counts characters (code points), not UTF-16 code units. */
export const textOf =
  (shortest: number, longest: number): Check =>
  (value, name) => {
    const expected = `a string of ${shortest} to ${longest} characters`
    if (typeof value !== 'string') return refusal(name, expected, shown(value))
    const { length } = [...value]
    return length >= shortest && length <= longest ? undefined : refusal(name, expected, String(length))
  }

/** A string that is not empty. Its message never shows the value, which may be secret. */
export const anyText: Check = (value, name) =>
  typeof value === 'string' && value !== ''
    ? undefined
    : refusal(name, 'a non-empty string', value === '' ? 'an empty one' : typeName(value))

/** Any string, also an empty one. */
export const string = expecting('a string', (value) => typeof value === 'string')

/** A boolean. */
export const flag = expecting('true or false', (value) => typeof value === 'boolean')

/** A whole number. */
export const integer = expecting('a whole number', Number.isSafeInteger)

/** A whole number in a range. */
export const integerFrom = (least: number, most: number): Check =>
  expecting(
    `a whole number from ${least} to ${most}`,
    (value) => Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most,
  )

// The longest delay of Node's timers: with a longer one they fire at once.
const longestTimer = 2 ** 31 - 1

/** A time for a timer, in milliseconds. */
export const milliseconds = expecting(
  `a number of milliseconds from 0 to ${longestTimer}`,
  (value) => typeof value === 'number' && value >= 0 && value <= longestTimer,
)

/** An address on which paths are built. */
export const absoluteUrl: Check = (value, name) => {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined
  if (!url || !/^https?:$/.test(url.protocol))
    return refusal(name, 'an absolute http or https address', shown(value).replace(/\/\/\S*@/, '//…@'))
  // From here on the address is not shown: these parts may be secret.
  if (url.username || url.password)
    return refusal(name, 'an address without a user name or password', 'one that has them')
  if (url.search || url.hash) return refusal(name, 'an address without a query or fragment', 'one with them')
  return undefined
}

/** Certificates in PEM form, as a string or a list of them. Its message never shows the value. */
export const certificates: Check = (value, name) =>
  [value].flat().every((text) => typeof text === 'string' && text.includes('-----BEGIN CERTIFICATE-----'))
    ? undefined
    : refusal(
        name,
        'certificates as PEM, that is, the content of such a file and not its name',
        'something without -----BEGIN CERTIFICATE-----',
      )

/** One of these strings. */
export const oneOf = (...values: readonly string[]): Check =>
  expecting(
    `${values.length > 1 ? 'one of ' : ''}${values.join(', ')}`,
    (value) => typeof value === 'string' && values.includes(value),
  )

/** For an option that is checked elsewhere, with an error message of its own. */
export const elsewhere: Check = () => undefined
