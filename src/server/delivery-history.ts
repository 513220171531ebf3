import type { EventName } from '../api/events.ts'
import { type Breaker, createBreaker } from './breaker.ts'
import type { Log } from './log.ts'
import type { WebhookRecord } from './state/records.ts'

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
  readonly at: Date
}

export interface DeliveryFilter {
  readonly event?: EventName
  readonly oauthId?: string
  readonly webhookId?: number
  readonly roomId?: number
}

export interface DeliveryHistory {
  add(webhook: WebhookRecord, happening: Happened, outcome: Outcome): void
  /** Oldest first. */
  list(filter?: DeliveryFilter): DeliveryRecord[]
  /** Opens for whoever fails all the time. */
  breakerOf(webhook: WebhookRecord): Breaker
  clear(): void
}

interface Happened {
  readonly event: EventName
  readonly room: { readonly id: number }
}

type Outcome = Partial<Pick<DeliveryRecord, 'status' | 'duration' | 'error' | 'replied'>>

const kept = 200
const mostOwners = 1000

/** How deliveries went, by whom they went to; those of whoever was first heard of longest ago make room for others. */
export function createDeliveryHistory(log: Log): DeliveryHistory {
  const owners = new Map<string, { readonly records: DeliveryRecord[]; readonly breaker: Breaker }>()
  let lastId = 0

  function of(webhook: WebhookRecord) {
    const owner = ownerOf(webhook)
    let found = owners.get(owner)
    if (!found) {
      const [oldest] = owners.keys()
      if (oldest !== undefined && owners.size >= mostOwners) owners.delete(oldest)
      found = { records: [], breaker: createBreaker() }
      owners.set(owner, found)
    }
    return found
  }

  return {
    breakerOf: (webhook) => of(webhook).breaker,
    add(webhook, { event, room }, { status, duration = 0, error, replied = false }) {
      const url = new URL(webhook.url)
      lastId += 1
      const entry: DeliveryRecord = {
        id: lastId,
        event,
        webhookId: webhook.id,
        oauthId: 'oauthId' in webhook.owner ? webhook.owner.oauthId : undefined,
        roomId: room.id,
        url: url.host + url.pathname,
        status,
        duration: Math.round(duration),
        error,
        replied,
        at: new Date(),
      }
      const { records } = of(webhook)
      records.push(entry)
      if (records.length > kept) records.shift()
      log.info(
        {
          event,
          webhook: webhook.id,
          url: entry.url,
          status,
          ms: entry.duration,
          ...(error ? { error } : {}),
        },
        'delivery',
      )
    },
    list: (filter = {}) =>
      [...owners.values()]
        .flatMap(({ records }) => records)
        .filter(
          (entry) =>
            (filter.event === undefined || entry.event === filter.event) &&
            (filter.oauthId === undefined || entry.oauthId === filter.oauthId) &&
            (filter.webhookId === undefined || entry.webhookId === filter.webhookId) &&
            (filter.roomId === undefined || entry.roomId === filter.roomId),
        )
        .sort((one, other) => one.id - other.id),
    clear: () => owners.clear(),
  }
}

/** Whom a webhook tells: an installation, or a user. */
export const ownerOf = (webhook: WebhookRecord): string =>
  'oauthId' in webhook.owner ? webhook.owner.oauthId : `user ${webhook.owner.userId}`
