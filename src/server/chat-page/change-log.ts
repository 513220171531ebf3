/** The latest changes in order, numbered for the pages that read them. */
export interface ChangeLog<T> {
  /** Number of the last change; 0 before the first. */
  readonly last: number
  /** Number of the oldest change that is kept; `last + 1` when none is. */
  readonly first: number
  at(number: number): T | undefined
  /** `size` is the approximate memory of a change, in bytes. */
  add(change: T, size: number): void
}

interface LogOptions {
  /** Most changes that are kept. */
  readonly most: number
  /** Most bytes that are kept. */
  readonly mostBytes: number
  /** Called before the oldest change is dropped. */
  dropping(number: number): void
}

/** Creates a log of the latest changes, limited in number and size. */
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
