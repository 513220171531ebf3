import { capabilitiesUrl } from '../../api/capabilities.ts'
import { descriptor } from '../../api/descriptor.ts'
import { scopes } from '../../api/scopes.ts'
import type { Handlers } from '../context.ts'

type CapabilitiesOperation = 'getCapabilities' | 'getAddonCapabilitiesSchema'

export const capabilitiesHandlers: Pick<Handlers, CapabilitiesOperation> = {
  /** The schema that installing validates with; ajv reads it as draft 7. */
  getAddonCapabilitiesSchema: () => ({ $schema: 'http://json-schema.org/draft-07/schema#', ...descriptor }),

  getCapabilities(_parameters, _session, { publicUrl }) {
    const base = publicUrl()
    return {
      key: 'hipchat',
      name: 'HipChat', // some add-ons compare it
      description: 'A HipChat-compatible server',
      connect_server_api_version: 1,
      vendor: { name: 'hipchat-addon', url: base },
      links: {
        // Libraries compare `self` with the address they requested, and join `api` and `url` by concatenation.
        self: capabilitiesUrl(base),
        api: `${base}/v2`,
        homepage: base,
        subdomain: base,
      },
      capabilities: {
        hipchatApiProvider: { url: `${base}/v2/`, availableScopes: scopes },
        oauth2Provider: { tokenUrl: `${base}/v2/oauth/token`, authorizationUrl: `${base}/users/authorize` },
      },
    }
  },
}
