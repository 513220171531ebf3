import { isRecord } from './is-record.ts'
import { neededMembers, type Schema } from './schema.ts'
import { type Problem, typeName, validate } from './validate.ts'

/** The result of {@link read}. */
export type Reading<R> =
  | {
      readonly ok: true
      readonly value: R
      /** Why members were left out; only the first few problems. */
      readonly ignored: readonly Problem[]
    }
  | { readonly ok: false; readonly problem: Problem }

/** More problems than these help nobody. */
const mostIgnored = 3

/**
 * Reads a value that another server sent, with the schema of what this project would send.
 *
 * HipChat's answers differed by year and edition, and later servers differ again. So a reader requires only what it
 * cannot do without, the members that are neither optional nor marked `alwaysSent`, and takes what it can use of the
 * rest:
 *
 * - `null` counts as an absent member; an absent member that is required becomes its default, or `null` where the schema
 *   allows that
 * - unknown strings are kept; lengths, patterns and limits do not matter
 * - unknown members are kept
 * - a string of digits becomes a number where a number is expected; a number becomes a string where an id or a string
 *   that is not required is expected
 * - a member that is not required and cannot be read is left out, and so is an item of such a list: one odd mention does
 *   not make the message unreadable
 *
 * Returns the value itself if nothing had to be changed, and otherwise a copy.
 */
export function read<R>(schema: Schema<unknown, R>, value: unknown): Reading<R> {
  // Nearly all values are exact, which the compiled schema checks a hundred times faster.
  if (validate(schema, value).ok) return { ok: true, value: value as R, ignored: [] } // an exact value is also an `R`
  const ignored: Problem[] = []
  const found = readAs(schema, value, { field: '', needed: true, isId: false, ignored })
  // All required members are present, and the types of `R` say which may be missing or unknown.
  return found.ok ? { ok: true, value: found.value as R, ignored } : found
}

type Found =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly problem: Problem }

/** The place of the value that is being read. */
interface Place {
  readonly field: string
  /** Whether the enclosing value cannot be read without it. */
  readonly needed: boolean
  readonly isId: boolean
  /** The problems of the members that were left out so far. */
  readonly ignored: Problem[]
}

function readAs(schema: Schema, value: unknown, place: Place): Found {
  const branches = schema['anyOf'] as readonly Schema[] | undefined // made by `union` or `nullable`
  if (branches) return readUnion(branches, value, place)
  switch (schema['type']) {
    case undefined:
      return { ok: true, value }
    case 'object':
      return isRecord(value) ? readObject(schema, value, place) : wrongType('object', value, place)
    case 'array':
      return Array.isArray(value)
        ? readItems(schema['items'] as Schema, value, place) // made by `array`
        : wrongType('array', value, place)
    default:
      return readScalar(String(schema['type']), value, place)
  }
}

/** Reads with the first branch that can; with one that has to convert the value only if there is no other. */
function readUnion(branches: readonly Schema[], value: unknown, place: Place): Found {
  let first: Found | undefined
  for (const branch of [...branches.filter((one) => isOfType(one, value)), ...branches]) {
    const ignored: Problem[] = []
    const found = readAs(branch, value, { ...place, ignored })
    if (found.ok) {
      for (const problem of ignored) note(place, problem)
      return found
    }
    first ??= found
  }
  return first ?? wrongType('one of several forms', value, place)
}

function isOfType(schema: Schema, value: unknown): boolean {
  const { type } = schema
  if (type === undefined) return true
  if (type === 'integer') return Number.isInteger(value)
  return type === typeName(value)
}

function readObject(schema: Schema, value: Readonly<Record<string, unknown>>, place: Place): Found {
  const { [neededMembers]: needed = [] } = schema as { [neededMembers]?: readonly string[] } // set by `object`
  const properties = (schema['properties'] ?? {}) as Readonly<Record<string, Schema>> // made by `object`
  const others = schema['additionalProperties']
  const members: [string, Schema][] = isRecord(others)
    ? Object.keys(value).map((name) => [name, others]) // made by `mapOf`
    : Object.entries(properties)
  const changes = new Map<string, unknown>()
  for (const [name, member] of members) {
    const given = Object.hasOwn(value, name) ? value[name] : undefined
    const isNeeded = needed.includes(name)
    const absent = isNeeded ? standIn(member) : undefined
    const isId = /(^|_)id$/.test(name)
    const inner: Place = { ...place, field: joined(place.field, name), needed: isNeeded, isId }
    if (given === undefined || (given === null && !takesNull(member))) {
      if (isNeeded && absent === undefined) return missing(inner)
      if (given !== absent) changes.set(name, absent)
      continue
    }
    const found = readAs(member, given, inner)
    if (found.ok) {
      if (found.value !== given) changes.set(name, found.value)
    } else if (isNeeded && !takesNull(member)) return found
    else {
      note(place, found.problem)
      changes.set(name, absent)
    }
  }
  return { ok: true, value: changes.size === 0 ? value : changed(value, changes) }
}

/** A copy with changed members, without those that are now `undefined`. */
function changed(value: object, changes: ReadonlyMap<string, unknown>): Record<string, unknown> {
  const kept = Object.entries(value).filter(([name]) => !changes.has(name))
  const set = [...changes].filter(([, member]) => member !== undefined)
  return Object.fromEntries([...kept, ...set])
}

/** The value of a required member that is absent. */
const standIn = (schema: Schema): unknown => schema['default'] ?? (takesNull(schema) ? null : undefined)

function readItems(items: Schema, value: readonly unknown[], place: Place): Found {
  const results: unknown[] = []
  let same = true
  for (const [index, item] of value.entries()) {
    const found = readAs(items, item, { ...place, field: joined(place.field, String(index)) })
    const absent = item === null && !found.ok
    if (found.ok) results.push(found.value)
    else if (place.needed && !absent) return found
    else note(place, found.problem)
    same &&= found.ok && found.value === item
  }
  return { ok: true, value: same ? value : results }
}

function readScalar(type: string, value: unknown, place: Place): Found {
  const taken = isOfType({ type }, value) ? value : converted(type, value, place)
  return taken === undefined ? wrongType(type, value, place) : { ok: true, value: taken }
}

/** Some servers send ids, sizes and times as digits, others as numbers. */
function converted(type: string, value: unknown, { needed, isId }: Place): unknown {
  if (type === 'string' && typeof value === 'number' && (isId || !needed)) return String(value)
  if ((type === 'integer' || type === 'number') && typeof value === 'string' && /^\d{1,15}$/.test(value))
    return Number(value)
  return undefined
}

const takesNull = (schema: Schema): boolean => {
  const branches = schema['anyOf'] as readonly Schema[] | undefined // made by `union` or `nullable`
  if (branches) return branches.some(takesNull)
  return schema['type'] === undefined || schema['type'] === 'null'
}

const joined = (field: string, name: string): string => (field ? `${field}.${name}` : name)

function note({ ignored }: Place, problem: Problem): void {
  if (ignored.length < mostIgnored) ignored.push(problem)
}

const missing = ({ field }: Place): Found => ({
  ok: false,
  problem: { field, rule: 'required', expected: 'present', message: `${field} is missing` },
})

const wrongType = (expected: string, value: unknown, { field }: Place): Found => ({
  ok: false,
  problem: {
    field,
    rule: 'type',
    expected,
    value,
    message: `${field || 'value'} must be ${expected}, not ${typeName(value)}`,
  },
})
