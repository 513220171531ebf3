import { boolean, object, oneOf, optional } from '../../common/schema.ts'
import { operation } from '../operation.ts'
import { readingMessage, readingPage, saying, sharedFile, sharedLink, text } from './messages.ts'
import { history, latestHistory } from './query.ts'

/** One-to-one messages between the calling user and the one in the path. */

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
  summary: 'Page through what the calling user and another one wrote to each other, back from a date.',
  tokens: ['user', 'personal'],
  query: history,
  paging: 'offset',
})

export const viewRecentPrivatechatHistory = operation({
  ...readingPage,
  path: '/user/{id_or_email}/history/latest',
  summary: 'The newest one-to-one messages with a user, if wanted from a known one on.',
  tokens: ['user', 'personal'],
  query: latestHistory,
  paging: 'not-before',
})

export const getPrivatechatMessage = operation({
  ...readingMessage,
  path: '/user/{id_or_email}/history/{message_id}',
  summary:
    'One of the one-to-one messages with a user; in the body of the answer it is the member `message`.',
  // HipChat's list of methods names add-ons here, and not for the two histories.
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
