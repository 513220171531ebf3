import { createOutbound, type Outbound } from '../common/outbound.ts'
import { type AccessTokens, createAccessTokens } from '../installations/access-token.ts'
import type { Hooks } from '../installations/hooks.ts'
import { type Installation, isSame } from '../installations/installation.ts'
import { createInstallations, type Installations } from '../installations/installation-records.ts'
import { createServices, type InstallationServices } from '../installations/services.ts'
import { createSealing, openStore, type Sealing, type Store, scopeStore, shareStore } from '../store/index.ts'
import type { Logger } from '../telemetry/log.ts'
import type { Observation } from '../telemetry/observation.ts'
import { type Observing, observed } from '../telemetry/observer.ts'
import type { Modules } from './modules/modules.ts'
import type { ResolvedOptions } from './options.ts'

/** The services that the parts of an add-on share. Created once, with the add-on; opens nothing. */
export interface Core {
  readonly resolved: ResolvedOptions
  readonly log: Logger
  readonly store: Store
  readonly sealing: Sealing
  readonly installations: Installations
  readonly tokens: AccessTokens
  readonly outbound: Outbound
  readonly hooks: Hooks
  /** The add-on's glances, panels, dialogs, actions and pages. */
  readonly modules: Modules
  /** Returns the observer for metrics and traces, if there is one. */
  readonly observing: Observing
  /** The client, rooms, store and log of an installation. */
  servicesOf(installation: Installation): InstallationServices
  /** ETag of the current descriptor. */
  descriptorEtag(): string
}

/** Creates the services from the options. Throws a ConfigurationError for an invalid `secretKey` or `store`. */
export function createCore(
  resolved: ResolvedOptions,
  log: Logger,
  observation: Observation,
  modules: Modules,
  descriptorEtag: () => string,
  count: (call: Promise<unknown>) => void,
): Core {
  const { options, callTimeout: timeout } = resolved
  const { observing } = observation
  const sealing = createSealing(options.secretKey)
  const store = scopeStore(
    observation.watch(shareStore(openStore(options.store), options.store)),
    `${options.key}:`,
  )
  const outbound = createOutbound({
    hosts: options.allowedHosts ?? [],
    ranges: options.allowedRanges,
    loopback: resolved.loopback,
    http: options.allowHttp,
    ca: options.ca,
    around: (work) => observed(observing(), { kind: 'exchange' }, work),
  })
  const installations = createInstallations(store, sealing)
  const tokens = createAccessTokens({
    store,
    sealing,
    outbound,
    timeout,
    warn: (message, installation) => log.warn({ installation: installation.oauthId }, message),
    mark: (installation, rejected) => installations.mark(installation, rejected),
    async isThere(installation) {
      const known = await installations.get(installation.oauthId)
      return known !== undefined && isSame(known.installation, installation)
    },
    observing,
  })
  const servicesOf = createServices({
    maxRateLimitWait: resolved.maxRateLimitWait,
    glanceKeys: modules.glanceKeys,
    log,
    store,
    installations,
    tokens,
    calling: { outbound, timeout, onCall: () => {}, observing },
    count,
  })
  return {
    resolved,
    log,
    store,
    sealing,
    installations,
    tokens,
    outbound,
    hooks: { installed: [], updated: [], uninstalled: [], replaced: [] },
    modules,
    observing,
    servicesOf,
    descriptorEtag,
  }
}
