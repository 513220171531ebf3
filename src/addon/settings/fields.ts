import { typeName } from '../../common/validate.ts'
import { ConfigurationError } from '../../errors.ts'
import { anyText, type Check, type Checks, checkMembers, flag, isRecord, oneOf } from '../../option-checks.ts'

interface Labelled {
  /** What it is, beside it. */
  readonly label: string
  /** What to know about it, below it. */
  readonly hint?: string
}

interface Requirable {
  /** Whether it has to be filled in to be saved. Default false. */
  readonly required?: boolean
}

/** Something to be filled in. */
export type SettingsField = Labelled &
  (
    | (Requirable & {
        /** One line, several lines, or an address (`https://…`). */
        readonly type: 'text' | 'textarea' | 'url'
        readonly default?: string
        /** Default 255 characters; 10,000 for several lines, 2,000 for an address. */
        readonly maxLength?: number
      })
    | (Requirable & {
        /** A password or token: never shown again. Kept when the field is left empty. */
        readonly type: 'secret'
        /** Default 1,000 characters. */
        readonly maxLength?: number
      })
    | (Requirable & {
        readonly type: 'number'
        readonly default?: number
        readonly min?: number
        readonly max?: number
        /** Whether it has to be whole. Default false. */
        readonly integer?: boolean
      })
    | (Requirable & {
        readonly type: 'select'
        /** What can be chosen: values with what people read. */
        readonly options: Readonly<Record<string, string>>
        readonly default?: string
      })
    | { readonly type: 'checkbox'; readonly default?: boolean }
  )

export type SettingsFields = Readonly<Record<string, SettingsField>>

type Absent<F> = F extends { readonly default: Value } ? never : undefined

type ValueOf<F> = F extends { readonly type: 'checkbox' }
  ? boolean
  : F extends { readonly type: 'number' }
    ? number | Absent<F>
    : F extends { readonly type: 'select'; readonly options: infer Options }
      ? (keyof Options & string) | Absent<F>
      : string | Absent<F>

/** What was filled in, or else the defaults. Without one there is nothing until somebody saves, `required` or not. */
export type SettingsValues<F extends SettingsFields> = { readonly [Name in keyof F]: ValueOf<F[Name]> }

type Value = string | number | boolean

/** Values by the names of their fields, as they are stored. */
export type StoredValues = Readonly<Record<string, Value>>

/** What somebody filled in: its values if they are right, or what to tell him, field by field. */
export interface Filled {
  readonly values: StoredValues
  readonly errors: ReadonlyMap<string, string>
  /** What he wrote, to be shown again; without secrets. */
  readonly written: ReadonlyMap<string, string>
}

const longest = { text: 255, textarea: 10_000, url: 2_000, secret: 1_000 } as const

const finite: Check = (value) =>
  Number.isFinite(value) ? undefined : `a number, came ${typeof value === 'number' ? value : typeName(value)}`

const length: Check = (value) =>
  Number.isSafeInteger(value) && Number(value) > 0 && Number(value) <= 100_000
    ? undefined
    : `a whole number from 1 to 100000, came ${typeof value === 'number' ? value : typeName(value)}`

const options: Check = (value) =>
  isRecord(value) &&
  Object.keys(value).length > 0 &&
  Object.entries(value).every(([key, text]) => key !== '' && typeof text === 'string' && text !== '')
    ? undefined
    : `an object such as { info: 'Everything', error: 'Errors only' }, came ${isRecord(value) ? JSON.stringify(value) : typeName(value)}`

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

