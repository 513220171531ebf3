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
import { readId } from '../api/sender.ts'
import type { Outbound } from '../common/outbound.ts'
import type { Schema } from '../common/schema.ts'
import { read } from '../common/tolerant-reading.ts'
import { validate } from '../common/validate.ts'
import { AccessTokenError, InstallationRefusedError } from '../errors.ts'
import { createQueues } from '../store/queues.ts'
import { type Logger, logError } from '../telemetry/log.ts'
import { type InstallingActivity, type Observing, observed } from '../telemetry/observer.ts'
import type { AccessToken, AccessTokens } from './access-token.ts'
import { createAttempts } from './attempts.ts'
import { addressesOf, createDiscovery } from './capabilities.ts'
import { type Hooks, hookContext, runHooks, tooSlow, WHOLE_INSTALLATION } from './hooks.ts'
import {
  type Credentials,
  type Installation,
  type Installations,
  isOauthId,
  isSame,
  keyOf,
  originOf,
} from './installation.ts'
import type { InstallationServices } from './services.ts'
import type { SignedRequest } from './signed-request.ts'
import { createThrottle } from './throttle.ts'

/**
 * Installs, updates and removes. Nothing authenticates these requests: anyone can send them. So credentials
 * only count after the token endpoint of an allowed server has accepted them, a request never replaces a
 * known installation, and none is removed while its server still accepts it.
 *
 * Refusals throw {@link InstallationRefusedError}: its message goes to the caller and has no details about
 * the add-on's network; its cause goes to the log.
 */
export interface Installing {
  install(body: unknown): Promise<Installation>
  update(body: unknown, signed: SignedRequest | undefined): Promise<Installation>
  uninstall(oauthId: string, signed: SignedRequest | undefined): Promise<void>
  /** Fetches the one-time document at `installable_url`, for installations by browser. */
  fetchInstallable(url: string): Promise<unknown>
  /** Removes the installation that a one-time document names. */
  uninstallByDocument(body: unknown): Promise<void>
  /** Cancels the work that is scheduled for later. */
  close(): void
}

/** Rate of unsigned requests about one installation. */
const unsigned = { burst: 5, every: 10_000 } as const

/** Limits of requests that are not about a known installation. */
const unknown = { atOnce: 10, waiting: 200, failures: 200, every: 500 } as const

/** Credentials that the token endpoint accepted, with their access token. */
interface Proven {
  readonly credentials: Credentials
  readonly token: AccessToken
}

/** The services that installing needs. */
export interface InstallingParts {
  readonly options: {
    readonly scopes: readonly Scope[]
    readonly allowRoom?: boolean | undefined
    readonly allowGlobal?: boolean | undefined
  }
  readonly log: Logger
  readonly installations: Installations
  readonly tokens: AccessTokens
  readonly outbound: Outbound
  readonly hooks: Hooks
  readonly observing: Observing
  servicesOf(installation: Installation): InstallationServices
  /** ETag of the current descriptor. */
  descriptorEtag(): string
}

