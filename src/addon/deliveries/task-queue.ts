import { createKeyedQueue } from '../../common/keyed-queue.ts'

/**
 * The add-on's tasks: deliveries, limited in number and in order within a room, and the work that follows
 * from them. `close()` waits for all of it.
 */
export interface TaskQueue {
  /** Whether the queue accepts another delivery. */
  readonly accepting: 'yes' | 'full' | 'closing'
  /** How many deliveries are waiting or running. */
  readonly deliveries: number
  /**
   * Runs a delivery. It counts at once, without an await, so that a limit that was just checked is not
   * exceeded.
   */
  take<T>(delivery: (turn: Turn) => Promise<T>): Promise<T>
  /** Runs a job. It does not count among the deliveries. */
  job<T>(work: (turn: Turn) => Promise<T>): Promise<T>
  /** Makes `close()` wait for work that does not count as a delivery. */
  follow<T>(work: Promise<T>): Promise<T>
  /** Makes `idle()` and `close()` wait for a call, whether its caller awaits it or not. */
  count(call: Promise<unknown>): void
  /** Resolves when nothing is waiting or running, and nothing follows from the last task. */
  idle(): Promise<void>
  /**
   * Accepts nothing more, waits up to `timeout` milliseconds, then aborts. Resolves with how many tasks it
   * aborted.
   */
  close(timeout: number): Promise<number>
}

/** The queue's interface for a running delivery. */
export interface Turn {
  /**
   * Aborted when the handler or `close()` has taken too long. Created on first use, since few handlers need
   * it.
   */
  readonly signal: AbortSignal
  /** Aborts the signal. */
  abort(reason: Error): void
  /** Whether `close()` no longer waits for this delivery. */
  readonly abandoned: boolean
  /**
   * Runs a task after all earlier ones of the same queue, or at once if `queue` is `undefined`. Rejects with
   * {@link Closed} if the add-on was closed before the task could start.
   */
  inOrder<T>(queue: string | undefined, task: () => Promise<T>): Promise<T>
}

/** The add-on was closed before a task could start. */
export class Closed extends Error {
  override name = 'Closed'
}

const neverStarted = (): Closed => new Closed('the add-on was closed before this could start')

/** Number of microtask turns within which one call may follow from another. */
const turns = 50

export function createTaskQueue(max: number): TaskQueue {
  const controllers = new Set<AbortController>()
  const waiting = new Set<() => void>()
  const queues = createKeyedQueue()
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
      // A caller that awaited the last call may make another one now, and after it another.
      for (let turn = 0; turn < turns; turn += 1) await undefined
    } while (deliveries + following + calls > 0)
  }

  async function take<T>(delivery: (turn: Turn) => Promise<T>): Promise<T> {
    deliveries += 1
    return inTurn(delivery, () => {
      deliveries -= 1
    })
  }

  async function job<T>(work: (turn: Turn) => Promise<T>): Promise<T> {
    following += 1
    return inTurn(work, () => {
      following -= 1
    })
  }

  async function inTurn<T>(work: (turn: Turn) => Promise<T>, ended: () => void): Promise<T> {
    let over = false
    let reason: Error | undefined
    let controller: AbortController | undefined
    try {
      return await work({
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
        get abandoned() {
          return aborted
        },
        inOrder,
      })
    } finally {
      over = true
      ended()
      if (controller) controllers.delete(controller)
      settle()
    }
  }

  function inOrder<T>(queue: string | undefined, task: () => Promise<T>): Promise<T> {
    // An earlier await of the delivery may have ended after `close()` gave up.
    if (aborted) return Promise.reject(neverStarted())
    if (queue === undefined) return task()
    return new Promise((resolve, reject) => {
      const giveUp = (): void => reject(neverStarted()) // at once, although the earlier task may never end
      waiting.add(giveUp)
      const start = (): Promise<T> => {
        waiting.delete(giveUp)
        return aborted ? Promise.reject(neverStarted()) : task()
      }
      queues.run(queue, start).then(resolve, reject)
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
    job,
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
