import { Cron } from 'croner'
import type { Scope } from '../../api/scopes.ts'
import { type Checks, elsewhere, milliseconds, oneOf } from '../../common/checks.ts'
import { ConfigurationError } from '../../errors.ts'
import type { HookContext } from '../../installations/context.ts'
import type { Handler } from '../deliveries/context.ts'
import { checkRetry, type RetryOptions, type RetryPolicy } from '../deliveries/retry.ts'
import type { WorkContext } from './job.ts'

/** A value, or a function that returns it for an installation: from its settings, say. */
export type PerInstallation<T, S extends Scope = Scope> = T | ((context: HookContext<S>) => T | Promise<T>)

/** Options of a schedule. */
export interface ScheduleOptions<S extends Scope = Scope> {
  /**
   * When it runs, as a cron pattern: `0 9 * * 1-5` is nine o'clock from Monday to Friday. Also with seconds in front, and
   * nicknames such as `@daily`. A function returns the pattern of an installation, or `undefined` for never.
   */
  readonly cron: PerInstallation<string | undefined, S>
  /** Time zone of the pattern, such as `Europe/Berlin`, or a function that returns it. Default `UTC`. */
  readonly timezone?: PerInstallation<string, S>
  /**
   * What happens with occurrences that are more than five minutes late, because no process was running: they run once
   * together, or not at all. Default `run once`.
   */
  readonly missed?: 'run once' | 'skip'
  /** As for jobs. An occurrence that fails too often is given up; the schedule goes on with the next one. */
  readonly retry?: RetryOptions
  /** As for jobs. */
  readonly timeout?: number
}

/** The context of a schedule's handler. */
export type ScheduleContext<S extends Scope = Scope> = WorkContext<S> & {
  /** Name of the schedule. */
  readonly schedule: string
  /** When it was due: earlier than now if the add-on was not running, or this is a later attempt. */
  readonly scheduledFor: Date
}

/** A schedule that was registered. */
export interface Schedule {
  /** Its name. */
  readonly name: string
}

/** A schedule with its handler. */
export interface RegisteredSchedule extends Schedule {
  readonly cron: PerInstallation<string | undefined>
  readonly timezone: PerInstallation<string>
  readonly missed: 'run once' | 'skip'
  readonly retry: RetryPolicy
  readonly timeout: number | undefined
  readonly handle: Handler<ScheduleContext>
}

/** When a schedule runs for an installation. */
export interface Rule {
  readonly cron: string
  readonly timezone: string
}

/** Milliseconds after which an occurrence counts as missed. */
export const missedAfter = 5 * 60_000

/** Checks the options of a schedule. */
export const scheduleOptions: Checks<ScheduleOptions> = {
  cron: elsewhere, // in `checkRule`
  timezone: elsewhere,
  missed: oneOf('run once', 'skip'),
  retry: checkRetry,
  timeout: milliseconds,
}

/** Checks what is known of a rule before there is an installation. Throws a {@link ConfigurationError}. */
export function checkRule(what: string, { cron, timezone = 'UTC' }: ScheduleOptions): void {
  nextAfter(what, {
    cron: typeof cron === 'string' ? cron : known(what, 'cron', cron, '@daily'),
    timezone: typeof timezone === 'string' ? timezone : known(what, 'timezone', timezone, 'UTC'),
  })
}

function known(what: string, option: string, value: unknown, instead: string): string {
  if (typeof value === 'function') return instead
  throw new ConfigurationError(`${what}: expected ${option} to be a string, or a function that returns it`)
}

/**
 * The first occurrence after a time, in milliseconds since 1970; `undefined` if there is none. On the day on which clocks are
 * set forward, what falls into the missing hour runs right after it; on the day on which they are set back, what falls into
 * the hour that comes twice runs once.
 *
 * Throws a {@link ConfigurationError} if the pattern or the time zone is not valid.
 */
export function nextAfter(what: string, { cron, timezone }: Rule, time = Date.now()): number | undefined {
  if (!isTimeZone(timezone))
    throw new ConfigurationError(
      `${what}: expected timezone to be the name of a time zone such as Europe/Berlin, got ${JSON.stringify(timezone)}`,
    )
  try {
    return new Cron(cron, { timezone, paused: true }).nextRun(new Date(time))?.getTime()
  } catch (cause) {
    throw new ConfigurationError(
      `${what}: expected cron to be a cron pattern such as 0 9 * * 1-5, got ${JSON.stringify(cron)}`,
      { cause },
    )
  }
}

/** The time zones that were found: looking for one takes longer than all the rest of an occurrence. */
const timeZones = new Set<unknown>()

function isTimeZone(name: unknown): name is string {
  if (timeZones.has(name)) return true
  try {
    if (typeof name !== 'string') return false
    new Intl.DateTimeFormat('en', { timeZone: name })
  } catch {
    return false
  }
  timeZones.add(name)
  return true
}
