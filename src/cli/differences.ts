import { isRecord } from '../common/is-record.ts'
/** One difference between two documents. */
export interface Difference {
  readonly kind: 'added' | 'removed' | 'changed'
  /** Path with the names of members, and the keys of array entries if they have one: `capabilities.webhook[roll].url`. */
  readonly path: string
  readonly before?: unknown
  readonly after?: unknown
}

/**
 * The differences between two JSON documents, by path. Arrays whose entries have keys are compared by key, and arrays of
 * strings as sets, so that a changed order is not a difference; other arrays are compared entry by entry.
 */
export function differences(before: unknown, after: unknown, path = ''): Difference[] {
  if (Array.isArray(before) && Array.isArray(after)) return inMaps(byEntry(before), byEntry(after), path)
  if (isRecord(before) && isRecord(after))
    return inMaps(new Map(Object.entries(before)), new Map(Object.entries(after)), path, '.')
  return JSON.stringify(before) === JSON.stringify(after) ? [] : [{ kind: 'changed', path, before, after }]
}

function inMaps(
  before: ReadonlyMap<string, unknown>,
  after: ReadonlyMap<string, unknown>,
  path: string,
  join = '',
): Difference[] {
  const at = (name: string): string => (path ? `${path}${join}${name}` : name)
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((name): Difference[] => {
    if (!after.has(name)) return [{ kind: 'removed', path: at(name), before: before.get(name) }]
    if (!before.has(name)) return [{ kind: 'added', path: at(name), after: after.get(name) }]
    return differences(before.get(name), after.get(name), at(name))
  })
}

/** The entries of an array by key or string; by index if these are not unique, since one entry would hide another. */
function byEntry(list: readonly unknown[]): Map<string, unknown> {
  const named = list.map((entry) => {
    if (typeof entry === 'string') return entry
    return isRecord(entry) && typeof entry['key'] === 'string' ? entry['key'] : undefined
  })
  const distinct = named.every((name) => name !== undefined) && new Set(named).size === list.length
  return new Map(list.map((entry, index) => [`[${distinct ? named[index] : index}]`, entry]))
}
