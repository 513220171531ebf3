import { HandlerTimeoutError } from '../../errors.ts'
import { type Logger, logError } from '../../telemetry/log.ts'
import type { Turn } from './task-queue.ts'

/** Whose time is limited, and what hears of its end. */
export interface Limited {
  /** Key of the webhook or module, for messages. */
  readonly key: string
  readonly turn: Turn
  readonly log: Logger
  /** Milliseconds. */
  readonly handlerTimeout: number
}

/**
 * What a handler gives, unless it takes too long: then its signal is aborted and nobody waits for it. A handler that never
 * ends would hold up its room for ever, and in the end the whole add-on.
 */
export async function unlessEndless<T>(
  running: Promise<T>,
  { key, turn, log, handlerTimeout }: Limited,
): Promise<T> {
  const outcome = await within(
    handlerTimeout,
    running.then((returned) => ({ returned })),
  )
  if (outcome) return outcome.returned
  const error = new HandlerTimeoutError(
    `the handler of ${key} took longer than handlerTimeout, ${handlerTimeout} ms: its signal is aborted and nobody waits for it`,
  )
  turn.abort(error)
  running.catch((late: unknown) => logError(log, late, 'a handler failed after its time was over'))
  throw error
}

/** What a promise settles with, or `undefined` after so many milliseconds. */
export const within = <T>(milliseconds: number, promise: Promise<T>): Promise<T | undefined> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds, undefined)
    promise.then(
      (value) => {
        clearTimeout(timer)
        resolve(value)
      },
      (error) => {
        clearTimeout(timer)
        reject(error)
      },
    )
  })
