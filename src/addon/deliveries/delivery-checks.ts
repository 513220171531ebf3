import { type DeliveryBody, type EventName, senderOf } from '../../api/events.ts'
import { readId, readSender } from '../../api/sender.ts'
import { SignedRequestError } from '../../errors.ts'
import type { SignedRequest } from '../../installations/signed-request.ts'
import type { Webhook } from './delivery.ts'
import { withPlainSpaces } from './whitespace.ts'

/** The token proves which installation calls. Refuses a body that contradicts it. */
export function refuseForeign(body: DeliveryBody, signed: SignedRequest, event: EventName): void {
  const { installation } = signed.credentials
  const client = body.oauth_client_id
  if (client !== undefined && client !== null && client !== installation.oauthId)
    throw new SignedRequestError(
      'wrong client',
      `the body names the client ${JSON.stringify(client.slice(0, 60))}, the signature is from ${installation.oauthId}`,
    )
  const room = readId(body.item.room.id)
  // A global installation may receive deliveries from all rooms; but a token from a page in one room is only
  // valid for that room. A token that names a user and no room may belong to a member who must not see some
  // rooms: it is not valid for any room.
  if (installation.roomId === undefined && signed.userId !== undefined && signed.roomId === undefined)
    throw new SignedRequestError(
      'wrong room',
      'the signed request names a user and no room, and the body is about a room',
    )
  const own = installation.roomId ?? signed.roomId
  if (room === undefined || (own !== undefined && room !== own))
    throw new SignedRequestError(
      'wrong room',
      `the body is about room ${String(body.item.room.id).slice(0, 20)}, the ${installation.roomId === undefined ? 'signed request' : 'installation'} about room ${own}`,
    )
  // Every member of a room can get a token of their own from a page of the add-on, which is only valid for
  // what they do themselves. People have an id in every delivery, so a body with just a name is refused;
  // notifications only have a name.
  const sender = readSender(senderOf(body))
  const unknown = sender?.id === undefined && event === 'room_notification'
  if (signed.userId !== undefined && sender && !unknown && signed.userId !== String(sender.id))
    throw new SignedRequestError(
      'wrong sender',
      `the body is from ${sender.id === undefined ? 'a sender without an id' : `user ${sender.id}`}, the signed request from user ${signed.userId.slice(0, 20)}`,
    )
}

/** Whether this is a notification by the add-on itself. It is ignored, or the add-on would answer itself. */
export function isOwn(
  body: DeliveryBody,
  {
    key,
    name,
    fromName,
  }: { readonly key: string; readonly name: string; readonly fromName?: string | undefined },
  oauthId: string,
): boolean {
  if (!('message' in body.item)) return false
  const { from, notification_sender, type } = body.item.message
  if (notification_sender) {
    const { client_id, id } = notification_sender
    return client_id === undefined ? id === key : client_id === oauthId
  }
  const notification = type === 'notification' || body.event === 'room_notification'
  return notification && readSender(from)?.name === (fromName ?? name)
}

/**
 * The match; `undefined` if there is nothing to match, `null` if the delivery is not for this handler. If
 * the text does not match as it is, it is matched with plain spaces: authors write `/^\/deploy /`, and people
 * cannot see which kind of space they type.
 */
export function matchOf({ expression }: Webhook, body: DeliveryBody): RegExpMatchArray | undefined | null {
  if (!expression || !('message' in body.item)) return undefined
  const { message } = body.item.message
  const found = (text: string): RegExpExecArray | null => {
    expression.lastIndex = 0 // a RegExp with the flag g remembers its last position
    return expression.exec(text)
  }
  const plain = withPlainSpaces(message)
  return found(message) ?? (plain === message ? null : found(plain))
}
