import { findActiveUser, findRoom, requireRoomAdmin } from '../auth/access.ts'
import { person } from '../auth/callers.ts'
import { scopesOf } from '../auth/granted-scopes.ts'
import {
  checkHandmadeCount,
  findHandmade,
  handmadePart,
  makePersonalToken,
  makeRoomToken,
  tokenId,
} from '../auth/handmade-tokens.ts'
import { signIn } from '../auth/sign-in.ts'
import { endToken } from '../auth/tokens.ts'
import type { Context, Handler } from '../context.ts'
import { formatSeconds } from '../dates.ts'
import { badRequest, forbidden, notFound } from '../errors.ts'
import type { ClientRecord, RoomRecord, UserRecord } from '../state/records.ts'
import { hashOf } from '../state/token-hash.ts'
import type { HashedToken } from '../state/tokens.ts'
import type { PageContext } from './context.ts'
import {
  installationsPart,
  isInstalledFor,
  mayConfigure,
  moduleOf,
  modulesOf,
  shownIntegration,
} from './integrations.ts'
import { pageListHandlers } from './list-handlers.ts'
import type { GlanceAddress, OpenedModule, pageApi } from './routes.ts'
import { openPageSession } from './sessions.ts'
import { type Opening, openAddress } from './signed-addresses.ts'

type Table = typeof pageApi

/** Handlers of the {@link pageApi} table. */
export const pageHandlers: { readonly [Id in keyof Table]: Handler<Table[Id], PageContext> } = {
  getWelcome: (_parameters, _session, context) => ({
    group: context.state.group()?.name ?? '',
    users: chosenFrom(context).map(({ id, name, mentionName }) => ({ id, name, mention_name: mentionName })),
  }),

  async openSession({ user_id, username, password }, { address }, context) {
    const user =
      user_id === undefined
        ? await signIn({ ...credentials(username, password), address }, context)
        : chosen(user_id, context)
    const { token, expires } = await openPageSession(user, context)
    return { token, user_id: user.id, expires: new Date(expires).toISOString() }
  },

  async closeSession(_parameters, { tokenHash }, { state }) {
    if (tokenHash !== undefined) await state.write(() => endToken(state, tokenHash))
    return undefined
  },

  ...pageListHandlers,

  async enterRoom({ room_id }, caller, { state, chat }) {
    await chat.enter(findRoom(state, room_id, caller), person(caller))
    return undefined
  },

  async leaveRoom({ room_id }, caller, { state, chat }) {
    await chat.leave(findRoom(state, room_id, caller), person(caller))
    return undefined
  },

  async setPresence({ show, status }, caller, { state }) {
    const user = person(caller)
    await state.write(() => {
      const current = findActiveUser(state, user.id)
      state.people.change(current, { presence: { show, status: status || null } })
    })
    return undefined
  },

  async getIntegrations({ room_id, after }, caller, { state }) {
    const room = room_id === undefined ? undefined : findRoom(state, room_id, caller)
    const user = person(caller)
    return installationsPart(room, state, after, (client) => [shownIntegration(client, user, room, state)])
  },

  async getGlanceAddresses({ room_id, after }, caller, { state }) {
    const room = findRoom(state, room_id, caller)
    const user = person(caller)
    return installationsPart(room, state, after, (client) => glanceAddresses(client, user, room))
  },

  openModule({ oauth_id, room_id, key, page, values = {}, theme }, caller, { state }) {
    const room = room_id === undefined ? undefined : findRoom(state, room_id, caller)
    const user = person(caller)
    const client = state.clients.get(String(oauth_id))
    if (!client || !isInstalledFor(room, client)) throw notFound('Installation', oauth_id)
    if ((key === undefined) === (page === undefined)) throw badRequest('Give either key or page', 'key')
    const { url, authentication } =
      page === undefined ? moduleOf(client, key ?? '') : pageOf(page, client, user, room)
    if (url === null) throw badRequest(`The module ${key} has no address to open`, 'key')
    return openAddress({
      client,
      user,
      room: page !== undefined && isOfGroup(page, client) ? undefined : room,
      url,
      authentication,
      values,
      parameters: theme === undefined ? {} : { theme },
    })
  },

  async listTokens({ after }, caller, { state }) {
    const { items, next } = await handmadePart(state, caller, after, tokensPerPart)
    return {
      items: items.sort(newestFirst).map(({ hash, token }) => ({
        id: tokenId(hash),
        kind: token.kind === 'personal' ? ('personal' as const) : ('room_notification' as const),
        label: token.label,
        scopes: [...token.scopes],
        room_id: token.roomId,
        created: formatSeconds(token.created),
        expires: token.expires === null ? null : new Date(token.expires).toISOString(),
      })),
      next,
    }
  },

  async createToken({ room_id, label, scopes }, caller, { state }) {
    const user = person(caller)
    const room = room_id === undefined ? undefined : findRoom(state, room_id, caller)
    if (room) requireRoomAdmin(state, room, caller)
    const may = room ? (['send_notification'] as const) : scopesOf(user)
    const wanted = scopes ?? may
    const surplus = wanted.find((scope) => !may.some((one) => one === scope))
    if (surplus !== undefined)
      throw forbidden(
        room
          ? `A room's token sends notifications; it cannot have the scope ${surplus}`
          : `You do not have the scope ${surplus}`,
      )
    if (wanted.length === 0) throw badRequest('A token needs at least one scope', 'scopes')
    const text = await state.write(() => {
      checkHandmadeCount(state, room, user.id)
      return room
        ? makeRoomToken(state, room, wanted, label, user)
        : makePersonalToken(state, user, wanted, label)
    })
    return { token: text, id: tokenId(hashOf(text)) }
  },

  async revokeToken({ id }, caller, { state }) {
    const found = findHandmade(String(id), caller, state)
    if (!found) throw notFound('Token', id)
    await state.write(() => endToken(state, found.hash))
    return undefined
  },
}

