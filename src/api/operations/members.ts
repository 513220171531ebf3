import { array, boolean, object, oneOf, optional, string } from '../../common/schema.ts'
import { most } from '../bounds.ts'
import { pageOf, roomMember, roomRoles, userReference } from '../objects.ts'
import { operation } from '../operation.ts'
import { expand, offset } from './query.ts'

/** Who is in a room, and who may be. */

export const getAllRoomParticipants = operation({
  method: 'GET',
  path: '/room/{id_or_name}/participant',
  summary: 'List who is in a room now.',
  scopes: ['view_room'],
  tokens: ['addon_group', 'addon_room', 'user', 'personal'],
  ownRoom: 'id_or_name',
  query: {
    ...offset,
    'include-offline': boolean({
      default: false,
      description: 'members who are elsewhere too; private rooms only',
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
  summary: 'List who may enter a private room.',
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
  summary: 'Let somebody into a private room, or change what he is there.',
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
          description: 'a new member is a `room_member`; one who is there already stays what he is',
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
  summary: 'Take the right to enter a private room from somebody; he leaves it if he is there.',
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
