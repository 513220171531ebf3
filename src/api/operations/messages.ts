import {
  alwaysSent,
  boolean,
  type Infer,
  nullable,
  object,
  oneOf,
  optional,
  string,
} from '../../common/schema.ts'
import { card } from '../card.ts'
import { filePart } from '../file-part.ts'
import { message, pageOf } from '../objects.ts'
import { operation } from '../operation.ts'
import { expand, history, include_deleted, latestHistory, timezone } from './query.ts'

/** The text of a message. */
export const text = string({ minLength: 1, maxLength: 10_000 })

/** The body of the two calls that share a link. */
export const sharedLink = object({
  link: string({ minLength: 1, maxLength: 2048, description: 'an absolute http or https address' }),
  message: optional(text),
})

/** The body of the two calls that share a file. Clients gave the parts these names. */
export const sharedFile = {
  type: 'multipart/related',
  schema: object({
    metadata: optional(
      object(
        { message: optional(nullable(string({ maxLength: 10_000 }))) },
        { description: '`{ message? }`: text to post with the file' },
      ),
    ),
    file: filePart,
  }),
} as const

/** The common part of all operations that post something as the calling user. */
export const saying = {
  method: 'POST',
  scopes: ['send_message'],
  tokens: ['user', 'personal'],
  result: { kind: 'empty', status: 204 },
  paging: 'none',
  limits: ['api', 'flood'],
} as const

/** The common part of all operations that read a page of a history. */
export const readingPage = {
  method: 'GET',
  scopes: ['view_messages'],
  result: { kind: 'json', status: 200, schema: pageOf(message) },
  limits: ['api'],
} as const

/** The common part of all operations that read a single message. */
export const readingMessage = {
  method: 'GET',
  scopes: ['view_messages'],
  query: { timezone, include_deleted },
  // The documentation shows the bare message, but three independent client libraries read `message`.
  result: { kind: 'json', status: 200, schema: message, member: 'message' },
  paging: 'none',
  limits: ['api'],
} as const

/** A room notification: the body of the call, and of a webhook's inline reply. */
export const notification = object({
  message: text,
  from: optional(string({ maxLength: 64, description: 'label next to the name of the sender' })),
  message_format: optional(oneOf(['html', 'text'], { default: 'html' })),
  color: optional(oneOf(['yellow', 'green', 'red', 'purple', 'gray', 'random'], { default: 'yellow' })),
  notify: optional(boolean({ default: false, description: 'whether clients play a sound' })),
  attach_to: optional(string({ maxLength: 36, description: 'id of a message of the same room' })),
  card: optional(nullable(card)),
})

/** A room notification in HipChat's own form. */
export type Notification = Infer<typeof notification>

export const sendRoomNotification = operation({
  method: 'POST',
  path: '/room/{id_or_name}/notification',
  summary: 'Post a notification into a room, optionally with a card.',
  scopes: ['send_notification'],
  tokens: ['addon_group', 'addon_room', 'user', 'personal', 'room_notification'],
  ownRoom: 'id_or_name',
  body: { type: 'json', schema: notification, relaxations: ['form', 'boolean-text'] },
  result: { kind: 'empty', status: 204 },
  paging: 'none',
  limits: ['api', 'flood'],
})

export const sendRoomMessage = operation({
  ...saying,
  path: '/room/{id_or_name}/message',
  summary: 'Post a message into a room as the calling user.',
  body: { type: 'json', schema: object({ message: text }) },
  result: {
    kind: 'json',
    status: 200,
    schema: object({ id: string(), timestamp: alwaysSent(string({ format: 'date-time' })) }),
  },
})

export const getRoomHistory = operation({
  ...readingPage,
  path: '/room/{id_or_name}/history',
  summary: "List a room's messages up to a date, page by page.",
  tokens: ['addon_group', 'addon_room', 'user', 'personal'],
  ownRoom: 'id_or_name',
  query: { ...history, expand },
  paging: 'offset',
})

export const getLatestRoomHistory = operation({
  ...readingPage,
  path: '/room/{id_or_name}/history/latest',
  summary: "List a room's newest messages, optionally from a known message on.",
  tokens: ['addon_group', 'addon_room', 'user', 'personal'],
  ownRoom: 'id_or_name',
  query: latestHistory,
  paging: 'not-before',
})

export const getRoomMessage = operation({
  ...readingMessage,
  path: '/room/{id_or_name}/history/{message_id}',
  summary: 'Get one message of a room. In the body of the answer it is the member `message`.',
  tokens: ['addon_group', 'addon_room', 'user', 'personal'],
  ownRoom: 'id_or_name',
})

export const replyToRoomMessage = operation({
  ...saying,
  path: '/room/{id_or_name}/reply',
  summary: 'Reply to a message in a room as the calling user.',
  body: {
    type: 'json',
    schema: object({
      parentMessageId: string({
        minLength: 1,
        maxLength: 100,
        description: 'id of a message of the same room',
      }),
      message: text,
    }),
    // hipchat/hipchat-rb
    aliases: { parent_message_id: 'parentMessageId' },
  },
})

export const shareLinkWithRoom = operation({
  ...saying,
  path: '/room/{id_or_name}/share/link',
  summary: 'Post a link into a room as the calling user.',
  body: { type: 'json', schema: sharedLink },
})

export const shareFileWithRoom = operation({
  ...saying,
  path: '/room/{id_or_name}/share/file',
  summary: 'Post a file into a room as the calling user.',
  body: sharedFile,
})
