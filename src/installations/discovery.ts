import { type CapabilitiesDocument, capabilitiesDocument } from '../api/capabilities.ts'
import { exchange, parseJson } from '../common/http.ts'
import type { Outbound } from '../common/outbound.ts'
import { read } from '../common/tolerant-reading.ts'
import { InstallationRefusedError } from '../errors.ts'
import { installationTimeout, tooSlow } from './hooks.ts'

/**
 * Fetches a server's documents. The addresses come from unauthenticated requests, so only those on allowed
 * hosts are fetched. Throws an {@link InstallationRefusedError}.
 */
export interface Discovery {
  /** Fetches the capabilities document. The addresses in it must be on allowed hosts too. */
  capabilities(url: string, signal: AbortSignal): Promise<CapabilitiesDocument>
  /** Fetches the one-time document at `installable_url`, for installations by browser. */
  installable(url: string): Promise<unknown>
}

export function createDiscovery(outbound: Outbound): Discovery {
  async function capabilities(url: string, signal: AbortSignal): Promise<CapabilitiesDocument> {
    const text = await fetchText(url, 'capabilitiesUrl', signal)
    const parsed = read(capabilitiesDocument, parseJson(text))
    if (!parsed.ok)
      throw new InstallationRefusedError(
        400,
        `The document at capabilitiesUrl is not a capabilities document: ${parsed.problem.message}.`,
      )
    const document = parsed.value
    if (document.links.self !== url)
      throw new InstallationRefusedError(
        400,
        'The capabilities document belongs to another address: links.self is not capabilitiesUrl.',
      )
    const { tokenUrl, apiUrl, homepage } = addressesOf(document)
    allowed(tokenUrl, 'oauth2Provider.tokenUrl')
    allowed(apiUrl, 'hipchatApiProvider.url')
    // It frames the add-on's pages, and they load its script.
    if (homepage !== undefined) allowed(homepage, 'links.homepage')
    return document
  }

  async function fetchText(url: string, what: string, signal: AbortSignal): Promise<string> {
    allowed(url, what)
    const answer = await exchange({
      method: 'GET',
      url,
      outbound,
      timeout: installationTimeout,
      signal,
      headers: { accept: 'application/json' },
    }).catch((error: unknown) => {
      if (signal.aborted) throw tooSlow(`fetching ${what}`)
      throw new InstallationRefusedError(400, `The document at ${what} could not be fetched.`, {
        cause: error,
      })
    })
    if (answer.status !== 200)
      throw new InstallationRefusedError(
        400,
        `The document at ${what} could not be fetched: expected 200, got ${answer.status}.`,
      )
    return answer.body
  }

  function allowed(url: string, what: string): void {
    try {
      outbound.check(url)
    } catch (error) {
      throw new InstallationRefusedError(
        403,
        `The add-on does not accept installations from this server (${what}).`,
        {
          cause: error,
        },
      )
    }
  }

  return {
    capabilities,
    async installable(url) {
      const text = await fetchText(url, 'installable_url', AbortSignal.timeout(installationTimeout))
      const body = parseJson(text)
      const origin = (body as { capabilitiesUrl?: unknown } | undefined)?.capabilitiesUrl // checked with the rest later
      if (
        typeof origin === 'string' &&
        URL.canParse(origin) &&
        new URL(origin).origin !== new URL(url).origin
      )
        throw new InstallationRefusedError(
          400,
          'installable_url and capabilitiesUrl are on different servers.',
        )
      return body
    },
  }
}

/** A web address as it is; `undefined` for anything else, which some servers have as their homepage. */
const webAddress = (text: string | undefined): string | undefined =>
  text !== undefined && URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) ? text : undefined

/** The addresses in a capabilities document that an installation needs. */
export function addressesOf(document: CapabilitiesDocument) {
  const { hipchatApiProvider, oauth2Provider } = document.capabilities
  return {
    apiUrl: hipchatApiProvider.url.endsWith('/') ? hipchatApiProvider.url : `${hipchatApiProvider.url}/`,
    tokenUrl: oauth2Provider.tokenUrl,
    homepage: webAddress(document.links.homepage),
  }
}