const tokensPerPart = 100

const newestFirst = (one: HashedToken, other: HashedToken): number => other.token.created - one.token.created

const mostToChooseFrom = 100

/** On a server for development, users without a password can be chosen. The first of them are shown. */
const chosenFrom = ({ state, isLocal }: Context): UserRecord[] =>
  isLocal ? state.people.from(0, mostToChooseFrom).filter(canBeChosen) : []

const canBeChosen = ({ isDeleted, isGuest, password }: UserRecord): boolean =>
  !isDeleted && !isGuest && password === null

function chosen(id: number, { state, isLocal }: Context): UserRecord {
  const user = isLocal ? state.people.get(id) : undefined
  if (!user || !canBeChosen(user)) throw forbidden('This user signs in with a password')
  return user
}

/** Signed one after the other, as they are needed. */
function* glanceAddresses(
  client: ClientRecord,
  user: UserRecord,
  room: RoomRecord,
): Generator<GlanceAddress> {
  for (const { type, key, url } of modulesOf(client.descriptor)) {
    if (type !== 'glance' || url === null) continue
    const opening = { client, user, room, url, values: {}, parameters: {}, authentication: 'jwt' } as const
    const address = openedOrNothing(opening)
    if (address) yield { oauth_id: client.oauthId, key, url: address.url }
  }
}

/** A wrong address does not affect the others: the page shows this glance in its error state. */
function openedOrNothing(opening: Opening): OpenedModule | undefined {
  try {
    return openAddress(opening)
  } catch {
    return undefined
  }
}

function credentials(username: string | undefined, password: string | undefined) {
  if (username === undefined || password === undefined)
    throw badRequest('Give username and password', username === undefined ? 'username' : 'password')
  return { username, password }
}

/** Whether a page is about the whole group, wherever it was opened: its signed request then names no room. */
function isOfGroup(page: 'configurable' | 'adminPage', { roomId, descriptor }: ClientRecord): boolean {
  if (roomId !== null) return false
  return page === 'adminPage' || descriptor.capabilities?.configurable?.allowAccessToRoomAdmins !== true
}

function pageOf(
  page: 'configurable' | 'adminPage',
  client: ClientRecord,
  user: UserRecord,
  room: RoomRecord | undefined,
): { url: string; authentication: 'jwt' | 'none' } {
  const { configurable, adminPage } = client.descriptor.capabilities ?? {}
  if (page === 'configurable') {
    if (!configurable) throw badRequest('This add-on has no configuration page', 'page')
    if (!mayConfigure(client, user, room))
      throw forbidden('Only administrators may configure this add-on here')
    return { url: configurable.url, authentication: configurable.authentication ?? 'jwt' }
  }
  if (!adminPage) throw badRequest('This add-on has no administration page', 'page')
  if (!user.isAdmin) throw forbidden('Only administrators of the group may open this page')
  return { url: adminPage.url, authentication: 'jwt' }
}
