import {
  anyText,
  type Check,
  type Checks,
  expecting,
  flag,
  integerFrom,
  oneOf,
  refusal,
  shown,
} from '../../common/checks.ts'
import { isRecord } from '../../common/is-record.ts'
import { typeName } from '../../common/validate.ts'
import { ConfigurationError } from '../../errors.ts'
import { checkOptions, refuse } from '../../option-checks.ts'

interface Labelled {
  /** Label of the field. */
  readonly label: string
  /** Help text below the field. Default: none. */
  readonly hint?: string
}

interface Requirable {
  /** Whether the form can only be saved with a value. Default false. */
  readonly required?: boolean
}

/** A field of the settings form. */
export type SettingsField = Labelled &
  (
    | (Requirable & {
        /** One line, several lines, or a web address (`https://…`). */
        readonly type: 'text' | 'textarea' | 'url'
        /** Value until somebody saves another one. Default: `undefined`. */
        readonly default?: string
        /** Maximum length in characters. Default 255; 10,000 for `textarea`, 2,000 for `url`. */
        readonly maxLength?: number
      })
    | (Requirable & {
        /** A password or token. The page never shows it again; an empty field keeps it. */
        readonly type: 'secret'
        /** Maximum length in characters. Default 1,000. */
        readonly maxLength?: number
      })
    | (Requirable & {
        readonly type: 'number'
        /** Value until somebody saves another one. Default: `undefined`. */
        readonly default?: number
        /** Smallest valid number. Default: no limit. */
        readonly min?: number
        /** Largest valid number. Default: no limit. */
        readonly max?: number
        /** Whether only whole numbers are valid. Default false. */
        readonly integer?: boolean
      })
    | (Requirable & {
        readonly type: 'select'
        /** The choices: labels by their values. */
        readonly options: Readonly<Record<string, string>>
        /** Value until somebody saves another one. Default: `undefined`. */
        readonly default?: string
      })
    | {
        readonly type: 'checkbox'
        /** Value until somebody saves another one. Default false. */
        readonly default?: boolean
      }
  )

/** The fields of a settings form, by name. A name has 1 to 40 letters, digits and `_`, and is not `session`. */
export type SettingsFields = Readonly<Record<string, SettingsField>>

type Absent<F> = F extends { readonly default: Value } ? never : undefined

type ValueOf<F> = F extends { readonly type: 'checkbox' }
  ? boolean
  : F extends { readonly type: 'number' }
    ? number | Absent<F>
    : F extends { readonly type: 'select'; readonly options: infer Options }
      ? (keyof Options & string) | Absent<F>
      : string | Absent<F>

/**
 * The saved values, or the defaults, by the names of their fields. A field without a default is `undefined`
 * until somebody saves, even if it is `required`.
 */
export type SettingsValues<F extends SettingsFields> = { readonly [Name in keyof F]: ValueOf<F[Name]> }

/** The value of a field. */
export type Value = string | number | boolean

/** The stored values, by the names of their fields. */
export type StoredValues = Readonly<Record<string, Value>>

const longest = { text: 255, textarea: 10_000, url: 2_000, secret: 1_000 } as const

const finite = expecting('a number', Number.isFinite)

const length = integerFrom(1, 100_000)

const options: Check = (value, name) =>
  isRecord(value) &&
  Object.keys(value).length > 0 &&
  Object.entries(value).every(([key, text]) => key !== '' && typeof text === 'string' && text !== '')
    ? undefined
    : refusal(
        name,
        "an object such as { info: 'Everything', error: 'Errors only' }",
        isRecord(value) ? JSON.stringify(value) : shown(value),
      )

const types = ['text', 'textarea', 'url', 'secret', 'number', 'select', 'checkbox'] as const

const labelled = { type: oneOf(...types), label: anyText, hint: anyText }
const written = { ...labelled, required: flag, default: anyText, maxLength: length }

const checksOf: Readonly<Record<(typeof types)[number], Checks<Record<string, unknown>>>> = {
  text: written,
  textarea: written,
  url: written,
  secret: { ...labelled, required: flag, maxLength: length },
  number: { ...labelled, required: flag, default: finite, min: finite, max: finite, integer: flag },
  select: { ...labelled, required: flag, default: anyText, options },
  checkbox: { ...labelled, default: flag },
}

/** Checks the fields. Throws a {@link ConfigurationError} that names the invalid field. */
export function checkFields(fields: unknown): asserts fields is SettingsFields {
  if (!isRecord(fields) || Object.keys(fields).length === 0)
    throw new ConfigurationError(
      `settings: expected fields to be an object of fields such as { channel: { type: 'text', label: 'Channel' } }, got ${isRecord(fields) ? 'an empty one' : typeName(fields)}`,
    )
  for (const [name, field] of Object.entries(fields)) {
    const what = `settings, field ${name}`
    if (!/^[a-z]\w{0,39}$/i.test(name) || name === 'session' || name in Object.prototype)
      throw new ConfigurationError(
        `settings: expected field names of 1 to 40 letters, digits and _, and not session; got ${JSON.stringify(name)}`,
      )
    const given = isRecord(field) ? field['type'] : field
    refuse(what, labelled.type(given, 'type'))
    const type = given as (typeof types)[number] // checked just above
    checkOptions(what, field, checksOf[type], ['label', ...(type === 'select' ? ['options'] : [])])
    const checked = field as unknown as SettingsField // the checks of its type passed
    if (!('default' in checked) || checked.default === undefined) continue
    const wrong = faultOf(checked, checked.default)
    if (wrong) throw new ConfigurationError(`${what}: the default is not valid: ${wrong}`)
  }
}

/** The stored values that are still valid for their fields, and the defaults of the other fields. */
export function valuesOf(fields: SettingsFields, stored: StoredValues): Record<string, Value | undefined> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, field]) => {
      const value = Object.hasOwn(stored, name) ? stored[name] : undefined
      if (value !== undefined && faultOf(field, value) === undefined) return [name, value]
      return [name, 'default' in field ? field.default : field.type === 'checkbox' ? false : undefined]
    }),
  )
}

/** An error message for the person who entered the value; `undefined` if it is valid. */
export function faultOf(field: SettingsField, value: unknown): string | undefined {
  switch (field.type) {
    case 'checkbox':
      return typeof value === 'boolean' ? undefined : 'This has to be ticked or not ticked.'
    case 'number': {
      if (typeof value !== 'number' || !Number.isFinite(value)) return 'This has to be a number.'
      const { min, max, integer } = field
      if (integer && !Number.isSafeInteger(value)) return 'This has to be a whole number.'
      if (min !== undefined && value < min) return `This has to be ${min} or more.`
      return max !== undefined && value > max ? `This has to be ${max} or less.` : undefined
    }
    case 'select':
      return typeof value === 'string' && Object.hasOwn(field.options, value)
        ? undefined
        : 'This has to be one of the list.'
    default: {
      if (typeof value !== 'string') return 'This has to be text.'
      const most = field.maxLength ?? longest[field.type]
      const characters = [...value].length
      if (characters > most) return `This can have ${most} characters at most; it has ${characters}.`
      return field.type === 'url' && !isWebAddress(value)
        ? 'This has to be an address such as https://example.com.'
        : undefined
    }
  }
}

const isWebAddress = (text: string): boolean => /^https?:\/\//i.test(text) && URL.canParse(text)
