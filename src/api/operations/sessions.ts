import { object, optional, record, string } from '../../common/schema.ts'
import { pageOf, userReference } from '../objects.ts'
import { operation } from '../operation.ts'
import { offset } from './query.ts'

export const getActiveSessions = operation({
  method: 'GET',
  path: '/session',
  summary: "List the active sessions. Users see only their own; administrators see everybody's.",
  scopes: ['view_group'],
  tokens: ['addon_group', 'user', 'personal'],
  query: { ...offset },
  result: {
    kind: 'json',
    status: 200,
    schema: pageOf(
      object({
        id: string(),
        user: optional(userReference),
        client: optional(record()),
        created: optional(string()),
        last_active: optional(string()),
      }),
    ),
  },
  paging: 'offset',
  limits: ['api'],
})
