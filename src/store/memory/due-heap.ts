/** What is due at a time. */
interface Due {
  readonly due: number
  readonly id: string
}

/** A binary heap, which has what is due first at its top: adding and removing take the logarithm of its size. */
export interface DueHeap<T extends Due> {
  add(one: T): void
  /** What is due first, and of several the one with the lowest id. */
  first(): T | undefined
  /** Removes what `first` returns. */
  removeFirst(): void
}

/** Creates an empty heap. */
export function createDueHeap<T extends Due>(): DueHeap<T> {
  const items: T[] = []

  const isBefore = (one: T, other: T): boolean =>
    one.due < other.due || (one.due === other.due && one.id < other.id)

  /** The position of what comes first: `index`, or one of those below it. */
  function earliest(index: number): number {
    let found = index
    for (const below of [2 * index + 1, 2 * index + 2]) {
      const [one, other] = [items[below], items[found]]
      if (one && other && isBefore(one, other)) found = below
    }
    return found
  }

  function swap(one: number, other: number): void {
    const [first, second] = [items[one], items[other]]
    if (first && second) [items[one], items[other]] = [second, first]
  }

  return {
    add(added) {
      let index = items.push(added) - 1
      while (index > 0) {
        const above = (index - 1) >> 1
        const parent = items[above]
        if (!parent || !isBefore(added, parent)) return
        swap(index, above)
        index = above
      }
    },
    first: () => items[0],
    removeFirst() {
      const last = items.pop()
      if (!last || items.length === 0) return
      items[0] = last
      for (let index = 0; ; ) {
        const next = earliest(index)
        if (next === index) return
        swap(index, next)
        index = next
      }
    },
  }
}
