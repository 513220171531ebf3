import { type Signal, signal } from '@preact/signals'

/** What comes while somebody looks on, newest first. */
export interface Arriving<T> {
  readonly items: Signal<readonly T[]>
  readonly isPaused: Signal<boolean>
  /** What came while it was paused. */
  readonly waiting: Signal<readonly T[]>
  /** Those that are shown already change where they stand; others wait while it is paused. */
  add(found: readonly T[]): void
  /** Forgets everything and is not paused: the server may have restarted, and its ids count from 1 again. */
  restart(): void
  setPaused(paused: boolean): void
  /** Takes away what is there; what comes later is shown. */
  clear(): void
}

/** So many are kept: more than anybody reads, and few enough to draw. */
const kept = 500

export function createArriving<T extends { readonly id: number }>(): Arriving<T> {
  const items = signal<readonly T[]>([])
  const waiting = signal<readonly T[]>([])
  const isPaused = signal(false)
  let cleared = 0

  const merged = (old: readonly T[], found: readonly T[]): readonly T[] =>
    [...new Map([...old, ...found].map((item) => [item.id, item])).values()]
      .filter(({ id }) => id > cleared)
      .sort((one, other) => other.id - one.id)
      .slice(0, kept)

  return {
    items,
    waiting,
    isPaused,
    add(found) {
      const shown = new Set(isPaused.value ? items.value.map(({ id }) => id) : found.map(({ id }) => id))
      items.value = merged(
        items.value,
        found.filter(({ id }) => shown.has(id)),
      )
      waiting.value = merged(
        waiting.value,
        found.filter(({ id }) => !shown.has(id)),
      )
    },
    restart() {
      cleared = 0
      isPaused.value = false
      waiting.value = []
      items.value = []
    },
    setPaused(paused) {
      isPaused.value = paused
      if (paused) return
      items.value = merged(items.value, waiting.value)
      waiting.value = []
    },
    clear() {
      cleared = Math.max(cleared, ...[...items.value, ...waiting.value].map(({ id }) => id))
      items.value = []
      waiting.value = []
    },
  }
}
