/**
 * Jobs of many owners. The jobs in one lane of an owner run one after the other, all others at the same time, so a
 * slow owner delays no other.
 */
export interface Queues {
  /**
   * Adds a job. Returns false, without running it, when too many jobs of the owner are waiting over all lanes. A
   * failed job is reported, and the next one runs.
   */
  add(owner: string, lane: string, job: () => Promise<void>): boolean
  /** Runs a job after everything that is waiting for the owner now. Never refused. */
  last(owner: string, job: () => Promise<void>): void
  /** Resolves when nothing is waiting or running, including jobs that running ones add. */
  idle(): Promise<void>
}

const longest = 1000

interface Owner {
  readonly lanes: Map<string, Promise<void>>
  waiting: number
}

export function createQueues(failed: (error: unknown) => void): Queues {
  const owners = new Map<string, Owner>()

  function enqueue(owner: string, lane: string, job: () => Promise<void>, behind: Promise<unknown>): void {
    const own = owners.get(owner) ?? { lanes: new Map<string, Promise<void>>(), waiting: 0 }
    owners.set(owner, own)
    own.waiting += 1
    const done = behind
      .then(job)
      .catch(failed)
      .finally(() => {
        own.waiting -= 1
        if (own.lanes.get(lane) === done) own.lanes.delete(lane)
        if (own.waiting === 0) owners.delete(owner)
      })
    own.lanes.set(lane, done)
  }

  return {
    add(owner, lane, job) {
      const own = owners.get(owner)
      if (own && own.waiting >= longest) return false
      enqueue(owner, lane, job, own?.lanes.get(lane) ?? Promise.resolve())
      return true
    },
    last(owner, job) {
      enqueue(owner, 'last', job, Promise.all(owners.get(owner)?.lanes.values() ?? []))
    },
    async idle() {
      while (owners.size > 0)
        await Promise.all([...owners.values()].flatMap(({ lanes }) => [...lanes.values()]))
    },
  }
}
