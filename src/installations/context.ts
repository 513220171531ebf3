import type { Scope } from '../api/scopes.ts'
import type { Client, Room } from '../client/client.ts'
import type { Glances } from '../client/glance-updates.ts'
import type { Logger } from '../telemetry/log.ts'
import type { Installation } from './installation.ts'
import type { InstallationStore } from './installation-store.ts'
import type { InstallationServices } from './services.ts'

/** The part of the context that every handler and hook has. */
export interface InstallationContext<S extends Scope = Scope> {
  /** The installation that the event, page or hook is about. */
  readonly installation: Installation
  /** HipChat's API as this installation, with the calls that its scopes allow. */
  readonly client: Client<S>
  /** Pushes the content of the add-on's glances. Default audience: the room of this context. */
  readonly glance: Glances
  /** Stored values of this installation. */
  readonly store: InstallationStore
  /** Logger that names the installation, and the webhook or module if there is one. */
  readonly log: Logger
  /** Aborted when the handler or hook, or `close()`, has taken too long. */
  readonly signal: AbortSignal
}

/** The context of a lifecycle hook. */
export interface HookContext<S extends Scope = Scope> extends InstallationContext<S> {
  /** The room in which the add-on is installed; `undefined` for a global installation. */
  readonly room: Room<S> | undefined
}

/** The context of the hook `replaced`. `installation`, `store` and `client` belong to the new installation. */
export interface ReplacedContext<S extends Scope = Scope> extends HookContext<S> {
  /** The installation that is replaced, with its stored values, which are still readable. */
  readonly old: { readonly installation: Installation; readonly store: InstallationStore }
}

/**
 * Creates the part of the context that every handler and hook has. `roomId` is the room of the context; `names` is added
 * to its log lines. The log and the signal are created when they are read, since few handlers need them.
 */
export function installationContext(
  services: InstallationServices,
  roomId: number | undefined,
  turn: { readonly signal: AbortSignal },
  names: Readonly<Record<string, string>> = {},
): InstallationContext {
  let log: Logger | undefined
  return {
    installation: services.installation,
    client: services.client,
    store: services.values,
    get glance() {
      return services.glances(roomId)
    },
    get log() {
      log ??= services.log.child(names)
      return log
    },
    get signal() {
      return turn.signal
    },
  }
}

/** Creates the context of a hook, whose signal is aborted at the end of its time. */
export function hookContext(services: InstallationServices, signal: AbortSignal): HookContext {
  const { roomId } = services.installation
  const room = roomId === undefined ? undefined : services.room(roomId)
  return Object.assign(installationContext(services, roomId, { signal }), { room })
}
