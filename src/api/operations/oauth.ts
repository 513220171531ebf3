import { integer, object, oneOf, optional, string } from '../../common/schema.ts'
import { operation } from '../operation.ts'

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
      description: 'separated by blanks; a part of what the client is allowed; all of it when absent',
    }),
  ),
  username: optional(string()),
  password: optional(string()),
  code: optional(string()),
  redirect_uri: optional(string()),
  refresh_token: optional(string()),
  user_id: optional(string()),
  group_id: optional(string()),
  client_name: optional(string()),
})

const tokenAnswer = object({
  access_token: string({ minLength: 1 }),
  token_type: oneOf(['bearer']),
  expires_in: integer({ description: 'seconds' }),
  scope: string({ description: 'granted scopes, separated by blanks' }),
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
