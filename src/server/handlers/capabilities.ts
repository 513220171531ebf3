import { scopes } from '../../api/scopes.ts'
import type { Handlers } from '../context.ts'
import { capabilitiesUrl } from '../options.ts'

export const capabilitiesHandlers: Pick<Handlers, 'getCapabilities'> = {
  getCapabilities(_parameters, _session, { publicUrl }) {
    const base = publicUrl()
    return {
      key: 'hipchat',
      name: 'HipChat', // some add-ons compare it
      description: 'A HipChat-compatible server',
      connect_server_api_version: 1,
      vendor: { name: 'hipchat-addon', url: base },
      links: {
        // Libraries compare `self` with the address they fetched, and join `api` and `url` by concatenation.
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
