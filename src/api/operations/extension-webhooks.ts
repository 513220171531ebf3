import { alwaysSent, nullable, object, oneOf, optional, string } from '../../common/schema.ts'
import { authentication, id } from '../objects.ts'
import { operation } from '../operation.ts'
import { namedWebhook } from '../webhook.ts'
import { webhookMembers } from './webhooks.ts'

/**
 * Webhooks by the key that the add-on gave them: HipChat's later form, in which a repeated call does not create another
 * webhook. Only add-ons have such keys.
 */

const body = {
  type: 'json',
  schema: object({
    ...webhookMembers,
    authentication: optional(oneOf(authentication, { default: 'none' })),
  }),
} as const

export const getRoomExtensionWebhook = operation({
  method: 'GET',
  path: '/room/{id_or_name}/extension/webhook/{key}',
  summary: "Get the add-on's webhook with a key in a room.",
  scopes: ['admin_room'],
  tokens: ['addon_group', 'addon_room'],
  ownRoom: 'id_or_name',
  result: { kind: 'json', status: 200, schema: namedWebhook },
  paging: 'none',
  limits: ['api'],
})

export const createRoomExtensionWebhook = operation({
  method: 'PUT',
  path: '/room/{id_or_name}/extension/webhook/{key}',
  summary: 'Register a webhook on a room under a key. Replaces a webhook that has the key.',
  scopes: ['admin_room'],
  tokens: ['addon_group', 'addon_room'],
  ownRoom: 'id_or_name',
  body,
  result: {
    kind: 'json',
    status: 201,
    // HipChat did not publish the other members.
    schema: object({
      id,
      key: optional(nullable(string())),
      links: optional(object({ self: alwaysSent(string({ format: 'uri' })) })),
    }),
  },
  paging: 'none',
  limits: ['api'],
})

export const deleteRoomExtensionWebhook = operation({
  method: 'DELETE',
  path: '/room/{id_or_name}/extension/webhook/{key}',
  summary: 'Remove a webhook from a room by its key.',
  scopes: ['admin_room'],
  tokens: ['addon_group', 'addon_room'],
  ownRoom: 'id_or_name',
  result: { kind: 'empty', status: 204 },
  paging: 'none',
  limits: ['api'],
})

export const getGlobalWebhook = operation({
  method: 'GET',
  path: '/extension/webhook/{key}',
  summary: "Get the add-on's webhook with a key for all rooms.",
  scopes: ['admin_group'],
  tokens: ['addon_group'],
  result: { kind: 'json', status: 200, schema: namedWebhook },
  paging: 'none',
  limits: ['api'],
})

export const createGlobalWebhook = operation({
  method: 'PUT',
  path: '/extension/webhook/{key}',
  summary: 'Register a webhook for all rooms under a key. Replaces a webhook that has the key.',
  scopes: ['admin_group'],
  tokens: ['addon_group'],
  body,
  result: { kind: 'empty', status: 201 },
  paging: 'none',
  limits: ['api'],
})

export const deleteGlobalWebhook = operation({
  method: 'DELETE',
  path: '/extension/webhook/{key}',
  summary: 'Remove a webhook for all rooms by its key.',
  scopes: ['admin_group'],
  tokens: ['addon_group'],
  result: { kind: 'empty', status: 204 },
  paging: 'none',
  limits: ['api'],
})
