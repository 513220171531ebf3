import type { Notification } from '../../api/operations/messages.ts'
import { readId } from '../../api/sender.ts'
import { toNotification } from '../../client/notification.ts'
import { MissingScopeError, SignedRequestError } from '../../errors.ts'
import type { Installation } from '../../installations/installation.ts'
import type { Installations } from '../../installations/installation-records.ts'
import type { InstallationServices } from '../../installations/services.ts'
import { clockSkew, longestLifetime, stillInstalled } from '../../installations/signed-request.ts'
import type { Sealing, Store } from '../../store/index.ts'
import { logError } from '../../telemetry/log.ts'
import { type Observing, observed } from '../../telemetry/observer.ts'
import { createEventContext, type EventContext, type Middleware, type Returned } from './context.ts'
import type { Delivery, DeliveryAnswer } from './delivery.ts'
import { recordIdOf, recordOf } from './journal-record.ts'
import { runMiddleware } from './middleware.ts'
import { Closed, type TaskQueue, type Turn } from './task-queue.ts'
import { unlessEndless } from './time-limit.ts'

/** What handling needs. */
export interface HandlingParts {
  readonly store: Store
  readonly sealing: Sealing
  readonly installations: Installations
  readonly tasks: TaskQueue
  readonly middleware: readonly Middleware[]
  /** Milliseconds for middleware and handler together. */
  readonly handlerTimeout: number
  readonly observing: Observing
  servicesOf(installation: Installation): InstallationServices
  /** Keeps a delivery whose handler failed, as its webhook says. Resolves with whether the handler will run again. */
  retryLater(delivery: Delivery, error: unknown): Promise<boolean>
  onError(error: unknown, context: EventContext): Promise<void>
}

/** Handles deliveries. */
export interface Handling {
  /**
   * Handles a delivery when it is its turn, unless it was handled before. Throws a {@link SignedRequestError} if its
   * installation was removed in the meantime.
   */
  handle(delivery: Delivery, turn: Turn): Promise<DeliveryAnswer>
  /** Prepares another attempt at a delivery whose handler failed. */
  again(delivery: Delivery, turn: Turn): DeliveryAgain
}

/** Another attempt at a delivery. */
export interface DeliveryAgain {
  readonly context: EventContext
  readonly roomId: number
  /** Runs the handler. Throws its error. */
  run(): Promise<void>
}

