/** Runs tasks with the same key one after the other, and other tasks at the same time. */
export interface Queues {
  /** Runs a task when all earlier tasks with the same key have ended; returns or throws its result. */
  run<T>(key: string, task: () => Promise<T>): Promise<T>
  /** Resolves when no task is running or waiting. */
  idle(): Promise<void>
}

/** Creates queues in the memory of this process. */
export function createQueues(): Queues {
  const tails = new Map<string, Promise<unknown>>()
  return {
    run(key, task) {
      const before = tails.get(key)
      const result = before ? before.then(task) : task()
      const tail: Promise<unknown> = result
        .catch(() => {})
        .then(() => {
          if (tails.get(key) === tail) tails.delete(key)
        })
      tails.set(key, tail)
      return result
    },
    async idle() {
      while (tails.size > 0) await Promise.all(tails.values())
    },
  }
}
