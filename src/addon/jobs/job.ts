import type { Scope } from '../../api/scopes.ts'
import type { Room } from '../../client/client.ts'
import { type Checks, elsewhere, integer, integerFrom, milliseconds } from '../../common/checks.ts'
import { jsonFault } from '../../common/json-value.ts'
import { ConfigurationError, StoreError } from '../../errors.ts'
import { type InstallationContext, installationContext } from '../../installations/context.ts'
import type { Installation } from '../../installations/installation.ts'
import type { Installations } from '../../installations/installation-records.ts'
import type { InstallationServices } from '../../installations/services.ts'
import { checkOptions, refuse } from '../../option-checks.ts'
import type { Queue } from '../../store/index.ts'
import type { Handler } from '../deliveries/context.ts'
import { checkRetry, type RetryOptions, type RetryPolicy } from '../deliveries/retry.ts'
import type { Turn } from '../deliveries/task-queue.ts'
import { jobId, newRun, type Work, type WorkForm } from './work.ts'

/** Options of a job. */
export interface JobOptions {
  /**
   * When a handler that failed runs again. Default: five attempts, with waits of 5, 10, 20 and 40 seconds. `{ attempts: 1 }`:
   * never.
   */
  readonly retry?: RetryOptions
  /** Milliseconds that the handler may take. Default: the option `handlerTimeout` of `createAddon`. */
  readonly timeout?: number
}

/** For whom a job is added: the context of any handler, or an installation, with a room if the job is about one. */
export type JobTarget =
  | Installation
  | { readonly installation: Installation; readonly room?: { readonly id: number } | undefined }

/** Options of {@link Job.add}. At most one of `delay` and `at`; default: now. */
export interface AddJobOptions {
  /** Milliseconds to wait. */
  readonly delay?: number
  /** When to run it, at most ten years ahead. */
  readonly at?: Date
  /**
   * Makes the job one of its kind: while there is one with this id for the installation, waiting, running or given up, no
   * other is added. 1 to 100 characters. Default: a random one.
   */
  readonly id?: string
  /** Whether to replace a job with the same id that is not running: to move a reminder, say. Default false. */
  readonly replace?: boolean
  /** Id of the room, for an installation of the group. Default: the room of the target. */
  readonly roomId?: number
}

/** What {@link Job.add} did. */
export interface AddedJob {
  /** The job's id. */
  readonly id: string
  /** Whether it was added; false if there was one with this id already. */
  readonly added: boolean
}

/** A job that was registered: adds work that runs later, or in another process. */
export interface Job<D = undefined> {
  /** Its name. */
  readonly name: string
  /**
   * Adds a job. It is kept when the promise resolves, and survives a `kill -9`.
   *
   * Rejects with a {@link ConfigurationError} if an option is not valid, or the data is not JSON or longer than 64 KiB; with a
   * {@link StoreError} if the store fails, the installation has `maxQueued` jobs already, or it was removed.
   */
  add(target: JobTarget, ...rest: AddArguments<D>): Promise<AddedJob>
  /** Removes the job with this id. Returns false if nothing has this id, or it is running. */
  cancel(target: JobTarget, id: string): Promise<boolean>
}

/** The arguments after the target: data may be left out if there is none. */
export type AddArguments<D> = undefined extends D
  ? [data?: D, options?: AddJobOptions]
  : [data: D, options?: AddJobOptions]

/** The context of a job's handler, and of a schedule's. */
export type WorkContext<S extends Scope = Scope> = InstallationContext<S> & {
  /** The room it is about; `undefined` for a job or schedule of the whole group. */
  readonly room: Room<S> | undefined
  /** 1, or more if an earlier attempt failed or its process ended. */
  readonly attempt: number
  /** Does a part of the work once, even if the handler runs again: see `step` of the context of webhooks. */
  step<T>(name: string, work: () => T | Promise<T>): Promise<T>
}

/** The context of a job's handler. */
export type JobContext<D = unknown, S extends Scope = Scope> = WorkContext<S> & {
  /** Name of the job. */
  readonly job: string
  /** Its id. */
  readonly jobId: string
  /** The data that it was added with. */
  readonly data: D
}

/** A job with its handler. */
export interface RegisteredJob {
  readonly name: string
  readonly retry: RetryPolicy
  /** Milliseconds that the handler may take. */
  readonly timeout: number | undefined
  readonly handle: Handler<JobContext>
}

/** What adding jobs needs. */
export interface AddingParts {
  readonly queue: Queue
  readonly form: WorkForm
  readonly installations: Installations
  /** How many works an installation may have in the queue. */
  readonly maxQueued: number
  /** Name of the store, for messages. */
  readonly store: string
  /** Is told when work is added. */
  wake(due: number): void
}

