import {
  alwaysSent,
  array,
  boolean,
  type Infer,
  integer,
  nullable,
  object,
  oneOf,
  optional,
  record,
  type Schema,
  string,
  union,
} from '../common/schema.ts'
import { longest } from './bounds.ts'

/**
 * The objects in answers of HipChat's API. Only members that every recorded answer had are required, from 2014 to 2018
 * and from HipChat Server too (`rest-api.md` 6.3): some members came late (`version`, `privacy`), and readers must not
 * depend on them.
 *
 * The types named after the schemas describe the answers of this project's server; `src/client/answers.ts` describes
 * what a client may get.
 */

/** Ids are numbers on the wire; in data based on the documentation's samples they are strings. */
export const id = union(integer(), string({ maxLength: longest.name }))

const text = nullable(string())

const uri = string({ format: 'uri' })
const dateTime = string({ format: 'date-time' })

/** A user as part of another object or a list. */
export const userReference = object({
  id: integer(),
  name: string(),
  mention_name: optional(string()),
  version: optional(string()),
  links: optional(object({ self: alwaysSent(uri) })),
})

/** A user as part of another object or a list. */
export type UserReference = Infer<typeof userReference>

/** The presences of people who are not offline. */
export const shows = ['chat', 'away', 'xa', 'dnd'] as const

/** The presence of a user. */
export const presence = object({
  status: optional(nullable(oneOf(shows))),
  show: optional(text),
  status_text: optional(text),
  idle: optional(nullable(integer({ description: 'seconds' }))),
  is_online: optional(boolean()),
  client: optional(
    nullable(object({ type: optional(nullable(string())), version: optional(nullable(string())) })),
  ),
})

/** A user with all details. */
export const user = object({
  id: integer(),
  name: string(),
  mention_name: string(),
  version: optional(string()),
  email: optional(nullable(string({ format: 'email' }))),
  title: optional(text),
  presence: optional(nullable(presence)),
  xmpp_jid: optional(string()),
  is_group_admin: optional(boolean()),
  is_guest: optional(boolean()),
  is_deleted: optional(boolean()),
  timezone: optional(text),
  created: optional(dateTime),
  last_active: optional(nullable(dateTime)),
  photo_url: optional(nullable(uri)),
  roles: optional(array(string())),
  group: optional(
    object({ id: integer(), name: string(), links: optional(object({ self: alwaysSent(uri) })) }),
  ),
  links: optional(object({ self: alwaysSent(uri) })),
})

/** A user with all details. */
export type User = Infer<typeof user>

/** The roles of a private room's members. Administrators of a room have the same rights as its owner. */
export const roomRoles = ['room_member', 'room_admin'] as const

/** A member of a private room. */
export const roomMember = object({
  id: integer(),
  name: string(),
  mention_name: optional(string()),
  version: optional(string()),
  links: optional(object({ self: alwaysSent(uri) })),
  room_roles: optional(array(oneOf(roomRoles))),
})

/** A member of a private room. */
export type RoomMember = Infer<typeof roomMember>

const roomLinks = object({
  self: alwaysSent(uri),
  webhooks: optional(uri),
  participants: optional(uri),
  members: optional(string({ format: 'uri', description: 'private rooms only' })),
})

/** A room as part of another object or a list. */
export const roomReference = object({
  id: integer(),
  name: string(),
  privacy: optional(oneOf(['public', 'private'])),
  is_archived: optional(boolean()),
  version: optional(string()),
  links: optional(roomLinks),
})

/** A room as part of another object or a list. */
export type RoomReference = Infer<typeof roomReference>

/** A room's statistics. `last_active` was in ISO 8601 (hipchat/hipchat-rb's test data); the documentation says UNIX time. */
export const statistics = object({
  messages_sent: optional(integer()),
  last_active: optional(nullable(dateTime)),
  links: optional(object({ self: alwaysSent(uri) })),
})

/** A room's statistics. */
export type Statistics = Infer<typeof statistics>

