import { type InstallableUpdate, installableUpdate } from '../api/installable.ts'
import type { KeyedQueue } from '../common/keyed-queue.ts'
import { InstallationRefusedError } from '../errors.ts'
import type { Logger } from '../telemetry/log.ts'
import { type Observing, observed } from '../telemetry/observer.ts'
import type { AccessTokens } from './access-token.ts'
import { type Proven, prove } from './check-credentials.ts'
import { hookContext } from './context.ts'
import { addressesOf, type Discovery } from './discovery.ts'
import { type Hooks, installationTimeout, runHooks } from './hooks.ts'
import { type Credentials, type Installation, isSame } from './installation.ts'
import type { Installations } from './installation-records.ts'
import { isVouchedFor, notKnown, readRecord, refuseTakeover } from './request-checks.ts'
import type { InstallationServices } from './services.ts'
import type { SignedRequest } from './signed-request.ts'
import type { Throttle } from './throttle.ts'

/** What updating needs. */
export interface UpdateParts {
  readonly log: Logger
  readonly installations: Installations
  readonly tokens: AccessTokens
  readonly hooks: Pick<Hooks, 'updated'>
  readonly observing: Observing
  servicesOf(installation: Installation): InstallationServices
  /** ETag of the current descriptor. */
  descriptorEtag(): string
  /** Work on one installation runs one after the other. */
  readonly queues: KeyedQueue
  /** Limits unsigned updates. */
  readonly refreshes: Throttle<Installation>
  readonly discovery: Discovery
}

/** An update: `signed` is the signed request that announced it, if there was one. */
export type Update = (body: unknown, signed: SignedRequest | undefined) => Promise<Installation>

/** Creates the function that updates the installation that a record names. */
export function createUpdate(parts: UpdateParts): Update {
  const { installations, tokens, hooks, refreshes } = parts

  async function updateRecord(
    record: InstallableUpdate,
    signed: SignedRequest | undefined,
  ): Promise<Installation> {
    const known = await movable(record, signed)
    // A caller who knows the secret could have signed the request too.
    const byServer = isVouchedFor(signed, known) || record.oauthSecret !== undefined
    const { oauthId } = record
    if (byServer)
      return parts.queues.run(oauthId, async () => {
        const current = await movable(record, signed) // it may have waited in the queue
        const signal = AbortSignal.timeout(installationTimeout)
        const proven = await examine(current, record.capabilitiesUrl, signal)
        return apply(current, proven, isVouchedFor(signed, current), signal)
      })
    // From anyone, so it must not delay the server's own requests: the slow part is done before it enters the
    // queue.
    return refreshes.run(oauthId, async () => {
      const current = await movable(record, undefined)
      const signal = AbortSignal.timeout(installationTimeout)
      const proven = await examine(current, record.capabilitiesUrl, signal)
      return parts.queues.run(oauthId, () =>
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
    const byServer = isVouchedFor(signed, known) || record.oauthSecret !== undefined
    if (!byServer && record.capabilitiesUrl !== known.installation.capabilitiesUrl)
      throw new InstallationRefusedError(
        409,
        'Only a signed update can move an installation to another capabilitiesUrl.',
      )
    return known
  }

  /** Reads the capabilities document again, and finds out which scopes are approved now. */
  async function examine(known: Credentials, capabilitiesUrl: string, signal: AbortSignal): Promise<Proven> {
    const document = await parts.discovery.capabilities(capabilitiesUrl, signal)
    const moved = { ...known.installation, ...addressesOf(document), capabilitiesUrl }
    const { announcedEtag: _, ...credentials } = known
    return prove({ ...credentials, installation: moved }, tokens, parts.descriptorEtag(), signal)
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
      await runHooks('updated', hooks.updated, hookContext(parts.servicesOf(installation), signal), signal)
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

  return async (body, signed) => {
    const record = readRecord(installableUpdate, body)
    return observed(parts.observing(), { kind: 'installing', turn: 'update' }, () =>
      updateRecord(record, signed),
    )
  }
}

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
