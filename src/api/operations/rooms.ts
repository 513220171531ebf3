import {
  alwaysSent,
  boolean,
  integer,
  nullable,
  object,
  oneOf,
  optional,
  type Schema,
  string,
  union,
} from '../../common/schema.ts'
import { longest } from '../bounds.ts'
import { pageOf, room, roomReference, statistics } from '../objects.ts'
import { operation } from '../operation.ts'
import { expand, offset } from './query.ts'

/** The name of a room, unique in its group. */
export const roomName = string({ minLength: 1, maxLength: 50 })
/** The topic of a room; an empty one removes it. */
export const topic = string({ maxLength: 250 })
/** Who may enter a room: everyone in the group, or its members. */
export const privacies = ['public', 'private'] as const
const delegate_admin_visibility = nullable(boolean())

/** HipChat itself answered with `id` and `links`. */
const createdRoom = object({
  id: integer(),
  name: alwaysSent(string()),
  links: alwaysSent(object({ self: alwaysSent(string({ format: 'uri' })) })),
  entity: optional(room as Schema), // HipChat did not send it, so its type is not promised
})

export const getAllRooms = operation({
  method: 'GET',
  path: '/room',
  summary: 'List the rooms of the group, without archived rooms by default.',
  scopes: ['view_group', 'view_room'],
  tokens: ['addon_group', 'user', 'personal'],
  query: {
    ...offset,
    'include-private': boolean({ default: false, description: 'in HipChat the default was true: set it' }),
    'include-archived': boolean({ default: false }),
    expand,
  },
  result: { kind: 'json', status: 200, schema: pageOf(roomReference) },
  paging: 'offset',
  limits: ['api'],
})

export const createRoom = operation({
  method: 'POST',
  path: '/room',
  summary: 'Create a room.',
  scopes: ['manage_rooms'],
  tokens: ['addon_group', 'user', 'personal'],
  query: { expand },
  body: {
    type: 'json',
    schema: object({
      name: roomName,
      topic: optional(topic),
      guest_access: optional(boolean({ default: false })),
      privacy: optional(oneOf(privacies, { default: 'public' })),
      owner_user_id: optional(
        string({
          maxLength: longest.name,
          description: 'id, email address or @mention name; by default the calling user',
        }),
      ),
      delegate_admin_visibility: optional(delegate_admin_visibility),
    }),
    relaxations: ['number-id'],
  },
  result: { kind: 'json', status: 201, schema: createdRoom },
  paging: 'none',
  limits: ['api'],
})

export const getRoom = operation({
  method: 'GET',
  path: '/room/{id_or_name}',
  summary: 'Get one room with all details.',
  scopes: ['view_group', 'view_room'],
  tokens: ['addon_group', 'addon_room', 'user', 'personal'],
  ownRoom: 'id_or_name',
  query: { expand },
  result: { kind: 'json', status: 200, schema: room },
  paging: 'none',
  limits: ['api'],
})

export const updateRoom = operation({
  method: 'PUT',
  path: '/room/{id_or_name}',
  summary: 'Change a room; also archives and unarchives it. Absent members keep their values.',
  scopes: ['admin_room'],
  tokens: ['addon_group', 'user', 'personal'],
  body: {
    type: 'json',
    schema: object({
      name: optional(roomName),
      topic: optional(topic),
      privacy: optional(oneOf(privacies)),
      is_archived: optional(boolean()),
      is_guest_accessible: optional(boolean()),
      owner: optional(object({ id: union(string({ maxLength: longest.name }), integer()) })),
      delegate_admin_visibility: optional(delegate_admin_visibility),
    }),
  },
  result: { kind: 'empty', status: 204 },
  paging: 'none',
  limits: ['api'],
})

export const deleteRoom = operation({
  method: 'DELETE',
  path: '/room/{id_or_name}',
  summary: 'Delete a room and remove everybody from it.',
  scopes: ['manage_rooms'],
  tokens: ['addon_group', 'user', 'personal'],
  result: { kind: 'empty', status: 204 },
  paging: 'none',
  limits: ['api'],
})

export const setRoomTopic = operation({
  method: 'PUT',
  path: '/room/{id_or_name}/topic',
  summary: 'Change the topic of a room. To read it, get the room.',
  scopes: ['admin_room'],
  tokens: ['addon_group', 'addon_room', 'user', 'personal'],
  ownRoom: 'id_or_name',
  body: { type: 'json', schema: object({ topic }) },
  result: { kind: 'empty', status: 204 },
  paging: 'none',
  limits: ['api'],
})

export const getRoomStatistics = operation({
  method: 'GET',
  path: '/room/{id_or_name}/statistics',
  summary: 'Get the number of messages in a room and the time of the last one.',
  scopes: ['view_group', 'view_room'],
  tokens: ['addon_group', 'addon_room', 'user', 'personal'],
  ownRoom: 'id_or_name',
  result: { kind: 'json', status: 200, schema: statistics },
  paging: 'none',
  limits: ['api'],
})
