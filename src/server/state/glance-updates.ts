import type { GlanceUpdateRecord } from './records.ts'
import { type StateDatabase, type Table, table } from './table.ts'

interface KeptGlanceUpdate {
  readonly id: number
  readonly size: number
  readonly record: GlanceUpdateRecord
}

/** Glance updates by number, in the order of their creation. */
export interface KeptGlanceUpdates extends Pick<Table<KeptGlanceUpdate>, 'put' | 'remove' | 'all'> {
  removeWhere(rule: (update: GlanceUpdateRecord) => boolean): void
}

/** Creates the glance updates in a database. */
export function createKeptGlanceUpdates(db: StateDatabase): KeptGlanceUpdates {
  const updates = table<KeptGlanceUpdate>(db, 'glanceUpdate')
  return {
    ...updates,
    removeWhere(rule) {
      for (const { id, record } of updates.all()) if (rule(record)) updates.remove(id)
    },
  }
}
