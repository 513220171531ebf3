import { AsyncLocalStorage } from 'node:async_hooks'
import type { EventName } from '../../api/events.ts'
import { events } from '../../api/events.ts'
import type { Notification } from '../../api/operations/messages.ts'
import { exchange } from '../../common/http.ts'
import { createKeyedQueue } from '../../common/keyed-queue.ts'
import { nextTurn } from '../../common/next-turn.ts'
import type { Outbound } from '../../common/outbound.ts'
import { readableError } from '../../common/redaction.ts'
import { mayRun, maySee } from '../auth/room-rights.ts'
import type { ChatEvent, Link } from '../chat/chat-event.ts'
import { CallRefusedError } from '../errors.ts'
import { type IsClassic, signedAddress } from '../http/classic.ts'
import type { Log } from '../log.ts'
import type { ClientRecord, RoomRecord, WebhookRecord } from '../state/records.ts'
import type { State } from '../state/state.ts'
import { createAnswerChains } from './answer-chains.ts'
import { adopt, type BorrowedBody, personOf, textOf } from './borrowed-body.ts'
import { type Unfolded, unfold } from './decompression.ts'
import {
  createDeliveryHistory,
  type DeliveryFilter,
  type DeliveryRecord,
  type Kept,
  ownerOf,
  type Source,
  shownResponse,
} from './delivery-history.ts'
import { createDeliveryTracking, type DeliveryTracking } from './delivery-tracking.ts'
import { longestReply, readInlineReply } from './inline-reply.ts'
import { failureOf, reasonNotCalled } from './network.ts'
import { createPatternMatching } from './pattern-matching.ts'
import { compilePattern, type Pattern } from './patterns.ts'
import { createQueues, type Queues } from './queues.ts'
import { claimsOf, signRequest } from './signing.ts'

/** An event whose body this server did not write. */
export interface ForeignEvent {
  readonly client: ClientRecord
  readonly event: EventName
  readonly room: RoomRecord
  readonly body: BorrowedBody
}

/** Delivers events to add-ons. */
export interface Delivery {
  /**
   * Queues a delivery for every webhook that listens for the event, many of them in parts, in order with earlier
   * events of the room. Resolves when all are queued.
   */
  fire(happening: ChatEvent): Promise<void>
  /**
   * Runs an API call of an add-on, or of a person's program. The events it causes may be an answer to what the
   * caller was notified of. `who` is the owner of webhooks: an OAuth id, or `user ID`.
   */
  actAs<T>(who: string | undefined, work: () => T): T
  records(filter?: DeliveryFilter): DeliveryRecord[]
  find(id: number): Kept | undefined
  /**
   * Delivers an event with a foreign body and a signature of this server to an installation, and returns the
   * deliveries. The list is empty when no webhook listens for the event.
   */
  tell(telling: ForeignEvent): Promise<DeliveryRecord[]>
  /**
   * Repeats a kept delivery with the same body and a new signature, even when the add-on's circuit breaker is open.
   * Throws 409 when its webhook is gone or its body is no longer kept.
   */
  redeliver(delivery: Kept): Promise<DeliveryRecord>
  /** Runs an action, and returns the deliveries it caused. */
  readonly follow: DeliveryTracking['follow']
  readonly queues: Queues
  /** Resolves when no delivery is being queued, waiting or running, including deliveries that replies cause. */
  idle(): Promise<void>
  clear(): void
  close(): Promise<void>
}

/** What deliveries need from the server. */
export interface DeliveryOptions {
  readonly state: State
  readonly outbound: Outbound
  readonly log: Log
  /** Milliseconds for one delivery. */
  readonly timeout: number
  readonly signal: AbortSignal
  readonly isClassic: IsClassic
  /** Called after each delivery, with its id. */
  told(id: number): void
  /** Posts an add-on's answer to the room, and returns the id of the message. */
  reply(room: RoomRecord, client: ClientRecord, notification: Notification, link: Link): Promise<string>
}

/** Webhooks that are notified in one turn of the event loop, which takes a few milliseconds. */
const webhooksPerTurn = 25

const longestMatch = 2_000 // milliseconds; a longer wait means that the owner used more than their share

/** Outcome of posting an add-on's answer. */
type Reply = Pick<DeliveryRecord, 'notPosted'> | Pick<DeliveryRecord, 'replyId'> | Record<string, never>

