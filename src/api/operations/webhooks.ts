import { object, oneOf, optional, string } from '../../common/schema.ts'
import { eventNames } from '../events.ts'
import { authentication, pageOf } from '../objects.ts'
import { operation } from '../operation.ts'
import { defaultAuthentication, namedWebhook, webhook } from '../webhook.ts'
import { offset } from './query.ts'

/** The body members of all operations that register a webhook. */
export const webhookMembers = {
  url: string({ minLength: 1, maxLength: 2048, format: 'uri' }),
  event: oneOf(eventNames),
  pattern: optional(string({ maxLength: 1000, description: 'regular expression; message events only' })),
  name: optional(string({ maxLength: 255 })),
} as const

const deprecated = 'PUT, GET and DELETE on /room/{id_or_name}/extension/webhook/{key}'

export const getAllRoomWebhooks = operation({
  method: 'GET',
  path: '/room/{id_or_name}/webhook',
  summary: "List the caller's webhooks on a room.",
  scopes: ['admin_room'],
  tokens: ['addon_group', 'addon_room', 'user', 'personal'],
  ownRoom: 'id_or_name',
  query: { ...offset },
  result: { kind: 'json', status: 200, schema: pageOf(webhook) },
  paging: 'offset',
  limits: ['api'],
})

export const createRoomWebhook = operation({
  method: 'POST',
  path: '/room/{id_or_name}/webhook',
  summary: 'Register a webhook on a room. The server assigns its id.',
  scopes: ['admin_room'],
  tokens: ['addon_group', 'addon_room', 'user', 'personal'],
  ownRoom: 'id_or_name',
  body: {
    type: 'json',
    schema: object({
      ...webhookMembers,
      authentication: optional(
        oneOf(authentication, {
          default: defaultAuthentication,
          description: 'only `none` for a webhook created with a user’s token',
        }),
      ),
      key: optional(string({ minLength: 1, maxLength: 40 })),
    }),
  },
  result: { kind: 'json', status: 201, schema: webhook },
  paging: 'none',
  limits: ['api'],
  deprecated,
})

export const getRoomWebhook = operation({
  method: 'GET',
  path: '/room/{id_or_name}/webhook/{webhook_id}',
  summary: 'Get one webhook by its id.',
  scopes: ['admin_room'],
  tokens: ['addon_group', 'addon_room', 'user', 'personal'],
  ownRoom: 'id_or_name',
  result: { kind: 'json', status: 200, schema: namedWebhook },
  paging: 'none',
  limits: ['api'],
  deprecated,
})

export const deleteRoomWebhook = operation({
  method: 'DELETE',
  path: '/room/{id_or_name}/webhook/{webhook_id}',
  summary: 'Remove a webhook by its id.',
  scopes: ['admin_room'],
  tokens: ['addon_group', 'addon_room', 'user', 'personal'],
  ownRoom: 'id_or_name',
  result: { kind: 'empty', status: 204 },
  paging: 'none',
  limits: ['api'],
  deprecated,
})
