import type { Delivery } from '../../src/addon/deliveries/delivery.ts'
import type { DeliveryAgain } from '../../src/addon/deliveries/handle.ts'
import { createTaskQueue } from '../../src/addon/deliveries/task-queue.ts'
import type { Job, WorkContext } from '../../src/addon/jobs/job.ts'
import { createJobs } from '../../src/addon/jobs/jobs.ts'
import { jobId, scheduleId } from '../../src/addon/jobs/work.ts'
import { ConfigurationError, RateLimitError } from '../../src/errors.ts'
import type { Installation } from '../../src/installations/installation.ts'
import { createInstallations } from '../../src/installations/installation-records.ts'
import type { InstallationServices } from '../../src/installations/services.ts'
import { createSteps } from '../../src/installations/steps.ts'
import { createSealing } from '../../src/store/index.ts'
import { silent } from '../../src/telemetry/log.ts'
import { type History, scheduleName } from './history.ts'
import type { Random } from './random.ts'
import type { Holder, SharedStore } from './shared-store.ts'
import { never, sleep } from './time.ts'

/** What the processes of a simulation have in common. */
export interface World {
  readonly random: Random
  readonly history: History
  readonly store: SharedStore
  /** How many works each process runs at the same time. */
  readonly maxJobs: number
}

/** A simulated process with an add-on's jobs, schedules and retries. */
export type SimulatedProcess = ReturnType<typeof startProcess>

/** The jobs, by how often they run at most. What `poison` does ends its process. Older versions do not know `newer`. */
const attempts = { plain: 3, single: 1, poison: 9, newer: 3 } as const
export type JobName = keyof typeof attempts
export const jobNames = Object.keys(attempts) as [JobName, ...JobName[]] // its keys

/** How often a delivery is handled at most. */
const deliveryRetry = { attempts: 3, backoff: 1_000 }

/** The id of a delivery's retries in the queue. */
export const deliveryId = (oauthId: string, id: string): string => `delivery:hook:${oauthId}:${id}`

/** Starts a process. The schedule of the versions 0 and 1 differs, and only version 1 knows the job `newer`. */
export function startProcess(
  { random, history, store: shared, maxJobs }: World,
  name: string,
  version: 0 | 1,
) {
  const holder: Holder = { name, state: 'running' }
  const store = shared.open(holder)
  const sealing = createSealing()
  const installations = createInstallations(store, sealing)
  const tasks = createTaskQueue(1)
  const log = silent()

  /** A handler: takes a while, does a step, and succeeds or fails by chance. */
  async function handle(id: string, { attempt, step }: Pick<WorkContext, 'attempt' | 'step'>): Promise<void> {
    const { life, end } = history.begin(holder, id, attempt)
    if (history.running(holder) > maxJobs) history.breaks(`${name} runs more than ${maxJobs} works`)
    try {
      await passes(random.between(0, 2_000))
      const stepName = `step of ${life.key}`
      if (random.chance(0.5)) await step(stepName, () => history.step(stepName))
      if (id.startsWith('job:poison:')) holder.state = 'killed'
      await passes(random.chance(0.2) ? random.between(0, 5_000) : 0)
      const outcome = random.between(1, 100)
      if (outcome <= 4) throw new RateLimitError('sendRoomNotification', 'api', new Date(Date.now() + 3_000))
      if (outcome <= 8) throw new ConfigurationError('fails for good')
      if (outcome <= 35) throw new Error('fails')
      history.succeeded(holder, id, life)
    } finally {
      end()
    }
  }

  async function passes(milliseconds: number): Promise<void> {
    await sleep(milliseconds)
    if (holder.state === 'killed') await never()
  }

  const servicesOf = (installation: Installation) =>
    ({
      installation,
      log,
      step: createSteps(store, installation),
      room: () => ({}),
    }) as unknown as InstallationServices // no handler here uses more

  const jobs = createJobs({
    store,
    sealing,
    installations,
    tasks,
    log,
    observing: () => undefined,
    handlerTimeout: 60_000,
    maxJobs,
    maxQueued: 1_000,
    handling: {
      again({ id, attempt, credentials: { installation } }) {
        const step: WorkContext['step'] = (what, work) => servicesOf(installation).step(id, what, work)
        const run = () => handle(deliveryId(installation.oauthId, id), { attempt, step })
        return { run, roomId: 1, context: {} } as DeliveryAgain // its context only goes to `onError`
      },
    },
    async readDelivery({ id, oauthId, attempt }) {
      const credentials = await installations.get(oauthId)
      return credentials ? deliveryOf(id, credentials, attempt) : 'its installation was removed'
    },
    servicesOf,
    refuseLate: () => {},
    onError: async () => {},
  })

  const added = Object.fromEntries(
    jobNames
      .filter((job) => job !== 'newer' || version === 1)
      .map((job) => [
        job,
        jobs.job(job, { retry: { attempts: attempts[job], backoff: 1_000 } }, (context) =>
          handle(jobId(job, context.installation.oauthId, context.jobId), context),
        ),
      ]),
  ) as Partial<Record<JobName, Job<unknown>>> // one for each name, but `newer`
  const cron = version === 0 ? '*/15 * * * * *' : '*/20 * * * * *'
  jobs.schedule(scheduleName, { cron, retry: { attempts: 2, backoff: 1_000 } }, (context) => {
    const id = scheduleId(scheduleName, context.installation.oauthId)
    const once = `${id}:${context.scheduledFor.getTime()}`
    return handle(history.isTaken(once, holder) ? once : id, context)
  })
  jobs.needQueue('deliveries')
  jobs.start()

  return {
    holder,
    version,
    jobs,
    installations,
    /** Its jobs by name. */
    added,
    /** Stops it; it may be killed before that ends. */
    async close(): Promise<void> {
      await jobs.stop()
      await tasks.close(3_000)
      if (holder.state === 'running') holder.state = 'closed'
    },
  }
}

/** A delivery with what its retries need. */
export const deliveryOf = (id: string, credentials: Delivery['credentials'], attempt: number): Delivery =>
  ({ id, credentials, webhook: { key: 'hook', retry: deliveryRetry }, text: '{}', attempt }) as Delivery
