import { resultWithin } from '../../common/time-limit.ts'
import { HandlerTimeoutError } from '../../errors.ts'
import { type Logger, logError } from '../../telemetry/log.ts'
import type { Turn } from './task-queue.ts'

/** A handler whose time is limited. */
export interface Limited {
  /** Key of the webhook or module, for messages. */
  readonly key: string
  /** Aborted at the end of the time. */
  readonly turn: Turn
  /** The handler's context, whose log is created when it is needed. */
  readonly context: { readonly log: Logger }
  /** Name of the option that limits the time, for the message. */
  readonly limit: 'handlerTimeout' | 'timeout'
  readonly milliseconds: number
}

/**
 * Waits for a handler until its time is over; then aborts its signal and throws a {@link
 * HandlerTimeoutError}. Otherwise a handler that never ends would block its room forever, and finally the
 * whole add-on.
 */
export async function unlessEndless<T>(
  running: Promise<T>,
  { key, turn, context, limit, milliseconds }: Limited,
): Promise<T> {
  const outcome = await resultWithin(
    milliseconds,
    running.then((returned) => ({ returned })),
  )
  if (outcome) return outcome.returned
  const error = new HandlerTimeoutError(
    `the handler of ${key} took longer than ${limit}, ${milliseconds} ms: its signal is aborted and its result is ignored`,
  )
  turn.abort(error)
  running.catch((late: unknown) => logError(context.log, late, `a handler failed after its ${limit}`))
  throw error
}
