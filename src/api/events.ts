import {
  array,
  boolean,
  nullable,
  number,
  object,
  optional,
  type Received,
  record,
  type Schema,
  string,
  union,
} from '../common/schema.ts'
import { file, id } from './objects.ts'

/**
 * The ten webhook events and what their deliveries carry (`webhooks.md`).
 *
 * Payloads varied by year, by edition and by whoever wrote the test data: ids as text, no `links`, no `version`, no
 * date, not even `event`. So nothing is required but what a handler cannot do without; `src/testing/fixtures/webhooks` are all
 * accepted. What we send ourselves is complete.
 */

const links = optional(object({ self: optional(string()) }))

const text = nullable(string())

/** The same schema, with what is to be read of it in the reference. */
const described = <T, R>(schema: Schema<T, R>, description: string): Schema<T, R> => ({
  ...schema,
  description,
})

const version = optional(string({ description: 'changes with it' }))

/** A person in a delivery. */
export const person = object({
  id: optional(id),
  name: optional(text),
  mention_name: optional(described(text, 'what stands behind the @')),
  version,
  links,
})

export type Person = Received<typeof person>

/** An add-on's token as the author of a topic change. */
export const oauthClient = object({
  id: optional(described(id, 'of the OAuth client, and nobody’s user id')),
  name: optional(text),
  allowed_scopes: array(string()),
  room: optional(described(nullable(record()), 'the one room it is for')),
  links,
})

/** `sender` and `from`: a person, an OAuth client, a display name, or nobody. */
export const sender = nullable(union(oauthClient, person, string()))

export const eventRoom = object({
  id,
  name: optional(string()),
  is_archived: optional(boolean()),
  privacy: optional(string({ description: '`public` or `private`' })),
  version,
  links: optional(
    object({
      self: optional(string()),
      webhooks: optional(string()),
      participants: optional(string()),
      members: optional(string()),
    }),
  ),
})

export type EventRoom = Received<typeof eventRoom>

export const eventMessage = object({
  id: optional(id),
  date: optional(string({ description: 'ISO 8601 with microseconds and offset' })),
  from: optional(sender),
  message: string({ description: 'the text as typed, mentions as @Name' }),
  mentions: optional(array(person, { description: 'who is mentioned' })),
  type: optional(string({ description: '`message` or `notification`' })),
  file: optional(nullable(file)),
  message_links: optional(
    array(record(), { description: 'addresses in the text, with what is behind them' }),
  ),
  color: optional(string({ description: 'of a notification' })),
  message_format: optional(string({ description: '`html` or `text`, of a notification' })),
  notification_sender: optional(
    described(
      nullable(object({ type: optional(string()), id: optional(id), client_id: optional(id) })),
      'the add-on that a notification is from: its key, and the id of its installation',
    ),
  ),
  card: optional(described(nullable(union(string(), record())), 'a card, as JSON text or as an object')),
})

export type EventMessage = Received<typeof eventMessage>

export const uploadedFile = object({
  name: string(),
  size: optional(number({ description: 'bytes' })),
  url: optional(string()),
  thumb_url: optional(described(text, 'of a smaller picture of it, if it is one')),
})

const messageItem = object({ room: eventRoom, message: eventMessage })
const senderItem = object({ room: eventRoom, sender: optional(sender) })

interface Event<Item> {
  readonly item: Schema<unknown, Item>
  /** Whether a `pattern` may restrict the deliveries. */
  readonly pattern: boolean
  readonly summary: string
}

const event = <Item>(entry: Event<Item>): Event<Item> => entry

export const events = {
  room_message: event({ item: messageItem, pattern: true, summary: 'somebody posts a message' }),
  room_notification: event({
    item: messageItem,
    pattern: true,
    summary: 'an integration posts a notification',
  }),
  room_enter: event({ item: senderItem, pattern: false, summary: 'somebody enters the room' }),
  room_exit: event({ item: senderItem, pattern: false, summary: 'somebody leaves the room' }),
  room_topic_change: event({
    item: object({ room: eventRoom, sender: optional(sender), topic: string({ default: '' }) }),
    pattern: false,
    summary: 'the topic changes',
  }),
  room_file_upload: event({
    item: object({ room: eventRoom, sender: optional(sender), file: uploadedFile }),
    pattern: false,
    summary: 'a file is shared',
  }),
  room_archived: event({ item: senderItem, pattern: false, summary: 'the room is archived' }),
  room_unarchived: event({
    item: senderItem,
    pattern: false,
    summary: 'the room is taken out of the archive',
  }),
  room_created: event({ item: senderItem, pattern: false, summary: 'a room is created' }),
  room_deleted: event({ item: senderItem, pattern: false, summary: 'a room is deleted' }),
} as const

export type EventName = keyof typeof events

export const eventNames = Object.keys(events) as EventName[] // the keys of the literal above, nothing else

export const isEventName = (text: string): text is EventName => Object.hasOwn(events, text)

/** What a delivery of the event carries under `item`. */
export type EventItem<E extends EventName> =
  (typeof events)[E]['item'] extends Schema<unknown, infer Item> ? Item : never

const envelopes = new Map<EventName, Schema>()

/**
 * The whole delivery of one event. `webhook_id` is an integer in real deliveries; `event` and the id were missing in
 * bodies that real add-ons accepted.
 */
export function delivery<E extends EventName>(name: E): Schema<unknown, Delivery<E>> {
  let schema = envelopes.get(name)
  if (!schema) {
    schema = object({
      event: optional(string()),
      webhook_id: optional(described(id, 'the server’s number of the webhook')),
      oauth_client_id: optional(described(text, 'the `oauthId` of the installation')),
      item: events[name].item as Schema,
    })
    envelopes.set(name, schema)
  }
  return schema as Schema<unknown, Delivery<E>> // built just above from the item of this very event
}

export interface Delivery<E extends EventName = EventName> {
  event?: string
  webhook_id?: number | string
  oauth_client_id?: string | null
  item: EventItem<E>
}
