import type { Key, StateDatabase } from './table.ts'

/** One record that was written or removed. */
export interface Written {
  /** Table of the record, and the rest of its key. */
  readonly table: string
  readonly key: Key
  /** `undefined` when it was removed. */
  readonly record: unknown
  /** The record before, for tables where it is remembered; `undefined` when there was none. */
  readonly before: unknown
}

/** Tables whose previous records are noted too: not those of files, which are large. */
const remembered: ReadonlySet<unknown> = new Set(['room', 'user', 'client'])

/** Notes everything that is written to a database, wherever the write comes from. */
export function withChangeNotes(db: StateDatabase, note: (written: Written) => void): StateDatabase {
  const writtenAt = (at: Key, record: unknown): Written => {
    const [table, ...key] = at
    return { table: String(table), key, record, before: remembered.has(table) ? db.get(at) : undefined }
  }
  return {
    get: (key) => db.get(key),
    getRange: (range) => db.getRange(range),
    getKeys: (range) => db.getKeys(range),
    getKeysCount: (range) => db.getKeysCount(range),
    putSync(key, record) {
      note(writtenAt(key, record))
      return db.putSync(key, record)
    },
    removeSync(key) {
      const written = writtenAt(key, undefined)
      const removed = db.removeSync(key)
      if (removed) note(written)
      return removed
    },
  }
}