const contentType = { 'content-type': 'application/json' }

/**
 * Delivers what happens in rooms to add-ons. Each delivery is attempted once, without redirects. The deliveries of
 * one room to one installation stay in order, and a slow add-on delays neither another one nor the chat: a thousand
 * of its deliveries wait, further ones are dropped. HipChat published no rules for this; these are ours.
 */
export function createDelivery(options: DeliveryOptions): Delivery {
  const { state, log } = options
  const queues = createQueues((error) =>
    log.error({ err: readableError(error) }, 'a delivery failed because of a server error'),
  )
  const history = createDeliveryHistory(log, options.told)
  const tracking = createDeliveryTracking()
  const chains = createAnswerChains()
  const acting = new AsyncLocalStorage<string>()
  const patterns = new Map<string, Pattern>()
  const matching = createPatternMatching()
  const firing = createKeyedQueue<number>() // by room: events are delivered in the order in which they happened

  async function matches(webhook: WebhookRecord, { text = '' }: Pick<ChatEvent, 'text'>): Promise<boolean> {
    if (webhook.pattern === null || !events[webhook.event].pattern) return true
    let pattern = patterns.get(webhook.pattern)
    if (!pattern) {
      if (patterns.size > 1000) patterns.clear()
      pattern = compilePattern(webhook.pattern) // it compiled before, when the webhook was created
      patterns.set(webhook.pattern, pattern)
    }
    const started = performance.now()
    const found = await matching.matches(ownerOf(webhook), pattern, text)
    const waited = Math.round(performance.now() - started)
    if (waited > longestMatch)
      log.warn({ webhook: webhook.id, ms: waited }, 'a message waited a long time for its pattern match')
    return found
  }

  /**
   * The installation that a webhook belongs to; `undefined` for a user's webhook. `gone` when the installation does
   * not exist or is not confirmed yet, when the user or the grant that the webhook was created with has ended, and
   * when the owner may no longer see the room.
   */
  function clientOf({ owner, grant }: WebhookRecord, room: RoomRecord): ClientRecord | undefined | 'gone' {
    if ('oauthId' in owner) {
      const client = state.clients.get(owner.oauthId)
      if (client?.status !== 'live') return 'gone'
      return maySee(room, client.roomId === null ? {} : { roomId: client.roomId }) ? client : 'gone'
    }
    const user = state.people.get(owner.userId)
    if (!user || user.isDeleted || !maySee(room, { user })) return 'gone'
    // Webhooks of the seed have no grant: the operator of the server made them.
    return grant === undefined || (state.tokens.lives(grant) && mayRun(room, user)) ? undefined : 'gone'
  }

  /**
   * Whether a webhook may still be notified when its turn comes: it may have been removed, or its owner may have
   * lost sight of the room. The webhooks of a deleted room are removed with it, but are still notified of the
   * deletion.
   */
  function mayBeTold({ webhook, room, event }: Source): boolean {
    const current = state.rooms.get(room.id)
    if (current) return state.webhooks.has(webhook) && clientOf(webhook, current) !== 'gone'
    if (event !== 'room_deleted') return false
    if (webhook.roomId === room.id && 'oauthId' in webhook.owner) return true
    return (webhook.roomId === room.id || state.webhooks.has(webhook)) && clientOf(webhook, room) !== 'gone'
  }

  /** The link of an event in its chain, or the reason as a string when the chain has ended. */
  function linkOf({ link, room, causedBy }: ChatEvent): Link | string {
    if (link) return link
    const who = acting.getStore() ?? causedBy
    const answered = who === undefined ? undefined : chains.toldOf(who, room.id)
    return answered ? chains.call(answered) : chains.begin()
  }

  async function fire(happening: ChatEvent): Promise<void> {
    const { room } = happening
    const link = linkOf(happening)
    const over = tracking.begin()
    const newest = state.last('webhook') // webhooks that are created meanwhile are not notified
    await firing
      .run(room.id, () => queueAll(happening, link, newest))
      .catch((error) =>
        log.error({ err: readableError(error) }, 'an event was not delivered to all its webhooks'),
      )
      .finally(over)
  }

  async function queueAll(happening: ChatEvent, link: Link | string, newest: number): Promise<void> {
    for await (const webhooks of listening(happening.event, happening.room, newest))
      for (const webhook of webhooks) queueOne(webhook, happening, link)
  }

  /** The webhooks that an event in a room triggers, up to an id, oldest first; a few in each turn of the event loop. */
  async function* listening(
    event: EventName,
    room: RoomRecord,
    newest: number,
  ): AsyncGenerator<readonly WebhookRecord[]> {
    for (let after = 0; ; ) {
      const part = state.webhooks.listening(event, room.id, { after, limit: webhooksPerTurn })
      yield part.filter(({ id }) => id <= newest)
      const last = part.at(-1)
      if (!last || part.length < webhooksPerTurn || last.id >= newest) return
      after = last.id
      await nextTurn()
    }
  }

  function queueOne(webhook: WebhookRecord, happening: ChatEvent, link: Link | string): void {
    const { event, room, user, causedBy } = happening
    const client = clientOf(webhook, room)
    if (client === 'gone') return
    const about = { webhook, event, room, user, causedBy }
    if (typeof link === 'string') {
      keep(about, { error: `not delivered: ${link}` })
      return
    }
    const source: Source = { ...about, link }
    const over = tracking.begin()
    const isQueued = queues.add(ownerOf(webhook), String(room.id), () =>
      makeDelivery(source, client, happening).finally(over),
    )
    if (isQueued) return
    keep(source, { error: 'dropped: too many deliveries are waiting' })
    over()
  }

  async function makeDelivery(
    source: Source,
    client: ClientRecord | undefined,
    happening: ChatEvent,
  ): Promise<void> {
    const { webhook } = source
    try {
      if (!(await matches(webhook, happening)) || !mayBeTold(source)) return
    } catch (error) {
      keep(source, { error: `not delivered: its pattern could not be run: ${readableError(error).message}` })
      return
    }
    const body = bodyFor(webhook, client, happening)
    if (history.breakerOf(webhook).allows()) await deliver(source, client, body)
    else {
      const request = { headers: contentType, claims: undefined, body }
      keep(source, { request, error: 'skipped: the add-on failed many times in a row' })
    }
  }

  function keep(...made: Parameters<typeof history.add>): DeliveryRecord {
    const record = history.add(...made)
    tracking.note(record)
    return record
  }

  const bodyFor = (webhook: WebhookRecord, client: ClientRecord | undefined, { event, item }: ChatEvent) =>
    JSON.stringify({
      event,
      item,
      ...(client ? { oauth_client_id: client.oauthId } : {}),
      webhook_id: webhook.id,
    })

  async function deliver(
    source: Source,
    client: ClientRecord | undefined,
    body: string,
    redeliveryOf?: number,
  ): Promise<DeliveryRecord> {
    const { webhook } = source
    const breaker = history.breakerOf(webhook)
    const signature = client && webhook.authentication === 'jwt' ? sign(client, source) : undefined
    const request = {
      headers:
        signature === undefined ? contentType : { ...contentType, authorization: 'JWT [signed request]' },
      claims: signature === undefined ? undefined : claimsOf(signature),
      body,
    }
    const started = performance.now()
    // An add-on is notified of its own actions too, but its answers to them are not posted.
    const own = client !== undefined && client.oauthId === source.causedBy
    const told = own || !source.link ? undefined : chains.tell(ownerOf(webhook), source.room.id, source.link)
    try {
      const answer = await exchange({
        method: 'POST',
        url: signature && options.isClassic(client) ? signedAddress(webhook.url, signature) : webhook.url,
        outbound: options.outbound,
        timeout: options.timeout,
        signal: options.signal,
        headers:
          signature === undefined ? contentType : { ...contentType, authorization: `JWT ${signature}` },
        body,
      })
      const duration = performance.now() - started
      const unfolded = unfold(answer, longestReply)
      breaker.report(answer.status < 500)
      const ok = answer.status >= 200 && answer.status < 300
      return keep(source, {
        status: answer.status,
        duration,
        ...(ok ? await postReply(unfolded, client, source) : {}),
        request,
        response: shownResponse(answer.headers, unfolded.bytes.toString()),
        redeliveryOf,
        ...(ok ? {} : { error: `answered ${answer.status}` }),
      })
    } catch (error) {
      breaker.report(false)
      const notCalled = reasonNotCalled(error)
      if (notCalled !== undefined)
        log.warn({ webhook: webhook.id, reason: notCalled }, 'an address was not called')
      return keep(source, {
        duration: performance.now() - started,
        request,
        redeliveryOf,
        error: failureOf(error),
      })
    } finally {
      told?.()
    }
  }

  const sign = ({ oauthId, secret }: ClientRecord, { user, room }: Source): string =>
    signRequest({ oauthId, secret, user, roomId: room.id })

  async function tell({ client, event, room, body }: ForeignEvent): Promise<DeliveryRecord[]> {
    const waiting: WebhookRecord[] = []
    for await (const webhooks of listening(event, room, state.last('webhook')))
      for (const webhook of webhooks)
        if (ownerOf(webhook) === client.oauthId && (await matches(webhook, { text: textOf(body) })))
          waiting.push(webhook)
    return Promise.all(
      waiting.map((webhook) => {
        const home = { oauthId: client.oauthId, webhookId: webhook.id, roomId: room.id }
        const text = JSON.stringify(adopt(body, home))
        const source: Source = { webhook, event, room, user: personOf(body), link: chains.begin() }
        return queued(webhook, String(room.id), () => deliver(source, client, text))
      }),
    )
  }

  async function redeliver({ record, source }: Kept): Promise<DeliveryRecord> {
    const { room } = source
    // The webhook may have changed meanwhile.
    const webhook = state.webhooks.current(source.webhook)
    const current = state.rooms.get(room.id)
    const client = webhook && current ? clientOf(webhook, current) : 'gone'
    if (!webhook || client === 'gone')
      throw new CallRefusedError(409, `The webhook of delivery ${record.id} is gone`)
    const body = record.request?.body
    if (body === undefined)
      throw new CallRefusedError(409, `The body of delivery ${record.id} is no longer kept`)
    return queued(webhook, `redelivery of ${record.id}`, () =>
      deliver({ ...source, webhook, link: chains.begin() }, client, body, record.id),
    )
  }

  /** Queues a job, and resolves with its result. */
  function queued(
    webhook: WebhookRecord,
    line: string,
    work: () => Promise<DeliveryRecord>,
  ): Promise<DeliveryRecord> {
    return new Promise((resolve, reject) => {
      const taken = queues.add(ownerOf(webhook), line, () => work().then(resolve, reject))
      if (!taken) reject(new CallRefusedError(409, 'Too many deliveries are waiting for this add-on'))
    })
  }

  /**
   * Posts an answer that is a notification to the room (HipChat's webhook documentation). It does not count towards
   * rate limits. Returns the id of the message, or why nothing was posted.
   */
  async function postReply(
    answer: Unfolded,
    client: ClientRecord | undefined,
    { room, causedBy, link = chains.begin() }: Source,
  ): Promise<Reply> {
    const reply = readInlineReply(answer)
    if (!reply) return {}
    if ('refused' in reply) return { notPosted: reply.refused }
    if (!client) return { notPosted: "a user's webhook cannot answer" }
    // An add-on that answers its own notifications would go on forever.
    if (client.oauthId === causedBy) return { notPosted: 'it answers an action of the add-on itself' }
    const current = state.clients.get(client.oauthId)
    const living = state.rooms.get(room.id)
    if (!living) return { notPosted: 'the room is gone' }
    if (!current) return { notPosted: 'the installation is gone' }
    if (!maySee(living, current.roomId === null ? {} : { roomId: current.roomId }))
      return { notPosted: 'the room is closed to the add-on' }
    if (!current.scopes.includes('send_notification'))
      return { notPosted: 'the installation does not have the scope send_notification' }
    const next = chains.answer(link)
    if (typeof next === 'string') return { notPosted: next }
    try {
      return { replyId: await options.reply(living, current, reply.notification, next) }
    } catch (error) {
      if (error instanceof CallRefusedError) return { notPosted: error.message }
      log.error(
        { oauthId: client.oauthId, err: readableError(error) },
        'an answer to a webhook could not be posted',
      )
      return { notPosted: 'the server failed' }
    }
  }

  return {
    fire,
    actAs: (who, work) => (who === undefined ? work() : acting.run(who, work)),
    queues,
    async idle() {
      do {
        await firing.settled()
        await queues.idle()
      } while (firing.size > 0)
    },
    records: history.list,
    find: history.find,
    tell,
    redeliver,
    follow: tracking.follow,
    clear() {
      history.clear()
      chains.clear()
    },
    close: matching.close,
  }
}
