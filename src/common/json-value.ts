import { isRecord } from './is-record.ts'
import { typeName } from './validate.ts'

/**
 * What keeps a value from being JSON that reads back as the same value, as a sentence that starts with the member's name;
 * `undefined` if nothing does. `name` is the name of the value itself.
 */
export function jsonFault(value: unknown, name: string): string | undefined {
  return faultIn(value, name, new Set())
}

function faultIn(value: unknown, name: string, outer: ReadonlySet<unknown>): string | undefined {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return undefined
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : `${name} is ${value}`
  if (outer.has(value)) return `${name} contains itself`
  const inside = new Set(outer).add(value)
  if (Array.isArray(value)) {
    // By index: `entries` of a sparse list has `undefined` for what is missing, which is refused below.
    return [...value].map((item, index) => faultIn(item, `${name}.${index}`, inside)).find(Boolean)
  }
  if (!isRecord(value) || !isPlain(value)) return `${name} is ${kindOf(value)}`
  return Object.entries(value)
    .filter(([, member]) => member !== undefined) // left out by JSON, and read back as `undefined`
    .map(([key, member]) => faultIn(member, `${name}.${key}`, inside))
    .find(Boolean)
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}

function kindOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return typeName(value)
  const { name } = value.constructor ?? {}
  return name ? `an instance of ${name}` : 'an instance of a class'
}
