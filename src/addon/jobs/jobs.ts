import { type Checks, optionsFault } from '../../common/checks.ts'
import { ConfigurationError } from '../../errors.ts'
import type { Installation } from '../../installations/installation.ts'
import type { Installations } from '../../installations/installation-records.ts'
import type { InstallationServices } from '../../installations/services.ts'
import { expectFunction, refuse } from '../../option-checks.ts'
import type { QueueCounts, Sealing, Store } from '../../store/index.ts'
import type { Logger } from '../../telemetry/log.ts'
import type { Observing } from '../../telemetry/observer.ts'
import type { Handler } from '../deliveries/context.ts'
import type { Delivery } from '../deliveries/delivery.ts'
import type { DeliveryReader, KeptDelivery } from '../deliveries/delivery-reader.ts'
import type { Handling } from '../deliveries/handle.ts'
import { retryPolicy } from '../deliveries/retry.ts'
import type { TaskQueue } from '../deliveries/task-queue.ts'
import {
  createJob,
  type Job,
  type JobContext,
  type JobOptions,
  jobOptions,
  type RegisteredJob,
} from './job.ts'
import { createKeptDeliveries, type KeptDeliveries } from './kept-deliveries.ts'
import { createPreparing } from './kinds.ts'
import { createPlanning, type Planning } from './planning.ts'
import type { FailedWorkContext } from './prepared.ts'
import { type QueuedJob, queuedJobs, runNow } from './queued-job.ts'
import { createWorkRun } from './run-work.ts'
import { createRunner, type Runner } from './runner.ts'
import {
  checkRule,
  type RegisteredSchedule,
  type Schedule,
  type ScheduleContext,
  type ScheduleOptions,
  scheduleOptions,
} from './schedule.ts'
import { createWorkForm, queueOf, resealWork } from './work.ts'

/** What jobs need. */
export interface JobsParts {
  readonly store: Store
  readonly sealing: Sealing
  readonly installations: Installations
  readonly tasks: TaskQueue
  readonly log: Logger
  readonly observing: Observing
  readonly handlerTimeout: number
  readonly maxJobs: number
  readonly maxQueued: number
  readonly handling: Pick<Handling, 'again'>
  readonly readDelivery: DeliveryReader
  servicesOf(installation: Installation): InstallationServices
  /** Throws if the add-on has been started. */
  refuseLate(what: string): void
  onError(error: unknown, context: FailedWorkContext): Promise<void>
}

/** The jobs, schedules and retries of an add-on. */
export interface Jobs {
  /** Registers a job. Throws a {@link ConfigurationError}. */
  job(name: string, options: JobOptions, handler: Handler<JobContext> | undefined): Job<unknown>
  /** Registers a schedule. Throws a {@link ConfigurationError}. */
  schedule(name: string, options: ScheduleOptions, handler: Handler<ScheduleContext>): Schedule
  /** Throws a {@link ConfigurationError} if the store has no queue; `what` needs one. */
  needQueue(what: string): void
  /** Keeps a delivery whose handler failed, as its webhook says. Resolves with whether there will be another attempt. */
  retryLater(delivery: Delivery, error: unknown): Promise<boolean>
  readonly keptDeliveries: KeptDeliveries
  /** All that is in the queue. */
  list(): AsyncIterable<QueuedJob>
  /** Makes work run now. Resolves with false if nothing has this id, or it is running. */
  runNow(id: string): Promise<boolean>
  /** Removes work. Resolves with false if nothing has this id, or it is running. */
  cancel(id: string): Promise<boolean>
  /** How much is in the queue; `undefined` if there is none. */
  counts(): Promise<QueueCounts | undefined>
  /** Plans the schedules of an installation. */
  plan(installation: Installation): Promise<void>
  /** Seals again what is not sealed with the first key. Resolves with how much that was. */
  reseal(): Promise<number>
  /** Begins to run what is due. */
  start(): void
  /** Runs what is due now. Resolves with how many that are, when they have begun. */
  look(): Promise<number>
  /** Begins nothing more. Resolves when what was taken and not begun is put back. */
  stop(): Promise<void>
}

const defaultRetry = retryPolicy({ attempts: 5 })

