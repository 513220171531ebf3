import { alwaysSent, array, integer, nullable, object, oneOf, optional, string } from '../../common/schema.ts'
import { longest } from '../bounds.ts'
import { id, roomReference, userReference } from '../objects.ts'
import { operation } from '../operation.ts'

const name = string({ maxLength: longest.name })

const tokenRequest = object({
  grant_type: oneOf([
    'client_credentials',
    'authorization_code',
    'password',
    'refresh_token',
    'personal',
    'room_notification',
  ]),
  scope: optional(
    string({
      maxLength: longest.line,
      description: 'scopes, separated by spaces; by default all that the client may have',
    }),
  ),
  username: optional(name),
  password: optional(string({ maxLength: longest.password })),
  code: optional(string({ maxLength: longest.token })),
  redirect_uri: optional(string({ maxLength: longest.address })),
  refresh_token: optional(string({ maxLength: longest.token })),
  room_id: optional(
    string({ maxLength: longest.name, description: 'id or name of the room for a notification token' }),
  ),
  user_id: optional(name),
  group_id: optional(name),
  client_name: optional(name),
})

const tokenAnswer = object({
  access_token: string({ minLength: 1 }),
  token_type: alwaysSent(oneOf(['bearer'])),
  expires_in: alwaysSent(integer({ description: 'seconds' })),
  scope: alwaysSent(string({ description: 'granted scopes, separated by spaces' })),
  group_id: optional(integer()),
  group_name: optional(string()),
  refresh_token: optional(string()),
})

export const generateToken = operation({
  method: 'POST',
  path: '/oauth/token',
  summary: 'Exchange credentials for an access token.',
  scopes: [],
  tokens: ['basic'],
  body: {
    type: 'form',
    schema: tokenRequest,
    relaxations: ['json', 'list-text', 'number-id'],
    aliases: { redirect_url: 'redirect_uri' },
  },
  result: { kind: 'json', status: 200, schema: tokenAnswer },
  paging: 'none',
  limits: ['api'],
})

const session = object({
  access_token: alwaysSent(string()),
  expires_in: optional(
    nullable(integer({ description: 'seconds; absent for a token that does not expire' })),
  ),
  scopes: alwaysSent(array(string())),
  // hipchat/hipchat-rb reads `client.room` for every kind of token: null unless the token is limited to a room.
  client: optional(
    nullable(
      object({
        id: optional(id),
        name: optional(nullable(string())),
        allowed_scopes: optional(array(string())),
        room: optional(nullable(roomReference)),
        links: optional(object({ self: alwaysSent(string({ format: 'uri' })) })),
      }),
    ),
  ),
  owner: optional(nullable(userReference)),
  owner_type: optional(nullable(string())),
  links: optional(object({ self: alwaysSent(string({ format: 'uri' })) })),
})

export const getSession = operation({
  method: 'GET',
  path: '/oauth/token/{access_token}',
  summary: "Get the scopes, the room and the owner of the caller's own access token.",
  scopes: [],
  tokens: ['addon_group', 'addon_room', 'user', 'personal', 'room_notification'],
  result: { kind: 'json', status: 200, schema: session },
  paging: 'none',
  limits: ['api'],
})

export const deleteSession = operation({
  method: 'DELETE',
  path: '/oauth/token/{access_token}',
  summary: "Revoke the caller's own access token.",
  scopes: [],
  tokens: ['addon_group', 'addon_room', 'user', 'personal', 'room_notification'],
  result: { kind: 'empty', status: 204 },
  paging: 'none',
  limits: ['api'],
})
