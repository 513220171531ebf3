import { timingSafeEqual } from 'node:crypto'
import { type CapabilitiesDocument, capabilitiesDocument } from '../api/capabilities.ts'
import {
  type Installable,
  type InstallableUpdate,
  installable,
  installableUpdate,
} from '../api/installable.ts'
import type { Scope } from '../api/scopes.ts'
import { exchange, parseJson } from '../common/http.ts'
import type { Schema } from '../common/schema.ts'
import { validate } from '../common/validate.ts'
import { AccessTokenError, HipChatAddonError, InstallationRefusedError, messageOf } from '../errors.ts'
import { type Credentials, type Installation, keyOf, originOf } from '../installation.ts'
import { readId } from './context.ts'
import { type Core, type Hook, hookContext } from './core.ts'
import type { SignedRequest } from './signed-request.ts'
import { createValues } from './values.ts'

/**
 * Installing, updating and removing. Nothing vouches for these requests: anybody can send them. So credentials count
 * only once the token endpoint of an allowed server has taken them, a known installation is never replaced by a
 * request, and none is removed while its server still accepts it.
 *
 * Refusals throw {@link InstallationRefusedError}: its message goes to the caller and tells nothing about our network,
 * its cause goes to the log.
 */
export interface Installing {
  install(body: unknown): Promise<Installation>
  update(body: unknown, signed: SignedRequest | undefined): Promise<Installation>
  uninstall(oauthId: string, signed: SignedRequest | undefined): Promise<void>
  /** Fetches the one-time document behind `installable_url`, for installations that come by browser. */
  fetchInstallable(url: string): Promise<unknown>
  /** Removes the installation that a one-time document names. */
  uninstallByDocument(body: unknown): Promise<void>
}

// Servers were seen to give up after five seconds.
const WHOLE_INSTALLATION = 4_000

