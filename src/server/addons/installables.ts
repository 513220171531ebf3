import { capabilitiesUrl } from '../../api/capabilities.ts'
import { randomText } from '../../common/random.ts'
import type { ClientRecord, InstallableRecord } from '../state/records.ts'
import type { State } from '../state/state.ts'
import { hashOf } from '../state/token-hash.ts'

/**
 * Some notifications reach add-ons through the browser of the person who acts. An API call has no browser: this is
 * the address it would have been sent to.
 */
export interface Redirect {
  /** What happened to the installation. */
  readonly reason: 'installed' | 'updated' | 'uninstalled'
  /** OAuth id of the installation. */
  readonly oauthId: string
  /** Address, with all parameters. */
  readonly url: string
}

/** The documents of installations: sent to a callback, or left for the add-on to fetch once. */
export interface Installables {
  /** What an add-on gets to know about an installation, with its secret. */
  documentOf(client: ClientRecord): InstallableRecord['document']
  /** Creates a one-time document, and returns the address that the browser is sent to with it. */
  redirectTo(
    reason: Redirect['reason'],
    address: string,
    client: ClientRecord,
    relayState?: string,
  ): Promise<string>
  /** Takes a document, which can be taken once; `undefined` if there is none or it is too old. */
  take(key: string, token: string): Promise<InstallableRecord | undefined>
  /** The addresses of {@link Installables.redirectTo}, newest last. */
  redirects(): readonly Redirect[]
}

const documentLifetime = 10 * 60_000

/** Creates the documents of a server at this address. */
export function createInstallables(state: State, publicUrl: () => string): Installables {
  const redirects: Redirect[] = []

  const documentOf = (client: ClientRecord): InstallableRecord['document'] => ({
    oauthId: client.oauthId,
    oauthSecret: client.secret,
    capabilitiesUrl: capabilitiesUrl(publicUrl()),
    groupId: state.group()?.id ?? 0,
    ...(client.roomId === null ? {} : { roomId: client.roomId }),
  })

  async function redirectTo(
    reason: Redirect['reason'],
    address: string,
    client: ClientRecord,
    relayState?: string,
  ): Promise<string> {
    const token = randomText(40) // 238 bits
    await state.write(() => {
      state.installables.removeExpired() // each contains a secret
      state.installables.put(hashOf(token), {
        key: client.key,
        oauthId: client.oauthId,
        document: documentOf(client),
        confirms: reason === 'installed',
        expires: Date.now() + documentLifetime,
      })
    })
    const url = new URL(address)
    url.searchParams.set('redirect_url', `${publicUrl()}/`)
    url.searchParams.set(
      'installable_url',
      `${publicUrl()}/v2/addon/${encodeURIComponent(client.key)}/installable/${token}`,
    )
    if (relayState !== undefined) url.searchParams.set('relayState', relayState)
    redirects.push({ reason, oauthId: client.oauthId, url: url.href })
    if (redirects.length > 100) redirects.shift()
    return url.href
  }

  async function take(key: string, token: string): Promise<InstallableRecord | undefined> {
    const hash = hashOf(token)
    return state.write(() => {
      const record = state.installables.get(hash)
      if (record?.key !== key) return undefined
      state.installables.remove(hash)
      return record.expires > Date.now() ? record : undefined
    })
  }

  return { documentOf, redirectTo, take, redirects: () => redirects }
}

/** Whether an installation was begun in a browser and never completed: its document can no longer be read. */
export const isForgotten = ({ status, created }: ClientRecord): boolean =>
  status === 'pending' && created / 1000 < Date.now() - 2 * documentLifetime
