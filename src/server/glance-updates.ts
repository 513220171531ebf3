import type { GlanceContent } from '../api/glance.ts'

/** New content of one glance, as an add-on pushed it. Without a room it is for all rooms, without a user for everybody. */
export interface GlanceUpdateRecord {
  readonly oauthId: string
  /** Of the add-on. */
  readonly addonKey: string
  /** Of the glance. */
  readonly key: string
  readonly content: GlanceContent
  readonly roomId?: number
  readonly userId?: number
  readonly at: Date
}

export interface GlanceUpdates {
  add(update: Omit<GlanceUpdateRecord, 'at'>): void
  /** Oldest first. */
  list(): GlanceUpdateRecord[]
  clear(): void
}

const most = 200
const longest = 4 * 1024 * 1024 // characters of all together: `metadata` may hold anything

/** The newest updates, in memory. They are for clients that are open now, and for nobody later. */
export function createGlanceUpdates(): GlanceUpdates {
  const kept: { readonly record: GlanceUpdateRecord; readonly size: number }[] = []
  let total = 0
  return {
    add(update) {
      const size = JSON.stringify(update).length
      kept.push({ record: { ...update, at: new Date() }, size })
      total += size
      while (kept.length > most || (total > longest && kept.length > 1)) total -= kept.shift()?.size ?? 0
    },
    list: () => kept.map(({ record }) => record),
    clear() {
      kept.length = 0
      total = 0
    },
  }
}
