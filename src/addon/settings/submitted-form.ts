import { faultOf, type SettingsField, type SettingsFields, type StoredValues, type Value } from './fields.ts'

/** A submitted form: the valid values, and an error message for each invalid field. */
export interface Filled {
  readonly values: StoredValues
  readonly errors: ReadonlyMap<string, string>
  /** The text in each field, to be shown again; without secrets. */
  readonly written: ReadonlyMap<string, string>
}

/**
 * Reads a submitted form. A secret that is left empty keeps its value in `own`. A required secret may stay
 * empty if `group` has a value.
 */
export function readForm(
  fields: SettingsFields,
  form: URLSearchParams,
  own: StoredValues,
  group: StoredValues,
): Filled {
  const values: Record<string, Value> = {}
  const errors = new Map<string, string>()
  const entered = new Map<string, string>()
  for (const [name, field] of Object.entries(fields)) {
    const text = form.get(name) ?? ''
    if (field.type !== 'secret') entered.set(name, text)
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
  return { values, errors, written: entered }
}

/** Name of the checkbox that removes a secret. It is not a valid field name. */
export const removalOf = (name: string): string => `${name}.remove`

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
