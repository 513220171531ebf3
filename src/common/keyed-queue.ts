/** Runs tasks with the same key one after the other, and tasks with other keys at the same time. */
export interface KeyedQueue<Key = string> {
  /**
   * Runs a task after all earlier tasks with the same key, whether they succeed or fail; at once if there are none.
   * Returns or throws its result.
   */
  run<T>(key: Key, task: () => Promise<T>): Promise<T>
  /** How many keys have a running or waiting task. */
  readonly size: number
  /** Resolves when the tasks that are running or waiting now have ended. */
  settled(): Promise<void>
  /** Resolves when no task is running or waiting, including those that are added in the meantime. */
  idle(): Promise<void>
}

/** Creates a queue in the memory of this process. It keeps nothing about a key that has no tasks. */
export function createKeyedQueue<Key = string>(): KeyedQueue<Key> {
  const tails = new Map<Key, Promise<void>>()

  async function settled(): Promise<void> {
    await Promise.all(tails.values())
  }

  return {
    run(key, task) {
      const result = tails.get(key)?.then(task) ?? task()
      const over = (): void => {
        if (tails.get(key) === tail) tails.delete(key)
      }
      const tail: Promise<void> = result.then(over, over)
      tails.set(key, tail)
      return result
    },
    get size() {
      return tails.size
    },
    settled,
    async idle() {
      while (tails.size > 0) await settled()
    },
  }
}