/** Creates the jobs of an add-on. Nothing is read from the store before `start`. */
export function createJobs(parts: JobsParts): Jobs {
  const { store, sealing, installations, tasks, log, maxQueued, maxJobs, refuseLate } = parts
  const queue = queueOf(store)
  const form = createWorkForm(sealing)
  const jobs = new Map<string, RegisteredJob>()
  const schedules = new Map<string, RegisteredSchedule>()
  let usesRetries = false
  const wake = (due: number): void => running?.runner.wake(due)
  const keptDeliveries = createKeptDeliveries({ queue, form, installations, maxQueued, log, wake })
  const running = createRunning()

  /** What needs a queue. */
  function createRunning(): { readonly planning: Planning; readonly runner: Runner } | undefined {
    if (!queue) return undefined
    const planning = createPlanning({ ...parts, queue, form, schedules, wake })
    const prepare = createPreparing({ ...parts, jobs, schedules, planning })
    const run = createWorkRun({ ...parts, queue, form, prepare })
    return { planning, runner: createRunner({ queue, tasks, maxJobs, log, run }) }
  }

  function needQueue(what: string): NonNullable<typeof queue> {
    if (queue) return queue
    throw new ConfigurationError(
      `${what}: the store ${store.name} has no queues; use the embedded store, Redis, PostgreSQL or memory:`,
    )
  }

  /** Checks what jobs and schedules have in common. */
  function checkNew<O>(kind: 'job' | 'schedule', name: unknown, options: unknown, checks: Checks<O>): void {
    refuseLate(kind)
    if (typeof name !== 'string' || !/^[\w.-]{1,40}$/.test(name))
      throw new ConfigurationError(
        `${kind}: expected a name of 1 to 40 letters, digits, -, _ and ., got ${JSON.stringify(name)}`,
      )
    const what = `${kind} ${name}`
    if ((kind === 'job' ? jobs : schedules).has(name))
      throw new ConfigurationError(`two ${kind}s are called ${name}`)
    refuse(what, optionsFault(options, checks))
    needQueue(what)
  }

  return {
    keptDeliveries,
    job(name, options, handle) {
      checkNew('job', name, options, jobOptions)
      expectFunction(handle, `job ${name}: expected a handler`)
      const { retry, timeout } = options
      jobs.set(name, { name, retry: retry ? retryPolicy(retry) : defaultRetry, timeout, handle })
      const adding = {
        queue: needQueue(`job ${name}`),
        form,
        installations,
        maxQueued,
        store: store.name,
        wake,
      }
      return createJob(name, adding)
    },
    schedule(name, options, handle) {
      checkNew('schedule', name, options, scheduleOptions)
      expectFunction(handle, `schedule ${name}: expected a handler`)
      checkRule(`schedule ${name}`, options)
      const { cron, timezone = 'UTC', missed = 'run once', retry, timeout } = options
      const policy = retry ? retryPolicy(retry) : defaultRetry
      schedules.set(name, { name, cron, timezone, missed, retry: policy, timeout, handle })
      return { name }
    },
    needQueue(what) {
      needQueue(what)
      usesRetries = true
    },
    async retryLater(delivery, error) {
      const { retry } = delivery.webhook
      return retry ? keptDeliveries.retryLater(keptOf(delivery), retry, error) : false
    },
    async *list() {
      if (queue) yield* queuedJobs(queue, form)
    },
    async runNow(id) {
      const runs = queue !== undefined && (await runNow(queue, form, id))
      if (runs) wake(Date.now())
      return runs
    },
    cancel: async (id) => (await queue?.cancel(id)) ?? false,
    counts: async () => queue?.counts(),
    plan: async (installation) => running?.planning.plan(installation),
    reseal: async () => (queue ? resealWork(queue, form) : 0),
    start() {
      if (!running) return
      running.runner.start(jobs.size > 0 || schedules.size > 0 || usesRetries)
      void tasks.follow(running.planning.planAll())
    },
    look: async () => (await running?.runner.look()) ?? 0,
    async stop() {
      running?.planning.stop()
      await running?.runner.stop()
    },
  }
}

const keptOf = ({ id, credentials, webhook, text, attempt }: Delivery): KeptDelivery => ({
  id,
  oauthId: credentials.installation.oauthId,
  webhook: webhook.key,
  text,
  attempt,
})
