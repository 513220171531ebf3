import { setTimeout as delay } from 'node:timers/promises'
import type { CapabilitiesDocument } from '../api/capabilities.ts'
import { type Installable, installable } from '../api/installable.ts'
import type { Scope } from '../api/scopes.ts'
import { readId } from '../api/sender.ts'
import type { KeyedQueue } from '../common/keyed-queue.ts'
import { InstallationRefusedError } from '../errors.ts'
import type { Logger } from '../telemetry/log.ts'
import { type Observing, observed } from '../telemetry/observer.ts'
import type { AccessTokens } from './access-token.ts'
import { prove } from './check-credentials.ts'
import { hookContext } from './context.ts'
import { addressesOf, type Discovery } from './discovery.ts'
import { type Hooks, installationTimeout, runHooks } from './hooks.ts'
import type { Attempts } from './install-limit.ts'
import { type Credentials, type Installation, keyOf } from './installation.ts'
import type { Installations } from './installation-records.ts'
import { placeOf, readRecord, refuseTakeover } from './request-checks.ts'
import type { InstallationServices } from './services.ts'

/** What installing needs. */
export interface InstallParts {
  readonly options: {
    /** The scopes to assume if the token endpoint names none. */
    readonly scopes: readonly Scope[]
    readonly allowRoom?: boolean | undefined
    readonly allowGlobal?: boolean | undefined
  }
  readonly log: Logger
  readonly installations: Installations
  readonly tokens: AccessTokens
  readonly hooks: Pick<Hooks, 'installed' | 'replaced'>
  readonly observing: Observing
  servicesOf(installation: Installation): InstallationServices
  /** ETag of the current descriptor. */
  descriptorEtag(): string
  /** Work on one installation runs one after the other. */
  readonly queues: KeyedQueue
  readonly attempts: Attempts
  readonly discovery: Discovery
}

/** Creates the function that installs what a record names, once its server has accepted the credentials in it. */
export function createInstall(parts: InstallParts): (body: unknown) => Promise<Installation> {
  const { options, installations, tokens, hooks, servicesOf } = parts

  /** Reads the record, and installs after earlier work on the same installation. */
  async function install(body: unknown): Promise<Installation> {
    const record = readRecord(installable, body)
    return observed(parts.observing(), { kind: 'installing', turn: 'install' }, () =>
      parts.queues.run(record.oauthId, () => installRecord(record)),
    )
  }

  async function installRecord(record: Installable): Promise<Installation> {
    const known = await concluded(record)
    if (known && !known.unconfirmed) return known.installation // a repeat; the hooks have run
    if (known) await installations.remove(known.installation) // a process ended during its hooks: start again
    refusePlace(record, options)
    const signal = AbortSignal.timeout(installationTimeout)
    const { credentials, token } = await parts.attempts.run(async () => {
      const document = await parts.discovery.capabilities(record.capabilitiesUrl, signal)
      return prove(fromDocument(record, document, options.scopes), tokens, parts.descriptorEtag(), signal)
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
      const context = hookContext(servicesOf(installation), signal)
      const predecessor = (await installations.predecessorOf(installation))?.installation
      if (predecessor) {
        const old = { installation: predecessor, store: servicesOf(predecessor).values }
        await runHooks('replaced', hooks.replaced, { ...context, old }, signal)
      }
      await runHooks('installed', hooks.installed, context, signal)
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

  return install
}

function refusePlace(
  record: Installable,
  { allowRoom = true, allowGlobal = true }: InstallParts['options'],
): void {
  if (record.roomId === undefined && !allowGlobal)
    throw new InstallationRefusedError(400, 'This add-on can only be installed in single rooms.')
  if (record.roomId !== undefined && !allowRoom)
    throw new InstallationRefusedError(400, 'This add-on can only be installed for the whole group.')
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

/** Whether the process that wrote it ended during the hooks: otherwise they would have finished by now. */
const isAbandoned = ({ unconfirmed, installation }: Credentials): boolean =>
  unconfirmed === true && Date.now() - installation.installedAt.getTime() > installationTimeout