/** A room with all details. */
export const room = object({
  id: integer(),
  name: string(),
  privacy: optional(oneOf(['public', 'private'])),
  is_archived: optional(boolean()),
  version: optional(string()),
  links: optional(roomLinks),
  xmpp_jid: optional(string()),
  topic: optional(string()),
  created: optional(dateTime),
  last_active: optional(nullable(dateTime)),
  is_guest_accessible: optional(boolean()),
  guest_access_url: optional(nullable(uri)),
  delegate_admin_visibility: optional(nullable(boolean())),
  avatar_url: optional(nullable(uri)),
  owner: optional(nullable(userReference)),
  participants: optional(array(userReference)),
  statistics: optional(statistics),
})

/** A room with all details. */
export type Room = Infer<typeof room>

/** A group with all details. */
export const group = object({
  id: integer(),
  name: string(),
  subdomain: optional(string()),
  domain: optional(nullable(string())),
  created: optional(dateTime),
  avatar_url: optional(nullable(uri)),
  owner: optional(nullable(userReference)),
  plan: optional(object({ id: optional(integer()), type: optional(string()) })),
  links: optional(object({ self: alwaysSent(uri) })),
})

/** A group with all details. */
export type Group = Infer<typeof group>

/** The sender of a message: a person, the label of an integration (`{name}` here, a bare string in real HipChat), or `null`. */
const messageSender = nullable(union(userReference, object({ name: string() }), string()))

/** A file attached to a message. */
export const file = object({
  name: alwaysSent(string()),
  size: optional(integer({ description: 'bytes' })),
  url: optional(uri),
  thumb_url: optional(nullable(uri)),
})

/** A message in a room's or a conversation's history. */
export const message = object({
  id: string(),
  date: alwaysSent(string({ format: 'date-time', description: 'ISO 8601 with microseconds and offset' })),
  from: messageSender,
  message: optional(string({ description: 'absent when the message was deleted' })),
  // Messages of 2014 had no type.
  type: alwaysSent(oneOf(['message', 'notification', 'guest_access', 'topic'])),
  mentions: optional(array(userReference)),
  color: optional(string()),
  message_format: optional(oneOf(['html', 'text'])),
  file: optional(nullable(file)),
  attach_to: optional(string()),
  card: optional(string({ description: 'a card as a JSON string' })),
  message_links: optional(array(record())),
  notification_sender: optional(record()),
})

/** A message in a room's or a conversation's history. */
export type Message = Infer<typeof message>

/** How a module's requests are authenticated: by a signed request (`jwt`) or not at all. */
export const authentication = ['none', 'jwt'] as const

/** An emoticon of the group, or one of HipChat's own. */
export const emoticon = object({
  id: integer(),
  shortcut: alwaysSent(string()),
  url: alwaysSent(uri),
  type: optional(oneOf(['group', 'global'])),
  width: optional(integer()),
  height: optional(integer()),
  audio: optional(array(record())),
  audio_path: optional(nullable(string())),
  creator: optional(nullable(userReference)),
  links: optional(object({ self: alwaysSent(uri) })),
})

/** An emoticon of the group, or one of HipChat's own. */
export type Emoticon = Infer<typeof emoticon>

/** One page of a collection; `links.next` is present while there are more pages. */
export interface Page<Item> {
  /** The items of this page. */
  items: Item[]
  /** How many items are on the pages before it. */
  startIndex?: number
  /** How many items a page has at most. */
  maxResults?: number
  /** Addresses of this page and its neighbours. */
  links?: { self?: string; prev?: string; next?: string }
}

/** The schema of a page of items. */
export const pageOf = <Item, Read>(item: Schema<Item, Read>): Schema<Page<Item>, Page<Read>> =>
  object({
    items: array(item),
    startIndex: optional(integer()),
    maxResults: optional(integer()),
    links: optional(object({ self: alwaysSent(uri), prev: optional(uri), next: optional(uri) })),
  })
