import { RateLimitError } from '../../errors.ts'
import type { Installations } from '../../installations/installation-records.ts'
import type { Queue } from '../../store/index.ts'
import { type Logger, logError } from '../../telemetry/log.ts'
import type { KeptDelivery } from '../deliveries/delivery-reader.ts'
import { backoffAfter, type RetryPolicy } from '../deliveries/retry.ts'
import { type DeliveryWork, keptGivenUp, queueIdOf, type WorkForm } from './work.ts'

/** What keeping needs. */
export interface KeepingParts {
  /** `undefined` if the store has none. */
  readonly queue: Queue | undefined
  readonly form: WorkForm
  readonly installations: Pick<Installations, 'get'>
  readonly maxQueued: number
  readonly log: Logger
  /** Is told when a delivery is added. */
  wake(due: number): void
}

/** Keeps deliveries in the queue that were not handled. */
export interface KeptDeliveries {
  /**
   * Keeps a delivery whose handler failed: for the next attempt, or as one that was given up. Resolves with whether there will
   * be another attempt. Does not reject: if the store fails, the delivery is not kept, which is logged.
   */
  retryLater(delivery: KeptDelivery, retry: RetryPolicy, error: unknown): Promise<boolean>
  /** Keeps a delivery that was given up, with the reason. Does not reject. */
  giveUp(delivery: KeptDelivery, why: string): Promise<void>
  /** Whether a delivery is in the queue. */
  has(delivery: KeptDelivery): Promise<boolean>
}

/** Creates the part that keeps deliveries. */
export function createKeptDeliveries(parts: KeepingParts): KeptDeliveries {
  const { queue, form, installations, maxQueued, log, wake } = parts

  async function keep(
    delivery: KeptDelivery,
    error: string,
    due: number,
    state: 'waiting' | 'given up',
  ): Promise<boolean> {
    if (!queue) return false
    const { attempt } = delivery
    const about = { installation: delivery.oauthId, webhook: delivery.webhook, delivery: delivery.id }
    try {
      const work = form.queued(workOf(delivery, error), { due, attempt })
      const outcome = await queue.add(work, { limit: maxQueued, state })
      if (outcome === 'full')
        log.error(about, `a delivery is not kept: its installation has ${maxQueued} jobs already`)
      // Otherwise it would stay, although all that its installation had was removed.
      if (outcome === 'added' && !(await installations.get(delivery.oauthId))) {
        await queue.cancel(work.id)
        return false
      }
      return outcome !== 'full'
    } catch (failure) {
      logError(log, failure, 'a delivery could not be kept', about)
      return false
    }
  }

  return {
    async retryLater(delivery, retry, error) {
      const message = error instanceof Error ? error.message : String(error)
      const { attempt } = delivery
      if (attempt >= retry.attempts) {
        await keep(delivery, message, Date.now() + keptGivenUp, 'given up')
        return false
      }
      const now = Date.now()
      const renewed = error instanceof RateLimitError ? error.resetAt.getTime() : now
      const due = Math.max(now + backoffAfter(attempt, retry), renewed)
      if (!(await keep(delivery, message, due, 'waiting'))) return false
      const about = { installation: delivery.oauthId, webhook: delivery.webhook, attempt }
      logError(log, error, `the handler failed, and runs again in ${Math.ceil((due - now) / 1000)} s`, about)
      wake(due)
      return true
    },
    async giveUp(delivery, why) {
      await keep(delivery, why, Date.now() + keptGivenUp, 'given up')
    },
    async has(delivery) {
      return (await queue?.get(queueIdOf(workOf(delivery, '')))) !== undefined
    },
  }
}

const workOf = ({ id, oauthId, webhook, text }: KeptDelivery, error: string): DeliveryWork => ({
  kind: 'delivery',
  name: webhook,
  oauthId,
  run: id,
  id,
  text,
  error: error.slice(0, 1_000),
})
