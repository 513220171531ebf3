import type { Scope } from '../api/scopes.ts'
import type { Client, Room } from '../client/client.ts'
import type { Glances } from '../client/glance-updates.ts'
import type { Logger } from '../telemetry/log.ts'
import type { Installation } from './installation.ts'
import type { InstallationStore } from './installation-store.ts'

/** What every handler and hook gets. */
export interface InstallationContext<S extends Scope = Scope> {
  readonly installation: Installation
  /** HipChat's API as this installation, with the calls its scopes allow. */
  readonly client: Client<S>
  /** Pushes what the add-on's glances show: in the room that this is about, unless told otherwise. */
  readonly glance: Glances
  /** What the author keeps for this installation. */
  readonly store: InstallationStore
  /** Logger that names the installation, and the delivery if there is one. */
  readonly log: Logger
  /** Aborted when the add-on is closing and has waited long enough. */
  readonly signal: AbortSignal
}

/** What a hook gets. */
export interface HookContext<S extends Scope = Scope> extends InstallationContext<S> {
  /** The room it is installed in; `undefined` for a global installation. */
  readonly room: Room<S> | undefined
}

/** What the hook of a replaced installation gets: `installation`, `store` and `client` are the new one's. */
export interface ReplacedContext<S extends Scope = Scope> extends HookContext<S> {
  readonly old: { readonly installation: Installation; readonly store: InstallationStore }
}
