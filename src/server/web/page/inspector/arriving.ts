import { type Signal, signal } from '@preact/signals'

/** What comes while somebody looks on, newest first. */
export interface Arriving<T> {
  readonly items: Signal<readonly T[]>
  readonly isPaused: Signal<boolean>
  /** What came while it was paused. */
  readonly waiting: Signal<readonly T[]>
  add(found: readonly T[]): void
  /** Begins anew, after everything may have changed. */
  replace(found: readonly T[]): void
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
      if (isPaused.value) waiting.value = merged(waiting.value, found)
      else items.value = merged(items.value, found)
    },
    replace(found) {
      cleared = 0 // ids begin anew with each start of the server
      waiting.value = []
      items.value = merged([], found)
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
