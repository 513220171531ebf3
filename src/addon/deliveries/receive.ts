import type { IncomingMessage } from 'node:http'
import { type Delivery, delivery, type EventName } from '../../api/events.ts'
import type { Notification } from '../../api/operations/messages.ts'
import { readId, readSender } from '../../api/sender.ts'
import { toNotification } from '../../client/notification.ts'
import { readJson } from '../../common/body.ts'
import { read } from '../../common/tolerant-reading.ts'
import { ConfigurationError, MissingScopeError, SignedRequestError } from '../../errors.ts'
import type { Credentials, Installation, Installations } from '../../installations/installation.ts'
import type { InstallationServices } from '../../installations/services.ts'
import {
  LONGEST_LIFETIME,
  type SignedRequest,
  SKEW,
  stillInstalled,
  verifySignedRequest,
} from '../../installations/signed-request.ts'
import type { Store } from '../../store/index.ts'
import { noteLate } from '../../telemetry/delivery-observer.ts'
import { type Logger, logError } from '../../telemetry/log.ts'
import { type DeliveryOutcome, type Observing, observed } from '../../telemetry/observer.ts'
import type { EventContext, Middleware, Returned } from './context.ts'
import { Closed, type TaskQueue, type Turn } from './task-queue.ts'
import { unlessEndless, within } from './time-limit.ts'
import { withPlainBlanks } from './whitespace.ts'

/** A webhook with its handler. */
export interface Webhook {
  /** Part of its address and, in descriptors, its module key. */
  readonly key: string
  readonly event: EventName
  /** Matched against the message; without a match the handler does not run. */
  readonly expression: RegExp | undefined
  /** The pattern in the descriptor, which the server matches; `undefined` for all messages. */
  readonly pattern: string | undefined
  readonly name: string
  /** Whether it is in the descriptor. Otherwise its deliveries come from webhooks created through REST. */
  readonly declared: boolean
  /** Whether deliveries from one room wait for each other. */
  readonly ordered: boolean
  readonly handle: (context: EventContext) => Returned | Promise<Returned>
}

/** The answer to a delivery. */
export interface DeliveryAnswer extends DeliveryOutcome {
  readonly status: 200 | 204 | 400 | 500 | 503
  readonly body?: Notification | string
}

/** The services that `receive` needs. */
export interface Receiving {
  readonly settings: {
    readonly options: { readonly key: string; readonly name: string; readonly fromName?: string | undefined }
    readonly acknowledgeAfter: number
    readonly handlerTimeout: number
  }
  readonly installations: Installations
  readonly store: Store
  readonly observing: Observing
  servicesOf(installation: Installation): InstallationServices
  readonly tasks: TaskQueue
  readonly middleware: readonly Middleware[]
  onError(error: unknown, context: EventContext): Promise<void>
}

/** 256 KiB: HipChat's messages have 10,000 characters at most. */
const LONGEST_BODY = 256 * 1024
const BODY_TIMEOUT = 10_000

/**
 * Receives one delivery: verifies its sender, reads it, checks whether it is for this add-on, makes sure it
 * is handled only once, and runs the handler. The answer has the handler's message, or is sent early if the
 * handler is slow.
 *
 * Throws {@link SignedRequestError} (answer: 401) and BodyRefusedError; everything else is an answer.
 */
