import { neededMembers, type Schema } from './schema.ts'
import { type Problem, typeName, validate } from './validate.ts'

export type Reading<R> =
  | {
      readonly ok: true
      readonly value: R
      /** What was left out because nothing could be done with it; the first few findings. */
      readonly ignored: readonly Problem[]
    }
  | { readonly ok: false; readonly problem: Problem }

/** More findings than these tell nobody anything. */
const mostIgnored = 3

/**
 * Reads a value that somebody else's server sent, by the schema of what this project would send in its place.
 *
 * HipChat's answers differed by year and edition, and later servers differ again. So a reader asks for what it
 * cannot do without, the members that are neither optional nor marked `alwaysSent`, and of everything else takes what it
 * can use:
 *
 * - `null` is an absent member; in the place of an absent one is its default or `null`, where the schema has it and asks
 *   for the member
 * - a string that is not among the known ones stays; lengths, patterns and limits do not count
 * - unknown members stay
 * - digits where a number belongs are the number; a number is its digits where an id belongs, or a string that is not needed
 * - a member that is not needed and cannot be read is absent, and so is an item of such a list: one odd mention does not
 *   take away the message that it is in
 *
 * Gives the value itself where nothing had to be changed, and otherwise a copy.
 */
export function read<R>(schema: Schema<unknown, R>, value: unknown): Reading<R> {
  // Nearly everything fits exactly, which the compiled schema sees a hundred times faster.
  if (validate(schema, value).ok) return { ok: true, value: value as R, ignored: [] } // what fits exactly is received so
  const ignored: Problem[] = []
  const found = readAs(schema, value, { field: '', needed: true, isId: false, ignored })
  // What the schema asks for is there, and the types of `R` say what may be missing or unknown.
  return found.ok ? { ok: true, value: found.value as R, ignored } : found
}

type Found =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly problem: Problem }

/** Where a value is that is being read. */
interface Place {
  readonly field: string
  /** Without it the value that it is in cannot be read. */
  readonly needed: boolean
  readonly isId: boolean
  /** What was left out so far. */
  readonly ignored: Problem[]
}

function readAs(schema: Schema, value: unknown, place: Place): Found {
  const branches = schema['anyOf'] as readonly Schema[] | undefined // made by `union` or `nullable`
  if (branches) return readUnion(branches, value, place)
  switch (schema['type']) {
    case undefined:
      return { ok: true, value }
    case 'object':
      return isObject(value) ? readObject(schema, value, place) : wrongType('object', value, place)
    case 'array':
      return Array.isArray(value)
        ? readItems(schema['items'] as Schema, value, place) // made by `array`
        : wrongType('array', value, place)
    default:
      return readScalar(String(schema['type']), value, place)
  }
}

/** The first branch that can read it; one that has to take a number for a string only when there is no other. */
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
  const needed = (schema as { [neededMembers]?: readonly string[] })[neededMembers] ?? []
  const properties = (schema['properties'] ?? {}) as Readonly<Record<string, Schema>> // made by `object`
  const others = schema['additionalProperties']
  const members: [string, Schema][] = isObject(others)
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

/** A copy with other members; those that are `undefined` now are gone. */
function changed(value: object, changes: ReadonlyMap<string, unknown>): Record<string, unknown> {
  const kept = Object.entries(value).filter(([name]) => !changes.has(name))
  const set = [...changes].filter(([, member]) => member !== undefined)
  return Object.fromEntries([...kept, ...set])
}

/** What is read in the place of a needed member that is absent. */
const standIn = (schema: Schema): unknown => schema['default'] ?? (takesNull(schema) ? null : undefined)

function readItems(items: Schema, value: readonly unknown[], place: Place): Found {
  const read: unknown[] = []
  let same = true
  for (const [index, item] of value.entries()) {
    const found = readAs(items, item, { ...place, field: joined(place.field, String(index)) })
    const absent = item === null && !found.ok
    if (found.ok) read.push(found.value)
    else if (place.needed && !absent) return found
    else note(place, found.problem)
    same &&= found.ok && found.value === item
  }
  return { ok: true, value: same ? value : read }
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

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

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
