import { createKeyedQueue } from '../../common/keyed-queue.ts'
import { SignedRequestError } from '../../errors.ts'
import type { Recovered, Sealing, Store } from '../../store/index.ts'
import { type Logger, logError } from '../../telemetry/log.ts'
import type { Delivery } from './delivery.ts'
import type { DeliveryReader, KeptDelivery } from './delivery-reader.ts'
import type { Handling } from './handle.ts'
import { readRecord, recordPrefix } from './journal-record.ts'
import type { TaskQueue } from './task-queue.ts'

/** What recovering needs. */
export interface RecoveryParts {
  readonly store: Store
  readonly sealing: Sealing
  readonly readDelivery: DeliveryReader
  readonly tasks: TaskQueue
  readonly log: Logger
  /** Where deliveries are kept that were given up, and those that are retried. */
  readonly keptDeliveries: {
    giveUp(delivery: KeptDelivery, why: string): Promise<void>
    has(delivery: KeptDelivery): Promise<boolean>
  }
  readonly handle: Handling['handle']
}

/** Handles the deliveries again that processes accepted and did not finish. */
export interface Recovery {
  /** Takes over what is there now. */
  take(): Promise<void>
  /** Puts what was taken over into the queues of its rooms; from now on also what other processes leave. */
  begin(): void
  /** Recovers nothing more. */
  stop(): void
}

/** Milliseconds between two looks for what other processes left. */
const every = 5_000

/**
 * A delivery is given up when this many processes were killed or crashed while they handled it. If several were being
 * handled, one of them is the reason: then each is handled once more, one after the other.
 */
const mostCrashes = 2

/** Milliseconds after which a delivery is given up: nobody expects its effect any longer. */
const longestWait = 24 * 3_600_000

export function createRecovery(parts: RecoveryParts): Recovery {
  const { store, sealing, readDelivery, tasks, log, keptDeliveries, handle } = parts
  const { journal } = store
  const taken: Delivery[] = []
  const suspectQueue = createKeyedQueue()
  const alone = <T>(work: () => Promise<T>): Promise<T> => suspectQueue.run('suspects', work)
  let timer: NodeJS.Timeout | undefined

  async function take(): Promise<void> {
    if (!journal || tasks.accepting === 'closing') return
    const works = await journal.recover(recordPrefix)
    const suspects = works.filter(({ crashes }) => crashes >= mostCrashes)
    for (const work of works) {
      try {
        const isSuspect = suspects.includes(work)
        const isCulprit = isSuspect && (suspects.length === 1 || work.crashes > mostCrashes)
        const delivery = await deliveryOf(work, isCulprit)
        if (delivery) taken.push(isSuspect ? { ...delivery, alone } : delivery)
        else await journal.finish(work.id)
      } catch (error) {
        logError(log, error, 'a delivery of an earlier process was not handled')
      }
    }
  }

  function begin(): void {
    for (const delivery of taken.splice(0))
      tasks
        .take((turn) => handle(delivery, turn))
        .catch((error: unknown) => {
          if (error instanceof SignedRequestError) log.warn(`not handled: ${error.message}`)
          else logError(log, error, 'a delivery of an earlier process failed')
        })
    if (journal) timer ??= setInterval(() => void tasks.follow(takeMore()), every).unref()
  }

  async function takeMore(): Promise<void> {
    try {
      await take()
      begin()
    } catch (error) {
      logError(log, error, 'the deliveries of earlier processes cannot be read')
    }
  }

  /** Reads a delivery that was taken over; `undefined` if there is nothing to handle. */
  async function deliveryOf(
    { id, attempt, crashes, work }: Recovered,
    isCulprit: boolean,
  ): Promise<Delivery | undefined> {
    const { record, text } = readRecord(sealing.open(work, id))
    const kept: KeptDelivery = { ...record, text, attempt }
    const about = { installation: record.oauthId, webhook: record.webhook, delivery: record.id }
    const noteGivenUp = (why: string): void =>
      log.error({ ...about, attempts: attempt - 1 }, `a delivery is given up: ${why}`)
    const giveUp = async (why: string): Promise<undefined> => {
      noteGivenUp(why)
      await keptDeliveries.giveUp({ ...kept, attempt: attempt - 1 }, why)
    }
    // Its process ended between keeping it for a retry and forgetting it here.
    if (await keptDeliveries.has(kept)) return undefined
    if (isCulprit) return giveUp(`${crashes} processes ended while they handled it`)
    if (Date.now() - record.accepted > longestWait)
      return giveUp('it was accepted more than a day ago, and not handled before its process ended')
    const delivery = await readDelivery(kept)
    if (typeof delivery === 'string') {
      noteGivenUp(delivery) // not kept: another attempt would find the same
      return undefined
    }
    log.warn({ ...about, attempt }, 'a delivery is handled again: its process ended')
    return delivery
  }

  return {
    take,
    begin,
    stop() {
      clearInterval(timer)
    },
  }
}
