import { object, string } from '../../common/schema.ts'
import { longest } from '../bounds.ts'
import { operation } from '../operation.ts'

/** Pictures of rooms, users and the group. They are sent in base64, and found at an address that the answer leads to. */

const picture = string({
  minLength: 1,
  maxLength: longest.picture,
  description: 'JPEG, PNG or GIF in base64; a data: URL is taken too',
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
  summary: 'Where the picture of a room is.',
  scopes: ['view_group', 'view_room'],
  tokens: ['addon_group', 'addon_room', 'user', 'personal'],
  ownRoom: 'id_or_name',
})

export const updateRoomAvatar = operation({
  ...given,
  path: '/room/{id_or_name}/avatar',
  summary: 'Give a room a picture.',
  scopes: ['admin_room'],
  tokens: ['addon_group', 'addon_room', 'user', 'personal'],
  ownRoom: 'id_or_name',
  body: { type: 'json', schema: object({ avatar: picture }) },
})

export const deleteRoomAvatar = operation({
  ...taken,
  path: '/room/{id_or_name}/avatar',
  summary: 'Take the picture of a room away.',
  scopes: ['admin_room'],
  tokens: ['addon_group', 'addon_room', 'user', 'personal'],
  ownRoom: 'id_or_name',
})

export const getUserPhoto = operation({
  ...found,
  path: '/user/{id_or_email}/photo/{size}',
  summary: 'Where the picture of a user is.',
  scopes: ['view_group'],
  tokens: ['addon_group', 'user', 'personal'],
})

export const updateUserPhoto = operation({
  ...given,
  path: '/user/{id_or_email}/photo',
  summary: 'Give a user a picture.',
  scopes: ['admin_group'],
  tokens: ['addon_group', 'user', 'personal'],
  body: { type: 'json', schema: object({ photo: picture }) },
})

export const deleteUserPhoto = operation({
  ...taken,
  path: '/user/{id_or_email}/photo',
  summary: 'Take the picture of a user away.',
  scopes: ['admin_group'],
  tokens: ['addon_group', 'user', 'personal'],
})

export const getGroupAvatar = operation({
  ...found,
  path: '/group/{group_id}/avatar',
  summary: 'Where the picture of the group is.',
  scopes: ['view_group'],
  tokens: ['addon_group', 'user', 'personal'],
})

export const updateGroupAvatar = operation({
  ...given,
  path: '/group/{group_id}/avatar',
  summary: 'Give the group a picture.',
  scopes: ['admin_group'],
  tokens: ['addon_group', 'user', 'personal'],
  body: { type: 'json', schema: object({ avatar: picture }) },
})

export const deleteGroupAvatar = operation({
  ...taken,
  path: '/group/{group_id}/avatar',
  summary: 'Take the picture of the group away.',
  scopes: ['admin_group'],
  tokens: ['addon_group', 'user', 'personal'],
})
