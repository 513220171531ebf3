import type { GlanceUpdateRecord } from '../state/records.ts'
import type { State } from '../state/state.ts'

/** The updates that add-ons pushed to their glances. */
export interface GlanceUpdates {
  /**
   * Resolves once all of them are on disk. `check` runs before anything is written, and throws when the caller may
   * not push them.
   */
  add(updates: readonly Omit<GlanceUpdateRecord, 'at'>[], check?: () => void): Promise<void>
  /** Oldest first. */
  list(): GlanceUpdateRecord[]
}

const most = 200
const longest = 4 * 1024 * 1024 // characters of all updates together: `metadata` may hold anything

/** The newest updates, which a client that opens now must show, also after the server restarts. */
export function createGlanceUpdates(state: State): GlanceUpdates {
  const table = state.glanceUpdates
  return {
    add: (updates, check = () => undefined) =>
      state.write(() => {
        check()
        for (const update of updates) {
          const id = state.next('glanceUpdate')
          table.put([id], { id, size: JSON.stringify(update).length, record: { ...update, at: new Date() } })
        }
        const kept = table.all()
        let total = kept.reduce((sum, { size }) => sum + size, 0)
        while (kept.length > most || (total > longest && kept.length > 1)) {
          const oldest = kept.shift()
          if (!oldest) break
          total -= oldest.size
          table.remove(oldest.id)
        }
      }),
    list: () => table.all().map(({ record }) => record),
  }
}
