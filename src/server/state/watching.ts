import type { Key, StateDatabase } from './table.ts'

/** One record that was written or removed. */
export interface Written {
  /** Kind of the record, and the rest of its key. */
  readonly table: string
  readonly key: Key
  /** `undefined`: removed. */
  readonly record: unknown
}

/** Notes what is written to a database; where it is written from makes no difference. */
export function noting(db: StateDatabase, note: (written: Written) => void): StateDatabase {
  const writtenAt = ([table, ...key]: Key, record: unknown): Written => ({
    table: String(table),
    key,
    record,
  })
  return {
    get: (key) => db.get(key),
    getRange: (range) => db.getRange(range),
    getKeysCount: (range) => db.getKeysCount(range),
    putSync(key, record) {
      note(writtenAt(key, record))
      return db.putSync(key, record)
    },
    removeSync(key) {
      const removed = db.removeSync(key)
      if (removed) note(writtenAt(key, undefined))
      return removed
    },
  }
}
