/** Jobs in named queues: one after the other within a queue, side by side otherwise. */
export interface Queues {
  /** False when the queue is full; the job is not run then. A job that fails is reported, and the next one runs. */
  add(queue: string, job: () => Promise<void>): boolean
  /** Resolves when nothing is waiting or running, new jobs of running ones included. */
  idle(): Promise<void>
}

const longest = 1000

export function createQueues(failed: (error: unknown) => void): Queues {
  const tails = new Map<string, { tail: Promise<void>; waiting: number }>()
  return {
    add(name, job) {
      const queue = tails.get(name) ?? { tail: Promise.resolve(), waiting: 0 }
      if (queue.waiting >= longest) return false
      queue.waiting += 1
      const done = queue.tail
        .then(job)
        .catch(failed)
        .finally(() => {
          queue.waiting -= 1
          if (queue.waiting === 0) tails.delete(name)
        })
      queue.tail = done
      tails.set(name, queue)
      return true
    },
    async idle() {
      while (tails.size > 0) await Promise.all([...tails.values()].map((queue) => queue.tail))
    },
  }
}
