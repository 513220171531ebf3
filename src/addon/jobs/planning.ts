import { setImmediate as nextTurn } from 'node:timers/promises'
import { StoreError } from '../../errors.ts'
import { hookContext } from '../../installations/context.ts'
import type { Installation } from '../../installations/installation.ts'
import type { Installations } from '../../installations/installation-records.ts'
import type { InstallationServices } from '../../installations/services.ts'
import type { Queue } from '../../store/index.ts'
import { type Logger, logError } from '../../telemetry/log.ts'
import type { TaskQueue } from '../deliveries/task-queue.ts'
import { nextAfter, type PerInstallation, type RegisteredSchedule, type Rule } from './schedule.ts'
import { newRun, readOrError, type ScheduleWork, scheduleId, type WorkForm } from './work.ts'

/** What planning needs. */
export interface PlanningParts {
  readonly queue: Queue
  readonly form: WorkForm
  readonly schedules: ReadonlyMap<string, RegisteredSchedule>
  readonly installations: Installations
  readonly tasks: Pick<TaskQueue, 'follow'>
  readonly log: Logger
  servicesOf(installation: Installation): InstallationServices
  /** Is told when an occurrence is added. */
  wake(due: number): void
}

/**
 * Keeps the next occurrence of each schedule in the queue: one work for each installation, which is put back with the
 * occurrence after it when it has run. So an occurrence runs once, however many processes there are.
 */
export interface Planning {
  /** Plans all schedules of an installation: adds what is missing, and moves what has another pattern or time zone now. */
  plan(installation: Installation): Promise<void>
  /**
   * Plans the schedules of all installations, one after the other. Errors are logged; if the store fails, here or in `plan`, all
   * are planned once more a little later.
   */
  planAll(): Promise<void>
  /** Plans nothing again. */
  stop(): void
  /**
   * The occurrence after a time; `undefined` if there is none, because the schedule is off for this installation. If it cannot
   * be calculated, which is logged, work that plans it again later.
   */
  next(schedule: RegisteredSchedule, installation: Installation, time: number): Promise<Planned | undefined>
}

/** An occurrence, with its work. */
export interface Planned {
  readonly due: number
  readonly work: ScheduleWork
}

/** More than all schedules that an add-on may have: these works do not count among its jobs. */
const unlimited = Number.MAX_SAFE_INTEGER

/** Milliseconds after which an occurrence that could not be calculated is planned again. */
const planAgain = 3_600_000

/** Milliseconds after which all is planned once more, because the store failed. */
const soon = 30_000

const unplanned = ''

/** Whether work only plans its schedule again. */
export const isUnplanned = ({ rule }: ScheduleWork): boolean => rule === unplanned

/** Creates the planning of an add-on's schedules. */
export function createPlanning(parts: PlanningParts): Planning {
  const { queue, form, schedules, installations, tasks, log, servicesOf, wake } = parts
  let again: NodeJS.Timeout | undefined
  let isStopped = false

  async function ruleOf(
    { cron, timezone }: RegisteredSchedule,
    installation: Installation,
  ): Promise<Rule | undefined> {
    const context = hookContext(servicesOf(installation), new AbortController().signal)
    const read = async <T>(given: PerInstallation<T>): Promise<T> =>
      typeof given === 'function' ? (given as (of: typeof context) => T | Promise<T>)(context) : given
    const pattern = await read(cron)
    return pattern === undefined ? undefined : { cron: pattern, timezone: await read(timezone) }
  }

  async function next(
    schedule: RegisteredSchedule,
    installation: Installation,
    time: number,
  ): Promise<Planned | undefined> {
    const { name } = schedule
    const { oauthId } = installation
    const occurrenceAt = (due: number, rule: string): Planned => ({
      due,
      work: { kind: 'schedule', name, oauthId, run: newRun(), rule, occurrence: due },
    })
    try {
      const rule = await ruleOf(schedule, installation)
      const due = rule && nextAfter(`schedule ${name}`, rule, time)
      return rule && due !== undefined ? occurrenceAt(due, textOf(rule)) : undefined
    } catch (error) {
      if (error instanceof StoreError) throw error
      logError(log, error, 'a schedule could not be planned', { schedule: name, installation: oauthId })
      return occurrenceAt(Date.now() + planAgain, unplanned)
    }
  }

  async function planOne(schedule: RegisteredSchedule, installation: Installation): Promise<void> {
    const planned = await next(schedule, installation, Date.now())
    const { oauthId } = installation
    const id = scheduleId(schedule.name, oauthId)
    const found = await queue.get(id)
    if (found?.state === 'running') return // it is planned again when it has run
    if (!planned) {
      if (found) await queue.cancel(id)
      return
    }
    const work = found && readOrError(form, found) // what cannot be read is replaced
    if (work && 'rule' in work && work.rule === planned.work.rule) return
    // Only what was found is replaced: meanwhile another process may have planned it too, and run the occurrence.
    const replace = found !== undefined
    await queue.add(form.queued(planned.work, { due: planned.due }), { limit: unlimited, replace })
    if (await installations.get(oauthId)) wake(planned.due)
    else await queue.cancel(id) // it was removed meanwhile
  }

  async function plan(installation: Installation): Promise<void> {
    for (const schedule of schedules.values())
      try {
        await planOne(schedule, installation)
      } catch (error) {
        const about = { schedule: schedule.name, installation: installation.oauthId }
        logError(log, error, 'a schedule could not be planned', about)
        planAllSoon()
      }
  }

  async function planAll(): Promise<void> {
    if (schedules.size === 0) return
    try {
      for await (const installation of installations.all()) {
        await plan(installation)
        await nextTurn() // in stores that answer at once, too many would keep other work waiting
      }
    } catch (error) {
      logError(log, error, 'the schedules of some installations could not be planned')
      planAllSoon()
    }
  }

  function planAllSoon(): void {
    if (!isStopped) again ??= setTimeout(planAllAgain, soon).unref()
  }

  function planAllAgain(): void {
    again = undefined
    void tasks.follow(planAll())
  }

  return {
    next,
    plan,
    planAll,
    stop() {
      isStopped = true
      clearTimeout(again)
    },
  }
}

const textOf = ({ cron, timezone }: Rule): string => `${cron} ${timezone}`
