import type { RootDatabase } from '../../common/lmdb/lmdb.ts'

/** Key of a record within its table. */
export type Key = (string | number)[]
/** The part of LMDB that the tables need. */
export interface StateDatabase
  extends Pick<RootDatabase<unknown, Key>, 'get' | 'getRange' | 'getKeys' | 'getKeysCount'> {
  putSync(key: Key, record: unknown): void
  removeSync(key: Key): boolean
}

/**
 * Records of one kind, stored below their table's name in the one LMDB environment. Write only inside a
 * transaction.
 */
export interface Table<T> {
  /** Returns `undefined` for a key that is too long to exist: names in requests may have any length. */
  get(...key: Key): T | undefined
  put(key: Key, record: T): void
  remove(...key: Key): boolean
  /** All records whose key begins with the prefix, in the order of their keys. */
  all(...prefix: Key): T[]
  /** All records, one after the other. */
  each(): Iterable<T>
  /** Whether there is a record whose key begins with the prefix. */
  any(...prefix: Key): boolean
  /** At most `limit` records in the order of their keys, starting at a key. */
  from(key: Key, limit: number): T[]
  /** At most `limit` keys, starting at a key, without the records; `to` is excluded. */
  keysFrom(key: Key, range: { to?: Key; limit: number; exclusive?: boolean }): Key[]
  /** Number of records whose key begins with the prefix; counts no further than `most`. */
  count(prefix: Key, most: number): number
  /** Walks backwards from `from` to `to`, both included, below the prefix. Reads as far as needed. */
  backwards(prefix: Key, range: { from?: number; to?: number; limit?: number }): Iterable<T>
}

// LMDB accepts keys of 1978 bytes, and throws for longer ones. A character has at most three bytes.
const longestPart = 400

/** Sorts after every number and every id. */
export const afterAll = '\uffff'

/** A limit that none of the tables reaches. */
export const everything = Number.MAX_SAFE_INTEGER

/** A room as a part of a key; null is the whole group. No room has the id 0. */
export const placeKey = (roomId: number | null): number => roomId ?? 0

/** Opens a table of a database. */
export function table<T>(db: StateDatabase, name: string): Table<T> {
  const recordOf = ({ value }: { readonly value: unknown }): T => value as T // written by `put` below, and by nothing else
  const below = (prefix: Key) => ({ start: [name, ...prefix], end: [name, ...prefix, afterAll] })
  return {
    get(...key) {
      if (key.some((part) => typeof part === 'string' && part.length > longestPart)) return undefined
      const value = db.get([name, ...key])
      return value === undefined ? undefined : recordOf({ value })
    },
    put: (key, record) => void db.putSync([name, ...key], record),
    remove: (...key) => db.removeSync([name, ...key]),
    all: (...prefix) => [...db.getRange(below(prefix)).map(recordOf)],
    each: () => db.getRange(below([])).map(recordOf),
    any: (...prefix) => db.getKeysCount({ ...below(prefix), limit: 1 }) > 0,
    from: (key, limit) => [
      ...db.getRange({ start: [name, ...key], end: [name, afterAll], limit }).map(recordOf),
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
        // The end of a range is excluded; times and numbers are integers.
        end: to === undefined ? [name, ...prefix] : [name, ...prefix, to - 1],
        reverse: true,
        limit,
      })
      return range.map(recordOf)
    },
  }
}