export async function receive(
  webhook: Webhook | undefined,
  request: IncomingMessage,
  query: URLSearchParams | undefined,
  receiving: Receiving,
): Promise<DeliveryAnswer> {
  const { installations, tasks } = receiving
  const verified = await verifySignedRequest(request, query, installations)
  const body = await readJson(request, LONGEST_BODY, BODY_TIMEOUT)
  const credentials = await stillInstalled(verified.credentials, installations)
  const signed = { ...verified, credentials }
  const { log } = receiving.servicesOf(credentials.installation)
  if (!webhook) {
    log.warn('a delivery for a webhook that no longer exists: the installation has an older descriptor')
    return { status: 204, result: 'gone' }
  }
  const parsed = read(delivery(webhook.event), body)
  if (!parsed.ok) {
    log.warn({ webhook: webhook.key }, `a delivery that cannot be read: ${parsed.problem.message}`)
    return {
      status: 400,
      result: 'unreadable',
      body: `The delivery cannot be read: ${parsed.problem.message}.`,
    }
  }
  const received = parsed.value
  refuseForeign(received, signed, webhook.event)

  if (received.event !== undefined && received.event !== webhook.event) {
    log.warn({ webhook: webhook.key, event: received.event }, 'a delivery of another event')
    return { status: 204, result: 'other_event' }
  }
  if (isOwn(received, receiving, signed.credentials)) return { status: 204, result: 'own' }
  const match = matchOf(webhook, received)
  if (match === null) return { status: 204, result: 'unmatched' }

  if (tasks.accepting !== 'yes') {
    const full = tasks.accepting === 'full'
    log.error({ webhook: webhook.key }, `delivery refused: ${full ? 'too many are running' : 'closing'}`)
    return { status: 503, result: full ? 'busy' : 'closing', body: 'The add-on is busy.' }
  }
  let acknowledged = false
  const answered = tasks.take((turn) =>
    handleOnce({ webhook, received, match, signed, turn, isLate: () => acknowledged }, receiving),
  )
  const answer = await within(receiving.settings.acknowledgeAfter, answered)
  if (answer) return answer
  acknowledged = true
  answered.catch((error: unknown) => {
    if (error instanceof SignedRequestError) log.warn(`not handled: ${error.message}`)
    else logError(log, error, 'a delivery that was acknowledged failed')
  })
  noteLate(webhook.event, answered, receiving.observing())
  return { status: 204, result: 'acknowledged' }
}

/** The token proves which installation calls. Refuses a delivery whose body contradicts it. */
function refuseForeign(received: Delivery, signed: SignedRequest, event: EventName): void {
  const { installation } = signed.credentials
  const client = received.oauth_client_id
  if (client !== undefined && client !== null && client !== installation.oauthId)
    throw new SignedRequestError(
      'wrong client',
      `the body names the client ${JSON.stringify(client.slice(0, 60))}, the signature is from ${installation.oauthId}`,
    )
  const room = readId(received.item.room.id)
  // A global installation may receive deliveries from all rooms; but a token from a page in one room is only
  // valid for that room. A token that names a user and no room may belong to a member who must not see some
  // rooms: it is not valid for any room.
  if (installation.roomId === undefined && signed.userId !== undefined && signed.roomId === undefined)
    throw new SignedRequestError(
      'wrong room',
      'the signed request names a user and no room, and the body is about a room',
    )
  const own = installation.roomId ?? signed.roomId
  if (room === undefined || (own !== undefined && room !== own))
    throw new SignedRequestError(
      'wrong room',
      `the body is about room ${String(received.item.room.id).slice(0, 20)}, the ${installation.roomId === undefined ? 'signed request' : 'installation'} about room ${own}`,
    )
  // Every member of a room can get a token of their own from a page of the add-on, which is only valid for
  // what they do themselves. People have an id in every delivery, so a body with just a name is refused;
  // notifications only have a name.
  const sender = readSender(senderOf(received))
  const unknown = sender?.id === undefined && event === 'room_notification'
  if (signed.userId !== undefined && sender && !unknown && signed.userId !== String(sender.id))
    throw new SignedRequestError(
      'wrong sender',
      `the body is from ${sender.id === undefined ? 'a sender without an id' : `user ${sender.id}`}, the signed request from user ${signed.userId.slice(0, 20)}`,
    )
}

type AnyItem = { message?: { from?: unknown }; sender?: unknown }

function senderOf(received: Delivery): unknown {
  const item: AnyItem = received.item
  return item.message ? item.message.from : item.sender
}

/** Whether this is a notification by the add-on itself. It is ignored, or the add-on would answer itself. */
function isOwn(received: Delivery, { settings }: Receiving, { installation }: Credentials): boolean {
  if (!('message' in received.item)) return false
  const { from, notification_sender, type } = received.item.message
  const { key, name, fromName } = settings.options
  if (notification_sender) {
    const { client_id, id } = notification_sender
    return client_id === undefined ? id === key : client_id === installation.oauthId
  }
  const notification = type === 'notification' || received.event === 'room_notification'
  return notification && readSender(from)?.name === (fromName ?? name)
}

