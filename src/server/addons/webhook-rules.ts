import { most } from '../../api/bounds.ts'
import { type EventName, events } from '../../api/events.ts'
import { type Outbound, OutboundRefusedError } from '../../common/outbound.ts'
import type { Caller } from '../auth/callers.ts'
import { badRequest, CallRefusedError, forbidden } from '../errors.ts'
import type { RoomRecord, WebhookRecord } from '../state/records.ts'
import type { State } from '../state/state.ts'
import { compilePattern, PatternRefusedError } from './pattern-compiler.ts'
import { notCalled } from './unreachable-texts.ts'

/**
 * 400 for what is not a web address, and for an address that the egress rules do not allow, always with {@link
 * notCalled}.
 */
export function checkUrl(url: string, outbound: Outbound, field: string): void {
  try {
    outbound.check(url)
  } catch (error) {
    if (error instanceof OutboundRefusedError)
      throw new CallRefusedError(
        400,
        isWebAddress(url) ? `${field} ${notCalled}` : `${field}: ${error.message}`,
        {
          details: { field, validation: 'format' },
          cause: error,
        },
      )
    throw error
  }
}

/** Whether the text has the form of a web address. Whatever else it may be refused for, anyone can see in it. */
function isWebAddress(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined
  return url !== undefined && /^https?:$/.test(url.protocol) && !url.username && !url.password
}

/** 400 for a pattern that cannot be run; returns the number of its steps. */
export function checkPattern(pattern: string, field: string): number {
  try {
    return compilePattern(pattern).steps
  } catch (error) {
    if (error instanceof PatternRefusedError)
      throw badRequest(`${field} ${error.message}`, field, { validation: 'format' })
    throw error
  }
}

interface WebhookRequest {
  readonly url: string
  readonly event: EventName
  readonly pattern?: string
  readonly name?: string
}

/** 400 for a webhook that could not be delivered or matched. */
export function checkWebhook({ url, event, pattern }: WebhookRequest, outbound: Outbound): void {
  checkUrl(url, outbound, 'url')
  if (pattern !== undefined && events[event].pattern) checkPattern(pattern, 'pattern')
}

/**
 * A webhook created through the API. A pattern only applies to message events; HipChat's schema accepted it for
 * others.
 */
export const webhookRecord = (
  { url, event, pattern, name }: WebhookRequest,
  more: Pick<WebhookRecord, 'id' | 'owner' | 'grant' | 'roomId' | 'key' | 'authentication' | 'created'>,
): WebhookRecord => ({
  ...more,
  event,
  url,
  pattern: events[event].pattern ? (pattern ?? null) : null,
  name: name ?? null,
  declared: false,
})

/**
 * The caller's own webhooks that fire for a room, including group-wide ones; without a room only the group-wide
 * ones.
 */
export function ownWebhooks(
  state: State,
  room: RoomRecord | undefined,
  { client, user }: Caller,
): WebhookRecord[] {
  const owner = client ? { oauthId: client.oauthId } : user ? { userId: user.id } : undefined
  if (!owner) return []
  return state.webhooks
    .ownedBy(owner)
    .filter(({ roomId }) => roomId === null || roomId === room?.id)
    .sort((one, other) => one.id - other.id)
}

/**
 * "At most 10 webhooks per room" (viascom/hipchat-api, README, from HipChat's method list), for each add-on and
 * person.
 */
const mostPerRoom = 10

/** 400 when a room has the most webhooks allowed, of one owner or of all. Those of descriptors do not count. */
export function checkCount(state: State, room: RoomRecord | undefined, caller: Caller): void {
  const own = ownWebhooks(state, room, caller).filter(({ declared }) => !declared)
  if (own.length >= mostPerRoom)
    throw badRequest(`A room takes at most ${mostPerRoom} webhooks made through the API`)
  if (room && state.webhooks.countMade(room.id, most.roomWebhooks) >= most.roomWebhooks)
    throw badRequest(
      `Room ${room.name} has ${most.roomWebhooks} webhooks made through the API already, expected fewer than ${most.roomWebhooks}`,
    )
}

/** 403 for a webhook that only an updated descriptor can change or remove (viascom/hipchat-api, README). */
export function requireDynamic({ declared }: WebhookRecord): void {
  if (declared)
    throw forbidden('This webhook comes from the descriptor of the add-on and cannot be changed or deleted')
}
