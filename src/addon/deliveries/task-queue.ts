/**
 * What is waiting or running: deliveries, bounded in number, those of one room one after the other; and what follows
 * from them. `close()` waits for all of it.
 */
export interface TaskQueue {
  /** Whether another delivery may be taken on. */
  readonly accepting: 'yes' | 'full' | 'closing'
  /** How many deliveries are waiting or running. */
  readonly deliveries: number
  /** Takes a delivery on. It counts from this very moment, so that a bound that was looked at holds. */
  take<T>(delivery: (turn: Turn) => Promise<T>): Promise<T>
  /** Has `close()` wait for something that counts as no delivery. */
  follow<T>(work: Promise<T>): Promise<T>
  /** Has `idle()` and `close()` wait for a call that somebody made, whether its caller awaits it or not. */
  count(call: Promise<unknown>): void
  /** Resolves when nothing is waiting or running, and nothing follows from what has just ended. */
  idle(): Promise<void>
  /** Takes nothing more on, waits up to `timeout` milliseconds, then aborts. Resolves with how many were aborted. */
  close(timeout: number): Promise<number>
}

/** What a delivery that was taken on can look at. */
export interface Turn {
  /** Aborted when closing, or the handler, has taken long enough. Made when it is first asked for: few handlers do. */
  readonly signal: AbortSignal
  abort(reason: Error): void
  /**
   * Runs a task after all earlier ones of the same queue; without a queue at once. Rejects with {@link Closed} if the
   * time was up before it could begin.
   */
  inOrder<T>(queue: string | undefined, task: () => Promise<T>): Promise<T>
}

/** The add-on was closed before this could begin. */
export class Closed extends Error {
  override name = 'Closed'
}

/** Turns of the queue of microtasks within which one call follows from another. */
const turns = 50

export function createTaskQueue(max: number): TaskQueue {
  const controllers = new Set<AbortController>()
  const waiting = new Set<() => void>()
  const tails = new Map<string, Promise<unknown>>()
  let deliveries = 0
  let following = 0
  let calls = 0
  let closing = false
  let aborted = false
  const allDone: (() => void)[] = []

  const abort = (controller: AbortController) => controller.abort(new Error('the add-on is closing'))

  const settle = (): void => {
    if (deliveries + following + calls > 0) return
    for (const done of allDone.splice(0)) done()
  }

  async function idle(): Promise<void> {
    do {
      if (deliveries + following + calls > 0) await new Promise<void>((resolve) => void allDone.push(resolve))
      // Whoever waited for the last one may make another call now: one after the other, though nobody awaits them all.
      for (let turn = 0; turn < turns; turn += 1) await undefined
    } while (deliveries + following + calls > 0)
  }

  async function take<T>(delivery: (turn: Turn) => Promise<T>): Promise<T> {
    deliveries += 1
    let over = false
    let reason: Error | undefined
    let controller: AbortController | undefined
    try {
      return await delivery({
        get signal() {
          if (!controller) {
            controller = new AbortController()
            if (reason) controller.abort(reason)
            else if (aborted) abort(controller)
            else if (!over) controllers.add(controller)
          }
          return controller.signal
        },
        abort(given) {
          reason = given
          controller?.abort(given)
        },
        inOrder,
      })
    } finally {
      over = true
      deliveries -= 1
      if (controller) controllers.delete(controller)
      settle()
    }
  }

  function inOrder<T>(queue: string | undefined, task: () => Promise<T>): Promise<T> {
    // What was waited for before may have ended after everything else was given up.
    if (aborted) return Promise.reject(new Closed('the add-on was closed before this could begin'))
    const earlier = queue === undefined ? undefined : tails.get(queue)
    const result = earlier ? unlessAborted(earlier).then(task) : task()
    if (queue === undefined) return result
    const tail = result.catch(() => {}) // the next one runs whatever became of this one
    tails.set(queue, tail)
    void tail.then(() => {
      if (tails.get(queue) === tail) tails.delete(queue)
    })
    return result
  }

  function unlessAborted(earlier: Promise<unknown>): Promise<void> {
    return new Promise((resolve, reject) => {
      const giveUp = () => reject(new Closed('the add-on was closed before this could begin'))
      waiting.add(giveUp)
      void earlier.then(() => {
        waiting.delete(giveUp)
        resolve()
      })
    })
  }

  return {
    get accepting() {
      if (closing) return 'closing'
      return deliveries < max ? 'yes' : 'full'
    },
    get deliveries() {
      return deliveries
    },
    take,
    async follow(work) {
      following += 1
      try {
        return await work
      } finally {
        following -= 1
        settle()
      }
    },
    count(call) {
      calls += 1
      const over = () => {
        calls -= 1
        settle()
      }
      call.then(over, over)
    },
    idle,
    async close(timeout) {
      closing = true
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeout)
        void idle().then(() => {
          clearTimeout(timer)
          resolve()
        })
      })
      const left = deliveries + following || calls
      aborted = true
      for (const giveUp of waiting) giveUp()
      for (const controller of controllers) abort(controller)
      return left
    },
  }
}
