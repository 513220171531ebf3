import { alwaysSent, integer, object } from '../../common/schema.ts'
import { group } from '../objects.ts'
import { operation } from '../operation.ts'

export const viewGroup = operation({
  method: 'GET',
  path: '/group/{group_id}',
  summary: 'Get the group with all details.',
  scopes: ['view_group'],
  tokens: ['addon_group', 'user', 'personal'],
  result: { kind: 'json', status: 200, schema: group },
  paging: 'none',
  limits: ['api'],
})

export const getGroupStatistics = operation({
  method: 'GET',
  path: '/group/{group_id}/statistics',
  summary: 'Get the number of users in the group.',
  scopes: ['view_group'],
  tokens: ['addon_group', 'user', 'personal'],
  result: { kind: 'json', status: 200, schema: object({ users: alwaysSent(integer()) }) },
  paging: 'none',
  limits: ['api'],
})
