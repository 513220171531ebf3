import type { emoticon, message, room, roomReference, user, userReference } from '../api/objects.ts'
import type { webhook } from '../api/webhook.ts'
import type { Received } from '../common/schema.ts'

/**
 * The results of a client's calls: the objects of HipChat's API as servers send them. They may have fewer members than
 * this project's own answers, and unknown values.
 */

/** A user as part of another object or a list. */
export type UserReference = Received<typeof userReference>
/** A user with all details. */
export type User = Received<typeof user>
/** A room as part of another object or a list. */
export type RoomReference = Received<typeof roomReference>
/** A room with all details. */
export type RoomDetails = Received<typeof room>
/** A message in a room's or a conversation's history. */
export type Message = Received<typeof message>
/** A webhook that was registered through REST. */
export type Webhook = Received<typeof webhook>
/** An emoticon of the group, or one of HipChat's own. */
export type Emoticon = Received<typeof emoticon>
