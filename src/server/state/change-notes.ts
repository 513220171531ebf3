import type { Key, StateDatabase } from './table.ts'

/** One record that was written or removed. */
export interface Written {
  /** Kind of the record, and the rest of its key. */
  readonly table: string
  readonly key: Key
  /** `undefined`: removed. */
  readonly record: unknown
  /** What stood there, of the kinds of which somebody has to know; `undefined`: nothing. */
  readonly before: unknown
}

/** Kinds of records of which the last state is noted too: not those of files, which are large. */
const remembered: ReadonlySet<unknown> = new Set(['room', 'user', 'client'])

/** Notes what is written to a database; where it is written from makes no difference. */
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
