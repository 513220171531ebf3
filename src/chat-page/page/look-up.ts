import { type ReadonlySignal, signal } from '@preact/signals'

/** Asks the server for ids that the page encounters and does not know: once for each id, and for many together. */
export interface LookUp {
  /** Schedules a request for it. */
  need(id: number): void
  /** Ids that the server does not know, or that the person may not see. */
  readonly missing: ReadonlySignal<ReadonlySet<number>>
  /** It may exist now. */
  forget(id: number): void
  clear(): void
}

const mostAtOnce = 100 // the server's limit
const pause = 10 // milliseconds in which other parts of the page may need something too

/** `ask` stores what it got, and returns the ids of that. */
export function createLookUp(ask: (ids: string) => Promise<readonly number[]>): LookUp {
  const asked = new Set<number>()
  const missing = signal<ReadonlySet<number>>(new Set())
  let waiting: number[] = []
  let era = 0

  async function flush(): Promise<void> {
    const current = era
    const ids = waiting.splice(0, mostAtOnce)
    if (waiting.length > 0) setTimeout(flush, pause)
    try {
      const found = new Set(await ask(ids.join(',')))
      if (current !== era) return
      const unknown = ids.filter((id) => !found.has(id))
      if (unknown.length > 0) missing.value = new Set([...missing.value, ...unknown])
    } catch {
      for (const id of ids) asked.delete(id) // requested again when needed
    }
  }

  return {
    missing,
    need(id) {
      if (asked.has(id)) return
      asked.add(id)
      if (waiting.push(id) === 1) setTimeout(flush, pause)
    },
    forget(id) {
      asked.delete(id)
      if (!missing.peek().has(id)) return
      const rest = new Set(missing.peek())
      rest.delete(id)
      missing.value = rest
    },
    clear() {
      era += 1
      waiting = []
      asked.clear()
      missing.value = new Set()
    },
  }
}
