import { timingSafeEqual } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { CapabilitiesDocument } from '../api/capabilities.ts'
import {
  type Installable,
  type InstallableUpdate,
  installable,
  installableUpdate,
} from '../api/installable.ts'
import type { Scope } from '../api/scopes.ts'
import type { AccessToken } from '../client/access-token.ts'
import type { Schema } from '../common/schema.ts'
import { read } from '../common/tolerant-reading.ts'
import { validate } from '../common/validate.ts'
import { AccessTokenError, InstallationRefusedError } from '../errors.ts'
import { type Credentials, type Installation, isOauthId, keyOf, originOf } from '../installation.ts'
import { type InstallingActivity, observed } from '../observer.ts'
import { createQueues } from '../store/queues.ts'
import { readId } from './context.ts'
import type { Core } from './core.ts'
import { addressesOf, createDiscovery } from './discovery.ts'
import { hookContext, runHooks, tooSlow, WHOLE_INSTALLATION } from './hooks.ts'
import { logError } from './log.ts'
import type { SignedRequest } from './signed-request.ts'

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

/** Credentials that the token endpoint took, with the token it gave for them. */
interface Proven {
  readonly credentials: Credentials
  readonly token: AccessToken
}

export function createInstalling(core: Core): Installing {
  const { installations, tokens, settings } = core
  const discovery = createDiscovery(core.outbound)
  // What concerns one installation happens one after the other. A server that is told nothing may ask again, and a
  // removal must not come between the two halves of an update.
  const queues = createQueues()

  async function install(record: Installable): Promise<Installation> {
    const known = await concluded(record)
    if (known && !known.unconfirmed) return known.installation // a repeat; the hooks have run
    if (known) await installations.remove(known.installation) // a process ended amid its hooks: from the beginning
    refusePlace(record)
    const signal = AbortSignal.timeout(WHOLE_INSTALLATION)
    const document = await discovery.capabilities(record.capabilitiesUrl, signal)
    const { credentials, token } = await prove(
      fromDocument(record, document, settings.options.scopes),
      signal,
    )
    const { installation } = credentials
    if (!(await installations.add(credentials))) {
      // Another process was faster, perhaps with other credentials.
      const winner = await concluded(record)
      if (winner && !winner.unconfirmed) return winner.installation
      throw new InstallationRefusedError(
        503,
        'Another process began to install it and did not end: try again.',
      )
    }
    try {
      await tokens.keep(installation, token)
      await runInstallHooks(installation, signal)
      if (!(await installations.confirm(installation)))
        throw new InstallationRefusedError(409, 'The installation was removed while it was being made.')
    } catch (error) {
      await installations.remove(installation)
      throw error
    }
    core.observing()?.happened({ kind: 'lifecycle', turn: 'installed' })
    core.log.info({ installation: installation.oauthId, ...placeOf(installation) }, 'installed')
    return installation
  }

  /**
   * What is known of an installation once nobody is amid its hooks: until then nobody can say that it is installed. Still
   * unconfirmed is what a process left that ended amid them.
   */
  async function concluded(record: Installable): Promise<Credentials | undefined> {
    for (;;) {
      const known = await installations.get(record.oauthId)
      if (known) refuseTakeover(known, record)
      if (!known?.unconfirmed || isAbandoned(known)) return known
      await delay(50)
    }
  }

  async function runInstallHooks(installation: Installation, signal: AbortSignal): Promise<void> {
    const context = hookContext(core, installation, signal)
    const predecessor = (await installations.predecessorOf(installation))?.installation
    if (predecessor) {
      const old = { installation: predecessor, store: core.facadeOf(predecessor).values }
      await runHooks('replaced', core.hooks.replaced, { ...context, old }, signal)
    }
    await runHooks('installed', core.hooks.installed, context, signal)
  }

  async function update(record: InstallableUpdate, signed: SignedRequest | undefined): Promise<Installation> {
    const known = await installations.get(record.oauthId)
    if (!known) throw notKnown()
    refuseTakeover(known, record)
    const old = known.installation
    const { capabilitiesUrl } = record
    // Another document may send the secret elsewhere, and people put files of their own on a chat server.
    const byServer = vouched(signed, old.oauthId) || record.oauthSecret !== undefined
    if (!byServer && capabilitiesUrl !== old.capabilitiesUrl)
      throw new InstallationRefusedError(
        409,
        'Only a signed update can move an installation to another capabilitiesUrl.',
      )
    const signal = AbortSignal.timeout(WHOLE_INSTALLATION)
    const document = await discovery.capabilities(capabilitiesUrl, signal)
    const moved = { ...old, ...addressesOf(document), capabilitiesUrl }
    const { credentials, token } = await prove({ ...known, installation: moved }, signal)
    const { installation } = credentials
    if (!(await installations.replace(credentials))) throw notKnown()
    await tokens.keep(installation, token)
    // Unsigned, this may be anybody's request: it refreshes what we know, and is news only if there is any.
    const news =
      vouched(signed, old.oauthId) ||
      old.descriptorEtag !== installation.descriptorEtag ||
      String(old.scopes) !== String(installation.scopes)
    if (!news) return installation
    try {
      await runHooks('updated', core.hooks.updated, hookContext(core, installation, signal), signal)
    } catch (error) {
      await installations.replace(known)
      throw error
    }
    core.observing()?.happened({ kind: 'lifecycle', turn: 'updated' })
    core.log.info({ installation: installation.oauthId, scopes: installation.scopes }, 'updated')
    return installation
  }

  async function uninstall(oauthId: string, signed: SignedRequest | undefined): Promise<void> {
    const known = await installations.get(oauthId)
    if (!known) return // removed already, or never here: either way there is nothing left to do
    if (!vouched(signed, oauthId)) await refuseWhileAlive(known)
    await remove(known)
  }

  async function uninstallByDocument(record: InstallableUpdate): Promise<void> {
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
      logError(core.log, error, 'the uninstalled hook failed', { installation: known.installation.oauthId })
    }
    await installations.remove(known.installation)
    core.observing()?.happened({ kind: 'lifecycle', turn: 'uninstalled' })
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
  async function prove(credentials: Credentials, signal: AbortSignal): Promise<Proven> {
    const { installation } = credentials
    const token = await tokens.exchange(credentials, signal).catch((error: unknown) => {
      if (signal.aborted) throw tooSlow('asking for an access token')
      throw error instanceof AccessTokenError ? notProven(error) : error
    })
    const { groupId } = installation
    if (groupId !== undefined && token.groupId !== undefined && groupId !== token.groupId)
      throw new InstallationRefusedError(
        403,
        'The credentials are of another group than the installation record names.',
      )
    const completed: Installation = {
      ...installation,
      groupId: groupId ?? token.groupId,
      groupName: token.groupName,
      scopes: token.scopes,
      descriptorEtag: core.descriptorEtag(),
      updatedAt: new Date(),
      rejectedSince: undefined,
    }
    return { credentials: { ...credentials, installation: completed }, token }
  }

  function refusePlace(record: Installable): void {
    const { allowRoom = true, allowGlobal = true } = settings.options
    if (record.roomId === undefined && !allowGlobal)
      throw new InstallationRefusedError(400, 'This add-on can be installed into single rooms only.')
    if (record.roomId !== undefined && !allowRoom)
      throw new InstallationRefusedError(400, 'This add-on can be installed for the whole group only.')
  }

  /** In the queue of its installation, and looked on at. */
  const run = <T>(turn: InstallingActivity['turn'], oauthId: string, work: () => Promise<T>): Promise<T> =>
    observed(core.observing(), { kind: 'installing', turn }, () => queues.run(oauthId, work))

  return {
    async install(body) {
      const record = check(installable, body)
      return run('install', record.oauthId, () => install(record))
    },
    async update(body, signed) {
      const record = check(installableUpdate, body)
      return run('update', record.oauthId, () => update(record, signed))
    },
    uninstall: (oauthId, signed) => run('uninstall', oauthId, () => uninstall(oauthId, signed)),
    async uninstallByDocument(body) {
      const record = check(installableUpdate, body)
      return run('uninstall', record.oauthId, () => uninstallByDocument(record))
    },
    fetchInstallable: discovery.installable,
  }
}

