import type { Scope } from '../api/scopes.ts'
import { type Client, createClientFor, createRoomFor, type Room } from '../client/client.ts'
import { createGlances, type Glances } from '../client/glance-updates.ts'
import { createBudget } from '../client/limits.ts'
import type { Calling } from '../client/request.ts'
import {
  AccessTokenError,
  ConfigurationError,
  MissingScopeError,
  RoomInstallationError,
  StoreError,
} from '../errors.ts'
import type { Store } from '../store/index.ts'
import type { Logger } from '../telemetry/log.ts'
import type { AccessTokens } from './access-token.ts'
import { type Credentials, type Installation, type Installations, isSame } from './installation.ts'
import { createInstallationStore, type InstallationStore } from './installation-store.ts'

/** What handlers may do as an installation. */
export interface InstallationServices<S extends Scope = Scope> {
  readonly client: Client<S>
  readonly values: InstallationStore
  readonly log: Logger
  room(id: number): Room<S>
  /** Pushes what glances show: to the given room unless told otherwise; without one, to all. */
  glances(roomId: number | undefined): Glances
  /** Does what `what` names. A failure that nobody awaits is in the log, and does not end the process. */
  guard<T>(what: string, work: () => Promise<T>): Promise<T>
}

/** What they are made of. */
export interface ServicesParts {
  /** Milliseconds that a call waits for its allowance. */
  readonly maxRateLimitWait: number
  readonly log: Logger
  readonly store: Store
  readonly installations: Installations
  readonly tokens: AccessTokens
  readonly calling: Calling
  /** Keys of the glances that are registered. */
  glanceKeys(): Iterable<string>
  /** Hears of everything that is done, so that it can be waited for. */
  count(call: Promise<unknown>): void
}

/** Gives the client, rooms and values of an installation: made once per record, and kept as long as that is. */
export function createServices(parts: ServicesParts): (installation: Installation) => InstallationServices {
  const all = new WeakMap<Installation, InstallationServices>()
  return (installation) => {
    let services = all.get(installation)
    if (!services) {
      services = createServicesFor(parts, installation)
      all.set(installation, services)
    }
    return services
  }
}

function createServicesFor(parts: ServicesParts, installation: Installation): InstallationServices {
  // The secret is looked up when a token is needed: an installation that was removed since then gets none.
  const credentials = async (): Promise<Credentials> => {
    const known = await parts.installations.get(installation.oauthId)
    if (known && isSame(known.installation, installation)) return known
    throw new AccessTokenError(
      `installation ${installation.oauthId} is not known here any more: it was removed`,
    )
  }
  const isThere = async (): Promise<boolean> => {
    const known = await parts.installations.get(installation.oauthId)
    return known !== undefined && isSame(known.installation, installation)
  }
  const log = parts.log.child(bindingsOf(installation))
  const calls = createClientFor(
    {
      apiUrl: installation.apiUrl,
      scopes: installation.scopes,
      roomId: installation.roomId,
      name: `installation ${installation.oauthId}`,
      token: async () => parts.tokens.get(await credentials()),
      renew: async (refused) => parts.tokens.renew(await credentials(), refused),
      budget: createBudget(parts.maxRateLimitWait, parts.calling.observing),
    },
    { ...parts.calling, onCall: (record) => log.info(record, 'api call'), count: parts.count },
  )
  const note = (working: Promise<unknown>, what: string): void => {
    parts.count(working)
    noteFailure(working, what, log)
  }
  const client = guarded(calls, note)
  const rooms = new Map<number, Room<Scope>>()
  function guard<T>(what: string, work: () => Promise<T>): Promise<T> {
    const working = work()
    note(working, what)
    return working
  }
  const services: InstallationServices = {
    client: client as InstallationServices['client'], // has every method of the table; the type shows what the scopes allow
    values: guarded(createInstallationStore(parts.store, installation, isThere), note),
    log,
    room(id) {
      let room = rooms.get(id)
      if (!room) {
        const made = createRoomFor(client, id)
        const { notify, sendCard } = made // the others hand on what the client gives them, which is guarded
        room = Object.assign(made, guarded({ notify, sendCard }, note)) as unknown as Room<Scope> // as with `client`
        if (rooms.size < 10_000) rooms.set(id, room)
      }
      return room
    },
    glances: (roomId) =>
      createGlances({ installation, client: services.client, guard, keys: parts.glanceKeys }, roomId),
    guard,
  }
  return services
}

type Note = (working: Promise<unknown>, what: string) => void

/** The same methods, of which none is lost or ends the process when a handler forgets to await it. */
function guarded<T extends object>(methods: T, note: Note): T {
  const wrapped = Object.entries(methods).map(([name, method]) => {
    if (typeof method !== 'function') return [name, method]
    const guardedMethod = (...all: unknown[]): unknown => {
      const result: unknown = method(...all)
      if (result instanceof Promise) note(result, name)
      return result
    }
    return [name, guardedMethod]
  })
  return Object.fromEntries(wrapped) as T // the same names, and functions that do the same
}

// One failure passes several guards on its way out.
const noted = new WeakSet<object>()

function noteFailure(working: Promise<unknown>, what: string, log: Logger): void {
  working.catch((error: unknown) => {
    // Calls that were sent have their own line; this is about what nobody would hear of otherwise.
    const unsent =
      error instanceof ConfigurationError ||
      error instanceof MissingScopeError ||
      error instanceof RoomInstallationError ||
      error instanceof StoreError
    if (!unsent || noted.has(error)) return
    noted.add(error)
    log.warn({ call: what, code: error.code }, `not done: ${error.message}`)
  })
}

const bindingsOf = ({ oauthId, groupId, roomId }: Installation) => ({
  installation: oauthId,
  ...(groupId === undefined ? {} : { group: groupId }),
  ...(roomId === undefined ? {} : { room: roomId }),
})
