import type { UserRecord } from '../state/records.ts'

/** A body of a delivery that was not made here: a recorded one, or one made by hand. Nothing in it can be relied on. */
export type BorrowedBody = Readonly<Record<string, unknown>>

/** Where a borrowed body is to be posted from. */
export interface Home {
  readonly oauthId: string
  readonly webhookId: number
  readonly roomId: number
}

/** Members of an object; none of anything else. */
const membersOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}

/**
 * The body with the installation, the webhook and the room of here, which the signature is about: in the same places and as
 * the same types, a text where there was a text. Where it names none it goes on naming none.
 */
export function adopt(body: BorrowedBody, { oauthId, webhookId, roomId }: Home): BorrowedBody {
  const item = membersOf(body['item'])
  const room = membersOf(item['room'])
  const like = (value: unknown, id: number) => (typeof value === 'string' ? String(id) : id)
  return {
    ...body,
    ...('oauth_client_id' in body ? { oauth_client_id: oauthId } : {}),
    ...('webhook_id' in body ? { webhook_id: like(body['webhook_id'], webhookId) } : {}),
    ...('id' in room ? { item: { ...item, room: { ...room, id: like(room['id'], roomId) } } } : {}),
  }
}

/** What patterns are matched against. */
export function textOf(body: BorrowedBody): string {
  const { message } = membersOf(membersOf(body['item'])['message'])
  return typeof message === 'string' ? message : ''
}

/** Who did it, if that was a person: the one whom the signed request names. */
export function personOf(body: BorrowedBody): Pick<UserRecord, 'id' | 'timezone'> | undefined {
  const { message, sender: by } = membersOf(body['item'])
  const { from } = membersOf(message)
  const sender = membersOf(message === undefined ? by : from)
  const id = Number(sender['id'] ?? Number.NaN)
  // The token of an add-on looks like a person, but for its scopes.
  if (!Number.isInteger(id) || 'allowed_scopes' in sender) return undefined
  return { id, timezone: 'UTC' }
}
