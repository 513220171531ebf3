import type { EventName } from '../../api/events.ts'
import { kibibyte, mebibyte } from '../../common/sizes.ts'
import type { Link } from '../chat/chat-event.ts'
import type { Log } from '../log.ts'
import type { RoomRecord, UserRecord, WebhookRecord } from '../state/records.ts'
import { type Breaker, createBreaker } from './circuit-breaker.ts'

/** One attempt to deliver an event. Kept in memory, the newest 200 per installation. */
export interface DeliveryRecord {
  /** Number of the delivery. */
  readonly id: number
  /** The event that was delivered. */
  readonly event: EventName
  /** Id of the webhook. */
  readonly webhookId: number
  /** Absent for webhooks created with a user's token. */
  readonly oauthId: string | undefined
  /** Room in which the event happened. */
  readonly roomId: number
  /** Host and path; the query string may contain secrets. */
  readonly url: string
  /** HTTP status of the answer; absent when there was no answer. */
  readonly status: number | undefined
  /** Milliseconds until the answer. */
  readonly duration: number
  /** What went wrong; absent after a 2xx. */
  readonly error: string | undefined
  /** Whether the answer was posted to the room. */
  readonly replied: boolean
  /** Id of the message that the answer was posted as. */
  readonly replyId: string | undefined
  /** Why the answer was not posted to the room; absent when it was, and when there was nothing to post. */
  readonly notPosted?: string
  /** Id of the delivery that this one repeats. */
  readonly redeliveryOf: number | undefined
  /**
   * The request that was sent, or skipped. Absent for dropped deliveries, and for older ones once memory runs
   * short.
   */
  readonly request: SentRequest | undefined
  /** The answer, kept as long as the request. */
  readonly response: ReceivedResponse | undefined
  /** When it was sent. */
  readonly at: Date
}

/** The request of a delivery. */
export interface SentRequest {
  /** Without the signed request: for an hour it grants access to what the add-on shows the sender. */
  readonly headers: Readonly<Record<string, string>>
  /** Claims of the signed request, without its signature. */
  readonly claims: Readonly<Record<string, unknown>> | undefined
  readonly body: string
}

/** The answer to a delivery. */
export interface ReceivedResponse {
  /** Content type and length only. Other headers may contain secrets. */
  readonly headers: Readonly<Record<string, string>>
  /** The first 4 KiB, without any signed requests in it. */
  readonly body: string
}

/** Which deliveries to return. Default: all. */
export interface DeliveryFilter {
  /** Deliveries of this event only. */
  readonly event?: EventName
  /** Deliveries to this installation only. */
  readonly oauthId?: string
  /** Deliveries to this webhook only. */
  readonly webhookId?: number
  /** Deliveries of events in this room only. */
  readonly roomId?: number
  /** `true` for only those that failed, `false` for only those that did not. */
  readonly failed?: boolean
}

/** Everything a delivery is made from, so that it can be repeated. */
export interface Source {
  readonly webhook: WebhookRecord
  readonly event: EventName
  readonly room: RoomRecord
  /** The user whom the signed request names. */
  readonly user?: Pick<UserRecord, 'id' | 'timezone'> | undefined
  readonly causedBy?: string | undefined
  readonly link?: Link | undefined
}

/** A delivery that is kept, with its source. */
export interface Kept {
  readonly record: DeliveryRecord
  readonly source: Source
}

/** The deliveries that were made, kept in memory. */
export interface DeliveryHistory {
  add(source: Source, outcome: Outcome): DeliveryRecord
  /** Oldest first. */
  list(filter?: DeliveryFilter): DeliveryRecord[]
  find(id: number): Kept | undefined
  /** The circuit breaker of the webhook's owner. */
  breakerOf(webhook: WebhookRecord): Breaker
  clear(): void
}

type Outcome = Partial<
  Pick<
    DeliveryRecord,
    'status' | 'duration' | 'error' | 'replyId' | 'notPosted' | 'redeliveryOf' | 'request' | 'response'
  >
>

const kept = 200
const mostOwners = 1000
const mostContent = 16 * mebibyte // characters of all requests and responses together
const longestShown = 4 * kibibyte

/**
 * Creates a history of deliveries by owner. When there are too many owners, the one that was added first is
 * dropped.
 */
