import { boolean, object, oneOf, optional } from '../../common/schema.ts'
import { operation } from '../operation.ts'
import { readingMessage, readingPage, saying, sharedFile, sharedLink, text } from './messages.ts'
import { history, latestHistory } from './query.ts'

/** One-to-one messages between the calling user and the user in the path. */

export const sendPrivateMessage = operation({
  ...saying,
  path: '/user/{id_or_email}/message',
  summary: 'Send a one-to-one message as the calling user.',
  body: {
    type: 'json',
    schema: object({
      message: text,
      notify: optional(boolean({ default: false })),
      message_format: optional(oneOf(['text', 'html'], { default: 'html' })),
    }),
    relaxations: ['text', 'boolean-text'],
  },
})

export const viewPrivatechatHistory = operation({
  ...readingPage,
  path: '/user/{id_or_email}/history',
  summary: 'List the messages between the calling user and another user up to a date, page by page.',
  tokens: ['user', 'personal'],
  query: history,
  paging: 'offset',
})

export const viewRecentPrivatechatHistory = operation({
  ...readingPage,
  path: '/user/{id_or_email}/history/latest',
  summary: 'List the newest one-to-one messages with a user, optionally from a known message on.',
  tokens: ['user', 'personal'],
  query: latestHistory,
  paging: 'not-before',
})

export const getPrivatechatMessage = operation({
  ...readingMessage,
  path: '/user/{id_or_email}/history/{message_id}',
  summary:
    'Get one of the one-to-one messages with a user. In the body of the answer it is the member `message`.',
  // HipChat's list of methods names add-ons here, but not for the two histories.
  tokens: ['addon_group', 'user', 'personal'],
})

export const shareLinkWithUser = operation({
  ...saying,
  path: '/user/{id_or_email}/share/link',
  summary: 'Send somebody a link as the calling user.',
  body: { type: 'json', schema: sharedLink },
})

export const shareFileWithUser = operation({
  ...saying,
  path: '/user/{id_or_email}/share/file',
  summary: 'Send somebody a file as the calling user.',
  body: sharedFile,
})
