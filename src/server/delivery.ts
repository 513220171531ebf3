import type { EventName } from '../api/events.ts'
import { events } from '../api/events.ts'
import { type Notification, notification } from '../api/operations/messages.ts'
import { type Answer, exchange, KIB, parseJson } from '../common/http.ts'
import type { Outbound } from '../common/outbound.ts'
import { validate } from '../common/validate.ts'
import { type Breaker, createBreaker } from './breaker.ts'
import type { Log } from './log.ts'
import { failureOf } from './network.ts'
import { compilePattern, type Pattern } from './patterns.ts'
import { createQueues, type Queues } from './queues.ts'
import { signRequest } from './signing.ts'
import type { ClientRecord, RoomRecord, UserRecord, WebhookRecord } from './state/records.ts'
import type { State } from './state/state.ts'

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

/** What happened, and who did it. */
export interface Happening {
  readonly event: EventName
  readonly room: RoomRecord
  readonly item: Readonly<Record<string, unknown>>
  /** What patterns are matched against; only message events have it. */
  readonly text?: string
  readonly user?: UserRecord | undefined
  /** `oauthId` of the installation that caused it. */
  readonly causedBy?: string | undefined
}

export interface Delivery {
  /** Queues a delivery for every webhook that wants to know, and returns. */
  fire(happening: Happening): void
  records(filter?: DeliveryFilter): DeliveryRecord[]
  readonly queues: Queues
  clear(): void
}

export interface DeliveryOptions {
  readonly state: State
  readonly outbound: Outbound
  readonly log: Log
  /** Milliseconds for one delivery. */
  readonly timeout: number
  readonly signal: AbortSignal
  /** Posts an add-on's answer into the room. */
  reply(room: RoomRecord, client: ClientRecord, notification: Notification): Promise<void>
}

const kept = 200
const longestReply = 64 * KIB

/**
 * Tells add-ons what happens in rooms. Each delivery is attempted once, without redirects; the deliveries of one room
 * to one installation stay in order, and no slow add-on holds up another one or the chat. HipChat published no such
 * rules; these are what an add-on can live with.
 */
