import {
  alwaysSent,
  array,
  boolean,
  integer,
  nullable,
  object,
  optional,
  record,
  string,
} from '../../common/schema.ts'
import { longest, most } from '../bounds.ts'
import { pageOf, roomReference, user, userReference } from '../objects.ts'
import { operation } from '../operation.ts'
import { expand, offset, timezone } from './query.ts'

const name = string({ minLength: 1, maxLength: 50 })
const email = string({ minLength: 3, maxLength: 254, format: 'email' })
const title = string({ maxLength: 250 })
const mention_name = string({ minLength: 1, maxLength: 50 })
const roles = array(string({ maxLength: longest.name }), { maxItems: most.roles })

export const getAllUsers = operation({
  method: 'GET',
  path: '/user',
  summary: 'List the users of the group.',
  scopes: ['view_group'],
  tokens: ['addon_group', 'user', 'personal'],
  query: {
    ...offset,
    'include-guests': boolean({ default: false }),
    'include-deleted': boolean({ default: false }),
    expand,
  },
  result: { kind: 'json', status: 200, schema: pageOf(userReference) },
  paging: 'offset',
  limits: ['api'],
})

export const createUser = operation({
  method: 'POST',
  path: '/user',
  summary: 'Create a user, or restore a deleted user with the same email address.',
  scopes: ['admin_group'],
  tokens: ['addon_group', 'user', 'personal'],
  query: { expand },
  body: {
    type: 'json',
    schema: object({
      name,
      email,
      title: optional(title),
      mention_name: optional(
        string({ minLength: 1, maxLength: 50, description: 'by default derived from the name' }),
      ),
      is_group_admin: optional(boolean({ default: false })),
      timezone: optional(timezone),
      password: optional(
        string({
          minLength: 1,
          maxLength: longest.password,
          description:
            'neither blank nor with control characters; by default one is generated and returned, once',
        }),
      ),
      roles: optional(roles),
    }),
  },
  result: {
    kind: 'json',
    status: 201,
    schema: object({
      id: integer(),
      links: optional(object({ self: alwaysSent(string({ format: 'uri' })) })),
      entity: optional(user),
      password: optional(string()),
    }),
  },
  paging: 'none',
  limits: ['api'],
})

export const getUser = operation({
  method: 'GET',
  path: '/user/{id_or_email}',
  summary: 'Get one user with all details.',
  scopes: ['view_group'],
  tokens: ['addon_group', 'user', 'personal'],
  query: { expand },
  result: { kind: 'json', status: 200, schema: user },
  paging: 'none',
  limits: ['api'],
})

export const updateUser = operation({
  method: 'PUT',
  path: '/user/{id_or_email}',
  summary: 'Change a user. Absent members keep their values.',
  scopes: ['admin_group'],
  tokens: ['addon_group', 'user', 'personal'],
  body: {
    type: 'json',
    schema: object({
      name: optional(name),
      title: optional(title),
      mention_name: optional(mention_name),
      email: optional(email),
      is_group_admin: optional(boolean()),
      timezone: optional(string({ maxLength: longest.word })),
      password: optional(
        string({
          maxLength: longest.password,
          description: 'neither blank nor with control characters; empty: the one there is',
        }),
      ),
      roles: optional(roles),
      presence: optional(
        object({
          status: optional(
            nullable(
              string({ maxLength: longest.name, description: 'away, chat, dnd or xa; or any string' }),
            ),
          ),
          show: optional(
            nullable(
              string({
                maxLength: longest.name,
                description: 'the other one of the two: HipChat had the presence here',
              }),
            ),
          ),
        }),
      ),
    }),
  },
  result: { kind: 'empty', status: 204 },
  paging: 'none',
  limits: ['api'],
})

export const deleteUser = operation({
  method: 'DELETE',
  path: '/user/{id_or_email}',
  summary: 'Deactivate a user. They stay visible with `include-deleted`.',
  scopes: ['admin_group'],
  tokens: ['addon_group', 'user', 'personal'],
  result: { kind: 'empty', status: 204 },
  paging: 'none',
  limits: ['api'],
})

export const getAutoJoinRooms = operation({
  method: 'GET',
  path: '/user/{id_or_email}/preference/auto-join',
  summary: 'List the rooms that a user enters when they sign in.',
  scopes: ['view_group'],
  tokens: ['addon_group', 'user', 'personal'],
  query: { ...offset, expand },
  result: { kind: 'json', status: 200, schema: pageOf(roomReference) },
  paging: 'offset',
  limits: ['api'],
})

export const inviteUserToGroup = operation({
  method: 'POST',
  path: '/invite/user',
  summary: 'Invite somebody to the group, by email.',
  scopes: ['admin_group'],
  tokens: ['addon_group', 'user', 'personal'],
  body: { type: 'json', schema: object({ email, name, title: optional(title) }) },
  result: {
    kind: 'json',
    status: 200,
    schema: record({ description: 'HipChat did not publish the members' }),
  },
  paging: 'none',
  limits: ['api'],
})
