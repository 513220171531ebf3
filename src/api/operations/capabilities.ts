import { capabilitiesDocument } from '../capabilities.ts'
import { operation } from '../operation.ts'

export const getCapabilities = operation({
  method: 'GET',
  path: '/capabilities',
  summary: 'The capabilities document: where the API and the token endpoint are.',
  scopes: [],
  tokens: [],
  result: { kind: 'json', status: 200, schema: capabilitiesDocument },
  paging: 'none',
  limits: ['api'],
})
