import type { UserRecord } from '../state/records.ts'

/**
 * The body of a delivery that this server did not write: a recorded or handwritten one. Nothing in it can be relied
 * on.
 */
export type BorrowedBody = Readonly<Record<string, unknown>>

/** The installation, webhook and room that a borrowed body is delivered for. */
export interface Home {
  readonly oauthId: string
  readonly webhookId: number
  readonly roomId: number
}

/** Members of an object; an empty object for anything else. */
const membersOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}

/**
 * Returns the body with the ids of this server's installation, webhook and room, which the signature covers. Each
 * id keeps its place and its type, number or string. An id that the body does not have is not added.
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

/** The text that patterns are matched against. */
export function textOf(body: BorrowedBody): string {
  const { message } = membersOf(membersOf(body['item'])['message'])
  return typeof message === 'string' ? message : ''
}

/** The person who caused the event, whom the signed request names; `undefined` when it was not a person. */
export function personOf(body: BorrowedBody): Pick<UserRecord, 'id' | 'timezone'> | undefined {
  const { message, sender: by } = membersOf(body['item'])
  const { from } = membersOf(message)
  const sender = membersOf(message === undefined ? by : from)
  const id = Number(sender['id'] ?? Number.NaN)
  // The token of an add-on looks like a person, except for its scopes.
  if (!Number.isInteger(id) || 'allowed_scopes' in sender) return undefined
  return { id, timezone: 'UTC' }
}