export function createDelivery(options: DeliveryOptions): Delivery {
  const { state, log } = options
  const queues = createQueues((error) =>
    log.error({ err: error }, 'a delivery failed for a reason of our own'),
  )
  const rings = new Map<string, DeliveryRecord[]>()
  const breakers = new Map<string, Breaker>()
  const patterns = new Map<string, Pattern>()
  let lastId = 0

  function wanted(webhook: WebhookRecord, happening: Happening): boolean {
    if (webhook.event !== happening.event) return false
    if (webhook.roomId !== null && webhook.roomId !== happening.room.id) return false
    if (webhook.pattern === null || !events[webhook.event].pattern) return true
    let pattern = patterns.get(webhook.pattern)
    if (!pattern) {
      if (patterns.size > 1000) patterns.clear()
      pattern = compilePattern(webhook.pattern) // compiled once before, when the webhook was made
      patterns.set(webhook.pattern, pattern)
    }
    return pattern(happening.text ?? '')
  }

  /** The installation a webhook belongs to; `gone` when there is none any more, or not yet. */
  function clientOf(webhook: WebhookRecord): ClientRecord | undefined | 'gone' {
    if (!('oauthId' in webhook.owner)) return undefined
    return state.clients.get(webhook.owner.oauthId) ?? 'gone'
  }

  function fire(happening: Happening): void {
    for (const webhook of state.webhooks.all()) {
      if (!wanted(webhook, happening)) continue
      const client = clientOf(webhook)
      if (client === 'gone') continue
      const queue = `${ownerOf(webhook)} ${happening.room.id}`
      const queued = queues.add(queue, async () => {
        // Ask again when its turn comes: it may have been uninstalled. A deleted room ends its installations, which
        // still hear of the deletion.
        const gone = clientOf(webhook) === 'gone' || !state.webhooks.get(webhook.id)
        if (gone && happening.event !== 'room_deleted') return
        await deliver(webhook, client, happening)
      })
      if (!queued) record(webhook, happening, { error: 'dropped: too many deliveries are waiting' })
    }
  }

  async function deliver(
    webhook: WebhookRecord,
    client: ClientRecord | undefined,
    happening: Happening,
  ): Promise<void> {
    const owner = ownerOf(webhook)
    const breaker = breakers.get(owner) ?? createBreaker()
    breakers.set(owner, breaker)
    if (!breaker.allows()) {
      record(webhook, happening, { error: 'skipped: the add-on failed many times in a row' })
      return
    }
    const started = performance.now()
    try {
      const answer = await exchange({
        method: 'POST',
        url: webhook.url,
        outbound: options.outbound,
        timeout: options.timeout,
        signal: options.signal,
        headers: {
          'content-type': 'application/json',
          ...(client && webhook.authentication === 'jwt'
            ? {
                authorization: `JWT ${signRequest({
                  oauthId: client.oauthId,
                  secret: client.secret,
                  user: happening.user,
                  roomId: happening.room.id,
                })}`,
              }
            : {}),
        },
        body: JSON.stringify({
          event: happening.event,
          item: happening.item,
          ...(client ? { oauth_client_id: client.oauthId } : {}),
          webhook_id: webhook.id,
        }),
      })
      breaker.report(answer.status < 500)
      const ok = answer.status >= 200 && answer.status < 300
      // An add-on that answers its own notifications would go on for ever.
      const own = client?.oauthId === happening.causedBy
      const replied = ok && client && !own ? await postReply(answer, client, happening.room) : false
      record(webhook, happening, {
        status: answer.status,
        duration: performance.now() - started,
        replied,
        ...(ok ? {} : { error: `answered ${answer.status}` }),
      })
    } catch (error) {
      breaker.report(false)
      record(webhook, happening, { duration: performance.now() - started, error: failureOf(error) })
    }
  }

  /** An answer that is a notification goes into the room (HipChat's webhook documentation). It counts no limits. */
  async function postReply(answer: Answer, client: ClientRecord, room: RoomRecord): Promise<boolean> {
    if (
      !answer.body ||
      !/^application\/([\w.-]+\+)?json\b/i.test(String(answer.headers['content-type'] ?? ''))
    )
      return false
    const body = Buffer.byteLength(answer.body) <= longestReply ? parseJson(answer.body) : undefined
    if (typeof body !== 'object' || body === null || !('message' in body) || body.message === '') return false
    const current = state.clients.get(client.oauthId)
    const living = state.rooms.get(room.id)
    if (!current?.scopes.includes('send_notification') || !living) {
      log.info(
        { oauthId: client.oauthId },
        'an answer to a webhook was not posted: no room or no scope for it',
      )
      return false
    }
    const checked = validate(notification, body)
    if (!checked.ok) {
      log.warn(
        { oauthId: client.oauthId, problem: checked.problem.message },
        'an answer to a webhook is no valid notification',
      )
      return false
    }
    try {
      await options.reply(living, current, checked.value)
      return true
    } catch (error) {
      log.warn({ oauthId: client.oauthId, err: error }, 'an answer to a webhook could not be posted')
      return false
    }
  }

  function record(
    webhook: WebhookRecord,
    happening: Happening,
    outcome: { status?: number; duration?: number; error?: string; replied?: boolean },
  ): void {
    const url = new URL(webhook.url)
    lastId += 1
    const entry: DeliveryRecord = {
      id: lastId,
      event: happening.event,
      webhookId: webhook.id,
      oauthId: 'oauthId' in webhook.owner ? webhook.owner.oauthId : undefined,
      roomId: happening.room.id,
      url: url.host + url.pathname,
      status: outcome.status,
      duration: Math.round(outcome.duration ?? 0),
      error: outcome.error,
      replied: outcome.replied ?? false,
      at: new Date(),
    }
    const owner = ownerOf(webhook)
    const ring = rings.get(owner) ?? []
    ring.push(entry)
    if (ring.length > kept) ring.shift()
    rings.set(owner, ring)
    log.info(
      {
        event: entry.event,
        webhook: entry.webhookId,
        url: entry.url,
        status: entry.status,
        ms: entry.duration,
        ...(entry.error ? { error: entry.error } : {}),
      },
      'delivery',
    )
  }

  return {
    fire,
    queues,
    records: (filter = {}) =>
      [...rings.values()]
        .flat()
        .filter(
          (entry) =>
            (filter.event === undefined || entry.event === filter.event) &&
            (filter.oauthId === undefined || entry.oauthId === filter.oauthId) &&
            (filter.webhookId === undefined || entry.webhookId === filter.webhookId) &&
            (filter.roomId === undefined || entry.roomId === filter.roomId),
        )
        .sort((one, other) => one.id - other.id),
    clear() {
      rings.clear()
      breakers.clear()
    },
  }
}

const ownerOf = (webhook: WebhookRecord): string =>
  'oauthId' in webhook.owner ? webhook.owner.oauthId : `user ${webhook.owner.userId}`