/** Creates the functions that handle deliveries. */
export function createHandling(parts: HandlingParts): Handling {
  const { store, sealing, installations, tasks, middleware, handlerTimeout, observing, servicesOf } = parts
  const { retryLater, onError } = parts
  const { journal } = store

  /** Makes sure that a delivery is handled only once, waits for its turn, and logs the result. */
  async function handleOnce(delivery: Delivery, turn: Turn): Promise<DeliveryAnswer> {
    const { webhook, credentials, attempt } = delivery
    const { installation } = credentials
    const services = servicesOf(installation)
    const started = performance.now()
    const id = recordIdOf(installation, delivery)

    warnOfLongLifetime(delivery, services)
    if (attempt === 1 && !(await accept(id, delivery))) {
      services.log.warn({ webhook: webhook.key }, 'a replay of a delivery that was already handled')
      return { status: 204, result: 'replayed' }
    }
    delivery.accepted?.()
    const room = readId(delivery.body.item.room.id)
    const queue = webhook.ordered ? `${installation.oauthId}:${room}` : undefined
    const answer = await turn
      .inOrder(queue, () =>
        delivery.alone
          ? delivery.alone(() => runHandler(id, delivery, turn))
          : runHandler(id, delivery, turn),
      )
      .catch((error: unknown): DeliveryAnswer => {
        if (error instanceof Closed) return { status: 503, result: 'closing', body: 'The add-on is closing.' }
        // It is refused, so nobody expects that it is handled later; or its installation is gone.
        if (!delivery.acknowledged || error instanceof SignedRequestError) finish(id, delivery, services)
        throw error
      })
    const late = delivery.acknowledged
    services.log.info(
      {
        event: webhook.event,
        webhook: webhook.key,
        ...(installation.roomId === undefined ? { room } : {}),
        ...(attempt > 1 ? { attempt } : {}),
        status: late ? 204 : answer.status,
        failed: answer.status >= 500,
        milliseconds: Math.round(performance.now() - started),
      },
      'delivery',
    )
    // A delivery answered with a 5xx was not handled, so the server may send it again. One that was acknowledged, and that
    // `close()` interrupted, stays for the next process.
    if (!late && answer.status >= 500) await store.release(id)
    else if (answer.status < 500 || !turn.abandoned) finish(id, delivery, services)
    return answer
  }

  /** Claims the delivery and, if the store can keep it, records it in the same write. */
  function accept(id: string, delivery: Delivery): Promise<boolean> {
    const ttl = claimTime(delivery)
    return journal && delivery.webhook.durable
      ? journal.accept(id, ttl, sealing.seal(recordOf(delivery), id))
      : store.claim(id, ttl)
  }

  /** Not awaited: should it fail, the worst is that a restart handles the delivery again. */
  function finish(id: string, { webhook }: Delivery, { log }: InstallationServices): void {
    if (!webhook.durable) return
    journal?.finish(id).catch((error: unknown) => logError(log, error, 'a handled delivery may run again'))
  }

  /** Runs the handler. Its message is the answer; if it is late, the message is sent to the room as a notification. */
  async function runHandler(id: string, delivery: Delivery, turn: Turn): Promise<DeliveryAnswer> {
    const { credentials, attempt } = delivery
    // Time has passed: for the claim, and for the deliveries before this one.
    const { installation } = await stillInstalled(credentials, installations)
    if (attempt > 1) await journal?.begin(id) // should the process end now, this delivery may be the reason
    const context = createEventContext(delivery, servicesOf(installation), turn)
    try {
      const body = await callHandler(delivery, context, turn)
      return body ? { status: 200, result: 'handled', body } : { status: 204, result: 'handled' }
    } catch (error) {
      if (error instanceof SignedRequestError && error.fault === 'unknown issuer') throw error // removed in the meantime
      if (!turn.abandoned && (await retryLater(delivery, error))) return { status: 204, result: 'retried' }
      // Not awaited: a slow error handler, or one that never ends, must not delay the answer or the room.
      void tasks.follow(onError(error, context))
      return { status: 500, result: 'failed', body: 'The handler failed.' }
    }
  }

  /** Calls the handler inside the middleware. Its message is returned; sent too, if the delivery is answered already. */
  async function callHandler(
    delivery: Delivery,
    context: EventContext,
    turn: Turn,
  ): Promise<Notification | undefined> {
    const { webhook, credentials } = delivery
    const { installation } = context
    const activity = {
      kind: 'handler',
      event: webhook.event,
      webhook: webhook.key,
      installation: installation.oauthId,
      room: context.room.id,
    } as const
    const run = async (): Promise<Returned> => {
      if (middleware.length === 0) return webhook.handle(context)
      return runMiddleware(middleware, context, async () => {
        await stillInstalled(credentials, installations) // middleware may have waited
        return webhook.handle(context)
      })
    }
    const limited = {
      key: webhook.key,
      turn,
      context,
      limit: 'handlerTimeout',
      milliseconds: handlerTimeout,
    } as const
    const returned = await observed(observing(), activity, () => unlessEndless(run(), limited))
    if (returned === undefined || returned === null) return undefined
    const notification = answerable(returned, installation)
    if (delivery.acknowledged) await context.room.sendRoomNotification(notification)
    return notification
  }

  /** Prepares another attempt at a delivery that comes from the queue. */
  function again(delivery: Delivery, turn: Turn): DeliveryAgain {
    const context = createEventContext(delivery, servicesOf(delivery.credentials.installation), turn)
    return {
      context,
      roomId: context.room.id,
      run: async () => void (await callHandler(delivery, context, turn)),
    }
  }

  return { handle: handleOnce, again }
}

/**
 * Milliseconds for which a token's id is stored: its whole lifetime and not only the rest of it, since this
 * clock may be set back; plus the skew three times, for before it, after it, and the difference between the
 * clocks of processes.
 */
const claimTime = ({ lifetime }: Delivery): number =>
  Math.min(lifetime, longestLifetime) + 3 * clockSkew * 1000

/** Installations for which a warning about long lifetimes was logged. */
const warned = new WeakSet<InstallationServices>()

function warnOfLongLifetime({ lifetime }: Delivery, services: InstallationServices): void {
  if (lifetime <= longestLifetime || warned.has(services)) return
  warned.add(services)
  services.log.warn(
    { seconds: lifetime / 1000 },
    'the server signs requests that are valid for more than a day: the add-on accepts them for one day',
  )
}

/** The message that a handler returned, as a notification. Throws a {@link MissingScopeError}. */
export function answerable(
  returned: Exclude<Returned, undefined>,
  { oauthId, scopes }: Installation,
): Notification {
  if (!scopes.includes('send_notification'))
    throw new MissingScopeError(
      `the handler returned a message, which needs the scope send_notification; installation ${oauthId} was approved with ${scopes.join(', ') || 'none'}. Add it to the scopes of createAddon and update the installation`,
      ['send_notification'],
      scopes,
    )
  return toNotification(returned)
}
