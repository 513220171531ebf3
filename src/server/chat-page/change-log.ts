/** What was told of a change, in the order of the numbers that pages know. */
export interface ChangeLog<T> {
  /** Number of the last change; 0 before the first. */
  readonly last: number
  /** Number of the oldest change that is kept; `last + 1` when none is. */
  readonly first: number
  at(number: number): T | undefined
  /** `size`: about how many bytes keeping it costs. */
  add(change: T, size: number): void
}

interface LogOptions {
  /** So many changes are kept, */
  readonly most: number
  /** and so many bytes. */
  readonly mostBytes: number
  /** The oldest change is about to be forgotten. */
  dropping(number: number): void
}

/** Keeps the last changes, within a bound of number and of size. */
export function createChangeLog<T>({ most, mostBytes, dropping }: LogOptions): ChangeLog<T> {
  const entries = new Map<number, { readonly change: T; readonly size: number }>()
  let first = 1
  let last = 0
  let bytes = 0

  function drop(): void {
    dropping(first)
    bytes -= entries.get(first)?.size ?? 0
    entries.delete(first)
    first += 1
  }

  return {
    get first() {
      return first
    },
    get last() {
      return last
    },
    at: (number) => entries.get(number)?.change,
    add(change, size) {
      while (entries.size > 0 && (entries.size >= most || bytes + size > mostBytes)) drop()
      last += 1
      bytes += size
      entries.set(last, { change, size })
    },
  }
}