/**
 * The match; `undefined` if there is nothing to match, `null` if the delivery is not for this handler. If
 * the text does not match as it is, it is matched with plain spaces: authors write `/^\/deploy /`, and people
 * cannot see which kind of space they type.
 */
function matchOf({ expression }: Webhook, received: Delivery): RegExpMatchArray | undefined | null {
  if (!expression || !('message' in received.item)) return undefined
  const { message } = received.item.message
  const found = (text: string): RegExpExecArray | null => {
    expression.lastIndex = 0 // a RegExp with the flag g remembers its last position
    return expression.exec(text)
  }
  const plain = withPlainBlanks(message)
  return found(message) ?? (plain === message ? null : found(plain))
}

/** A delivery for one of the add-on's handlers. */
interface Accepted {
  readonly webhook: Webhook
  readonly received: Delivery
  readonly match: RegExpMatchArray | undefined
  readonly signed: SignedRequest
  readonly turn: Turn
  /** Whether the delivery has been acknowledged by now, so that its message must be sent as a call. */
  isLate(): boolean
}

/**
 * Milliseconds for which a token's id is stored: its whole lifetime and not only the rest of it, since this
 * clock may be set back; plus the skew three times, for before it, after it, and the difference between the
 * clocks of processes.
 */
const claimTime = ({ lifetime }: SignedRequest): number =>
  Math.min(lifetime, LONGEST_LIFETIME) + 3 * SKEW * 1000

/** Installations for which a warning about long lifetimes was logged. */
const warned = new WeakSet<InstallationServices>()

/** Makes sure that a delivery is handled only once, waits for its turn, and logs the result. */
async function handleOnce(accepted: Accepted, receiving: Receiving): Promise<DeliveryAnswer> {
  const { webhook, received, signed, turn } = accepted
  const { store } = receiving
  const { installation } = signed.credentials
  const services = receiving.servicesOf(installation)
  const { log } = services
  const started = performance.now()

  const claim = `jti:${encodeURIComponent(installation.oauthId)}:${signed.tokenId}`
  if (signed.lifetime > LONGEST_LIFETIME && !warned.has(services)) {
    warned.add(services)
    log.warn(
      { seconds: signed.lifetime / 1000 },
      'the server signs requests that are valid for more than a day: the add-on accepts them for one day',
    )
  }
  if (!(await store.claim(claim, claimTime(signed)))) {
    log.warn({ webhook: webhook.key }, 'a replay of a delivery that was already handled')
    return { status: 204, result: 'replayed' }
  }
  const room = readId(received.item.room.id)
  const answer = await turn
    .inOrder(webhook.ordered ? `${installation.oauthId}:${room}` : undefined, async () => {
      // Time has passed: for the claim, and for the deliveries before this one.
      const credentials = await stillInstalled(signed.credentials, receiving.installations)
      return handle({ ...accepted, signed: { ...signed, credentials } }, receiving)
    })
    .catch((error: unknown): DeliveryAnswer => {
      if (error instanceof Closed) return { status: 503, result: 'closing', body: 'The add-on is closing.' }
      throw error
    })
  const late = accepted.isLate()
  log.info(
    {
      event: webhook.event,
      webhook: webhook.key,
      ...(installation.roomId === undefined ? { room } : {}),
      status: late ? 204 : answer.status,
      failed: answer.status >= 500,
      milliseconds: Math.round(performance.now() - started),
    },
    'delivery',
  )
  // A delivery answered with a 5xx was not handled, so the server may send it again.
  if (!late && answer.status >= 500) await store.release(claim)
  return answer
}

/**
 * Runs the handler. Its message is the answer; if it is late, the message is sent to the room as a
 * notification.
 */
