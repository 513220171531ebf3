import { oneOf, record } from '../../common/schema.ts'
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

export const getAddonCapabilitiesSchema = operation({
  method: 'GET',
  path: '/capabilities/addon/schema',
  summary: 'The JSON Schema that descriptors of add-ons are held to.',
  scopes: [],
  tokens: [],
  query: {
    draft: oneOf(['v2', 'v4'], {
      description: 'draft of JSON Schema it is written in; the compatible server has draft 7 only',
    }),
  },
  result: { kind: 'json', status: 200, schema: record() },
  paging: 'none',
  limits: ['api'],
})
