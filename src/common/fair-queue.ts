/**
 * Work of many owners, some of it at a time. Owners take turns: an owner with much work waiting delays all others by one piece
 * of work, and not by all of it.
 */
export interface FairQueue {
  /** Runs some work when it is its owner's turn, and gives its outcome. */
  run<T>(owner: string, work: () => Promise<T>): Promise<T>
  /** How much waits and does not run yet: of one owner, or of all. */
  waiting(owner?: string): number
}

/** `atOnce`: how many pieces of work run side by side. */
export function createFairQueue(atOnce: number): FairQueue {
  // In the order of their turns: who has just had one goes to the end.
  const owners = new Map<string, (() => Promise<void>)[]>()
  let running = 0
  let waiting = 0

  function next(): void {
    while (running < atOnce) {
      const [turn] = owners
      if (!turn) return
      const [owner, own] = turn
      const work = own.shift()
      owners.delete(owner)
      if (own.length > 0) owners.set(owner, own)
      if (!work) continue
      running += 1
      waiting -= 1
      void work().finally(() => {
        running -= 1
        next()
      })
    }
  }

  return {
    run: (owner, work) =>
      new Promise((resolve, reject) => {
        const own = owners.get(owner) ?? []
        own.push(() => work().then(resolve, reject))
        owners.set(owner, own)
        waiting += 1
        next()
      }),
    waiting: (owner) => (owner === undefined ? waiting : (owners.get(owner)?.length ?? 0)),
  }
}
