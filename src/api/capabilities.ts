import { alwaysSent, integer, mapOf, object, optional, type Received, string } from '../common/schema.ts'

/**
 * The server's capabilities document, which names its API and its token endpoint (`installation.md` section 5).
 *
 * `links.self` equals the URL the document was fetched from, character by character; `hipchatApiProvider.url` ends in a
 * slash and `links.api` does not. Add-ons join both with plain concatenation.
 */
export const capabilitiesDocument = object({
  key: optional(string()),
  name: alwaysSent(string()),
  description: optional(string()),
  connect_server_api_version: optional(integer()),
  vendor: optional(object({ name: optional(string()), url: optional(string()) })),
  links: object({
    self: string(),
    api: optional(string()),
    homepage: optional(string()),
    subdomain: optional(string()),
  }),
  capabilities: object({
    hipchatApiProvider: object({
      url: string(),
      availableScopes: optional(
        mapOf(
          object({ id: alwaysSent(string()), name: optional(string()), description: optional(string()) }),
        ),
      ),
    }),
    oauth2Provider: object({ tokenUrl: string(), authorizationUrl: optional(string()) }),
  }),
})

/** A capabilities document as read from a server. */
export type CapabilitiesDocument = Received<typeof capabilitiesDocument>

/** Address of the capabilities document, which the document itself contains. */
export const capabilitiesUrl = (base: string): string => `${base}/v2/capabilities`
