import type { Queue, WorkState } from '../../store/index.ts'
import { type FoundWork, listWork, namesInId, type Work, type WorkForm } from './work.ts'

/** A job in the queue, an occurrence of a schedule, or a delivery whose handler failed. */
export interface QueuedJob {
  /** Id of the work, unique within the add-on: for `hipchat-addon jobs`. */
  readonly id: string
  /** What it is: `job`, `schedule` or `delivery`. */
  readonly kind: Work['kind']
  /** Name of the job or schedule, or key of the webhook. */
  readonly name: string
  /** `oauthId` of the installation. */
  readonly installation: string
  /** Id of the room, for a job that is about one. */
  readonly roomId?: number
  /** The job's own id. */
  readonly jobId?: string
  /** Where it is: `waiting`, `running` or `given up`. */
  readonly state: WorkState
  /** When it runs; for what was given up, when it is forgotten. */
  readonly due: Date
  /** How often it has run, with the attempt that is running. */
  readonly attempt: number
  /** How many processes ended while they ran it. */
  readonly crashes: number
  /** Message of the error with which the last attempt failed, or why it cannot be read. */
  readonly error?: string
  /** The job's data. */
  readonly data?: unknown
}

const allStates = ['running', 'waiting', 'given up'] as const satisfies readonly WorkState[]

/** All that is in the queue: first what is running, then what is waiting, by its time, then what was given up. */
export async function* queuedJobs(
  queue: Queue,
  form: WorkForm,
  states: readonly WorkState[] = allStates,
): AsyncGenerator<QueuedJob> {
  for await (const found of listWork(queue, form, states)) yield describe(found)
}

/** What is in the queue under an id. Throws what the sealing throws. */
export async function queuedJob(queue: Queue, form: WorkForm, id: string): Promise<QueuedJob | undefined> {
  const queued = await queue.get(id)
  return queued && describe({ work: form.read(queued), queued })
}

function describe({ work, queued }: FoundWork): QueuedJob {
  const { id, group: installation, state, due, attempt, crashes } = queued
  const common = { id, installation, state, due: new Date(due), attempt, crashes }
  if (work instanceof Error) return { ...common, ...namesInId(id), error: work.message }
  const { kind, name, error } = work
  return {
    ...common,
    kind,
    name,
    ...(error === undefined ? {} : { error }),
    ...(work.kind === 'job'
      ? {
          jobId: work.id,
          ...(work.roomId === undefined ? {} : { roomId: work.roomId }),
          ...('data' in work ? { data: work.data } : {}),
        }
      : {}),
  }
}

/**
 * Makes work run now that is waiting or was given up, with all its attempts before it. Returns false if nothing has this
 * id, or it is running.
 */
export async function runNow(queue: Queue, form: WorkForm, id: string): Promise<boolean> {
  const found = await queue.get(id)
  if (!found || found.state === 'running') return false
  const { error: _, postponedSince: __, ...work } = form.read(found)
  const again = form.queued(work as Work, { due: Date.now() })
  return (await queue.add(again, { limit: Number.MAX_SAFE_INTEGER, replace: true })) === 'added'
}
