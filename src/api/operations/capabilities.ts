import { oneOf, record } from '../../common/schema.ts'
import { capabilitiesDocument } from '../capabilities.ts'
import { operation } from '../operation.ts'

export const getCapabilities = operation({
  method: 'GET',
  path: '/capabilities',
  summary: 'Get the capabilities document, which names the API and the token endpoint.',
  scopes: [],
  tokens: [],
  result: { kind: 'json', status: 200, schema: capabilitiesDocument },
  paging: 'none',
  limits: ['api'],
})

export const getAddonCapabilitiesSchema = operation({
  method: 'GET',
  path: '/capabilities/addon/schema',
  summary: 'Get the JSON Schema for add-on descriptors.',
  scopes: [],
  tokens: [],
  query: {
    draft: oneOf(['v2', 'v4'], {
      description: 'JSON Schema draft of the answer; the compatible server has draft 7 only',
    }),
  },
  result: { kind: 'json', status: 200, schema: record() },
  paging: 'none',
  limits: ['api'],
})