export function createInstalling(parts: InstallingParts): Installing {
  const { installations, tokens, options } = parts
  const discovery = createDiscovery(parts.outbound)
  // Work on one installation runs one after the other: a server that gets no answer may ask again, and a
  // removal must not run in the middle of an update.
  const queues = createQueues()
  const refreshes = createThrottle<Installation>(unsigned)
  const removals = createThrottle<void>(unsigned)
  const attempts = createAttempts(unknown)

  async function install(record: Installable): Promise<Installation> {
    const known = await concluded(record)
    if (known && !known.unconfirmed) return known.installation // a repeat; the hooks have run
    if (known) await installations.remove(known.installation) // a process ended during its hooks: start again
    refusePlace(record)
    const signal = AbortSignal.timeout(WHOLE_INSTALLATION)
    const { credentials, token } = await attempts.run(async () => {
      const document = await discovery.capabilities(record.capabilitiesUrl, signal)
      return prove(fromDocument(record, document, options.scopes), signal)
    })
    const { installation } = credentials
    if (!(await installations.add(credentials))) {
      // Another process was faster, perhaps with other credentials.
      const winner = await concluded(record)
      if (winner && !winner.unconfirmed) return winner.installation
      throw new InstallationRefusedError(
        503,
        'Another process started to install it and did not finish: try again.',
      )
    }
    try {
      await tokens.keep(installation, token)
      await runInstallHooks(installation, signal)
      if (!(await installations.confirm(installation)))
        throw new InstallationRefusedError(409, 'The installation was removed before it was complete.')
    } catch (error) {
      await installations.remove(installation)
      throw error
    }
    parts.observing()?.happened({ kind: 'lifecycle', turn: 'installed' })
    parts.log.info({ installation: installation.oauthId, ...placeOf(installation) }, 'installed')
    return installation
  }

  /**
   * The known installation, after its hooks have ended: before that, it is not certain whether it is
   * installed. It is still unconfirmed if its process ended during the hooks.
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
    const context = hookContext(parts.servicesOf(installation), installation, signal)
    const predecessor = (await installations.predecessorOf(installation))?.installation
    if (predecessor) {
      const old = { installation: predecessor, store: parts.servicesOf(predecessor).values }
      await runHooks('replaced', parts.hooks.replaced, { ...context, old }, signal)
    }
    await runHooks('installed', parts.hooks.installed, context, signal)
  }

  async function update(record: InstallableUpdate, signed: SignedRequest | undefined): Promise<Installation> {
    const known = await movable(record, signed)
    // A caller who knows the secret could have signed the request too.
    const byServer = vouched(signed, known) || record.oauthSecret !== undefined
    const { oauthId } = record
    if (byServer)
      return queues.run(oauthId, async () => {
        const current = await movable(record, signed) // it may have waited in the queue
        const signal = AbortSignal.timeout(WHOLE_INSTALLATION)
        const proven = await examine(current, record.capabilitiesUrl, signal)
        return apply(current, proven, vouched(signed, current), signal)
      })
    // From anyone, so it must not delay the server's own requests: the slow part is done before it enters the
    // queue.
    return refreshes.run(oauthId, async () => {
      const current = await movable(record, undefined)
      const signal = AbortSignal.timeout(WHOLE_INSTALLATION)
      const proven = await examine(current, record.capabilitiesUrl, signal)
      return queues.run(oauthId, () =>
        apply(current, asAnnounced(current, proven, parts.descriptorEtag()), false, signal),
      )
    })
  }

  /** The installation that a record is about. Throws if the record may not change it. */
  async function movable(record: InstallableUpdate, signed: SignedRequest | undefined): Promise<Credentials> {
    const known = await installations.get(record.oauthId)
    if (!known) throw notKnown()
    refuseTakeover(known, record)
    // Another document could send the secret elsewhere, and anyone can upload files to a chat server.
    const byServer = vouched(signed, known) || record.oauthSecret !== undefined
    if (!byServer && record.capabilitiesUrl !== known.installation.capabilitiesUrl)
      throw new InstallationRefusedError(
        409,
        'Only a signed update can move an installation to another capabilitiesUrl.',
      )
    return known
  }

  /** Reads the capabilities document again, and finds out which scopes are approved now. */
  async function examine(known: Credentials, capabilitiesUrl: string, signal: AbortSignal): Promise<Proven> {
    const document = await discovery.capabilities(capabilitiesUrl, signal)
    const moved = { ...known.installation, ...addressesOf(document), capabilitiesUrl }
    const { announcedEtag: _, ...credentials } = known
    return prove({ ...credentials, installation: moved }, signal)
  }

  /**
   * Writes the result of an update, and runs the hooks if something changed; if it is `signed`, in any case.
   */
  async function apply(
    known: Credentials,
    { credentials, token }: Proven,
    signed: boolean,
    signal: AbortSignal,
  ): Promise<Installation> {
    const old = known.installation
    const { installation } = credentials
    if (!(await installations.replace(credentials, old))) return outrun(old)
    const forgetToken = await tokens.keep(installation, token)
    // An unsigned request may be from anyone: it refreshes the record, and runs the hooks only if something
    // changed.
    const news =
      signed ||
      old.descriptorEtag !== installation.descriptorEtag ||
      (credentials.announcedEtag !== undefined && credentials.announcedEtag !== known.announcedEtag) ||
      String(old.scopes) !== String(installation.scopes)
    if (!news) return installation
    try {
      await runHooks(
        'updated',
        parts.hooks.updated,
        hookContext(parts.servicesOf(installation), installation, signal),
        signal,
      )
    } catch (error) {
      await forgetToken() // its scopes may differ from those of the restored record
      await installations.replace(known, installation)
      throw error
    }
    parts.observing()?.happened({ kind: 'lifecycle', turn: 'updated' })
    parts.log.info({ installation: installation.oauthId, scopes: installation.scopes }, 'updated')
    return installation
  }

  /** For when another update was faster, whose result stays; or a removal. */
  async function outrun(old: Installation): Promise<Installation> {
    const current = await installations.get(old.oauthId)
    if (current && isSame(current.installation, old)) return current.installation
    throw notKnown()
  }

  async function uninstall(oauthId: string, signed: SignedRequest | undefined): Promise<void> {
    const known = await installations.get(oauthId)
    if (!known) return // already removed, or never installed: nothing to do
    if (!vouched(signed, known)) return removeIfRejected(oauthId)
    await queues.run(oauthId, () => remove(known))
  }

  async function uninstallByDocument(record: InstallableUpdate): Promise<void> {
    const known = await installations.get(record.oauthId)
    if (!known) return
    refuseTakeover(known, record)
    // A caller who knows the secret could have signed the request too.
    if (record.oauthSecret === undefined) return removeIfRejected(record.oauthId)
    await queues.run(record.oauthId, () => remove(known))
  }

  /**
   * For unsigned requests. Asks the server before it enters the queue, so that the server's own requests do
   * not wait.
   */
  function removeIfRejected(oauthId: string): Promise<void> {
    return removals.run(oauthId, async () => {
      const known = await installations.get(oauthId)
      if (!known) return
      await refuseWhileAlive(known)
      await queues.run(oauthId, () => remove(known))
    })
  }

  async function remove({ installation }: Credentials): Promise<void> {
    const known = await installations.get(installation.oauthId)
    if (!known || !isSame(known.installation, installation)) return // removed in the meantime, and perhaps installed again
    const signal = AbortSignal.timeout(WHOLE_INSTALLATION)
    try {
      await runHooks(
        'uninstalled',
        parts.hooks.uninstalled,
        hookContext(parts.servicesOf(known.installation), known.installation, signal),
        signal,
      )
    } catch (error) {
      // The server has already removed the add-on; an error cannot stop that.
      logError(parts.log, error, 'the uninstalled hook failed', { installation: known.installation.oauthId })
    }
    if (!(await installations.remove(known.installation))) return
    parts.observing()?.happened({ kind: 'lifecycle', turn: 'uninstalled' })
    parts.log.info(
      { installation: known.installation.oauthId, ...placeOf(known.installation) },
      'uninstalled',
    )
  }

  /**
   * Throws unless the server rejects the credentials: only then may an unsigned request remove an
   * installation.
   */
  async function refuseWhileAlive(known: Credentials): Promise<void> {
    try {
      await tokens.exchange(known, AbortSignal.timeout(WHOLE_INSTALLATION))
    } catch (error) {
      if (error instanceof AccessTokenError && error.status === 401) return
      const busy = error instanceof AccessTokenError && error.status === 429
      throw new InstallationRefusedError(
        503,
        `The add-on could not check whether the installation still exists${busy ? ': its server reports too many requests for access tokens (429)' : ''}.`,
        { cause: error },
      )
    }
    throw new InstallationRefusedError(
      403,
      'This installation is alive: its server still accepts its credentials.',
    )
  }

  /** Proves the credentials by exchanging them for a token, and completes the record with the answer. */
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
        'The credentials belong to a different group than the one in the installation record.',
      )
    const completed: Installation = {
      ...installation,
      groupId: groupId ?? token.groupId,
      groupName: token.groupName,
      scopes: token.scopes,
      descriptorEtag: parts.descriptorEtag(),
      updatedAt: new Date(),
      rejectedSince: undefined,
    }
    return { credentials: { ...credentials, installation: completed }, token }
  }

  function refusePlace(record: Installable): void {
    const { allowRoom = true, allowGlobal = true } = options
    if (record.roomId === undefined && !allowGlobal)
      throw new InstallationRefusedError(400, 'This add-on can only be installed in single rooms.')
    if (record.roomId !== undefined && !allowRoom)
      throw new InstallationRefusedError(400, 'This add-on can only be installed for the whole group.')
  }

  const run = <T>(turn: InstallingActivity['turn'], work: () => Promise<T>): Promise<T> =>
    observed(parts.observing(), { kind: 'installing', turn }, work)

  return {
    async install(body) {
      const record = check(installable, body)
      return run('install', () => queues.run(record.oauthId, () => install(record)))
    },
    async update(body, signed) {
      const record = check(installableUpdate, body)
      return run('update', () => update(record, signed))
    },
    uninstall: (oauthId, signed) => run('uninstall', () => uninstall(oauthId, signed)),
    async uninstallByDocument(body) {
      const record = check(installableUpdate, body)
      return run('uninstall', () => uninstallByDocument(record))
    },
    fetchInstallable: (url) => attempts.run(() => discovery.installable(url)),
    close() {
      refreshes.close()
      removals.close()
    },
  }
}

