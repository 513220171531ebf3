import type { EventName } from '../../api/events.ts'
import { KIB } from '../../common/http.ts'
import type { Link } from '../chat/chat-event.ts'
import type { Log } from '../log.ts'
import type { RoomRecord, UserRecord, WebhookRecord } from '../state/records.ts'
import { type Breaker, createBreaker } from './circuit-breaker.ts'

/** One attempt to tell an add-on of an event. Kept in memory, the newest 200 per installation. */
export interface DeliveryRecord {
  readonly id: number
  readonly event: EventName
  readonly webhookId: number
  /** Absent for webhooks made with a user's token. */
  readonly oauthId: string | undefined
  readonly roomId: number
  /** Host and path; the query may hold secrets. */
  readonly url: string
  /** HTTP status of the answer; absent when none came. */
  readonly status: number | undefined
  /** Milliseconds until the answer. */
  readonly duration: number
  /** What went wrong; absent for a 2xx. */
  readonly error: string | undefined
  /** Whether the answer was posted into the room. */
  readonly replied: boolean
  /** Id of the message that it was posted as. */
  readonly replyId: string | undefined
  /** Why the answer was not posted into the room; absent where it was, and where there was nothing to post. */
  readonly notPosted?: string
  /** Id of the delivery that this one repeats. */
  readonly redeliveryOf: number | undefined
  /** What was sent, or skipped. Absent for what was dropped, and for older ones when there is no more room for it. */
  readonly request: SentRequest | undefined
  /** What came back, kept as long as the request. */
  readonly response: ReceivedResponse | undefined
  readonly at: Date
}

export interface SentRequest {
  /** The signed request is left out of them: for an hour it opens what the add-on shows the sender. */
  readonly headers: Readonly<Record<string, string>>
  /** What the signed request says, without its signature. */
  readonly claims: Readonly<Record<string, unknown>> | undefined
  readonly body: string
}

export interface ReceivedResponse {
  /** Its type and length. Others may hold secrets. */
  readonly headers: Readonly<Record<string, string>>
  /** The first 4 KiB; signed requests in it are left out. */
  readonly body: string
}

export interface DeliveryFilter {
  readonly event?: EventName
  readonly oauthId?: string
  readonly webhookId?: number
  readonly roomId?: number
  /** Only those that went wrong, or only those that did not. */
  readonly failed?: boolean
}

/** What a delivery is made from, and can be made from once more. */
export interface Source {
  readonly webhook: WebhookRecord
  readonly event: EventName
  readonly room: RoomRecord
  /** Whom the signed request names. */
  readonly user?: Pick<UserRecord, 'id' | 'timezone'> | undefined
  readonly causedBy?: string | undefined
  readonly link?: Link | undefined
}

export interface Kept {
  readonly record: DeliveryRecord
  readonly source: Source
}

export interface DeliveryHistory {
  add(source: Source, outcome: Outcome): DeliveryRecord
  /** Oldest first. */
  list(filter?: DeliveryFilter): DeliveryRecord[]
  find(id: number): Kept | undefined
  /** Opens for whoever fails all the time. */
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
const mostContent = 16 * KIB * KIB // characters of all requests and responses together
const longestShown = 4 * KIB

/** How deliveries went, by whom they went to; those of whoever was first heard of longest ago make room for others. */
export function createDeliveryHistory(log: Log, told: (id: number) => void = () => {}): DeliveryHistory {
  const owners = new Map<string, { readonly deliveries: Mutable<Kept>[]; readonly breaker: Breaker }>()
  let lastId = 0
  // with their contents, oldest first
  let full: { readonly entry: Mutable<Kept>; readonly size: number }[] = []
  let content = 0

  const byId = new Map<number, Mutable<Kept>>()

  function forget(owner: string): void {
    for (const { record } of owners.get(owner)?.deliveries ?? []) byId.delete(record.id)
    owners.delete(owner)
  }

  /** Those whose deliveries a filter lets through: one that names an installation looks at no others. */
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

/** Whom a webhook tells: an installation, or a user. */
export const ownerOf = (webhook: WebhookRecord): string =>
  'oauthId' in webhook.owner ? webhook.owner.oauthId : `user ${webhook.owner.userId}`

/** An answer as it may be shown. */
export function shownResponse(headers: Readonly<Record<string, unknown>>, body: string): ReceivedResponse {
  const named = ['content-type', 'content-length'].flatMap((name) => {
    const value = headers[name]
    return typeof value === 'string' ? [[name, value]] : []
  })
  // The search takes time that grows with the square of a hostile text: so it sees no more than can be shown when much of
  // that is left out. A signature that is cut off is of no use.
  const text = body
    .slice(0, 2 * longestShown)
    .replaceAll(/eyJ[\w-]+\.eyJ[\w-]+\.[\w-]*/g, '[signed request]')
    .slice(0, longestShown)
  return {
    headers: Object.fromEntries(named),
    body: body.length > longestShown ? `${text}…` : text,
  }
}
