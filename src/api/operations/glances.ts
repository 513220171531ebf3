import { glanceUpdate } from '../glance.ts'
import { operation } from '../operation.ts'

/**
 * New content for glances of the calling add-on, for clients that are open now. It is not kept: clients that open a room
 * later request the `queryUrl` of the glance.
 */
const push = {
  method: 'POST',
  scopes: [],
  body: { type: 'json', schema: glanceUpdate },
  result: { kind: 'empty', status: 204 },
  paging: 'none',
  limits: ['api'],
} as const

export const addonUiUpdate = operation({
  ...push,
  path: '/addon/ui',
  summary: 'Push new contents of glances to everybody in all rooms.',
  tokens: ['addon_group'],
})

export const roomAddonUiUpdate = operation({
  ...push,
  path: '/addon/ui/room/{id_or_name}',
  summary: 'Push new contents of glances to everybody in a room.',
  tokens: ['addon_group', 'addon_room'],
  ownRoom: 'id_or_name',
})

export const userInRoomAddonUiUpdate = operation({
  ...push,
  path: '/addon/ui/room/{id_or_name}/user/{id_or_email}',
  summary: 'Push new contents of glances to one user in one room.',
  tokens: ['addon_group', 'addon_room'],
  ownRoom: 'id_or_name',
})

export const userAddonUiUpdate = operation({
  ...push,
  path: '/addon/ui/user/{id_or_email}',
  summary: 'Push new contents of glances to one user in all rooms.',
  tokens: ['addon_group'],
})
