import { boolean, object, oneOf, optional } from '../../common/schema.ts'
import { message, pageOf } from '../objects.ts'
import { operation } from '../operation.ts'
import { sharedLink, text } from './messages.ts'
import { history, include_deleted, latestHistory, timezone } from './query.ts'

/** One-to-one messages between the calling user and the one in the path. */

export const sendPrivateMessage = operation({
  method: 'POST',
  path: '/user/{id_or_email}/message',
  summary: 'Send a one-to-one message as the calling user.',
  scopes: ['send_message'],
  tokens: ['user', 'personal'],
  body: {
    type: 'json',
    schema: object({
      message: text,
      notify: optional(boolean({ default: false })),
      message_format: optional(oneOf(['text', 'html'], { default: 'html' })),
    }),
    relaxations: ['text', 'boolean-text'],
  },
  result: { kind: 'empty', status: 204 },
  paging: 'none',
  limits: ['api', 'flood'],
})

export const viewPrivatechatHistory = operation({
  method: 'GET',
  path: '/user/{id_or_email}/history',
  summary: 'Page through what the calling user and another one wrote to each other, back from a date.',
  scopes: ['view_messages'],
  tokens: ['user', 'personal'],
  query: history,
  result: { kind: 'json', status: 200, schema: pageOf(message) },
  paging: 'offset',
  limits: ['api'],
})

export const viewRecentPrivatechatHistory = operation({
  method: 'GET',
  path: '/user/{id_or_email}/history/latest',
  summary: 'The newest one-to-one messages with a user, if wanted from a known one on.',
  scopes: ['view_messages'],
  tokens: ['user', 'personal'],
  query: latestHistory,
  result: { kind: 'json', status: 200, schema: pageOf(message) },
  paging: 'not-before',
  limits: ['api'],
})

export const getPrivatechatMessage = operation({
  method: 'GET',
  path: '/user/{id_or_email}/history/{message_id}',
  summary: 'One of the one-to-one messages with a user.',
  scopes: ['view_messages'],
  // HipChat's list of methods names add-ons here, and not for the two histories.
  tokens: ['addon_group', 'user', 'personal'],
  query: { timezone, include_deleted },
  result: { kind: 'json', status: 200, schema: message },
  paging: 'none',
  limits: ['api'],
})

export const shareLinkWithUser = operation({
  method: 'POST',
  path: '/user/{id_or_email}/share/link',
  summary: 'Send somebody a link as the calling user.',
  scopes: ['send_message'],
  tokens: ['user', 'personal'],
  body: { type: 'json', schema: sharedLink },
  result: { kind: 'empty', status: 204 },
  paging: 'none',
  limits: ['api', 'flood'],
})
