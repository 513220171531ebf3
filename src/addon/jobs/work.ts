import { randomText } from '../../common/random.ts'
import { workQueue } from '../../installations/store-keys.ts'
import type { ListedWork, Queue, QueuedWork, Sealing, Store } from '../../store/index.ts'

/** Work that an add-on keeps in the queue of its store: a job, the next occurrence of a schedule, or a delivery to retry. */
export type Work = JobWork | ScheduleWork | DeliveryWork

interface WorkBase {
  /** Name of the job or schedule, or key of the webhook. */
  readonly name: string
  readonly oauthId: string
  /** Names this work in steps: different for two jobs with the same id, one after the other. */
  readonly run: string
  /** Message of the error with which the last attempt failed. */
  readonly error?: string
  /** Since when it has been postponed, in milliseconds since 1970: by a rate limit, say. */
  readonly postponedSince?: number
}

/** A job with its data. */
export interface JobWork extends WorkBase {
  readonly kind: 'job'
  /** The id that its author chose, or a random one. */
  readonly id: string
  readonly roomId?: number
  /** JSON; absent for a job without data. */
  readonly data?: unknown
}

/** An occurrence of a schedule for an installation. */
export interface ScheduleWork extends WorkBase {
  readonly kind: 'schedule'
  /** The pattern and time zone from which the occurrence was calculated. */
  readonly rule: string
  /** When it is scheduled, in milliseconds since 1970. */
  readonly occurrence: number
  /** Whether it stands for this occurrence only, which was given up, and not for the schedule. */
  readonly once?: true
}

/** A delivery whose handler failed. */
export interface DeliveryWork extends WorkBase {
  readonly kind: 'delivery'
  readonly id: string
  /** Its body. */
  readonly text: string
}

/** Milliseconds for which work that was given up is kept. */
export const keptGivenUp = 7 * 24 * 3_600_000

/** The queue of an add-on; `undefined` if its store has none. */
export const queueOf = (store: Store): Queue | undefined => store.queue?.(workQueue)

/** The id of a schedule in the queue: the same for all its occurrences. */
export const scheduleId = (name: string, oauthId: string): string => `schedule:${name}:${oauthId}`

/** The id of a job in the queue. */
export const jobId = (name: string, oauthId: string, id: string): string => `job:${name}:${oauthId}:${id}`

/** The id of work in the queue. */
export function queueIdOf(work: Work): string {
  const { name, oauthId } = work
  switch (work.kind) {
    case 'job':
      return jobId(name, oauthId, work.id)
    case 'schedule':
      return work.once ? `${scheduleId(name, oauthId)}:${work.occurrence}` : scheduleId(name, oauthId)
    case 'delivery':
      return `delivery:${name}:${oauthId}:${work.id}`
  }
}

/** A name for steps that no other work has. */
export const newRun = (): string => randomText(16)

/** When work is due, and how often it was taken; by default, never. */
export type QueueTimes = Pick<QueuedWork, 'due'> & Partial<Pick<QueuedWork, 'attempt' | 'crashes'>>

/** Turns work into the form in the queue, and back. Throws what the sealing throws. */
export interface WorkForm {
  queued(work: Work, times: QueueTimes): QueuedWork
  read(queued: Pick<QueuedWork, 'id' | 'work'>): Work
  /** The same work, sealed with the first key; `undefined` if it is that already. */
  resealed(queued: QueuedWork): QueuedWork | undefined
}

/** Creates the form: JSON, sealed with the `secretKey`. */
export const createWorkForm = (sealing: Sealing): WorkForm => ({
  queued(work, { due, attempt = 0, crashes = 0 }) {
    const id = queueIdOf(work)
    const text = sealing.seal(JSON.stringify(work), contextOf(id))
    return { id, group: work.oauthId, due, attempt, crashes, work: text }
  },
  read: ({ id, work }) => JSON.parse(sealing.open(work, contextOf(id))) as Work, // written by `queued`
  resealed(queued) {
    const { id, work } = queued
    if (sealing.isCurrent(work)) return undefined
    return { ...queued, work: sealing.seal(sealing.open(work, contextOf(id)), contextOf(id)) }
  },
})

const contextOf = (id: string): string => `queue:${id}`

/** Work with its state, as {@link listWork} returns it. */
export interface FoundWork {
  /** The error if it cannot be read, because it was sealed with another key. */
  readonly work: Work | Error
  readonly queued: ListedWork
}

/** The kind and name of work that cannot be read. */
export function namesInId(id: string): Pick<Work, 'kind' | 'name'> {
  const [kind = '', name = ''] = id.split(':')
  return { kind: kind as Work['kind'], name } // as `queueIdOf` writes them
}

/** Seals all work again that is not sealed with the first key, so that older keys can be removed. Returns how much it was. */
export async function resealWork(queue: Queue, form: WorkForm): Promise<number> {
  let resealed = 0
  for (const state of ['waiting', 'given up'] as const)
    for await (const { state: _, ...queued } of queue.list(state)) {
      const again = form.resealed(queued)
      if (!again) continue
      await queue.add(again, { limit: Number.MAX_SAFE_INTEGER, state, replace: true })
      resealed += 1
    }
  return resealed
}

/** All work in the queue, in the given states. */
export async function* listWork(
  queue: Queue,
  form: WorkForm,
  states: readonly ListedWork['state'][],
): AsyncGenerator<FoundWork> {
  for (const state of states)
    for await (const queued of queue.list(state)) yield { work: readOrError(form, queued), queued }
}

/** Reads work; the error if it cannot be read, because it was sealed with another key. */
export function readOrError(form: WorkForm, queued: ListedWork): Work | Error {
  try {
    return form.read(queued)
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}
