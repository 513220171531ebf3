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

/** What a new server begins with; ids in the order of the lists. The administrator is user 1. */
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
        /** Mention name; the administrator by default. */
        owner: optional(string()),
        /** Mention names of who may enter a private room. */
        members: optional(array(string())),
        /** Mention names of who is in the room from the start. */
        participants: optional(array(string())),
      }),
    ),
  ),
  /** Said in this order, before anybody listens. */
  messages: optional(
    array(
      closedObject({
        /** Name of a room of the seed. */
        room: string(),
        /** Mention name; the administrator by default. */
        from: optional(string()),
        message: string({ minLength: 1, maxLength: 10_000 }),
      }),
    ),
  ),
  /** Made as with a user's token: without signature, since there is no installation with a secret to sign by. */
  webhooks: optional(
    array(
      closedObject({
        url: string({ minLength: 1, maxLength: 2000 }),
        event: oneOf(eventNames),
        /** Name of a room of the seed; every room that the owner sees when absent. */
        room: optional(string()),
        pattern: optional(string({ maxLength: 1000 })),
        name: optional(string({ maxLength: 200 })),
        /** Mention name; the administrator by default. */
        owner: optional(string()),
      }),
    ),
  ),
  /** Installed once the server listens. */
  addons: optional(
    array(
      closedObject({
        /** Of the descriptor: http, https, or a `data:` URL. */
        url: string({ minLength: 1, maxLength: 65_536 }),
        /** Name of a room of the seed; the whole group when absent. */
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

export type Seed = Infer<typeof seedSchema>
