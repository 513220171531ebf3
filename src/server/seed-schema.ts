import { eventNames } from '../api/events.ts'
import {
  array,
  boolean,
  closedObject,
  type Infer,
  integer,
  oneOf,
  optional,
  string,
} from '../common/schema.ts'

/** The content of a new server. Ids follow the order of the lists. The administrator is user 1. */
export const seedSchema = closedObject({
  group: optional(
    closedObject({
      id: optional(integer({ minimum: 1 })),
      name: string({ minLength: 1, maxLength: 50 }),
    }),
  ),
  users: optional(
    array(
      closedObject({
        name: string({ minLength: 1, maxLength: 50 }),
        mentionName: string({ minLength: 1, maxLength: 50, pattern: '^[\\p{L}\\p{N}_.-]+$' }),
        email: optional(string()),
        title: optional(string()),
        timezone: optional(string()),
        password: optional(string({ minLength: 1 })),
        isAdmin: optional(boolean()),
        isGuest: optional(boolean()),
      }),
    ),
  ),
  rooms: optional(
    array(
      closedObject({
        name: string({ minLength: 1, maxLength: 50 }),
        topic: optional(string({ maxLength: 250 })),
        privacy: optional(oneOf(['public', 'private'])),
        /** Mention name. Default: the administrator. */
        owner: optional(string()),
        /** Mention names of the people who may enter a private room. */
        members: optional(array(string())),
        /** Mention names of the people who are in the room from the start. */
        participants: optional(array(string())),
      }),
    ),
  ),
  /** Sent in this order, before any webhook exists. */
  messages: optional(
    array(
      closedObject({
        /** Name of a room in the seed. */
        room: string(),
        /** Mention name. Default: the administrator. */
        from: optional(string()),
        message: string({ minLength: 1, maxLength: 10_000 }),
      }),
    ),
  ),
  /**
   * Created as with a user's token: their deliveries are not signed, since no installation has a secret to sign
   * with.
   */
  webhooks: optional(
    array(
      closedObject({
        url: string({ minLength: 1, maxLength: 2000 }),
        event: oneOf(eventNames),
        /** Name of a room in the seed. Default: every room that the owner can see. */
        room: optional(string()),
        pattern: optional(string({ maxLength: 1000 })),
        name: optional(string({ maxLength: 200 })),
        /** Mention name. Default: the administrator. */
        owner: optional(string()),
      }),
    ),
  ),
  /** Installed once the server is listening. */
  addons: optional(
    array(
      closedObject({
        /** Address of the descriptor: http, https, or a `data:` URL. */
        url: string({ minLength: 1, maxLength: 65_536 }),
        /** Name of a room in the seed. Default: the whole group. */
        room: optional(string()),
      }),
    ),
  ),
  emoticons: optional(
    array(
      closedObject({
        shortcut: string({ minLength: 1, maxLength: 50 }),
        url: string({ minLength: 1 }),
        type: optional(oneOf(['group', 'global'])),
        width: optional(integer()),
        height: optional(integer()),
      }),
    ),
  ),
})

/** Content of a new server; see {@link seedSchema}. */
export type Seed = Infer<typeof seedSchema>
