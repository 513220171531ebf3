import type { Scope } from '../api/scopes.ts'
import type { AccessTokens } from '../client/access-token.ts'
import { type Client, createClientFor, createRoomFor, type Room } from '../client/client.ts'
import { createBudget } from '../client/limits.ts'
import type { Calling } from '../client/request.ts'
import type { Outbound } from '../common/outbound.ts'
import { AccessTokenError } from '../errors.ts'
import type { Credentials, Installation, Installations } from '../installation.ts'
import type { Store } from '../store/index.ts'
import type { HookContext, ReplacedContext } from './context.ts'
import type { Logger } from './log.ts'
import type { Settings } from './options.ts'
import { createValues, type Values } from './values.ts'

/** What the parts of an add-on share. Made once, at construction; opens nothing. */
export interface Core {
  readonly settings: Settings
  readonly log: Logger
  readonly store: Store
  readonly installations: Installations
  readonly tokens: AccessTokens
  readonly outbound: Outbound
  readonly calling: Calling
  readonly hooks: Hooks
  /** ETag of the descriptor being served now. */
  descriptorEtag(): string
}

export interface Hooks {
  readonly installed: Hook<HookContext>[]
  readonly updated: Hook<HookContext>[]
  readonly uninstalled: Hook<HookContext>[]
  readonly replaced: Hook<ReplacedContext>[]
}

export type Hook<C> = (context: C) => unknown

/** An installation as handlers meet it. */
export interface Facade<S extends Scope = Scope> {
  readonly client: Client<S>
  readonly values: Values
  readonly log: Logger
  room(id: number): Room<S>
}

const facades = new WeakMap<Installation, Facade>()

/** The client, rooms and values of an installation; made once per record and kept as long as it is. */
export function facadeOf(core: Core, installation: Installation): Facade {
  const kept = facades.get(installation)
  if (kept) return kept
  // The secret is looked up when a token is needed: an installation that was removed since then gets none.
  const credentials = async (): Promise<Credentials> => {
    const known = await core.installations.get(installation.oauthId)
    if (known) return known
    throw new AccessTokenError(
      `installation ${installation.oauthId} is not known here any more: it was removed`,
    )
  }
  const client = createClientFor(
    {
      apiUrl: installation.apiUrl,
      scopes: installation.scopes,
      roomId: installation.roomId,
      name: `installation ${installation.oauthId}`,
      token: async () => core.tokens.get(await credentials()),
      renew: async (refused) => core.tokens.renew(await credentials(), refused),
      budget: createBudget(core.settings.maxRateLimitWait),
    },
    { ...core.calling, onCall: (record) => facade.log.info(record, 'api call') },
  )
  const rooms = new Map<number, Room<Scope>>()
  const facade: Facade = {
    client: client as Facade['client'], // has every method of the table; the type shows what the scopes allow
    values: createValues(core.store, installation),
    log: core.log.child(bindingsOf(installation)),
    room(id) {
      let room = rooms.get(id)
      if (!room) {
        room = createRoomFor(client, id) as Room<Scope> // as with `client`
        if (rooms.size < 10_000) rooms.set(id, room)
      }
      return room
    },
  }
  facades.set(installation, facade)
  return facade
}

const bindingsOf = ({ oauthId, groupId, roomId }: Installation) => ({
  installation: oauthId,
  ...(groupId === undefined ? {} : { group: groupId }),
  ...(roomId === undefined ? {} : { room: roomId }),
})

export function hookContext(core: Core, installation: Installation, signal: AbortSignal): HookContext {
  const { client, values, log, room } = facadeOf(core, installation)
  return {
    installation,
    client,
    store: values,
    log,
    signal,
    room: installation.roomId === undefined ? undefined : room(installation.roomId),
  }
}
