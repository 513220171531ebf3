import { setImmediate as nextTurn } from 'node:timers/promises'
import type { EventName } from '../api/events.ts'
import { events } from '../api/events.ts'
import { type Notification, notification } from '../api/operations/messages.ts'
import { type Answer, exchange, KIB, parseJson } from '../common/http.ts'
import type { Outbound } from '../common/outbound.ts'
import { validate } from '../common/validate.ts'
import { maySee } from './access.ts'
import { type IsClassic, signedAddress } from './classic.ts'
import {
  createDeliveryHistory,
  type DeliveryFilter,
  type DeliveryRecord,
  ownerOf,
} from './delivery-history.ts'
import type { Log } from './log.ts'
import { failureOf } from './network.ts'
import { compilePattern, type Pattern } from './patterns.ts'
import { createQueues, type Queues } from './queues.ts'
import { signRequest } from './signing.ts'
import type { ClientRecord, RoomRecord, UserRecord, WebhookRecord } from './state/records.ts'
import type { State } from './state/state.ts'

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
  /** How many answers to deliveries led to it. */
  readonly hops?: number
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
  readonly isClassic: IsClassic
  /** Posts an add-on's answer into the room. */
  reply(room: RoomRecord, client: ClientRecord, notification: Notification, hops: number): Promise<void>
}

const longestReply = 64 * KIB
const mostHops = 10

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
  const history = createDeliveryHistory(log)
  const patterns = new Map<string, Pattern>()

  async function matches(webhook: WebhookRecord, { text = '' }: Happening): Promise<boolean> {
    if (webhook.pattern === null || !events[webhook.event].pattern) return true
    await nextTurn() // many costly patterns must not hold up the server one after the other
    let pattern = patterns.get(webhook.pattern)
    if (!pattern) {
      if (patterns.size > 1000) patterns.clear()
      pattern = compilePattern(webhook.pattern) // compiled once before, when the webhook was made
      patterns.set(webhook.pattern, pattern)
    }
    return pattern(text)
  }

  /** The installation a webhook belongs to; `gone` when there is none, or none yet, and for a user who lost sight of the room. */
  function clientOf({ owner }: WebhookRecord, room: RoomRecord): ClientRecord | undefined | 'gone' {
    if ('oauthId' in owner) {
      const client = state.clients.get(owner.oauthId)
      return client?.status === 'live' ? client : 'gone'
    }
    const user = state.people.get(owner.userId)
    return user && maySee(room, { user }) ? undefined : 'gone'
  }

  function fire(happening: Happening): void {
    for (const webhook of state.webhooks.listening(happening.event, happening.room.id)) {
      const client = clientOf(webhook, happening.room)
      if (client === 'gone') continue
      const queue = `${ownerOf(webhook)} ${happening.room.id}`
      const queued = queues.add(queue, async () => {
        // Ask again when its turn comes: it may have been uninstalled. A deleted room ends its installations, which
        // still hear of the deletion.
        const gone = clientOf(webhook, happening.room) === 'gone' || !state.webhooks.has(webhook)
        if (gone && happening.event !== 'room_deleted') return
        if (await matches(webhook, happening)) await deliver(webhook, client, happening)
      })
      if (!queued) history.add(webhook, happening, { error: 'dropped: too many deliveries are waiting' })
    }
  }

  async function deliver(
    webhook: WebhookRecord,
    client: ClientRecord | undefined,
    happening: Happening,
  ): Promise<void> {
    const breaker = history.breakerOf(webhook)
    if (!breaker.allows()) {
      history.add(webhook, happening, { error: 'skipped: the add-on failed many times in a row' })
      return
    }
    const started = performance.now()
    try {
      const signature = signatureOf(webhook, client, happening)
      const answer = await exchange({
        method: 'POST',
        url: signature && options.isClassic(client) ? signedAddress(webhook.url, signature) : webhook.url,
        outbound: options.outbound,
        timeout: options.timeout,
        signal: options.signal,
        headers: {
          'content-type': 'application/json',
          ...(signature ? { authorization: `JWT ${signature}` } : {}),
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
      const replied = ok && client && !own ? await postReply(answer, client, happening) : false
      history.add(webhook, happening, {
        status: answer.status,
        duration: performance.now() - started,
        replied,
        ...(ok ? {} : { error: `answered ${answer.status}` }),
      })
    } catch (error) {
      breaker.report(false)
      history.add(webhook, happening, { duration: performance.now() - started, error: failureOf(error) })
    }
  }

  /** An answer that is a notification goes into the room (HipChat's webhook documentation). It counts no limits. */
  async function postReply(
    answer: Answer,
    client: ClientRecord,
    { room, hops = 0 }: Happening,
  ): Promise<boolean> {
    if (
      !answer.body ||
      !/^application\/([\w.-]+\+)?json\b/i.test(String(answer.headers['content-type'] ?? ''))
    )
      return false
    const body = Buffer.byteLength(answer.body) <= longestReply ? parseJson(answer.body) : undefined
    if (typeof body !== 'object' || body === null || !('message' in body) || body.message === '') return false
    if (hops >= mostHops) {
      log.warn(
        { oauthId: client.oauthId },
        'an answer to a webhook was not posted: add-ons answer each other without end',
      )
      return false
    }
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
      await options.reply(living, current, checked.value, hops + 1)
      return true
    } catch (error) {
      log.warn({ oauthId: client.oauthId, err: error }, 'an answer to a webhook could not be posted')
      return false
    }
  }

  function signatureOf(
    { authentication }: WebhookRecord,
    client: ClientRecord | undefined,
    { user, room }: Happening,
  ): string | undefined {
    if (!client || authentication !== 'jwt') return undefined
    return signRequest({ oauthId: client.oauthId, secret: client.secret, user, roomId: room.id })
  }

  return {
    fire,
    queues,
    records: history.list,
    clear: history.clear,
  }
}
