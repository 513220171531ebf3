import { array, boolean, object, oneOf, optional, string } from '../../common/schema.ts'
import { most } from '../bounds.ts'
import { pageOf, roomMember, roomRoles, userReference } from '../objects.ts'
import { operation } from '../operation.ts'
import { expand, offset } from './query.ts'

/** The people who are in a room, and those who may enter it. */

export const getAllRoomParticipants = operation({
  method: 'GET',
  path: '/room/{id_or_name}/participant',
  summary: 'List the people who are in a room now.',
  scopes: ['view_room'],
  tokens: ['addon_group', 'addon_room', 'user', 'personal'],
  ownRoom: 'id_or_name',
  query: {
    ...offset,
    'include-offline': boolean({
      default: false,
      description: 'also members who are not in the room; private rooms only',
    }),
    expand,
  },
  result: { kind: 'json', status: 200, schema: pageOf(userReference) },
  paging: 'offset',
  limits: ['api'],
})

export const getAllRoomMembers = operation({
  method: 'GET',
  path: '/room/{id_or_name}/member',
  summary: 'List the people who may enter a private room.',
  scopes: ['view_room'],
  tokens: ['addon_group', 'addon_room', 'user', 'personal'],
  ownRoom: 'id_or_name',
  query: { ...offset, expand },
  result: { kind: 'json', status: 200, schema: pageOf(roomMember) },
  paging: 'offset',
  limits: ['api'],
})

export const addRoomMember = operation({
  method: 'PUT',
  path: '/room/{id_or_name}/member/{id_or_email}',
  summary: 'Add a member to a private room, or change a member’s roles.',
  scopes: ['admin_room'],
  tokens: ['addon_group', 'addon_room', 'user', 'personal'],
  ownRoom: 'id_or_name',
  body: {
    type: 'json',
    optional: true,
    schema: object({
      room_roles: optional(
        array(oneOf(roomRoles), {
          maxItems: most.roles,
          description: 'default: `room_member` for a new member; the present roles for others',
        }),
      ),
    }),
    // tbruyelle/hipchat-go
    aliases: { roles: 'room_roles' },
  },
  result: { kind: 'empty', status: 204 },
  paging: 'none',
  limits: ['api'],
})

export const removeRoomMember = operation({
  method: 'DELETE',
  path: '/room/{id_or_name}/member/{id_or_email}',
  summary: 'Remove a member from a private room. They leave the room if they are in it.',
  scopes: ['admin_room'],
  tokens: ['addon_group', 'addon_room', 'user', 'personal'],
  ownRoom: 'id_or_name',
  result: { kind: 'empty', status: 204 },
  paging: 'none',
  limits: ['api'],
})

export const inviteUserToRoom = operation({
  method: 'POST',
  path: '/room/{id_or_name}/invite/{id_or_email}',
  summary: 'Invite somebody to a public room, as the calling user.',
  scopes: ['admin_room'],
  tokens: ['user', 'personal'],
  body: {
    type: 'json',
    optional: true,
    schema: object({ reason: optional(string({ minLength: 1, maxLength: 250 })) }),
  },
  result: { kind: 'empty', status: 204 },
  paging: 'none',
  limits: ['api'],
})
