import type { EventName } from '../../api/events.ts'
import { nextTurn } from '../../common/next-turn.ts'
import { mayRun, maySee } from '../auth/room-rights.ts'
import type { ClientRecord, RoomRecord, WebhookRecord } from '../state/records.ts'
import type { State } from '../state/state.ts'
import type { Source } from './delivery-history.ts'

/** Webhooks that are notified in one turn of the event loop, which takes a few milliseconds. */
const webhooksPerTurn = 25

/** The webhooks that an event in a room triggers, up to an id, oldest first; a few in each turn of the event loop. */
export async function* listening(
  state: State,
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

/**
 * The installation that a webhook belongs to; `undefined` for a user's webhook. `gone` when the installation does
 * not exist or is not confirmed yet, when the user or the grant that the webhook was created with has ended, and
 * when the owner may no longer see the room.
 */
export function clientOf(
  state: State,
  { owner, grant }: WebhookRecord,
  room: RoomRecord,
): ClientRecord | undefined | 'gone' {
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
export function mayBeTold(state: State, { webhook, room, event }: Source): boolean {
  const current = state.rooms.get(room.id)
  if (current) return state.webhooks.has(webhook) && clientOf(state, webhook, current) !== 'gone'
  if (event !== 'room_deleted') return false
  if (webhook.roomId === room.id && 'oauthId' in webhook.owner) return true
  return (
    (webhook.roomId === room.id || state.webhooks.has(webhook)) && clientOf(state, webhook, room) !== 'gone'
  )
}
