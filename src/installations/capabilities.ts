import { type CapabilitiesDocument, capabilitiesDocument } from '../api/capabilities.ts'
import { exchange, parseJson } from '../common/http.ts'
import type { Outbound } from '../common/outbound.ts'
import { read } from '../common/tolerant-reading.ts'
import { InstallationRefusedError } from '../errors.ts'
import { tooSlow, WHOLE_INSTALLATION } from './hooks.ts'

/** What a server says about itself, fetched from addresses that a stranger named: only from allowed hosts. */
export interface Discovery {
  /** The capabilities document, whose own addresses are on allowed hosts too. */
  capabilities(url: string, signal: AbortSignal): Promise<CapabilitiesDocument>
  /** The one-time document behind `installable_url`, for installations that come by browser. */
  installable(url: string): Promise<unknown>
}

export function createDiscovery(outbound: Outbound): Discovery {
  async function capabilities(url: string, signal: AbortSignal): Promise<CapabilitiesDocument> {
    const text = await fetchText(url, 'capabilitiesUrl', signal)
    const parsed = read(capabilitiesDocument, parseJson(text))
    if (!parsed.ok)
      throw new InstallationRefusedError(
        400,
        `What is at capabilitiesUrl is not a capabilities document: ${parsed.problem.message}.`,
      )
    const document = parsed.value
    if (document.links.self !== url)
      throw new InstallationRefusedError(
        400,
        'The capabilities document says that it belongs somewhere else: links.self is not capabilitiesUrl.',
      )
    const { tokenUrl, apiUrl, homepage } = addressesOf(document)
    allowed(tokenUrl, 'oauth2Provider.tokenUrl')
    allowed(apiUrl, 'hipchatApiProvider.url')
    // It frames our pages, and they load its script.
    if (homepage !== undefined) allowed(homepage, 'links.homepage')
    return document
  }

  async function fetchText(url: string, what: string, signal: AbortSignal): Promise<string> {
    allowed(url, what)
    const answer = await exchange({
      method: 'GET',
      url,
      outbound,
      timeout: WHOLE_INSTALLATION,
      signal,
      headers: { accept: 'application/json' },
    }).catch((error: unknown) => {
      if (signal.aborted) throw tooSlow(`fetching ${what}`)
      throw new InstallationRefusedError(400, `What ${what} names could not be fetched.`, { cause: error })
    })
    if (answer.status !== 200)
      throw new InstallationRefusedError(
        400,
        `What ${what} names could not be fetched: status ${answer.status}.`,
      )
    return answer.body
  }

  function allowed(url: string, what: string): void {
    try {
      outbound.check(url)
    } catch (error) {
      throw new InstallationRefusedError(
        403,
        `The add-on does not accept installations from there (${what}).`,
        {
          cause: error,
        },
      )
    }
  }

  return {
    capabilities,
    async installable(url) {
      const text = await fetchText(url, 'installable_url', AbortSignal.timeout(WHOLE_INSTALLATION))
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

/** An address that pages can be at; servers have put other things there, which nothing is made of. */
const webAddress = (text: string | undefined): string | undefined =>
  text !== undefined && URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) ? text : undefined

/** The addresses an installation works with. */
export function addressesOf(document: CapabilitiesDocument) {
  const { hipchatApiProvider, oauth2Provider } = document.capabilities
  return {
    apiUrl: hipchatApiProvider.url.endsWith('/') ? hipchatApiProvider.url : `${hipchatApiProvider.url}/`,
    tokenUrl: oauth2Provider.tokenUrl,
    homepage: webAddress(document.links.homepage),
  }
}