/** Reads what a server sent, and holds what was read to the bounds of the schema: it becomes keys and addresses here. */
function check<T extends { oauthId: string }>(schema: Schema<T>, body: unknown): T {
  const received = read(schema, body)
  const checked = received.ok ? validate(schema, received.value) : received
  if (checked.ok && isOauthId(checked.value.oauthId)) return checked.value
  const message = checked.ok ? 'oauthId must be printable ASCII without blanks' : checked.problem.message
  throw new InstallationRefusedError(400, `The installation record is not complete: ${message}.`)
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

const notKnown = (): InstallationRefusedError =>
  new InstallationRefusedError(404, 'This installation is not known to the add-on.')

function notProven(cause: AccessTokenError): InstallationRefusedError {
  const { status } = cause
  if (status === undefined)
    return new InstallationRefusedError(502, 'The server’s token endpoint could not be reached.', { cause })
  if (status >= 400 && status < 500)
    return new InstallationRefusedError(
      403,
      'The credentials were not accepted by the server’s token endpoint.',
      { cause },
    )
  return new InstallationRefusedError(502, 'The server’s token endpoint gave no access token.', { cause })
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
      rejectedSince: undefined,
    },
  }
}

const placeOf = ({ groupId, roomId }: Installation) => ({ group: groupId, room: roomId ?? 'all' })

/** Written by a process that ended before the hooks did: whoever runs them now would have finished long ago. */
const isAbandoned = ({ unconfirmed, installation }: Credentials): boolean =>
  unconfirmed === true && Date.now() - installation.installedAt.getTime() > WHOLE_INSTALLATION
