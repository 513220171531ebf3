import { AsyncLocalStorage } from 'node:async_hooks'
import type { EventName } from '../../api/events.ts'
import { createKeyedQueue } from '../../common/keyed-queue.ts'
import { readableError } from '../../common/redaction.ts'
import type { ChatEvent, Link } from '../chat/chat-event.ts'
import { CallRefusedError } from '../errors.ts'
import type { ClientRecord, RoomRecord, WebhookRecord } from '../state/records.ts'
import { createAnswerChains } from './answer-chains.ts'
import { adopt, type BorrowedBody, personOf, textOf } from './borrowed-body.ts'
import {
  createDeliveryHistory,
  type DeliveryFilter,
  type DeliveryRecord,
  type Kept,
  ownerOf,
  type Source,
} from './delivery-history.ts'
import { createDeliveryTracking, type DeliveryTracking } from './delivery-tracking.ts'
import { createQueues, type Queues } from './queues.ts'
import { clientOf, listening, mayBeTold } from './recipients.ts'
import { contentType, createSend, type SendOptions } from './send-delivery.ts'
import { createWebhookMatching } from './webhook-matching.ts'

/** An event whose body this server did not write. */
export interface ForeignEvent {
  readonly client: ClientRecord
  readonly event: EventName
  readonly room: RoomRecord
  readonly body: BorrowedBody
}

/** Delivers events to add-ons. */
export interface Deliveries {
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

/** What {@link createDeliveries} works with. */
export interface DeliveriesOptions extends Omit<SendOptions, 'chains' | 'keep' | 'breakerOf'> {
  /** Called after each delivery, with its id. */
  told(id: number): void
}

/**
 * Delivers what happens in rooms to add-ons. Each delivery is attempted once, without redirects. The deliveries of
 * one room to one installation stay in order, and a slow add-on delays neither another one nor the chat: a thousand
 * of its deliveries wait, further ones are dropped. HipChat published no rules for this; these are ours.
 */
export function createDeliveries(options: DeliveriesOptions): Deliveries {
  const { state, log } = options
  const queues = createQueues((error) =>
    log.error({ err: readableError(error) }, 'a delivery failed because of a server error'),
  )
  const history = createDeliveryHistory(log, options.told)
  const tracking = createDeliveryTracking()
  const chains = createAnswerChains()
  const acting = new AsyncLocalStorage<string>()
  const matching = createWebhookMatching(log)
  const send = createSend({ ...options, chains, keep, breakerOf: history.breakerOf })
  const firing = createKeyedQueue<number>() // by room: events are delivered in the order in which they happened

  /** The link of an event in its chain, or the reason as a string when the chain has ended. */
  function linkOf({ link, room, causedBy }: ChatEvent): Link | string {
    if (link) return link
    const who = acting.getStore() ?? causedBy
    const answered = who === undefined ? undefined : chains.toldOf(who, room.id)
    return answered ? chains.call(answered) : chains.begin()
  }

  async function fire(happening: ChatEvent): Promise<void> {
    const { event, room } = happening
    const link = linkOf(happening)
    const over = tracking.begin()
    const newest = state.last('webhook') // webhooks that are created meanwhile are not notified
    await firing
      .run(room.id, async () => {
        for await (const webhooks of listening(state, event, room, newest))
          for (const webhook of webhooks) queueOne(webhook, happening, link)
      })
      .catch((error) =>
        log.error({ err: readableError(error) }, 'an event was not delivered to all its webhooks'),
      )
      .finally(over)
  }

  function queueOne(webhook: WebhookRecord, happening: ChatEvent, link: Link | string): void {
    const { event, room, user, causedBy } = happening
    const client = clientOf(state, webhook, room)
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
      if (!(await matching.matches(webhook, happening.text)) || !mayBeTold(state, source)) return
    } catch (error) {
      keep(source, { error: `not delivered: its pattern could not be run: ${readableError(error).message}` })
      return
    }
    const body = bodyFor(webhook, client, happening)
    if (history.breakerOf(webhook).allows()) await send(source, client, body)
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

  async function tell({ client, event, room, body }: ForeignEvent): Promise<DeliveryRecord[]> {
    const waiting: WebhookRecord[] = []
    for await (const webhooks of listening(state, event, room, state.last('webhook')))
      for (const webhook of webhooks)
        if (ownerOf(webhook) === client.oauthId && (await matching.matches(webhook, textOf(body))))
          waiting.push(webhook)
    return Promise.all(
      waiting.map((webhook) => {
        const home = { oauthId: client.oauthId, webhookId: webhook.id, roomId: room.id }
        const text = JSON.stringify(adopt(body, home))
        const source: Source = { webhook, event, room, user: personOf(body), link: chains.begin() }
        return queued(webhook, String(room.id), () => send(source, client, text))
      }),
    )
  }

  async function redeliver({ record, source }: Kept): Promise<DeliveryRecord> {
    const { room } = source
    // The webhook may have changed meanwhile.
    const webhook = state.webhooks.current(source.webhook)
    const current = state.rooms.get(room.id)
    const client = webhook && current ? clientOf(state, webhook, current) : 'gone'
    if (!webhook || client === 'gone')
      throw new CallRefusedError(409, `The webhook of delivery ${record.id} is gone`)
    const body = record.request?.body
    if (body === undefined)
      throw new CallRefusedError(409, `The body of delivery ${record.id} is no longer kept`)
    return queued(webhook, `redelivery of ${record.id}`, () =>
      send({ ...source, webhook, link: chains.begin() }, client, body, record.id),
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
