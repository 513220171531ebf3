/**
 * Deliveries that are waiting or running: bounded in number, those of one room one after the other, and waited for when
 * the add-on closes.
 */
export interface Running {
  /** Whether another one may be taken on. */
  readonly accepting: 'yes' | 'full' | 'closing'
  /** Runs a task after all earlier ones of the same queue; without a queue at once. */
  run<T>(queue: string | undefined, task: (turn: Turn) => Promise<T>): Promise<T>
  /** Takes nothing more on, waits up to `timeout` milliseconds, then aborts. Resolves with how many were aborted. */
  close(timeout: number): Promise<number>
}

/** What a running task can look at. */
export interface Turn {
  /** Aborted when closing has taken long enough. Made when it is first asked for: few handlers do. */
  readonly signal: AbortSignal
}

export function createRunning(max: number): Running {
  const controllers = new Set<AbortController>()
  const tails = new Map<string, Promise<unknown>>()
  let count = 0
  let closing = false
  let allDone: (() => void) | undefined

  async function run<T>(queue: string | undefined, task: (turn: Turn) => Promise<T>): Promise<T> {
    count += 1
    let controller: AbortController | undefined
    const turn: Turn = {
      get signal() {
        controller ??= new AbortController()
        controllers.add(controller)
        return controller.signal
      },
    }
    const earlier = queue === undefined ? undefined : tails.get(queue)
    const result = earlier ? earlier.then(() => task(turn)) : task(turn)
    if (queue !== undefined) {
      const tail = result.catch(() => {}) // the next one runs whatever became of this one
      tails.set(queue, tail)
      void tail.then(() => {
        if (tails.get(queue) === tail) tails.delete(queue)
      })
    }
    try {
      return await result
    } finally {
      count -= 1
      if (controller) controllers.delete(controller)
      if (count === 0) allDone?.()
    }
  }

  return {
    get accepting() {
      if (closing) return 'closing'
      return count < max ? 'yes' : 'full'
    },
    run,
    async close(timeout) {
      closing = true
      if (count === 0) return 0
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeout)
        allDone = () => {
          clearTimeout(timer)
          resolve()
        }
      })
      const left = count
      for (const controller of controllers) controller.abort(new Error('the add-on is closing'))
      return left
    },
  }
}
