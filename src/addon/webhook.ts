import type { IncomingMessage } from 'node:http'
import { type Delivery, delivery, type EventName } from '../api/events.ts'
import type { Notification } from '../api/operations/messages.ts'
import { toNotification } from '../client/notification.ts'
import { readJson } from '../common/body.ts'
import { validate } from '../common/validate.ts'
import { MissingScopeError, SignedRequestError } from '../errors.ts'
import type { Credentials } from '../installation.ts'
import { type EventContext, type Middleware, type Returned, readId, readSender } from './context.ts'
import { type Core, facadeOf } from './core.ts'
import type { Logger } from './log.ts'
import type { Running, Turn } from './running.ts'
import { type SignedRequest, verifySignedRequest } from './signed-request.ts'

/** A handler with what leads to it. */
export interface Webhook {
  /** Part of its address and, in descriptors, its module key. */
  readonly key: string
  readonly event: EventName
  /** Runs on the message; a delivery that it does not match is not for this handler. */
  readonly expression: RegExp | undefined
  /** What the descriptor asks the server to match; `undefined` for all messages. */
  readonly pattern: string | undefined
  readonly name: string
  /** Whether it is in the descriptor; otherwise its deliveries come from webhooks made through REST. */
  readonly declared: boolean
  /** Whether deliveries from one room wait for each other. */
  readonly ordered: boolean
  readonly handle: (context: EventContext) => Returned | Promise<Returned>
}

/** How a delivery is answered. */
export interface DeliveryAnswer {
  readonly status: 200 | 204 | 400 | 500 | 503
  readonly body?: Notification | string
}

/** What receiving needs besides the core. */
export interface Receiving {
  readonly core: Core
  readonly running: Running
  readonly middleware: readonly Middleware[]
  onError(error: unknown, context: EventContext): Promise<void>
}

/** 256 KiB: HipChat's messages have 10,000 characters at most. */
const LONGEST_BODY = 256 * 1024
const BODY_TIMEOUT = 10_000

/**
 * Receives one delivery: verifies who sends it, reads it, finds out whether it is for us, makes sure it comes once, and
 * runs the handler. The answer carries what the handler returned, or is given early when the handler takes its time.
 *
 * Throws {@link SignedRequestError} (answer: 401) and BodyRefusedError; everything else is an answer.
 */
export async function receive(
  webhook: Webhook | undefined,
  request: IncomingMessage,
  query: URLSearchParams,
  receiving: Receiving,
): Promise<DeliveryAnswer> {
  const { core, running } = receiving
  const signed = await verifySignedRequest(request, query, core.installations)
  const log = facadeOf(core, signed.credentials.installation).log
  const body = await readJson(request, LONGEST_BODY, BODY_TIMEOUT)
  if (!webhook) {
    log.warn('a delivery for a webhook that is no longer here: the installation has an older descriptor')
    return { status: 204 }
  }
  const parsed = validate(delivery(webhook.event), body)
  if (!parsed.ok) {
    log.warn({ webhook: webhook.key }, `a delivery that cannot be read: ${parsed.problem.message}`)
    return { status: 400, body: `The delivery cannot be read: ${parsed.problem.message}.` }
  }
  const received = parsed.value
  refuseForeign(received, signed)

  if (received.event !== undefined && received.event !== webhook.event) {
    log.warn({ webhook: webhook.key, event: received.event }, 'a delivery of another event')
    return { status: 204 }
  }
  if (isOwn(received, core, signed.credentials)) return { status: 204 }
  const match = matchOf(webhook, received)
  if (match === null) return { status: 204 }

  if (running.accepting !== 'yes') {
    log.error(
      { webhook: webhook.key },
      `not taken on: ${running.accepting === 'full' ? 'too many are running' : 'closing'}`,
    )
    return { status: 503, body: 'The add-on is busy.' }
  }
  const claim = `jti:${encodeURIComponent(signed.credentials.installation.oauthId)}:${signed.tokenId}`
  // Expired tokens are refused up to a minute late, so the claim has to outlive that.
  if (!(await core.store.claim(claim, signed.expires - Date.now() + 120_000))) {
    log.warn({ webhook: webhook.key }, 'a replay of a delivery that has been handled')
    return { status: 204 }
  }
  const answer = await handle(webhook, received, match, signed, receiving)
  // What we answer with a 5xx was not handled: it may come again.
  if (answer.status >= 500) await core.store.delete(claim)
  return answer
}

/** The token proves which installation calls; what the body says about it must agree. */
function refuseForeign(received: Delivery, signed: SignedRequest): void {
  const { installation } = signed.credentials
  const client = received.oauth_client_id
  if (client !== undefined && client !== null && client !== installation.oauthId)
    throw new SignedRequestError(
      'wrong client',
      `the body names the client ${JSON.stringify(client.slice(0, 60))}, the signature is of ${installation.oauthId}`,
    )
  const room = readId(received.item.room.id)
  if (room === undefined || (installation.roomId !== undefined && room !== installation.roomId))
    throw new SignedRequestError(
      'wrong room',
      `the body is about room ${String(received.item.room.id).slice(0, 20)}, the installation about room ${installation.roomId}`,
    )
  // Every member of a room can get a token of his own from a page of the add-on, and sign for himself with it only.
  const sender = readSender(senderOf(received))?.id
  if (signed.userId !== undefined && sender !== undefined && signed.userId !== String(sender))
    throw new SignedRequestError(
      'wrong sender',
      `the body is from user ${sender}, the signed request of user ${signed.userId.slice(0, 20)}`,
    )
}