/** Refuses fields that are none, by name; throws a {@link ConfigurationError}. */
export function checkFields(fields: unknown): asserts fields is SettingsFields {
  if (!isRecord(fields) || Object.keys(fields).length === 0)
    throw new ConfigurationError(
      `settings: expected fields to be an object of fields such as { channel: { type: 'text', label: 'Channel' } }, came ${isRecord(fields) ? 'an empty one' : typeName(fields)}`,
    )
  for (const [name, field] of Object.entries(fields)) {
    const what = `settings, field ${name}`
    if (!/^[a-z]\w{0,39}$/i.test(name) || name === 'session' || name in Object.prototype)
      throw new ConfigurationError(
        `settings: expected names of fields to be 1 to 40 letters, digits and _, and not session; came ${JSON.stringify(name)}`,
      )
    const type = isRecord(field) ? types.find((known) => known === field['type']) : undefined
    if (!type)
      throw new ConfigurationError(
        `${what}: expected type to be ${labelled.type(isRecord(field) ? field['type'] : field)}`,
      )
    checkMembers(what, field, checksOf[type], ['label', ...(type === 'select' ? ['options'] : [])])
    const checked = field as unknown as SettingsField // as the checks of its type have found
    if (!('default' in checked) || checked.default === undefined) continue
    const wrong = faultOf(checked, checked.default)
    if (wrong) throw new ConfigurationError(`${what}: the default is none: ${wrong}`)
  }
}

/**
 * Reads a form. Secrets stay what they are in `own` where nothing was filled in; one that is in `group` need not be
 * filled in at all.
 */
export function readForm(
  fields: SettingsFields,
  form: URLSearchParams,
  own: StoredValues,
  group: StoredValues,
): Filled {
  const values: Record<string, Value> = {}
  const errors = new Map<string, string>()
  const shown = new Map<string, string>()
  for (const [name, field] of Object.entries(fields)) {
    const text = form.get(name) ?? ''
    if (field.type !== 'secret') shown.set(name, text)
    const secret = field.type === 'secret'
    const old = secret && !form.has(removalOf(name)) ? own[name] : undefined
    const value = field.type === 'checkbox' ? form.has(name) : (readText(field, text) ?? old)
    if (value === undefined) {
      const needed = 'required' in field && field.required && !(secret && group[name] !== undefined)
      if (needed) errors.set(name, 'This has to be filled in.')
      continue
    }
    const fault = faultOf(field, value)
    if (fault) errors.set(name, fault)
    else values[name] = value
  }
  return { values, errors, written: shown }
}

/** Name of the box that removes a secret. No field can have it. */
export const removalOf = (name: string): string => `${name}.remove`

/** What was stored, as far as the fields are still the same; defaults where nothing is. */
export function valuesOf(fields: SettingsFields, stored: StoredValues): Record<string, Value | undefined> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, field]) => {
      const value = Object.hasOwn(stored, name) ? stored[name] : undefined
      if (value !== undefined && faultOf(field, value) === undefined) return [name, value]
      return [name, 'default' in field ? field.default : field.type === 'checkbox' ? false : undefined]
    }),
  )
}

function readText(field: SettingsField, text: string): string | number | undefined {
  switch (field.type) {
    case 'number': {
      const trimmed = text.trim()
      return trimmed === '' ? undefined : Number(trimmed)
    }
    case 'textarea': {
      const lines = text.replaceAll('\r\n', '\n') // as forms send them
      return lines.trim() === '' ? undefined : lines
    }
    case 'secret':
      return text === '' ? undefined : text
    default:
      return text.trim() || undefined
  }
}

/** What is wrong with a value, said to who filled it in. */
function faultOf(field: SettingsField, value: unknown): string | undefined {
  switch (field.type) {
    case 'checkbox':
      return typeof value === 'boolean' ? undefined : 'This is ticked or not.'
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
      if (typeof value !== 'string') return 'This has to be a text.'
      const most = field.maxLength ?? longest[field.type]
      const { length } = [...value]
      if (length > most) return `This can have ${most} characters at most; it has ${length}.`
      return field.type === 'url' && !isWebAddress(value)
        ? 'This has to be an address such as https://example.com.'
        : undefined
    }
  }
}

const isWebAddress = (text: string): boolean => /^https?:\/\//i.test(text) && URL.canParse(text)
