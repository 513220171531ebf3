import { randomBytes } from 'node:crypto'
import jwt from 'jsonwebtoken'
import type { EventName } from '../api/events.ts'
import type { Installation } from '../installations/installation.ts'
import type { HipChatServer } from '../server/index.ts'

/** The fault of a forged delivery: signed with a wrong secret, expired, not signed, or sent a second time. */
export type Forgery = (typeof forgeries)[number]

/** All faults that a forged delivery can have. */
export const forgeries = ['wrong secret', 'expired', 'unsigned', 'replayed'] as const

/** Options of a forged delivery. */
export interface ForgedOptions {
  /** The fault of the delivery. Default `wrong secret`. */
  readonly forgery?: Forgery
  /** The text of the message, or the topic. Default `Hello`. */
  readonly text?: string
}

/** What {@link forge} needs. */
export interface ForgingParts {
  readonly server: HipChatServer
  readonly installation: Installation
  readonly room: { readonly id: number; readonly name: string }
  /** The address at which the add-on receives deliveries of the event. */
  readonly url: string
}

/** Sends the add-on a forged delivery. Returns the status of its answer; for a replay, that of the second one. */
export async function forge(
  event: EventName,
  { forgery = 'wrong secret', text = 'Hello' }: ForgedOptions,
  parts: ForgingParts,
): Promise<number> {
  const { installation, url } = parts
  const secret = forgery === 'wrong secret' ? randomBytes(20).toString('hex') : await secretOf(parts)
  const now = Math.floor(Date.now() / 1000)
  const issued = forgery === 'expired' ? now - 7200 : now
  const token = jwt.sign(
    {
      iss: installation.oauthId,
      sub: '2',
      iat: issued,
      exp: issued + 3600,
      jti: randomBytes(10).toString('hex'),
      context: { room_id: parts.room.id, user_tz: 'UTC' },
    },
    secret,
    { algorithm: 'HS256' },
  )
  const send = async () => {
    const answer = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(forgery === 'unsigned' ? {} : { authorization: `JWT ${token}` }),
      },
      body: JSON.stringify(payload(event, text, parts)),
    })
    await answer.arrayBuffer()
    return answer.status
  }
  if (forgery === 'replayed') await send()
  return send()
}

function payload(event: EventName, text: string, { installation, room }: ForgingParts) {
  const sender = { id: 2, name: 'Alice Archer', mention_name: 'alice' }
  const message = {
    id: '0c5d3f9e-41d7-4c0e-8f0b-6a1f3f2f7a55',
    date: new Date().toISOString(),
    from: sender,
    mentions: [],
    message: text,
    type: 'message',
  }
  return {
    event,
    webhook_id: 1,
    oauth_client_id: installation.oauthId,
    item: {
      room,
      ...(event === 'room_message' || event === 'room_notification' ? { message } : { sender }),
      ...(event === 'room_topic_change' ? { topic: text } : {}),
      ...(event === 'room_file_upload'
        ? { file: { name: 'notes.txt', size: 4, url: 'https://files.example.com/notes.txt' } }
        : {}),
    },
  }
}

async function secretOf({ server, installation }: ForgingParts): Promise<string> {
  const answer = await fetch(
    `${server.url}/admin/installations/${encodeURIComponent(installation.oauthId)}/secret`,
    { headers: { authorization: `Bearer ${server.adminToken}` } },
  )
  const { oauthSecret } = (await answer.json()) as { oauthSecret: string } // the server checks its answers
  return oauthSecret
}
