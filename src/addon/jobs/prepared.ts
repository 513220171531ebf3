import type { EventContext } from '../deliveries/context.ts'
import type { RetryPolicy } from '../deliveries/retry.ts'
import type { JobContext } from './job.ts'
import type { ScheduleContext } from './schedule.ts'
import type { Work } from './work.ts'

/** The context of work that failed, for `onError`. */
export type FailedWorkContext = JobContext | ScheduleContext | EventContext

/** Work that is ready to run. */
export interface Prepared {
  readonly context: FailedWorkContext
  readonly retry: RetryPolicy
  /** Id of the room it is about. */
  readonly roomId: number | undefined
  /** Whether it does not run, because it is too late. */
  readonly skip?: boolean
  run(): Promise<void>
  /** For work that repeats: what is put back when it has run, and in its place when it was given up. */
  next?(): Promise<{ readonly due: number; readonly work: Work } | undefined>
}

/** Why work cannot run: for good, or by this process. */
export type Unprepared = { readonly gone: string } | { readonly unknown: string }