type AnyItem = { message?: { from?: unknown }; sender?: unknown }

function senderOf(received: Delivery): unknown {
  const item: AnyItem = received.item
  return item.message ? item.message.from : item.sender
}

/** Whether this is a notification of the add-on itself: an add-on that heard itself would answer itself. */
function isOwn(received: Delivery, core: Core, { installation }: Credentials): boolean {
  if (!('message' in received.item)) return false
  const { from, notification_sender, type } = received.item.message
  const { key, name, fromName } = core.settings.options
  if (notification_sender) {
    const { client_id, id } = notification_sender
    return client_id === undefined ? id === key : client_id === installation.oauthId
  }
  const notification = type === 'notification' || received.event === 'room_notification'
  return notification && readSender(from)?.name === (fromName ?? name)
}

/** The match; `undefined` when there is nothing to match, `null` when the delivery is not for this handler. */
function matchOf({ expression }: Webhook, received: Delivery): RegExpMatchArray | undefined | null {
  if (!expression || !('message' in received.item)) return undefined
  expression.lastIndex = 0 // of a RegExp with the flag g, which remembers where it was
  return expression.exec(received.item.message.message)
}

async function handle(
  webhook: Webhook,
  received: Delivery,
  match: RegExpMatchArray | undefined,
  signed: SignedRequest,
  receiving: Receiving,
): Promise<DeliveryAnswer> {
  const { core, running } = receiving
  const { installation } = signed.credentials
  const room = received.item.room.id
  const started = performance.now()
  let acknowledged = false
  let context: EventContext | undefined

  const outcome = running
    .run(webhook.ordered ? `${installation.oauthId}:${room}` : undefined, async (turn) => {
      context = createContext(webhook, received, match, signed, core, turn)
      const returned = await runMiddleware(receiving.middleware, webhook, context)
      return returned === undefined || returned === null
        ? undefined
        : answerable(returned, installation.scopes)
    })
    .then(
      (notification): DeliveryAnswer =>
        notification ? { status: 200, body: notification } : { status: 204 },
      async (error: unknown): Promise<DeliveryAnswer> => {
        if (context) await receiving.onError(error, context)
        return { status: 500, body: 'The handler failed.' }
      },
    )

  const log = facadeOf(core, signed.credentials.installation).log
  const record = (answer: DeliveryAnswer) =>
    log.info(
      {
        event: webhook.event,
        webhook: webhook.key,
        ...(installation.roomId === undefined ? { room: readId(room) } : {}),
        status: acknowledged ? 204 : answer.status,
        failed: answer.status === 500,
        milliseconds: Math.round(performance.now() - started),
      },
      'delivery',
    )

  const first = await within(core.settings.acknowledgeAfter, outcome)
  if (first) {
    record(first)
    return first
  }
  acknowledged = true
  void outcome.then(async (answer) => {
    record(answer)
    if (context && typeof answer.body === 'object') await sendLate(answer.body, context, receiving)
  })
  return { status: 204 }
}

/** What a promise resolves with, or `undefined` after so many milliseconds. */
const within = <T>(milliseconds: number, promise: Promise<T>): Promise<T | undefined> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds, undefined)
    void promise.then((value) => {
      clearTimeout(timer)
      resolve(value)
    })
  })

/** The answer has gone: what the handler says is sent as any notification is. */
async function sendLate(
  notification: Notification,
  context: EventContext,
  receiving: Receiving,
): Promise<void> {
  try {
    await context.room.sendRoomNotification(notification)
  } catch (error) {
    await receiving.onError(error, context)
  }
}

function answerable(returned: Exclude<Returned, undefined>, granted: readonly string[]): Notification {
  if (!granted.includes('send_notification'))
    throw new MissingScopeError(
      'the handler returned a message, but the installation was not approved with the scope send_notification',
      ['send_notification'],
      [],
    )
  return toNotification(returned)
}

function createContext(
  webhook: Webhook,
  received: Delivery,
  match: RegExpMatchArray | undefined,
  signed: SignedRequest,
  core: Core,
  turn: Turn,
): EventContext {
  const facade = facadeOf(core, signed.credentials.installation)
  const { item } = received
  const { name, privacy, is_archived } = item.room
  const roomId = readId(item.room.id) ?? 0 // `refuseForeign` let only numbers pass
  const message = 'message' in item ? item.message : undefined
  const room = facade.room(roomId)
  let log: Logger | undefined
  const attach = typeof message?.id === 'string' && message.id.length <= 36 ? { attach_to: message.id } : {}
  const context = {
    event: webhook.event,
    item,
    installation: signed.credentials.installation,
    client: facade.client,
    store: facade.values,
    get log() {
      log ??= facade.log.child({ webhook: webhook.key })
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
      room.sendRoomNotification({ ...attach, ...toNotification(said), ...options }),
  }
  // `item` and `message` belong to `webhook.event`: the delivery was validated against it.
  return context as EventContext
}

function runMiddleware(
  middleware: readonly Middleware[],
  webhook: Webhook,
  context: EventContext,
): Promise<Returned> {
  const step = async (index: number): Promise<Returned> => {
    const current = middleware[index]
    if (!current) return webhook.handle(context)
    let inner: Returned
    let entered = false
    const answered = await current(context, async () => {
      if (entered) throw new Error('a middleware called next() twice')
      entered = true
      inner = await step(index + 1)
      return inner
    })
    return answered ?? inner
  }
  return step(0)
}