async function handle(accepted: Accepted, receiving: Receiving): Promise<DeliveryAnswer> {
  const { webhook, signed } = accepted
  const context = createContext(accepted, receiving)
  try {
    const { oauthId } = context.installation
    const returned = await observed(
      receiving.observing(),
      {
        kind: 'handler',
        event: webhook.event,
        webhook: webhook.key,
        installation: oauthId,
        room: context.room.id,
      },
      () =>
        unlessEndless(runMiddleware(accepted, context, receiving), {
          key: webhook.key,
          turn: accepted.turn,
          log: receiving.servicesOf(signed.credentials.installation).log,
          handlerTimeout: receiving.settings.handlerTimeout,
        }),
    )
    if (returned === undefined || returned === null) return { status: 204, result: 'handled' }
    const notification = answerable(returned, signed.credentials.installation)
    if (accepted.isLate()) await context.room.sendRoomNotification(notification)
    return { status: 200, result: 'handled', body: notification }
  } catch (error) {
    if (error instanceof SignedRequestError && error.fault === 'unknown issuer') throw error // removed in the meantime
    // Not awaited: a slow error handler, or one that never ends, must not delay the answer or the room.
    void receiving.tasks.follow(receiving.onError(error, context))
    return { status: 500, result: 'failed', body: 'The handler failed.' }
  }
}

function answerable(returned: Exclude<Returned, undefined>, { oauthId, scopes }: Installation): Notification {
  if (!scopes.includes('send_notification'))
    throw new MissingScopeError(
      `the handler returned a message, which needs the scope send_notification; installation ${oauthId} was approved with ${scopes.join(', ') || 'none'}. Add it to the scopes of createAddon and update the installation`,
      ['send_notification'],
      scopes,
    )
  return toNotification(returned)
}

function createContext(
  { webhook, received, match, signed, turn }: Accepted,
  { servicesOf }: Receiving,
): EventContext {
  const services = servicesOf(signed.credentials.installation)
  const { item } = received
  const { name, privacy, is_archived } = item.room
  const roomId = readId(item.room.id) ?? 0 // `refuseForeign` accepts only numbers
  const message = 'message' in item ? item.message : undefined
  const room = services.room(roomId)
  let log: Logger | undefined
  const attach = typeof message?.id === 'string' && message.id.length <= 36 ? { attach_to: message.id } : {}
  const context = {
    event: webhook.event,
    item,
    installation: signed.credentials.installation,
    client: services.client,
    get glance() {
      return services.glances(roomId)
    },
    store: services.values,
    get log() {
      log ??= services.log.child({ webhook: webhook.key })
      return log
    },
    get signal() {
      return turn.signal
    },
    room: Object.assign(Object.create(room), { name, privacy, is_archived }),
    sender: readSender(senderOf(received)),
    message,
    match,
    reply: (said: unknown, options: object = {}) =>
      services.guard('reply', async () =>
        room.sendRoomNotification({ ...attach, ...toNotification(said), ...options }),
      ),
  }
  // `item` and `message` match `webhook.event`: the delivery was validated against its schema.
  return context as EventContext
}

/**
 * Runs the middleware around the handler. Also waits for a `next()` that middleware forgets to await:
 * otherwise the answer would be lost, and an unhandled error of the handler would end the process.
 */
function runMiddleware(
  { webhook, signed }: Accepted,
  context: EventContext,
  { installations, middleware }: Receiving,
): Promise<Returned> {
  const step = async (index: number): Promise<Returned> => {
    const current = middleware[index]
    if (!current) {
      if (index > 0) await stillInstalled(signed.credentials, installations) // middleware may have waited
      return webhook.handle(context)
    }
    let inner: Promise<Returned> | undefined
    let settled = false
    let over = false
    const next = (): Promise<Returned> => {
      const problem = inner
        ? 'a middleware called next() twice'
        : 'a middleware called next() after it had ended; return or await the promise of next()'
      if (inner || over) {
        const refused = Promise.reject(new ConfigurationError(problem))
        refused.catch(() => context.log.error(problem))
        return refused
      }
      inner = step(index + 1)
      inner.then(
        () => (settled = true),
        () => (settled = true),
      )
      return inner
    }
    try {
      const answering = current(context, next)
      const answered = await answering
      // If `next()` had settled before the middleware ended, the middleware may have handled its error; not
      // if it is synchronous, since then it never awaited.
      const unattended = !settled || !isThenable(answering)
      return answered ?? (unattended ? await inner : await inner?.catch(() => undefined))
    } finally {
      over = true
    }
  }
  return step(0)
}

const isThenable = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
