import { array, boolean, nullable, object, oneOf, optional, string } from '../../common/schema.ts'
import { pageOf, user, userReference } from '../objects.ts'
import { operation } from '../operation.ts'
import { expand, offset } from './query.ts'

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

export const getUser = operation({
  method: 'GET',
  path: '/user/{id_or_email}',
  summary: 'Everything about one user.',
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
  summary: 'Change a user. What is left out stays.',
  scopes: ['admin_group'],
  tokens: ['addon_group', 'user', 'personal'],
  body: {
    type: 'json',
    schema: object({
      name: optional(string({ minLength: 1, maxLength: 50 })),
      title: optional(string({ maxLength: 250 })),
      mention_name: optional(string({ minLength: 1, maxLength: 50 })),
      email: optional(string({ minLength: 3, maxLength: 254 })),
      is_group_admin: optional(boolean()),
      timezone: optional(string()),
      password: optional(string()),
      roles: optional(array(string())),
      presence: optional(
        object({
          status: optional(nullable(string())),
          show: optional(oneOf(['away', 'chat', 'dnd', 'xa'])),
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
  summary: 'Deactivate a user. He stays visible with `include-deleted`.',
  scopes: ['admin_group'],
  tokens: ['addon_group', 'user', 'personal'],
  result: { kind: 'empty', status: 204 },
  paging: 'none',
  limits: ['api'],
})
