import type { emoticon, message, room, roomReference, user, userReference } from '../api/objects.ts'
import type { webhook } from '../api/webhook.ts'
import type { Received } from '../common/schema.ts'

/**
 * What the calls of a client give: the objects of HipChat's API as any server may send them, which is with fewer members
 * than this project's own, and with words that nobody here knows.
 */

export type UserReference = Received<typeof userReference>
export type User = Received<typeof user>
export type RoomReference = Received<typeof roomReference>
export type RoomDetails = Received<typeof room>
export type Message = Received<typeof message>
export type Webhook = Received<typeof webhook>
export type Emoticon = Received<typeof emoticon>
