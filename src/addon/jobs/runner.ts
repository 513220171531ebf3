import type { Queue, QueuedWork } from '../../store/index.ts'
import { type Logger, logError } from '../../telemetry/log.ts'
import type { TaskQueue, Turn } from '../deliveries/task-queue.ts'
import { NotBegun, unbegun } from './run-work.ts'

/** What a runner needs. */
export interface RunnerParts {
  readonly queue: Queue
  readonly tasks: TaskQueue
  /** How many works run at the same time. */
  readonly maxJobs: number
  readonly log: Logger
  /** Runs one work, and puts it back or finishes it. */
  run(work: QueuedWork, turn: Turn): Promise<void>
}

/** Takes work from the queue when it is due, and runs it. */
export interface Runner {
  /** Begins to look for work, now and regularly; `often` if the add-on has jobs of its own. */
  start(often: boolean): void
  /** Takes and starts what is due now. Resolves with how many that are; 0 before `start` and after `stop`. */
  look(): Promise<number>
  /** Looks at this time. */
  wake(due: number): void
  /** Takes nothing more. Resolves when what was just taken is put back. */
  stop(): Promise<void>
  /** How many works are running. */
  readonly running: number
}

/**
 * Milliseconds between two looks: other processes add work too, and leave some when they end. Without jobs, there is only what
 * was given up and somebody wants to run again.
 */
const lookEvery = { often: 1_000, seldom: 10_000 }

/** Milliseconds until it is tried again to put work back. */
const putBackAgain = 1_000

/** How many processes may end while they run some work before it runs without any other such work. */
const suspicious = 2

/** Milliseconds after which work is looked at again that waits for another one to end. */
const shortly = 1_000

/** How many times are known at most when something is due. The rest is found by the looks of every second. */
const mostWakes = 1_000

/** Milliseconds after which work runs again whose end could not be written. With each attempt it is twice as long. */
const failedAgain = 10_000

/** Creates a runner. */
export function createRunner({ queue, tasks, maxJobs, log, run }: RunnerParts): Runner {
  let isStarted = false
  let isSuspectRunning = false
  let running = 0
  let every = lookEvery.seldom
  let timer: NodeJS.Timeout | undefined
  /** When something is due that was added by this process. */
  const wakes = new Set<number>()
  let looking: Promise<unknown> = Promise.resolve()
  let hasFailed = false
  /** What was taken, by its id. */
  const inHand = new Map<string, QueuedWork>()

  /** One look after the other, so that there are never more than `maxJobs`. */
  const look = (): Promise<number> => inTurn(take)

  function inTurn<T>(act: () => Promise<T>): Promise<T> {
    const acting = looking.then(act)
    looking = acting.catch(() => {})
    return acting
  }

  async function take(): Promise<number> {
    const free = maxJobs - running
    if (!isStarted || tasks.accepting === 'closing' || free <= 0) return 0
    try {
      const works = await queue.take(Date.now(), free)
      hasFailed = false
      if (isStarted) for (const work of works) begin(work)
      else for (const work of works) await queue.putBack(unbegun(work))
      return works.length
    } catch (error) {
      // The first error only: until the store answers again, each look has the same.
      if (!hasFailed) logError(log, error, 'the queue of jobs cannot be read')
      hasFailed = true
      return 0
    }
  }

  function begin(work: QueuedWork): void {
    inHand.set(work.id, work)
    const isSuspect = work.crashes >= suspicious
    if (isSuspect && isSuspectRunning) {
      void putBack(work, { ...unbegun(work), due: Date.now() + shortly }).finally(() => forget(work))
      return
    }
    running += 1
    if (isSuspect) isSuspectRunning = true
    void tasks
      .job((turn) => run(work, turn))
      .catch(async (error: unknown) => {
        logError(log, error, 'a job could not be finished: it will run again')
        const left = error instanceof NotBegun ? unbegun(work) : work
        await putBack(work, { ...left, due: Date.now() + failedAgain * 2 ** Math.min(work.attempt - 1, 8) })
      })
      .finally(() => {
        running -= 1
        forget(work)
        if (isSuspect) isSuspectRunning = false
        if (running === maxJobs - 1) lookAt(Date.now()) // there may be more than could be taken
      })
  }

  function forget(work: QueuedWork): void {
    if (inHand.get(work.id) === work) inHand.delete(work.id)
  }

  /**
   * Puts work back, which is tried until the store answers: no other process takes it while this one has it. An earlier try may
   * have succeeded without an answer; then a look may take the work again, and it must not be put back once more.
   */
  async function putBack(work: QueuedWork, back: QueuedWork): Promise<void> {
    while (isStarted)
      try {
        await inTurn(async () => inHand.get(work.id) === work && queue.putBack(back))
        return
      } catch {
        await new Promise((resolve) => void setTimeout(resolve, putBackAgain).unref())
      }
  }

  /** Looks at this time, or before it if something is known to be due then. */
  function lookAt(time: number): void {
    if (!isStarted) return
    clearTimeout(timer)
    const now = Date.now()
    const next = Math.min(time, ...wakes, now + every) // the clock may be set, so no timer is long
    timer = setTimeout(lookNow, Math.max(0, next - now)).unref()
  }

  function lookNow(): void {
    const now = Date.now()
    for (const due of wakes) if (due <= now) wakes.delete(due)
    void tasks.follow(look().then((taken) => lookAt(taken > 0 ? Date.now() : Number.POSITIVE_INFINITY)))
  }

  return {
    start(often) {
      isStarted = true
      every = often ? lookEvery.often : lookEvery.seldom
      lookNow()
    },
    look,
    wake(due) {
      if (wakes.size < mostWakes) wakes.add(due)
      lookAt(Number.POSITIVE_INFINITY)
    },
    async stop() {
      isStarted = false
      clearTimeout(timer)
      await looking
    },
    get running() {
      return running
    },
  }
}
