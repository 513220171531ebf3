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
 * The objects HipChat's API answers with. Required is only what every recorded answer had, from 2014 to 2018 and from
 * HipChat Server too (`rest-api.md` 6.3): members came late (`version`, `privacy`), and readers must not depend on them.
 *
 * The types named after the schemas are what this project's server answers; what a client may get is in
 * `src/client/answers.ts`.
 */

/** Ids are numbers on the wire; data that followed the documentation's samples has them as text. */
export const id = union(integer(), string({ maxLength: longest.name }))

const text = nullable(string())

const uri = string({ format: 'uri' })
const dateTime = string({ format: 'date-time' })

export const userReference = object({
  id: integer(),
  name: string(),
  mention_name: optional(string()),
  version: optional(string()),
  links: optional(object({ self: alwaysSent(uri) })),
})

export type UserReference = Infer<typeof userReference>

/** What people may be besides gone. */
export const shows = ['chat', 'away', 'xa', 'dnd'] as const

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

export type User = Infer<typeof user>

/** What a member of a private room may be there. Administrators of a room run it as its owner does. */
export const roomRoles = ['room_member', 'room_admin'] as const

export const roomMember = object({
  id: integer(),
  name: string(),
  mention_name: optional(string()),
  version: optional(string()),
  links: optional(object({ self: alwaysSent(uri) })),
  room_roles: optional(array(oneOf(roomRoles))),
})

export type RoomMember = Infer<typeof roomMember>

const roomLinks = object({
  self: alwaysSent(uri),
  webhooks: optional(uri),
  participants: optional(uri),
  members: optional(string({ format: 'uri', description: 'private rooms only' })),
})

export const roomReference = object({
  id: integer(),
  name: string(),
  privacy: optional(oneOf(['public', 'private'])),
  is_archived: optional(boolean()),
  version: optional(string()),
  links: optional(roomLinks),
})

export type RoomReference = Infer<typeof roomReference>

/** Counts of a room; `last_active` came as ISO 8601 (hipchat/hipchat-rb's test data), the documentation says UNIX time. */
export const statistics = object({
  messages_sent: optional(integer()),
  last_active: optional(nullable(dateTime)),
  links: optional(object({ self: alwaysSent(uri) })),
})

export type Statistics = Infer<typeof statistics>

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

export type Room = Infer<typeof room>

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

export type Group = Infer<typeof group>

/** Who a message is from: a person, the label of an integration (`{name}` here, a bare text in real HipChat), or nobody. */
export const messageSender = nullable(union(userReference, object({ name: string() }), string()))

export const file = object({
  name: alwaysSent(string()),
  size: optional(integer({ description: 'bytes' })),
  url: optional(uri),
  thumb_url: optional(nullable(uri)),
})

export const message = object({
  id: string(),
  date: alwaysSent(string({ format: 'date-time', description: 'ISO 8601 with microseconds and offset' })),
  from: messageSender,
  message: optional(string({ description: 'absent when the message was deleted' })),
  // Messages of 2014 had none.
  type: alwaysSent(oneOf(['message', 'notification', 'guest_access', 'topic'])),
  mentions: optional(array(userReference)),
  color: optional(string()),
  message_format: optional(oneOf(['html', 'text'])),
  file: optional(nullable(file)),
  attach_to: optional(string()),
  card: optional(string({ description: 'a card as JSON text' })),
  message_links: optional(array(record())),
  notification_sender: optional(record()),
})

export type Message = Infer<typeof message>

export const authentication = ['none', 'jwt'] as const

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

export type Emoticon = Infer<typeof emoticon>

/** One page of a collection; `links.next` is there while more follows. */
export interface Page<Item> {
  items: Item[]
  startIndex?: number
  maxResults?: number
  links?: { self?: string; prev?: string; next?: string }
}

export const pageOf = <Item, Read>(item: Schema<Item, Read>): Schema<Page<Item>, Page<Read>> =>
  object({
    items: array(item),
    startIndex: optional(integer()),
    maxResults: optional(integer()),
    links: optional(object({ self: alwaysSent(uri), prev: optional(uri), next: optional(uri) })),
  })
