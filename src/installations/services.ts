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
import { type Credentials, type Installation, isSame } from './installation.ts'
import type { Installations } from './installation-records.ts'
import { createInstallationStore, type InstallationStore } from './installation-store.ts'
import { createSteps } from './steps.ts'

/** The services of an installation, for handlers. */
export interface InstallationServices<S extends Scope = Scope> {
  readonly installation: Installation
  readonly client: Client<S>
  readonly values: InstallationStore
  readonly log: Logger
  room(id: number): Room<S>
  /** Does work once, as {@link Steps} says; `run` is the id of the delivery. */
  step<T>(run: string, name: string, work: () => T | Promise<T>): Promise<T>
  /** Pushes the content of glances. Default audience: this room, or all rooms if it is `undefined`. */
  glances(roomId: number | undefined): Glances
  /**
   * Runs a call, named `what` in the log. If nobody awaits it, its error is logged and does not end the
   * process.
   */
  guard<T>(what: string, work: () => Promise<T>): Promise<T>
}

/** The parts that the services need. */
export interface ServicesParts {
  /** Longest wait of a call for a rate limit, in milliseconds. */
  readonly maxRateLimitWait: number
  readonly log: Logger
  readonly store: Store
  readonly installations: Installations
  readonly tokens: AccessTokens
  readonly calling: Calling
  /** Keys of the registered glances. */
  glanceKeys(): Iterable<string>
  /** Receives every call, so that `close()` can wait for it. */
  count(call: Promise<unknown>): void
}

/**
 * Returns a function that creates the services of an installation: once per record, and cached as long as the
 * record.
 */
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
  // The secret is looked up when a token is needed, so that a removed installation gets none.
  const credentials = async (): Promise<Credentials> => {
    const known = await parts.installations.get(installation.oauthId)
    if (known && isSame(known.installation, installation)) return known
    throw new AccessTokenError(`installation ${installation.oauthId} is no longer known here: it was removed`)
  }
  const isThere = async (): Promise<boolean> => {
    const known = await parts.installations.get(installation.oauthId)
    return known !== undefined && isSame(known.installation, installation)
  }
  const log = parts.log.child(bindingsOf(installation))
  const note = (working: Promise<unknown>, what: string): void => {
    parts.count(working)
    noteFailure(working, what, log)
  }
  const client = createClientFor(
    {
      apiUrl: installation.apiUrl,
      scopes: installation.scopes,
      roomId: installation.roomId,
      name: `installation ${installation.oauthId}`,
      token: async () => parts.tokens.get(await credentials()),
      renew: async (refused) => parts.tokens.renew(await credentials(), refused),
      budget: createBudget(parts.maxRateLimitWait, parts.calling.observing),
    },
    { ...parts.calling, onCall: (record) => log.info(record, 'api call'), onBegin: note },
  )
  const rooms = new Map<number, Room<Scope>>()
  function guard<T>(what: string, work: () => Promise<T>): Promise<T> {
    const working = work()
    note(working, what)
    return working
  }
  const services: InstallationServices = {
    installation,
    client: client as InstallationServices['client'], // has every method; the type has only what the scopes allow
    values: guarded(createInstallationStore(parts.store, installation, isThere), note),
    log,
    step: createSteps(parts.store, installation),
    room(id) {
      let room = rooms.get(id)
      if (!room) {
        const made = createRoomFor(client, id)
        const { notify, sendCard } = made // the others only call the client
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

/** The same methods, whose calls are counted, and do not end the process if a handler does not await them. */
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
  return Object.fromEntries(wrapped) as T // the same names and signatures
}

// One error may pass several guards.
const noted = new WeakSet<object>()

function noteFailure(working: Promise<unknown>, what: string, log: Logger): void {
  working.catch((error: unknown) => {
    // Calls that were sent have a log line of their own. This is for errors that would not be logged otherwise.
    const unsent =
      error instanceof ConfigurationError ||
      error instanceof MissingScopeError ||
      error instanceof RoomInstallationError ||
      error instanceof StoreError
    if (!unsent || noted.has(error)) return
    noted.add(error)
    log.warn({ call: what, code: error.code }, `call failed: ${error.message}`)
  })
}

const bindingsOf = ({ oauthId, groupId, roomId }: Installation) => ({
  installation: oauthId,
  ...(groupId === undefined ? {} : { group: groupId }),
  ...(roomId === undefined ? {} : { room: roomId }),
})
