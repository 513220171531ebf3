/** One member that two documents have differently. */
export interface Difference {
  readonly kind: 'added' | 'removed' | 'changed'
  /** Members by name, entries of lists by their key where they have one: `capabilities.webhook[roll].url`. */
  readonly path: string
  readonly before?: unknown
  readonly after?: unknown
}

/**
 * What differs between two JSON documents, by path. Lists whose entries have keys are compared by these, lists of texts as
 * sets, so that what only moved is the same; other lists entry by entry.
 */
export function differences(before: unknown, after: unknown, path = ''): Difference[] {
  if (Array.isArray(before) && Array.isArray(after)) return inMaps(byEntry(before), byEntry(after), path)
  if (isObject(before) && isObject(after))
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

/** The entries of a list by what tells them apart. A name that two entries share would hide one, so it is not used. */
function byEntry(list: readonly unknown[]): Map<string, unknown> {
  const named = list.map((entry) => {
    if (typeof entry === 'string') return entry
    return isObject(entry) && typeof entry['key'] === 'string' ? entry['key'] : undefined
  })
  const distinct = named.every((name) => name !== undefined) && new Set(named).size === list.length
  return new Map(list.map((entry, index) => [`[${distinct ? named[index] : index}]`, entry]))
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