/**
 * Reads a record from a server, and validates its lengths and formats too: it becomes store keys and
 * addresses.
 */
function check<T extends { oauthId: string }>(schema: Schema<T>, body: unknown): T {
  const received = read(schema, body)
  const checked = received.ok ? validate(schema, received.value) : received
  if (checked.ok && isOauthId(checked.value.oauthId)) return checked.value
  const message = checked.ok ? 'oauthId must be printable ASCII without spaces' : checked.problem.message
  throw new InstallationRefusedError(400, `The installation record is not complete: ${message}.`)
}

/**
 * Refuses a known id with another secret, or from another server: it is an attack or a mix-up, and the old
 * record stays.
 */
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
  if (status === 429)
    return new InstallationRefusedError(
      503,
      'The server’s token endpoint reports too many requests for access tokens (429). Try again later.',
      { cause },
    )
  if (status === 400 || status === 401 || status === 403)
    return new InstallationRefusedError(
      403,
      'The credentials were not accepted by the server’s token endpoint.',
      { cause },
    )
  const answered = status >= 200 && status < 300 ? '' : `; it answered ${status}`
  return new InstallationRefusedError(502, `The server’s token endpoint gave no access token${answered}.`, {
    cause,
  })
}

const equal = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b)

/**
 * Whether the server itself signed the request. Tokens that name a user do not count: every member of the
 * room can get one of their own, from any page of the add-on.
 */
const vouched = (signed: SignedRequest | undefined, { installation }: Credentials): boolean =>
  signed !== undefined && signed.userId === undefined && isSame(signed.credentials.installation, installation)

/**
 * The result of an unsigned update. Only its scopes show what was approved: if they are the same, it is not
 * known whether the server approved the current descriptor. Then the record keeps the old ETag, and the
 * warning at each start remains.
 */
function asAnnounced(known: Credentials, { credentials, token }: Proven, etag: string): Proven {
  const { scopes, descriptorEtag } = known.installation
  if (String(scopes) !== String(credentials.installation.scopes)) return { credentials, token }
  const installation = { ...credentials.installation, descriptorEtag }
  const announced = etag === descriptorEtag ? {} : { announcedEtag: etag }
  return { credentials: { ...credentials, ...announced, installation }, token }
}

/** The credentials in a record. `requested` are the scopes to assume if the token endpoint names none. */
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

/** Whether the process that wrote it ended during the hooks: otherwise they would have finished by now. */
const isAbandoned = ({ unconfirmed, installation }: Credentials): boolean =>
  unconfirmed === true && Date.now() - installation.installedAt.getTime() > WHOLE_INSTALLATION