export function createInstalling(core: Core): Installing {
  const { installations, tokens, outbound, settings } = core
  // A server that is told nothing may ask again: the second request waits for the first, it does not race it.
  const running = new Map<string, Promise<Installation>>()

  function install(body: unknown): Promise<Installation> {
    const record = check(installable, body)
    const waiting = running.get(record.oauthId)
    if (waiting)
      return waiting.then(
        () => installOnce(record),
        () => installOnce(record),
      )
    const promise = installOnce(record).finally(() => running.delete(record.oauthId))
    running.set(record.oauthId, promise)
    return promise
  }

  async function installOnce(record: Installable): Promise<Installation> {
    const known = await installations.get(record.oauthId)
    if (known) {
      refuseTakeover(known, record)
      return known.installation // a repeat; the hooks have run
    }
    refusePlace(record)
    const signal = AbortSignal.timeout(WHOLE_INSTALLATION)
    const document = await fetchCapabilities(record.capabilitiesUrl, signal)
    const credentials = await prove(fromDocument(record, document, settings.options.scopes), signal)
    const { installation } = credentials
    const predecessor = await installations.predecessorOf(installation)
    if (!(await installations.add(credentials))) {
      const winner = await installations.get(record.oauthId) // another process was faster
      if (winner) refuseTakeover(winner, record)
      return winner?.installation ?? installation
    }
    try {
      const context = hookContext(core, installation, signal)
      if (predecessor) {
        const old = {
          installation: predecessor.installation,
          store: createValues(core.store, predecessor.installation),
        }
        await runHooks('replaced', core.hooks.replaced, { ...context, old }, signal)
      }
      await runHooks('installed', core.hooks.installed, context, signal)
    } catch (error) {
      await installations.remove(installation)
      if (predecessor) await installations.save(predecessor) // it is the one for this place again
      throw error
    }
    core.log.info({ installation: installation.oauthId, ...placeOf(installation) }, 'installed')
    return installation
  }

  async function update(body: unknown, signed: SignedRequest | undefined): Promise<Installation> {
    const record = check(installableUpdate, body)
    const known = await installations.get(record.oauthId)
    if (!known) throw new InstallationRefusedError(404, 'This installation is not known to the add-on.')
    refuseTakeover(known, record)
    const signal = AbortSignal.timeout(WHOLE_INSTALLATION)
    const document = await fetchCapabilities(record.capabilitiesUrl, signal)
    const old = known.installation
    const credentials = await prove(
      {
        installation: { ...old, ...addressesOf(document), capabilitiesUrl: record.capabilitiesUrl },
        key: known.key,
      },
      signal,
    )
    const { installation } = credentials
    await installations.save(credentials)
    // Unsigned, this may be anybody's request: it refreshes what we know, and is news only if there is any.
    const news =
      vouched(signed, old.oauthId) ||
      old.descriptorEtag !== installation.descriptorEtag ||
      String(old.scopes) !== String(installation.scopes)
    if (!news) return installation
    try {
      await runHooks('updated', core.hooks.updated, hookContext(core, installation, signal), signal)
    } catch (error) {
      await installations.save(known)
      throw error
    }
    core.log.info({ installation: installation.oauthId, scopes: installation.scopes }, 'updated')
    return installation
  }

  async function uninstall(oauthId: string, signed: SignedRequest | undefined): Promise<void> {
    const known = await installations.get(oauthId)
    if (!known) return // removed already, or never here: either way there is nothing left to do
    if (!vouched(signed, oauthId)) await refuseWhileAlive(known)
    await remove(known)
  }

  async function uninstallByDocument(body: unknown): Promise<void> {
    const record = check(installableUpdate, body)
    const known = await installations.get(record.oauthId)
    if (!known) return
    refuseTakeover(known, record)
    // Whoever knows the secret could sign the request just as well.
    if (record.oauthSecret === undefined) await refuseWhileAlive(known)
    await remove(known)
  }

  async function remove(known: Credentials): Promise<void> {
    const signal = AbortSignal.timeout(WHOLE_INSTALLATION)
    try {
      await runHooks(
        'uninstalled',
        core.hooks.uninstalled,
        hookContext(core, known.installation, signal),
        signal,
      )
    } catch (error) {
      // The server has removed the add-on; nothing said here can stop that.
      core.log.error({ err: error, installation: known.installation.oauthId }, 'the uninstalled hook failed')
    }
    await installations.remove(known.installation)
    core.log.info({ installation: known.installation.oauthId, ...placeOf(known.installation) }, 'uninstalled')
  }

  /** Installs are removed when their server no longer takes them, and only then. */
  async function refuseWhileAlive(known: Credentials): Promise<void> {
    try {
      await tokens.exchange(known, AbortSignal.timeout(WHOLE_INSTALLATION))
    } catch (error) {
      if (error instanceof AccessTokenError && error.status === 401) return
      throw new InstallationRefusedError(503, 'Whether the installation still exists could not be checked.', {
        cause: error,
      })
    }
    throw new InstallationRefusedError(
      403,
      'This installation is alive: its server still accepts its credentials.',
    )
  }

  /** Shows that the credentials are real by exchanging them, and completes the record with what comes back. */
  async function prove(credentials: Credentials, signal: AbortSignal): Promise<Credentials> {
    const { installation, key } = credentials
    const token = await tokens.exchange(credentials, signal).catch((error: unknown) => {
      if (signal.aborted) throw tooSlow('asking for an access token')
      throw new InstallationRefusedError(
        403,
        'The credentials were not accepted by the server’s token endpoint.',
        {
          cause: error,
        },
      )
    })
    return {
      key,
      installation: {
        ...installation,
        groupId: installation.groupId ?? token.groupId,
        groupName: token.groupName,
        scopes: token.scopes,
        descriptorEtag: core.descriptorEtag(),
        updatedAt: new Date(),
      },
    }
  }

  function refusePlace(record: Installable): void {
    const { allowRoom = true, allowGlobal = true } = settings.options
    if (record.roomId === undefined && !allowGlobal)
      throw new InstallationRefusedError(400, 'This add-on can be installed into single rooms only.')
    if (record.roomId !== undefined && !allowRoom)
      throw new InstallationRefusedError(400, 'This add-on can be installed for the whole group only.')
  }

  async function fetchCapabilities(url: string, signal: AbortSignal): Promise<CapabilitiesDocument> {
    const text = await fetchText(url, 'capabilitiesUrl', signal)
    const parsed = validate(capabilitiesDocument, parseJson(text))
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
    const { tokenUrl, apiUrl } = addressesOf(document)
    allowed(tokenUrl, 'oauth2Provider.tokenUrl')
    allowed(apiUrl, 'hipchatApiProvider.url')
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
    install,
    update,
    uninstall,
    uninstallByDocument,
    async fetchInstallable(url) {
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

function check<T>(schema: Schema<T>, body: unknown): T {
  const checked = validate(schema, body)
  if (checked.ok) return checked.value
  throw new InstallationRefusedError(
    400,
    `The installation record is not complete: ${checked.problem.message}.`,
  )
}

/** A known id with another secret, or from another server, is an attack or a mix-up: the old record stays. */
function refuseTakeover({ installation, key }: Credentials, record: InstallableUpdate): void {
  const { oauthSecret, capabilitiesUrl, roomId } = record
  const origin = URL.canParse(capabilitiesUrl) ? new URL(capabilitiesUrl).origin : ''
  const sameSecret = oauthSecret === undefined || equal(key.export(), Buffer.from(oauthSecret, 'utf8'))
  const sameRoom = roomId === undefined || readId(roomId) === installation.roomId
  if (origin !== originOf(installation) || !sameSecret || !sameRoom)
    throw new InstallationRefusedError(
      409,
      'This oauthId is already installed with other credentials; they were not replaced.',
    )
}

const equal = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b)

/**
 * Whether the server itself is speaking. Tokens that name a user do not count: every member of the room can get one
 * of his own, from any page of the add-on.
 */
const vouched = (signed: SignedRequest | undefined, oauthId: string): boolean =>
  signed !== undefined && signed.userId === undefined && signed.credentials.installation.oauthId === oauthId

/** `requested` stands for what was granted when the token endpoint does not say. */
function fromDocument(
  record: Installable,
  document: CapabilitiesDocument,
  requested: readonly Scope[],
): Credentials {
  const now = new Date()
  return {
    key: keyOf(record.oauthSecret),
    installation: {
      oauthId: record.oauthId,
      groupId: readId(record.groupId),
      groupName: undefined,
      roomId: readId(record.roomId),
      capabilitiesUrl: record.capabilitiesUrl,
      ...addressesOf(document),
      scopes: requested,
      descriptorEtag: '',
      installedAt: now,
      updatedAt: now,
    },
  }
}

function addressesOf(document: CapabilitiesDocument) {
  const { hipchatApiProvider, oauth2Provider } = document.capabilities
  return {
    apiUrl: hipchatApiProvider.url.endsWith('/') ? hipchatApiProvider.url : `${hipchatApiProvider.url}/`,
    tokenUrl: oauth2Provider.tokenUrl,
    homepage: document.links.homepage,
  }
}

const placeOf = ({ groupId, roomId }: Installation) => ({ group: groupId, room: roomId ?? 'all' })

const tooSlow = (what: string): InstallationRefusedError =>
  new InstallationRefusedError(
    504,
    `The installation took longer than ${WHOLE_INSTALLATION / 1000} s, while ${what}.`,
  )

/** Runs hooks one after the other; a failure refuses what is going on. */
async function runHooks<C>(
  name: string,
  hooks: readonly Hook<C>[],
  context: C,
  signal: AbortSignal,
): Promise<void> {
  const late = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(tooSlow(`running the ${name} hook`)), { once: true })
  })
  late.catch(() => {}) // without hooks nobody listens
  try {
    for (const hook of hooks) await Promise.race([hook(context), late])
  } catch (error) {
    if (error instanceof InstallationRefusedError) throw error
    // Our own errors are written for people and hold no secret; an author's may quote anything.
    const why = error instanceof HipChatAddonError ? messageOf(error) : 'its log says why'
    throw new InstallationRefusedError(500, `The add-on’s ${name} hook failed: ${why}.`, { cause: error })
  }
}
