import { glanceUpdate } from '../glance.ts'
import { operation } from '../operation.ts'

/**
 * New content for glances of the calling add-on, for clients that are open now. Nothing of it is kept for those that
 * open a room later: they ask the `queryUrl` of the glance.
 */

export const addonUiUpdate = operation({
  method: 'POST',
  path: '/addon/ui',
  summary: 'Push what glances show, to everybody in all rooms.',
  scopes: [],
  tokens: ['addon_group'],
  body: { type: 'json', schema: glanceUpdate },
  result: { kind: 'empty', status: 204 },
  paging: 'none',
  limits: ['api'],
})

export const roomAddonUiUpdate = operation({
  method: 'POST',
  path: '/addon/ui/room/{id_or_name}',
  summary: 'Push what glances show, to everybody in a room.',
  scopes: [],
  tokens: ['addon_group', 'addon_room'],
  ownRoom: 'id_or_name',
  body: { type: 'json', schema: glanceUpdate },
  result: { kind: 'empty', status: 204 },
  paging: 'none',
  limits: ['api'],
})

export const userInRoomAddonUiUpdate = operation({
  method: 'POST',
  path: '/addon/ui/room/{id_or_name}/user/{id_or_email}',
  summary: 'Push what glances show, to one user in one room.',
  scopes: [],
  tokens: ['addon_group', 'addon_room'],
  ownRoom: 'id_or_name',
  body: { type: 'json', schema: glanceUpdate },
  result: { kind: 'empty', status: 204 },
  paging: 'none',
  limits: ['api'],
})

export const userAddonUiUpdate = operation({
  method: 'POST',
  path: '/addon/ui/user/{id_or_email}',
  summary: 'Push what glances show, to one user in all rooms.',
  scopes: [],
  tokens: ['addon_group'],
  body: { type: 'json', schema: glanceUpdate },
  result: { kind: 'empty', status: 204 },
  paging: 'none',
  limits: ['api'],
})
