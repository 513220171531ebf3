import { ConfigurationError, MissingScopeError, RateLimitError, StoreError } from '../../errors.ts'
import type { Queue, QueuedWork } from '../../store/index.ts'
import { type Logger, logError } from '../../telemetry/log.ts'
import { type JobActivity, type Observing, observed } from '../../telemetry/observer.ts'
import { backoffAfter } from '../deliveries/retry.ts'
import type { TaskQueue, Turn } from '../deliveries/task-queue.ts'
import type { FailedWorkContext, Prepared, Unprepared } from './prepared.ts'
import { keptGivenUp, type Work, type WorkForm } from './work.ts'

/** What running needs. */
export interface RunningParts {
  readonly queue: Queue
  readonly form: WorkForm
  readonly tasks: TaskQueue
  readonly log: Logger
  readonly observing: Observing
  /** Looks up what the work is for. */
  prepare(work: Work, queued: QueuedWork, turn: Turn): Promise<Prepared | Unprepared>
  onError(error: unknown, context: FailedWorkContext): Promise<void>
}

/** Work is given up when this many processes ended while they ran it. */
const mostCrashes = 3

/** Milliseconds for which work is postponed without counting an attempt. */
const longestPostponed = 24 * 3_600_000

/** Milliseconds after which work that this process does not know is taken again: a newer version may have added it. */
const unknownAgain = 60_000

/** The most milliseconds more, by chance: otherwise the same process could be the first to take it each time. */
const someTime = 2_000

/** Creates the function that runs one work, and puts it back or finishes it. */
export function createWorkRun(parts: RunningParts): (queued: QueuedWork, turn: Turn) => Promise<void> {
  const { queue, form, tasks, observing, prepare, onError } = parts

  return async (queued, turn) => {
    const work = form.read(queued)
    const log = parts.log.child(namesOf(work))
    const prepared = await prepareOrEnd(work, queued, turn, log).catch((cause: unknown) => {
      throw cause instanceof StoreError ? new NotBegun(cause.message, { cause }) : cause
    })
    if (prepared) await runPrepared(work, queued, prepared, turn, log)
  }

  /** Looks up what the work is for. Resolves with `undefined` if it does not run. */
  async function prepareOrEnd(
    work: Work,
    queued: QueuedWork,
    turn: Turn,
    log: Logger,
  ): Promise<Prepared | undefined> {
    const prepared = await prepare(work, queued, turn)
    if ('gone' in prepared) {
      log.warn(`removed: ${prepared.gone}`)
      await queue.finish(queued.id)
    } else if ('unknown' in prepared) await waitForNewer(work, queued, prepared.unknown, log)
    else if (queued.crashes >= mostCrashes) {
      const error = `${queued.crashes} processes ended while they ran it`
      log.error({ attempts: queued.attempt - 1 }, `given up: ${error}`)
      await giveUp({ ...work, error }, unbegun(queued), prepared)
    } else return prepared
    return undefined
  }

  async function runPrepared(
    work: Work,
    queued: QueuedWork,
    prepared: Prepared,
    turn: Turn,
    log: Logger,
  ): Promise<void> {
    const { kind, name, oauthId } = work
    const activity: JobActivity = {
      kind: 'job',
      of: kind,
      name,
      installation: oauthId,
      room: prepared.roomId,
      attempt: queued.attempt,
      outcome: undefined,
    }
    const started = performance.now()
    const end = (outcome: NonNullable<JobActivity['outcome']>) => {
      activity.outcome = outcome
      const milliseconds = Math.round(performance.now() - started)
      log.info({ attempt: queued.attempt, outcome, milliseconds }, 'job')
    }
    await observed(observing(), activity, async () => {
      try {
        if (!prepared.skip) await prepared.run()
      } catch (error) {
        if (turn.abandoned) return // `close()` interrupted it: the next process runs it
        end(await afterFailure(error, work, queued, prepared, log))
        return
      }
      await putNext(queued, prepared)
      end(prepared.skip ? 'skipped' : 'done')
    })
  }

  /** Resolves with false if the work is not there any more, since its installation was removed. */
  async function putNext(queued: QueuedWork, prepared: Prepared): Promise<boolean> {
    const next = await prepared.next?.()
    return next ? queue.putBack(form.queued(next.work, next)) : queue.finish(queued.id)
  }

  async function afterFailure(
    error: unknown,
    work: Work,
    queued: QueuedWork,
    prepared: Prepared,
    log: Logger,
  ): Promise<'postponed' | 'retried' | 'given up'> {
    const { attempt, crashes } = queued
    const failed: Work = { ...work, error: messageOf(error) }
    const since = work.postponedSince ?? Date.now()
    if (error instanceof RateLimitError && Date.now() - since < longestPostponed) {
      log.warn({ attempt, until: error.resetAt.toISOString() }, `postponed: ${error.message}`)
      const postponed = { ...failed, postponedSince: since }
      await queue.putBack(
        form.queued(postponed, { due: error.resetAt.getTime(), attempt: attempt - 1, crashes }),
      )
      return 'postponed'
    }
    if (attempt < prepared.retry.attempts && !isFinal(error)) {
      const wait = backoffAfter(attempt, prepared.retry)
      logError(log, error, `failed, and runs again in ${Math.ceil(wait / 1000)} s`, { attempt })
      await queue.putBack(form.queued(failed, { due: Date.now() + wait, attempt, crashes }))
      return 'retried'
    }
    void tasks.follow(onError(error, prepared.context))
    log.error({ attempts: attempt }, 'given up')
    await giveUp(failed, queued, prepared)
    return 'given up'
  }

  /** Keeps the work for a while. A schedule goes on, so what is kept is the occurrence. */
  async function giveUp(failed: Work, queued: QueuedWork, prepared: Prepared | undefined): Promise<void> {
    const { attempt, crashes } = queued
    const times = { due: Date.now() + keptGivenUp, attempt, crashes }
    if (failed.kind !== 'schedule' || failed.once || !prepared) {
      await queue.putBack(form.queued(failed, times), 'given up')
      return
    }
    const kept = form.queued({ ...failed, once: true }, times)
    await queue.add(kept, { limit: Number.MAX_SAFE_INTEGER, state: 'given up' })
    if (!(await putNext(queued, prepared))) await queue.cancel(kept.id) // as all of its installation
  }

  /** Waits for a process that knows the work. */
  async function waitForNewer(work: Work, queued: QueuedWork, why: string, log: Logger): Promise<void> {
    const now = Date.now()
    const { postponedSince = now } = work
    if (now - postponedSince < longestPostponed) {
      const due = now + unknownAgain + Math.floor(Math.random() * someTime)
      await queue.putBack(form.queued({ ...work, postponedSince }, { ...unbegun(queued), due }))
      return
    }
    log.error(`given up: ${why}`)
    await giveUp({ ...work, error: why }, unbegun(queued), undefined)
  }
}

/** The store failed before the handler could begin. */
export class NotBegun extends Error {
  override name = 'NotBegun'
}

/** The same work, with the attempts that it had before it was taken: its handler does not begin. */
export const unbegun = (queued: QueuedWork): QueuedWork => ({ ...queued, attempt: queued.attempt - 1 })

/** Whether another attempt would fail in the same way. */
const isFinal = (error: unknown): boolean =>
  error instanceof ConfigurationError || error instanceof MissingScopeError

const messageOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).slice(0, 1_000)

const namesOf = ({ kind, name, oauthId }: Work) => ({ [kind]: name, installation: oauthId })
