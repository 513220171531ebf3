import { setImmediate as nextTurn } from 'node:timers/promises'

const atOnce = 20_000

/**
 * Creates a function that removes expired entries from a map. It checks a limited number of entries in each turn of the
 * event loop, so that a million entries cause no pause; another call while it is running does nothing.
 */
export function createSweep<V>(entries: Map<string, V>, isOver: (value: V) => boolean): () => Promise<void> {
  let sweeping = false
  return async () => {
    if (sweeping) return
    sweeping = true
    let seen = 0
    for (const [key, value] of entries) {
      if (isOver(value)) entries.delete(key)
      seen += 1
      if (seen % atOnce === 0) await nextTurn()
    }
    sweeping = false
  }
}