export function createDeliveryHistory(log: Log, told: (id: number) => void = () => {}): DeliveryHistory {
  const owners = new Map<string, { readonly deliveries: Mutable<Kept>[]; readonly breaker: Breaker }>()
  let lastId = 0
  // Entries that still have their contents, oldest first.
  let full: { readonly entry: Mutable<Kept>; readonly size: number }[] = []
  let content = 0

  const byId = new Map<number, Mutable<Kept>>()

  function forget(owner: string): void {
    for (const { record } of owners.get(owner)?.deliveries ?? []) byId.delete(record.id)
    owners.delete(owner)
  }

  /** The owners whose deliveries a filter can match. */
  const ownersIn = ({ oauthId }: DeliveryFilter) =>
    oauthId === undefined ? [...owners.values()] : [owners.get(oauthId) ?? { deliveries: [] }]

  function of(webhook: WebhookRecord) {
    const owner = ownerOf(webhook)
    let found = owners.get(owner)
    if (!found) {
      const [oldest] = owners.keys()
      if (oldest !== undefined && owners.size >= mostOwners) forget(oldest)
      found = { deliveries: [], breaker: createBreaker() }
      owners.set(owner, found)
    }
    return found
  }

  function bound(entry: Mutable<Kept>): void {
    const { request, response } = entry.record
    if (!request) return
    const size = request.body.length + (response?.body.length ?? 0)
    full.push({ entry, size })
    content += size
    if (content <= mostContent) return
    let count = 0
    while (content > mostContent / 2 && count < full.length - 1) {
      const oldest = full[count]
      if (!oldest) break
      oldest.entry.record = { ...oldest.entry.record, request: undefined, response: undefined }
      content -= oldest.size
      count += 1
    }
    full = full.slice(count)
  }

  return {
    breakerOf: (webhook) => of(webhook).breaker,
    add(source, { status, duration = 0, error, replyId, notPosted, redeliveryOf, request, response }) {
      const { webhook, event, room } = source
      const url = new URL(webhook.url)
      lastId += 1
      const record: DeliveryRecord = {
        id: lastId,
        event,
        webhookId: webhook.id,
        oauthId: 'oauthId' in webhook.owner ? webhook.owner.oauthId : undefined,
        roomId: room.id,
        url: url.host + url.pathname,
        status,
        duration: Math.round(duration),
        error,
        replied: replyId !== undefined,
        replyId,
        ...(notPosted === undefined ? {} : { notPosted }),
        redeliveryOf,
        request,
        response,
        at: new Date(),
      }
      const entry: Mutable<Kept> = { record, source }
      const { deliveries } = of(webhook)
      deliveries.push(entry)
      byId.set(record.id, entry)
      if (deliveries.length > kept) byId.delete(deliveries.shift()?.record.id ?? 0)
      bound(entry)
      log.info(
        {
          event,
          webhook: webhook.id,
          url: record.url,
          status,
          ms: record.duration,
          ...(error ? { error } : {}),
          ...(notPosted === undefined ? {} : { notPosted }),
          ...(redeliveryOf === undefined ? {} : { redeliveryOf }),
        },
        'delivery',
      )
      told(record.id)
      return record
    },
    list: (filter = {}) =>
      ownersIn(filter)
        .flatMap(({ deliveries }) => deliveries.map(({ record }) => record))
        .filter(
          (entry) =>
            (filter.event === undefined || entry.event === filter.event) &&
            (filter.oauthId === undefined || entry.oauthId === filter.oauthId) &&
            (filter.webhookId === undefined || entry.webhookId === filter.webhookId) &&
            (filter.roomId === undefined || entry.roomId === filter.roomId) &&
            (filter.failed === undefined || (entry.error !== undefined) === filter.failed),
        )
        .sort((one, other) => one.id - other.id),
    find: (id) => byId.get(id),
    clear() {
      owners.clear()
      byId.clear()
      full = []
      content = 0
    },
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** Owner of a webhook as a key: an installation or a user. */
export const ownerOf = (webhook: WebhookRecord): string =>
  'oauthId' in webhook.owner ? webhook.owner.oauthId : `user ${webhook.owner.userId}`

/** A response without what may be secret. */
export function shownResponse(headers: Readonly<Record<string, unknown>>, body: string): ReceivedResponse {
  const named = ['content-type', 'content-length'].flatMap((name) => {
    const value = headers[name]
    return typeof value === 'string' ? [[name, value]] : []
  })
  // The time of the search grows with the square of a hostile text's length, so it gets no more than can be shown
  // when much of that is left out. A signature that is cut off is useless.
  const text = body
    .slice(0, 2 * longestShown)
    .replaceAll(/eyJ[\w-]+\.eyJ[\w-]+\.[\w-]*/g, '[signed request]')
    .slice(0, longestShown)
  return {
    headers: Object.fromEntries(named),
    body: body.length > longestShown ? `${text}…` : text,
  }
}
