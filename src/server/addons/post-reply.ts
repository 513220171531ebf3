import type { Notification } from '../../api/operations/messages.ts'
import { readableError } from '../../common/redaction.ts'
import { maySee } from '../auth/room-rights.ts'
import type { Link } from '../chat/chat-event.ts'
import { CallRefusedError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { ClientRecord, RoomRecord } from '../state/records.ts'
import type { State } from '../state/state.ts'
import type { AnswerChains } from './answer-chains.ts'
import type { Decompressed } from './decompression.ts'
import type { DeliveryRecord, Source } from './delivery-history.ts'
import { readInlineReply } from './inline-reply.ts'

/** What {@link postReply} works with. */
export interface ReplyOptions {
  readonly state: State
  readonly log: Log
  readonly chains: AnswerChains
  /** Posts an add-on's answer to the room, and returns the id of the message. */
  reply(room: RoomRecord, client: ClientRecord, notification: Notification, link: Link): Promise<string>
}

/** Outcome of posting an add-on's answer. */
type Reply = Pick<DeliveryRecord, 'notPosted'> | Pick<DeliveryRecord, 'replyId'> | Record<string, never>

/**
 * Posts an answer that is a notification to the room (HipChat's webhook documentation). It does not count towards
 * rate limits. Returns the id of the message, or why nothing was posted.
 */
export async function postReply(
  answer: Decompressed,
  client: ClientRecord | undefined,
  { room, causedBy, link }: Source,
  { state, chains, log, reply: post }: ReplyOptions,
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
  const next = chains.answer(link ?? chains.begin())
  if (typeof next === 'string') return { notPosted: next }
  try {
    return { replyId: await post(living, current, reply.notification, next) }
  } catch (error) {
    if (error instanceof CallRefusedError) return { notPosted: error.message }
    log.error(
      { oauthId: client.oauthId, err: readableError(error) },
      'an answer to a webhook could not be posted',
    )
    return { notPosted: 'the server failed' }
  }
}
