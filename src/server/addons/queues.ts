/**
 * Jobs of many owners. Those in one lane of an owner run one after the other, all others side by side: whoever is slow
 * holds up nobody else.
 */
export interface Queues {
  /**
   * False when too many jobs of the owner are waiting, over all lanes; the job is not run then. A job that fails is
   * reported, and the next one runs.
   */
  add(owner: string, lane: string, job: () => Promise<void>): boolean
  /** Runs a job behind everything that waits for the owner now. Always taken. */
  last(owner: string, job: () => Promise<void>): void
  /** Resolves when nothing is waiting or running, new jobs of running ones included. */
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
