import { type Signal, signal } from '@preact/signals'

/** Entries that arrive while the inspector is open, newest first. */
export interface Arriving<T> {
  readonly items: Signal<readonly T[]>
  readonly isPaused: Signal<boolean>
  /** Entries that arrived while it was paused. */
  readonly waiting: Signal<readonly T[]>
  /** An entry that is already shown is updated in its place; others wait while it is paused. */
  add(found: readonly T[]): void
  /** Forgets everything and resumes: the server may have restarted, and its ids count from 1 again. */
  restart(): void
  setPaused(paused: boolean): void
  /** Removes the current entries; later ones are shown. */
  clear(): void
}

/** How many entries are kept: more than anybody reads, and few enough to draw. */
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
