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
 * The ten webhook events and the contents of their deliveries (`webhooks.md`).
 *
 * Payloads varied by year, by edition and by the author of the test data: ids as strings, no `links`, no `version`, no
 * date, not even `event`. So only what a handler cannot do without is required; all of `src/testing/fixtures/webhooks`
 * are accepted. What we send ourselves is complete.
 */

const links = optional(object({ self: optional(string()) }))

const text = nullable(string())

/** The same schema with a description for the reference. */
const described = <T, R>(schema: Schema<T, R>, description: string): Schema<T, R> => ({
  ...schema,
  description,
})

const version = optional(string({ description: 'changes with each change of the object' }))

/** A person in a delivery. */
export const person = object({
  id: optional(id),
  name: optional(text),
  mention_name: optional(described(text, 'the name after the @')),
  version,
  links,
})

/** A person in a delivery. Any member may be missing. */
export type Person = Received<typeof person>

/** The OAuth client of an add-on, as the author of a topic change. */
export const oauthClient = object({
  id: optional(described(id, 'of the OAuth client; not a user id')),
  name: optional(text),
  allowed_scopes: array(string()),
  room: optional(described(nullable(record()), 'the room that it is limited to')),
  links,
})

/** The `sender` or `from` of a delivery: a person, an OAuth client, a display name, or `null`. */
export const sender = nullable(union(oauthClient, person, string()))

/** The room of a delivery. */
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

/** The room of a delivery. */
export type EventRoom = Received<typeof eventRoom>

/** The message of a delivery. */
export const eventMessage = object({
  id: optional(id),
  date: optional(string({ description: 'ISO 8601 with microseconds and offset' })),
  from: optional(sender),
  message: string({ description: 'the text as typed, mentions as @Name' }),
  mentions: optional(array(person, { description: 'the people mentioned' })),
  type: optional(string({ description: '`message` or `notification`' })),
  file: optional(nullable(file)),
  message_links: optional(
    array(record(), { description: 'addresses in the text, with details of their targets' }),
  ),
  color: optional(string({ description: 'of a notification' })),
  message_format: optional(string({ description: '`html` or `text`, of a notification' })),
  notification_sender: optional(
    described(
      nullable(object({ type: optional(string()), id: optional(id), client_id: optional(id) })),
      'the add-on that sent a notification: its key, and the id of its installation',
    ),
  ),
  card: optional(described(nullable(union(string(), record())), 'a card, as a JSON string or as an object')),
})

/** The message of a delivery: a message of a person, or a notification of an integration. */
export type EventMessage = Received<typeof eventMessage>

/** The file of a `room_file_upload` delivery. */
export const uploadedFile = object({
  name: string(),
  size: optional(number({ description: 'bytes' })),
  url: optional(string()),
  thumb_url: optional(described(text, 'address of a smaller version, if the file is a picture')),
})

const messageItem = object({ room: eventRoom, message: eventMessage })
const senderItem = object({ room: eventRoom, sender: optional(sender) })

interface Event<Item> {
  readonly item: Schema<unknown, Item>
  /** Whether a webhook may have a `pattern` that limits the deliveries. */
  readonly pattern: boolean
  readonly summary: string
}

const event = <Item>(entry: Event<Item>): Event<Item> => entry

/** The ten events by name. */
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

/** The name of an event, such as `room_message`. */
export type EventName = keyof typeof events

/** The names of the ten events. */
export const eventNames = Object.keys(events) as [EventName, ...EventName[]] // the keys of the literal above, nothing else

/** Whether a string is the name of one of the ten events. */
export const isEventName = (name: string): name is EventName => Object.hasOwn(events, name)

/** The type of a delivery's `item`. */
export type EventItem<E extends EventName> =
  (typeof events)[E]['item'] extends Schema<unknown, infer Item> ? Item : never

const envelopes = new Map<EventName, Schema>()

/**
 * The schema of a whole delivery of an event. `webhook_id` is an integer in real deliveries; bodies that real add-ons
 * accepted had neither `event` nor the id.
 */
export function deliveryBody<E extends EventName>(name: E): Schema<unknown, DeliveryBody<E>> {
  let schema = envelopes.get(name)
  if (!schema) {
    schema = object({
      event: optional(string()),
      webhook_id: optional(described(id, 'the server’s id of the webhook')),
      oauth_client_id: optional(described(text, 'the `oauthId` of the installation')),
      item: events[name].item as Schema, // one of ten types, of which the function's own type says which
    })
    envelopes.set(name, schema)
  }
  return schema as Schema<unknown, DeliveryBody<E>> // built above from the item of this event
}

/** The body of a delivery. */
export interface DeliveryBody<E extends EventName = EventName> {
  event?: string
  webhook_id?: number | string
  oauth_client_id?: string | null
  item: EventItem<E>
}

/** What a delivery says about the person or add-on that caused its event, in one of HipChat's forms. */
export function senderOf({ item }: DeliveryBody): unknown {
  const said: { message?: { from?: unknown }; sender?: unknown } = item
  return said.message ? said.message.from : said.sender
}
