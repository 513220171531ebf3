import { type InstallableUpdate, installableUpdate } from '../api/installable.ts'
import type { KeyedQueue } from '../common/keyed-queue.ts'
import { AccessTokenError, InstallationRefusedError } from '../errors.ts'
import { type Logger, logError } from '../telemetry/log.ts'
import { type Observing, observed } from '../telemetry/observer.ts'
import type { AccessTokens } from './access-token.ts'
import { hookContext } from './context.ts'
import { type Hooks, installationTimeout, runHooks } from './hooks.ts'
import { type Credentials, type Installation, isSame } from './installation.ts'
import type { Installations } from './installation-records.ts'
import { isVouchedFor, placeOf, readRecord, refuseTakeover } from './request-checks.ts'
import type { InstallationServices } from './services.ts'
import type { SignedRequest } from './signed-request.ts'
import type { Throttle } from './throttle.ts'

/** What removing needs. */
export interface UninstallParts {
  readonly log: Logger
  readonly installations: Installations
  readonly tokens: AccessTokens
  readonly hooks: Pick<Hooks, 'uninstalled'>
  readonly observing: Observing
  servicesOf(installation: Installation): InstallationServices
  /** Work on one installation runs one after the other. */
  readonly queues: KeyedQueue
  /** Limits unsigned removals. */
  readonly removals: Throttle<void>
}

/** The two ways in which an installation is removed. */
export interface Uninstall {
  /** Removes the installation with this id; `signed` is the signed request that announced it, if there was one. */
  uninstall(oauthId: string, signed: SignedRequest | undefined): Promise<void>
  /** Removes the installation that a one-time document names. */
  uninstallByDocument(body: unknown): Promise<void>
}

/** Creates the functions that remove installations. */
export function createUninstall(parts: UninstallParts): Uninstall {
  const { installations, tokens, hooks, queues, removals, observing } = parts

  async function uninstallKnown(oauthId: string, signed: SignedRequest | undefined): Promise<void> {
    const known = await installations.get(oauthId)
    if (!known) return // already removed, or never installed: nothing to do
    if (!isVouchedFor(signed, known)) return removeIfRejected(oauthId)
    await queues.run(oauthId, () => remove(known))
  }

  async function uninstallNamed(record: InstallableUpdate): Promise<void> {
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
    const signal = AbortSignal.timeout(installationTimeout)
    try {
      await runHooks(
        'uninstalled',
        hooks.uninstalled,
        hookContext(parts.servicesOf(known.installation), signal),
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
      await tokens.request(known, AbortSignal.timeout(installationTimeout))
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

  const run = (work: () => Promise<void>): Promise<void> =>
    observed(observing(), { kind: 'installing', turn: 'uninstall' }, work)

  return {
    uninstall: (oauthId, signed) => run(() => uninstallKnown(oauthId, signed)),
    async uninstallByDocument(body) {
      const record = readRecord(installableUpdate, body)
      return run(() => uninstallNamed(record))
    },
  }
}
