import { type Logger, logError } from '../telemetry/log.ts'

/** The context of the hooks `started` and `closing`. */
export interface ProcessContext {
  /** The add-on's logger. */
  readonly log: Logger
  /** Aborted when `close()` has taken too long. */
  readonly signal: AbortSignal
}

/** The hooks that are not about an installation, in the order of registration. */
export interface ProcessHooks {
  readonly started: ((context: ProcessContext) => unknown)[]
  readonly closing: ((context: ProcessContext) => unknown)[]
}

/** Runs the hooks `started`, one after the other. Throws the first error. */
export async function runStarted({ started }: ProcessHooks, log: Logger, signal: AbortSignal): Promise<void> {
  for (const hook of started) await hook({ log, signal })
}

/** Runs the hooks `closing`, one after the other. Errors are logged. */
export async function runClosing({ closing }: ProcessHooks, log: Logger, signal: AbortSignal): Promise<void> {
  for (const hook of closing)
    try {
      await hook({ log, signal })
    } catch (error) {
      logError(log, error, 'the closing hook failed')
    }
}
