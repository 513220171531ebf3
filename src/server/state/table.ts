import type { RootDatabase } from '../../common/lmdb/lmdb.ts'

export type Key = (string | number)[]
/** What of LMDB the tables need. */
export interface StateDatabase
  extends Pick<RootDatabase<unknown, Key>, 'get' | 'getRange' | 'getKeys' | 'getKeysCount'> {
  putSync(key: Key, record: unknown): void
  removeSync(key: Key): boolean
}

/** Records of one kind, kept below their name in the one LMDB environment. Writing is for the inside of a transaction. */
export interface Table<T> {
  /** Nothing for a key that is too long to be there: names in requests may be of any length. */
  get(...key: Key): T | undefined
  put(key: Key, record: T): void
  remove(...key: Key): boolean
  /** All records whose key begins with the prefix, in the order of their keys. */
  all(...prefix: Key): T[]
  /** All records, one after the other. */
  each(): Iterable<T>
  /** Whether there is a record whose key begins with the prefix. */
  any(...prefix: Key): boolean
  /** So many records at most, from a key on, in the order of their keys. */
  from(key: Key, limit: number): T[]
  /** So many keys at most, from a key on, without the records; `to` is not among them. */
  keysFrom(key: Key, range: { to?: Key; limit: number; exclusive?: boolean }): Key[]
  /** How many records have a key that begins with the prefix; more than `most` are not counted. */
  count(prefix: Key, most: number): number
  /** Walks backwards from `from` (included) to `to` (included), below the prefix. Reads as far as somebody looks. */
  backwards(prefix: Key, range: { from?: number; to?: number; limit?: number }): Iterable<T>
}

// LMDB takes keys of 1978 bytes, and throws for a longer one. A character has at most three bytes.
const longestPart = 400

/** Sorts behind every number and every id. */
export const afterAll = '\uffff'

export function table<T>(db: StateDatabase, name: string): Table<T> {
  const below = (prefix: Key) => ({ start: [name, ...prefix], end: [name, ...prefix, afterAll] })
  return {
    get(...key) {
      if (key.some((part) => typeof part === 'string' && part.length > longestPart)) return undefined
      return db.get([name, ...key]) as T | undefined // written by `put` below, and by nothing else
    },
    put: (key, record) => void db.putSync([name, ...key], record),
    remove: (...key) => db.removeSync([name, ...key]),
    all: (...prefix) => [...db.getRange(below(prefix)).map((entry) => entry.value as T)],
    each: () => db.getRange(below([])).map((entry) => entry.value as T),
    any: (...prefix) => db.getKeysCount({ ...below(prefix), limit: 1 }) > 0,
    from: (key, limit) => [
      ...db
        .getRange({ start: [name, ...key], end: [name, afterAll], limit })
        .map((entry) => entry.value as T),
    ],
    keysFrom: (key, { to = [afterAll], limit, exclusive = false }) => [
      ...db
        .getKeys({ start: [name, ...key], end: [name, ...to], limit, exclusiveStart: exclusive })
        .map(([, ...rest]) => rest),
    ],
    count: (prefix, most) => db.getKeysCount({ ...below(prefix), limit: most }),
    backwards(prefix, { from, to, limit = Number.MAX_SAFE_INTEGER }) {
      if (limit <= 0) return []
      const range = db.getRange({
        start: [name, ...prefix, from ?? afterAll],
        // the end of a range is not part of it; times and numbers are whole
        end: to === undefined ? [name, ...prefix] : [name, ...prefix, to - 1],
        reverse: true,
        limit,
      })
      return range.map((entry) => entry.value as T)
    },
  }
}
