import { object, string } from '../../common/schema.ts'
import { longest } from '../bounds.ts'
import { operation } from '../operation.ts'

/** Pictures of rooms, users and the group. They are uploaded in base64; to read one, the answer redirects to its address. */

const picture = string({
  minLength: 1,
  maxLength: longest.picture,
  description: 'JPEG, PNG or GIF in base64, or as a data: URL',
})

const found = {
  method: 'GET',
  result: { kind: 'redirect', status: 302 },
  paging: 'none',
  limits: ['api'],
} as const

const given = {
  method: 'PUT',
  result: { kind: 'empty', status: 204 },
  paging: 'none',
  limits: ['api'],
} as const

const taken = { ...given, method: 'DELETE' } as const

export const getRoomAvatar = operation({
  ...found,
  path: '/room/{id_or_name}/avatar',
  summary: 'Get the address of a room’s picture.',
  scopes: ['view_group', 'view_room'],
  tokens: ['addon_group', 'addon_room', 'user', 'personal'],
  ownRoom: 'id_or_name',
})

export const updateRoomAvatar = operation({
  ...given,
  path: '/room/{id_or_name}/avatar',
  summary: 'Set the picture of a room.',
  scopes: ['admin_room'],
  tokens: ['addon_group', 'addon_room', 'user', 'personal'],
  ownRoom: 'id_or_name',
  body: { type: 'json', schema: object({ avatar: picture }) },
})

export const deleteRoomAvatar = operation({
  ...taken,
  path: '/room/{id_or_name}/avatar',
  summary: 'Remove the picture of a room.',
  scopes: ['admin_room'],
  tokens: ['addon_group', 'addon_room', 'user', 'personal'],
  ownRoom: 'id_or_name',
})

export const getUserPhoto = operation({
  ...found,
  path: '/user/{id_or_email}/photo/{size}',
  summary: 'Get the address of a user’s picture.',
  scopes: ['view_group'],
  tokens: ['addon_group', 'user', 'personal'],
})

export const updateUserPhoto = operation({
  ...given,
  path: '/user/{id_or_email}/photo',
  summary: 'Set the picture of a user.',
  scopes: ['admin_group'],
  tokens: ['addon_group', 'user', 'personal'],
  body: { type: 'json', schema: object({ photo: picture }) },
})

export const deleteUserPhoto = operation({
  ...taken,
  path: '/user/{id_or_email}/photo',
  summary: 'Remove the picture of a user.',
  scopes: ['admin_group'],
  tokens: ['addon_group', 'user', 'personal'],
})

export const getGroupAvatar = operation({
  ...found,
  path: '/group/{group_id}/avatar',
  summary: 'Get the address of the group’s picture.',
  scopes: ['view_group'],
  tokens: ['addon_group', 'user', 'personal'],
})

export const updateGroupAvatar = operation({
  ...given,
  path: '/group/{group_id}/avatar',
  summary: 'Set the picture of the group.',
  scopes: ['admin_group'],
  tokens: ['addon_group', 'user', 'personal'],
  body: { type: 'json', schema: object({ avatar: picture }) },
})

export const deleteGroupAvatar = operation({
  ...taken,
  path: '/group/{group_id}/avatar',
  summary: 'Remove the picture of the group.',
  scopes: ['admin_group'],
  tokens: ['addon_group', 'user', 'personal'],
})
