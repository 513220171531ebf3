import type { Schema } from '../../src/common/schema.ts'

/** A schema in words: what it is, its limits, its default. */
export function describe(schema: Schema): string {
  const { enum: values, default: fallback, description, minimum, maximum, minLength, maxLength } = schema
  const { maxItems, maxJsonLength } = schema
  const words = [values ? (values as string[]).map((value) => `\`${value}\``).join(', ') : typeOf(schema)]
  if (minimum !== undefined || maximum !== undefined)
    words.push(`${String(minimum ?? '')}–${String(maximum ?? '∞')}`)
  if (minLength !== undefined || maxLength !== undefined)
    words.push(`${String(minLength ?? 0)}–${String(maxLength ?? '∞')} characters`)
  if (maxItems !== undefined) words.push(`up to ${String(maxItems)} items`)
  if (maxJsonLength !== undefined) words.push(`up to ${String(maxJsonLength)} characters as JSON`)
  if (fallback !== undefined) words.push(`default \`${String(fallback)}\``)
  if (description) words.push(String(description))
  return words.join('; ').replaceAll('|', '\\|')
}

function typeOf({ type, anyOf }: Schema): string {
  if (typeof type === 'string') return type
  return Array.isArray(anyOf) ? (anyOf as Schema[]).map(typeOf).join(' or ') : 'anything'
}
