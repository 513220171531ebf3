import { type ReadonlySignal, signal } from '@preact/signals'

/** Asks the server for what a page meets and does not know: once for each id, and for many together. */
export interface LookUp {
  /** Has it asked for soon. */
  need(id: number): void
  /** Ids of which the server knows nothing, or that are not for whoever looks. */
  readonly missing: ReadonlySignal<ReadonlySet<number>>
  /** It may be there now. */
  forget(id: number): void
  clear(): void
}

const mostAtOnce = 100 // of the server
const pause = 10 // milliseconds in which what else is drawn may need something too

/** `ask` keeps what it got, and gives the ids of that. */
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
      for (const id of ids) asked.delete(id) // asked for again when it is needed again
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
