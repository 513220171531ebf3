import { createKeyedQueue, type KeyedQueue } from '../../common/keyed-queue.ts'

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
  readonly lanes: KeyedQueue
  /** Jobs that are waiting or running. */
  jobs: number
}

/** Creates empty queues; `failed` receives the errors of jobs. */
export function createQueues(failed: (error: unknown) => void): Queues {
  const owners = new Map<string, Owner>()

  function ownerOf(name: string): Owner {
    const own = owners.get(name) ?? { lanes: createKeyedQueue(), jobs: 0 }
    owners.set(name, own)
    return own
  }

  function enqueue(name: string, own: Owner, lane: string, job: () => Promise<void>): void {
    own.jobs += 1
    void own.lanes
      .run(lane, job)
      .catch(failed)
      .finally(() => {
        own.jobs -= 1
        if (own.jobs === 0) owners.delete(name)
      })
  }

  return {
    add(owner, lane, job) {
      const own = ownerOf(owner)
      if (own.jobs >= longest) return false
      enqueue(owner, own, lane, job)
      return true
    },
    last(owner, job) {
      const own = ownerOf(owner)
      const earlier = own.lanes.settled()
      enqueue(owner, own, 'last', () => earlier.then(job))
    },
    async idle() {
      while (owners.size > 0) await Promise.all([...owners.values()].map(({ lanes }) => lanes.settled()))
    },
  }
}
