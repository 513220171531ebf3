import { largest, longest } from '../../api/bounds.ts'
import { eventNames } from '../../api/events.ts'
import { operation } from '../../api/operation.ts'
import {
  array,
  boolean,
  integer,
  nullable,
  number,
  object,
  oneOf,
  optional,
  record,
  string,
  union,
} from '../../common/schema.ts'

/**
 * Operations for the administrator of this server, below `/admin`. HipChat had none of them, so they are not in the
 * table of its API, and the names are ours.
 */

const administrator = { tokens: ['user', 'personal'], scopes: ['admin_group'], limits: ['api'] } as const

const delivery = object({
  id: integer(),
  at: string({ description: 'ISO 8601' }),
  event: oneOf(eventNames),
  webhookId: integer(),
  oauthId: nullable(string()),
  roomId: integer(),
  url: string({ description: 'host and path' }),
  status: nullable(integer()),
  duration: number(),
  error: nullable(string()),
  replied: boolean(),
  notPosted: optional(
    string({ description: 'why the answer was not posted; absent when it was, or when there was none' }),
  ),
  redeliveryOf: nullable(integer()),
  request: nullable(
    object({ headers: record(), claims: nullable(record()), body: union(record(), string()) }),
  ),
  response: nullable(object({ headers: record(), body: string() })),
})

const apiCall = object({
  id: integer(),
  at: string({ description: 'ISO 8601' }),
  oauth_id: string(),
  method: string(),
  path: string({ description: 'below /v2, without query and tokens' }),
  operation: nullable(string()),
  status: integer(),
  duration: integer({ description: 'milliseconds' }),
  error: nullable(string({ description: 'message of a refused call' })),
})

const installationMembers = {
  oauthId: string(),
  key: string(),
  name: string(),
  roomId: nullable(integer()),
  status: oneOf(['pending', 'live']),
  scopes: array(string()),
  descriptor: string({ description: 'address of the descriptor, according to the add-on' }),
  created: string(),
  webhooks: integer(),
  lastDelivery: nullable(object({ id: integer(), at: string(), error: nullable(string()) })),
} as const

const installation = object(installationMembers)

/** Table of the operations below `/admin`. */
export const administration = {
  listDeliveries: operation({
    ...administrator,
    method: 'GET',
    path: '/deliveries',
    summary: 'Deliveries to add-ons, newest first.',
    query: {
      event: oneOf(eventNames),
      oauthId: string({ maxLength: longest.name }),
      webhookId: integer(),
      roomId: integer(),
      failed: boolean(),
      limit: integer({ minimum: 1, maximum: 200, default: 50 }),
    },
    result: { kind: 'json', status: 200, schema: object({ items: array(delivery) }) },
    paging: 'none',
  }),

  getDelivery: operation({
    ...administrator,
    method: 'GET',
    path: '/deliveries/{id}',
    summary: 'One delivery.',
    result: { kind: 'json', status: 200, schema: delivery },
    paging: 'none',
  }),

  redeliver: operation({
    ...administrator,
    method: 'POST',
    path: '/deliveries/{id}/redeliver',
    summary: 'Repeats a delivery with a new signature, and returns its outcome.',
    result: { kind: 'json', status: 201, schema: delivery },
    paging: 'none',
  }),

  listInstallations: operation({
    ...administrator,
    method: 'GET',
    path: '/installations',
    summary: 'Installations with their last delivery, oldest first, a thousand at a time.',
    query: {
      after: string({
        maxLength: longest.name,
        pattern: '^\\d{1,16}\\..+$',
        description: '`next` of the previous part',
      }),
    },
    result: {
      kind: 'json',
      status: 200,
      schema: object({
        items: array(installation),
        next: nullable(string({ description: 'for the next part; null at the end' })),
      }),
    },
    paging: 'none',
  }),

  getInstallation: operation({
    ...administrator,
    method: 'GET',
    path: '/installations/{oauthId}',
    summary: 'One installation, with the descriptor as it was approved.',
    result: {
      kind: 'json',
      status: 200,
      schema: object({ ...installationMembers, document: record({ description: 'the descriptor' }) }),
    },
    paging: 'none',
  }),

  listCalls: operation({
    ...administrator,
    method: 'GET',
    path: '/calls',
    summary: 'API calls of add-ons, newest first.',
    query: {
      oauthId: string({ maxLength: longest.name }),
      limit: integer({ minimum: 1, maximum: 500, default: 100 }),
    },
    result: { kind: 'json', status: 200, schema: object({ items: array(apiCall) }) },
    paging: 'none',
  }),

  getSecret: operation({
    ...administrator,
    method: 'GET',
    path: '/installations/{oauthId}/secret',
    summary:
      'The OAuth secret of an installation, for the author of the add-on: anyone who has it can act as the add-on.',
    result: { kind: 'json', status: 200, schema: object({ oauthSecret: string() }) },
    paging: 'none',
  }),

  trigger: operation({
    ...administrator,
    method: 'POST',
    path: '/trigger',
    summary: 'Triggers an event, and returns the deliveries it caused within half a minute.',
    body: {
      type: 'json',
      schema: object({
        event: oneOf(eventNames),
        room_id: optional(union(integer(), string({ minLength: 1, maxLength: longest.name }))),
        values: optional(
          record({
            maxJsonLength: largest.values,
            description: 'by event: `message`, `topic`, `name`, `user` and the like',
          }),
        ),
      }),
    },
    result: {
      kind: 'json',
      status: 201,
      schema: object({
        deliveries: array(delivery),
        waiting: integer({ description: 'number of deliveries that are not over yet' }),
      }),
    },
    paging: 'none',
  }),

  proposeInstallation: operation({
    method: 'POST',
    path: '/proposal',
    summary: 'What installing an add-on would do: the install page shows it for approval.',
    scopes: ['admin_group', 'admin_room'],
    tokens: ['user', 'personal'],
    limits: ['api'],
    body: {
      type: 'json',
      schema: object({
        url: string({ minLength: 1, maxLength: 65_536 }),
        room_id: optional(union(integer(), string({ maxLength: longest.name }))),
      }),
    },
    result: {
      kind: 'json',
      status: 200,
      schema: object({
        key: string(),
        name: string(),
        description: string(),
        vendor: nullable(string()),
        host: string({ description: 'of the descriptor' }),
        scopes: array(object({ id: string(), name: string(), description: string(), isNew: boolean() })),
        update: boolean({ description: 'whether it is already installed there' }),
        warnings: array(string(), {
          description: 'for an add-on that would be in the same room twice, and answer twice',
        }),
      }),
    },
    paging: 'none',
  }),
} as const
