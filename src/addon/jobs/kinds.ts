import { ConfigurationError } from '../../errors.ts'
import type { Installation } from '../../installations/installation.ts'
import type { Installations } from '../../installations/installation-records.ts'
import type { InstallationServices } from '../../installations/services.ts'
import type { QueuedWork } from '../../store/index.ts'
import type { Returned } from '../deliveries/context.ts'
import type { DeliveryReader } from '../deliveries/delivery-reader.ts'
import { answerable, type Handling } from '../deliveries/handle.ts'
import type { RetryPolicy } from '../deliveries/retry.ts'
import type { Turn } from '../deliveries/task-queue.ts'
import { unlessEndless } from '../deliveries/time-limit.ts'
import { type JobContext, type RegisteredJob, type WorkContext, workContext } from './job.ts'
import { isUnplanned, type Planning } from './planning.ts'
import type { Prepared, Unprepared } from './prepared.ts'
import { missedAfter, type RegisteredSchedule, type ScheduleContext } from './schedule.ts'
import type { DeliveryWork, JobWork, ScheduleWork, Work } from './work.ts'

/** What preparing needs. */
export interface PreparingParts {
  readonly jobs: ReadonlyMap<string, RegisteredJob>
  readonly schedules: ReadonlyMap<string, RegisteredSchedule>
  readonly planning: Planning
  readonly installations: Installations
  readonly handling: Pick<Handling, 'again'>
  readonly readDelivery: DeliveryReader
  /** Milliseconds that a handler may take, unless its job says otherwise. */
  readonly handlerTimeout: number
  servicesOf(installation: Installation): InstallationServices
}

type Preparing<W> = (work: W, queued: QueuedWork, turn: Turn) => Promise<Prepared | Unprepared>

/** Creates the function that looks up what work is for: its handler, its installation and its context. */
export function createPreparing(parts: PreparingParts): Preparing<Work> {
  const { jobs, schedules, planning, installations, handling, readDelivery, handlerTimeout, servicesOf } =
    parts

  /** Runs the handler of a job or schedule, and sends the message that it returns. */
  async function runHandler(
    registered: { readonly name: string; readonly timeout: number | undefined },
    context: WorkContext,
    turn: Turn,
    handle: () => Returned | Promise<Returned>,
  ): Promise<void> {
    const returned = await unlessEndless((async () => handle())(), {
      key: registered.name,
      turn,
      context,
      ...(registered.timeout === undefined
        ? { limit: 'handlerTimeout', milliseconds: handlerTimeout }
        : { limit: 'timeout', milliseconds: registered.timeout }),
    })
    if (returned === undefined || returned === null) return
    await sendTo(context.room?.id, returned, context.installation, registered.name)
  }

  async function sendTo(
    roomId: number | undefined,
    returned: Exclude<Returned, undefined>,
    installation: Installation,
    name: string,
  ): Promise<void> {
    const notification = answerable(returned, installation)
    if (roomId === undefined)
      throw new ConfigurationError(
        `${name} returned a message, but it is not about a room: installation ${installation.oauthId} is for the whole group`,
      )
    await servicesOf(installation).room(roomId).sendRoomNotification(notification)
  }

  const prepareJob: Preparing<JobWork> = async (work, { attempt }, turn) => {
    const credentials = await installations.get(work.oauthId)
    if (!credentials) return removed
    const job = jobs.get(work.name)
    if (!job) return { unknown: `no job ${work.name} is registered` }
    const { roomId, run } = work
    const services = servicesOf(credentials.installation)
    const common = workContext(services, { roomId, run, attempt }, turn, { job: job.name })
    const context: JobContext = Object.assign(common, { job: job.name, jobId: work.id, data: work.data })
    return {
      context,
      retry: job.retry,
      roomId,
      run: () => runHandler(job, context, turn, () => job.handle(context)),
    }
  }

  const prepareSchedule: Preparing<ScheduleWork> = async (work, { attempt }, turn) => {
    const credentials = await installations.get(work.oauthId)
    if (!credentials) return removed
    const schedule = schedules.get(work.name)
    if (!schedule) return { unknown: `no schedule ${work.name} is registered` }
    const { installation } = credentials
    const { roomId } = installation
    const names = { schedule: schedule.name }
    const common = workContext(servicesOf(installation), { roomId, run: work.run, attempt }, turn, names)
    const context: ScheduleContext = Object.assign(common, {
      schedule: schedule.name,
      scheduledFor: new Date(work.occurrence),
    })
    const isMissed = attempt === 1 && Date.now() - work.occurrence > missedAfter
    return {
      context,
      retry: schedule.retry,
      roomId,
      skip: isUnplanned(work) || (isMissed && schedule.missed === 'skip' && !work.once),
      run: () => runHandler(schedule, context, turn, () => schedule.handle(context)),
      ...(work.once
        ? {}
        : { next: () => planning.next(schedule, installation, Math.max(Date.now(), work.occurrence)) }),
    }
  }

  const prepareDelivery: Preparing<DeliveryWork> = async ({ id, oauthId, name, text }, { attempt }, turn) => {
    const delivery = await readDelivery({ id, oauthId, webhook: name, text, attempt })
    if (typeof delivery === 'string') return { gone: delivery }
    const retry: RetryPolicy = delivery.webhook.retry ?? { attempts: attempt, backoff: 0 }
    return { ...handling.again(delivery, turn), retry }
  }

  return async (work, queued, turn) => {
    switch (work.kind) {
      case 'job':
        return prepareJob(work, queued, turn)
      case 'schedule':
        return prepareSchedule(work, queued, turn)
      case 'delivery':
        return prepareDelivery(work, queued, turn)
    }
  }
}

const removed: Unprepared = { gone: 'its installation was removed' }