const longestData = 64 * 1024
const longestDelay = 10 * 366 * 24 * 3_600_000

/** Checks the options of a job. */
export const jobOptions: Checks<JobOptions> = { retry: checkRetry, timeout: milliseconds }

const addOptions: Checks<AddJobOptions> = {
  delay: integerFrom(0, longestDelay),
  at: elsewhere,
  id: elsewhere,
  replace: elsewhere,
  roomId: integer,
}

/** Creates the part of a job that its author gets. */
export function createJob(name: string, parts: AddingParts): Job<unknown> {
  const { queue, form, installations, maxQueued, store, wake } = parts

  async function add(target: JobTarget, data?: unknown, options: AddJobOptions = {}): Promise<AddedJob> {
    const what = `job ${name}: add`
    const { installation, roomId } = readTarget(what, target, options.roomId)
    checkOptions<AddJobOptions>(what, options, addOptions)
    if (data !== undefined) refuse(what, dataFault(data))
    const id = options.id === undefined ? newRun() : checkedId(what, options.id)
    const { oauthId } = installation
    const work: Work = {
      kind: 'job',
      name,
      oauthId,
      id,
      run: newRun(),
      ...(roomId === undefined ? {} : { roomId }),
      ...(data === undefined ? {} : { data }),
    }
    const due = dueOf(what, options)
    const { replace = false } = options
    const outcome = await queue.add(form.queued(work, { due }), { limit: maxQueued, replace })
    if (outcome === 'full')
      throw new StoreError(
        `${what}: installation ${oauthId} has ${maxQueued} jobs in ${store} already, as many as maxQueued allows`,
      )
    // Otherwise it would stay forever.
    if (outcome === 'added' && !(await installations.get(oauthId))) {
      await queue.cancel(jobId(name, oauthId, id))
      throw new StoreError(`${what}: installation ${oauthId} was removed`)
    }
    if (outcome === 'added') wake(due)
    return { id, added: outcome === 'added' }
  }

  return {
    name,
    add: (target: JobTarget, ...rest: [unknown?, AddJobOptions?]) => add(target, ...rest),
    async cancel(target, id) {
      const what = `job ${name}: cancel`
      const { oauthId } = readTarget(what, target, undefined).installation
      return queue.cancel(jobId(name, oauthId, checkedId(what, id)))
    },
  }
}

function readTarget(what: string, target: JobTarget, given: number | undefined) {
  const isContext = typeof target === 'object' && target !== null && 'installation' in target
  const installation = isContext ? target.installation : target
  if (typeof installation !== 'object' || installation === null || !('oauthId' in installation))
    throw new ConfigurationError(
      `${what}: expected the context of a handler, or an installation as returned by addon.installations()`,
    )
  const roomId = installation.roomId ?? given ?? (isContext ? target.room?.id : undefined)
  return { installation, roomId }
}

function dueOf(what: string, { delay, at }: AddJobOptions): number {
  if (at === undefined) return Date.now() + (delay ?? 0)
  if (delay !== undefined) throw new ConfigurationError(`${what}: expected delay or at, got both`)
  const due = at instanceof Date ? at.getTime() : Number.NaN
  if (Number.isNaN(due)) throw new ConfigurationError(`${what}: expected at to be a valid Date`)
  if (due > Date.now() + longestDelay)
    throw new ConfigurationError(
      `${what}: expected at to be at most ten years ahead, got ${new Date(due).toISOString()}`,
    )
  return Math.max(0, due)
}

function checkedId(what: string, id: unknown): string {
  if (typeof id !== 'string' || !/^[\x20-\x7e]{1,100}$/.test(id))
    throw new ConfigurationError(
      `${what}: expected id to be a string of 1 to 100 letters, digits or other printable ASCII characters`,
    )
  return id
}

function dataFault(data: unknown): string | undefined {
  const fault = jsonFault(data, 'data')
  if (fault) return `expected data to be JSON, but ${fault}`
  const length = Buffer.byteLength(JSON.stringify(data))
  return length > longestData ? `expected data of at most ${longestData} bytes, got ${length}` : undefined
}

/** Creates the context of a job or schedule. `names` is added to its log lines. */
export function workContext(
  services: InstallationServices,
  { roomId, run, attempt }: { roomId: number | undefined; run: string; attempt: number },
  turn: Pick<Turn, 'signal'>,
  names: Readonly<Record<string, string>>,
): WorkContext {
  return Object.assign(installationContext(services, roomId, turn, names), {
    room: roomId === undefined ? undefined : services.room(roomId),
    attempt,
    step: <T>(name: string, work: () => T | Promise<T>) => services.step(run, name, work),
  })
}
