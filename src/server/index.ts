import { type EventName, eventNames, isEventName } from '../api/events.ts'
import type { Message } from '../api/objects.ts'
import { type OperationId, operations } from '../api/operations/index.ts'
import type { Notification } from '../api/operations/messages.ts'
import { type Scope, scopeNames } from '../api/scopes.ts'
import { randomText } from '../common/random.ts'
import type { Schema } from '../common/schema.ts'
import { typeName, validate } from '../common/validate.ts'
import type { ApiCall } from './addons/api-call-log.ts'
import type { DeliveryFilter, DeliveryRecord } from './addons/delivery-history.ts'
import type { Redirect } from './addons/installables.ts'
import { scopesOf } from './auth/granted-scopes.ts'
import { makePersonalToken, makeRoomToken } from './auth/handmade-tokens.ts'
import { operator } from './auth/maker-rights.ts'
import { maySee } from './auth/room-rights.ts'
import { openPageSession } from './chat-page/sessions.ts'
import { CallRefusedError, invalid, notFound } from './errors.ts'
import type { Fault } from './http/fault-injection.ts'
import { checkText } from './http/parsing.ts'
import { resolveOptions, type ServerOptions } from './options.ts'
import { defaultSeed } from './seed.ts'
import { type RunningServer, start } from './start.ts'
import type { FileRecord, GlanceUpdateRecord, RoomRecord, UserRecord } from './state/records.ts'

export type { ApiCall } from './addons/api-call-log.ts'
export type { DeliveryFilter, DeliveryRecord } from './addons/delivery-history.ts'
export type { Redirect } from './addons/installables.ts'
export { CallRefusedError } from './errors.ts'
export type { Compatibility } from './http/classic.ts'
export type { Fault } from './http/fault-injection.ts'
export type { Limits } from './http/window-counter.ts'
export type { Log } from './log.ts'
export { type Seed, ServerOptionError, type ServerOptions } from './options.ts'
export { FolderUnusableError } from './state/folder.ts'
export { FolderTakenError } from './state/owner.ts'
export type { GlanceUpdateRecord } from './state/records.ts'
export type { Tls } from './tls.ts'

/** A room by id or name. */
export type RoomName = string | number

/** A user by id, mention name (with or without its `@`), email address or full name. */
export type UserName = string | number

/** What {@link HipChatServer.createToken} makes: a token of a user or of a room. Exactly one of the two is required. */
export interface TokenRequest {
  /** The user whose personal access token to create. */
  readonly user?: UserName
  /** The room whose notification token to create. Such a token belongs to no user. */
  readonly room?: RoomName
  /** Default: every scope the user may have; `send_notification` for a room's token. */
  readonly scopes?: readonly Scope[]
  /** Name under which a room's token posts. Default `Integration`. */
  readonly label?: string
}

/** A file that a user shares in a room. It is stored elsewhere, at `url`. */
export interface SharedFile {
  /** Name of the file, with its ending. */
  readonly name: string
  /** In bytes. */
  readonly size: number
  /** Address that the file is loaded from. */
  readonly url: string
  /** Address of a preview image. Default: no preview. */
  readonly thumbUrl?: string
  /** Text of the message that carries the file. Default: no text. */
  readonly message?: string
}

/** An event with a body that this server did not write, for {@link HipChatServer.deliver}. */
export interface GivenEvent {
  /** Event whose webhooks get the delivery. */
  readonly event: EventName
  /** Room in which it happens. */
  readonly room: RoomName
  /** Body to deliver, in the shape of HipChat's webhook payloads. It is not validated. */
  readonly body: object
}

/** An installed add-on. `roomId` is absent when it is installed for the whole group. */
export interface InstalledAddon {
  /** Id of the installation and of its OAuth client. */
  readonly oauthId: string
  /** Key of the add-on, from its descriptor. */
  readonly key: string
  /** Name of the add-on, from its descriptor. */
  readonly name: string
  /** Room of the installation. */
  readonly roomId?: number
  /** Scopes that were approved. */
  readonly scopes: readonly Scope[]
}

/**
 * A HipChat-compatible server in this process. In addition to its HTTP API it has the methods below, which act as
 * the people on the server and go through the same functions as the API. All except `listen` and `adminToken` need
 * a listening server. A refused call throws {@link CallRefusedError}, with the status and message that the API
 * would answer with.
 */
export interface HipChatServer {
  /** Origin of the server, without a trailing slash. */
  readonly url: string
  /** Base address of the API, without a trailing slash. */
  readonly apiUrl: string
  /** Address of the capabilities document. */
  readonly capabilitiesUrl: string
  /** Personal access token of the first administrator, with all scopes. */
  readonly adminToken: string
  /** Whether this start filled the data from the seed; false when the data folder already held a group. */
  readonly seeded: boolean
  /** Opens the data and starts listening. Rejects, with the reason, when the port or the data folder is in use. */
  listen(): Promise<HipChatServer>
  /**
   * Stops accepting calls, gives running calls and deliveries five seconds, and closes everything. May be called
   * twice.
   */
  close(): Promise<void>
  /**
   * Lets the process exit although the server is listening, once nothing else keeps the process alive: for scripts
   * and tests. Nothing is closed on such an exit, and a temporary data folder is left behind.
   */
  unref(): void
  /** Waits for running deliveries, then restores the seed. Installations, tokens and messages are lost. */
  reset(): Promise<void>

  /** Sends a message to a room as a user. */
  say(room: RoomName, user: UserName, text: string): Promise<Message>
  /** Sends a notification to a room as a user. */
  notify(room: RoomName, user: UserName, notification: Notification): Promise<Message>
  /** Enters a room as a user. Does nothing when the user is already in it. */
  enter(room: RoomName, user: UserName): Promise<void>
  /** Leaves a room as a user. Does nothing when the user is not in it. */
  leave(room: RoomName, user: UserName): Promise<void>
  /** Changes the topic of a room as a user. */
  setTopic(room: RoomName, user: UserName, topic: string): Promise<void>
  /** Shares a file in a room as a user. */
  shareFile(room: RoomName, user: UserName, file: SharedFile): Promise<Message>
  /** The newest thousand messages of a room, oldest first. */
  history(room: RoomName): Message[]

  /** All rooms, in the order in which they were created. */
  rooms(): { readonly id: number; readonly name: string }[]
  /** A room by id or name. */
  room(room: RoomName): { readonly id: number; readonly name: string }
  /** Creates an access token for a user or a room, and returns it. */
  createToken(request: TokenRequest): Promise<string>
  /** Returns a token that signs a user in to the chat page without a password: for tests of what add-ons show there. */
  createPageToken(user: UserName): Promise<string>
  /**
   * Installs an add-on, as the administrator, from the address of its descriptor. `where.room` is the room to
   * install it in; default: the whole group. With `where.scopes` the add-on gets only those of the scopes it asks
   * for, like an installation that was approved before the descriptor asked for more. `installedUrl` is where a
   * browser would go next, for an add-on that is installed in the browser.
   */
  install(
    descriptorUrl: string,
    where?: { room?: RoomName; scopes?: readonly Scope[] },
  ): Promise<InstalledAddon & { readonly installedUrl?: string }>
  /** Removes an installation and notifies the add-on. */
  uninstall(oauthId: string): Promise<void>
  /** All confirmed installations. */
  installations(): InstalledAddon[]
  /** Addresses that browsers would have been sent to, for add-ons that are notified through the browser. */
  redirects(): readonly Redirect[]

  /**
   * Delivers an event in a room to an installation with a body of your own, for example a recorded one. The
   * delivery is signed for the person whom the body names and posted to each of the installation's webhooks for
   * that event whose pattern matches the message. The add-on's answer is posted to the room. The ids of the
   * installation, the webhook and the room in the body are replaced by those on this server; everything else,
   * including missing or wrong members, is sent as it is. Resolves once the deliveries are answered, and returns
   * them; the list is empty when no webhook listens for the event.
   */
  deliver(oauthId: string, told: GivenEvent): Promise<DeliveryRecord[]>

  /** The newest 200 updates that add-ons pushed to their glances, oldest first. */
  glanceUpdates(): GlanceUpdateRecord[]
  /** The newest 200 deliveries to each installation, oldest first. They are kept in memory. */
  deliveries(filter?: DeliveryFilter): DeliveryRecord[]
  /** The newest 500 API calls of one add-on, or of all of them, oldest first. Calls of all add-ons share the 500. */
  calls(oauthId?: string): ApiCall[]
  /**
   * Makes the next calls of an operation fail: for tests of how an add-on reacts. `times` is the number of calls.
   * Default 1.
   */
  fail(operation: OperationId, fault: Fault, times?: number): void
  /** Resolves when no delivery is waiting or running, including deliveries that replies cause. */
  idle(): Promise<void>
}

/** Creates a server; nothing is opened before `listen()`. Throws {@link ServerOptionError} when an option is wrong. */
export function createHipChatServer(options: ServerOptions = {}): HipChatServer {
  const resolved = resolveOptions(options, defaultSeed)
  const adminToken = resolved.adminToken ?? randomText(40)
  let starting: Promise<RunningServer> | undefined
  let running: RunningServer | undefined

  function live(): RunningServer {
    if (!running) throw new Error('the server is not listening: call listen() first')
    return running
  }

  function roomOf(name: RoomName): RoomRecord {
    const room = live().context.state.rooms.find(String(name))
    if (!room) throw notFound('Room', name)
    return room
  }

  function userOf(name: UserName): UserRecord {
    const { people } = live().context.state
    const text = String(name)
    const user = people.find(text) ?? people.byMention(text) ?? people.byName(text)
    if (!user || user.isDeleted) throw notFound('User', name)
    return user
  }

  /** The room and the user who acts in it. A room that the user may not see is refused as the API refuses it. */
  function place(roomName: RoomName, userName: UserName): { room: RoomRecord; user: UserRecord } {
    const room = roomOf(roomName)
    const user = userOf(userName)
    if (!maySee(room, { user })) throw notFound('Room', roomName)
    return { room, user }
  }

  function checked(schema: Schema, body: unknown): void {
    const result = validate(schema, body)
    if (!result.ok) throw invalid(result.problem)
    if (typeof body === 'object' && body !== null) checkText(body, 'It')
  }

  const server: HipChatServer = {
    adminToken,
    get url() {
      return running?.url ?? resolved.publicUrl ?? live().url
    },
    get apiUrl() {
      return `${server.url}/v2`
    },
    get capabilitiesUrl() {
      return `${server.apiUrl}/capabilities`
    },
    get seeded() {
      return live().seeded
    },
    async listen() {
      if (starting) throw new Error('listen() was called already')
      starting = start(resolved, adminToken)
      try {
        running = await starting
      } catch (error) {
        starting = undefined
        throw error
      }
      return server
    },
    async close() {
      const open = starting
      starting = undefined
      running = undefined
      await (await open?.catch(() => undefined))?.close()
    },
    unref: () => live().unref(),
    reset: () => live().reset(),

    async say(roomName, userName, text) {
      const { room, user } = place(roomName, userName)
      checked(operations.sendRoomMessage.body.schema, { message: text })
      const { chat, present } = live().context
      return present.message(await chat.say(room, user, text))
    },
    async notify(roomName, userName, notification) {
      const { room, user } = place(roomName, userName)
      checked(operations.sendRoomNotification.body.schema, notification)
      const { chat, present } = live().context
      return present.message(await chat.notify(room, { kind: 'user', id: user.id }, notification))
    },
    async enter(roomName, userName) {
      const { room, user } = place(roomName, userName)
      await live().context.chat.enter(room, user)
    },
    async leave(roomName, userName) {
      await live().context.chat.leave(roomOf(roomName), userOf(userName))
    },
    async setTopic(roomName, userName, topic) {
      const { room, user } = place(roomName, userName)
      checked(operations.setRoomTopic.body.schema, { topic })
      await live().context.chat.updateRoom(room, { kind: 'user', id: user.id }, { topic })
    },
    async shareFile(roomName, userName, { thumbUrl, message, ...file }) {
      const { room, user } = place(roomName, userName)
      const { chat, present } = live().context
      const record: FileRecord = { ...file, ...(thumbUrl === undefined ? {} : { thumb_url: thumbUrl }) }
      return present.message(await chat.shareFile(room, user, record, message))
    },
    history(roomName) {
      const { state, present } = live().context
      return [...state.messages.history(roomOf(roomName).id, { limit: 1000 })]
        .map((message) => present.message(message))
        .reverse()
    },

    rooms: () =>
      live()
        .context.state.rooms.all()
        .map(({ id, name }) => ({ id, name })),
    room(name) {
      const { id, name: found } = roomOf(name)
      return { id, name: found }
    },
    createPageToken: async (user) => (await openPageSession(userOf(user), live().context)).token,
    async createToken({ user: userName, room: roomName, scopes, label }) {
      const { state } = live().context
      const unknown = scopes?.find((scope) => !scopeNames.includes(scope))
      if (unknown !== undefined) throw new CallRefusedError(400, `There is no scope ${unknown}`)
      const user = userName === undefined ? undefined : userOf(userName)
      const room = roomName === undefined ? undefined : roomOf(roomName)
      if (user && !room) return state.write(() => makePersonalToken(state, user, scopes ?? scopesOf(user)))
      if (room && !user)
        return state.write(() => makeRoomToken(state, room, scopes ?? ['send_notification'], label))
      throw new CallRefusedError(400, 'createToken needs either a user or a room')
    },
    async install(url, where = {}) {
      const { installer } = live().context
      const room = where.room === undefined ? undefined : roomOf(where.room)
      const { client, installedUrl } = await installer.install({
        url,
        by: operator,
        ...(room ? { room } : {}),
        ...(where.scopes ? { granted: where.scopes } : {}),
      })
      return { ...addonOf(client), ...(installedUrl === undefined ? {} : { installedUrl }) }
    },
    async uninstall(oauthId) {
      const { installer, state } = live().context
      const client = state.clients.get(oauthId)
      if (!client) throw notFound('Installation', oauthId)
      await installer.uninstall(client)
    },
    installations: () =>
      live()
        .context.state.clients.all()
        .filter((client) => client.status === 'live')
        .map(addonOf),
    redirects: () => live().context.installer.redirects(),

    async deliver(oauthId, { event, room: roomName, body }) {
      const { state } = live().context
      const client = state.clients.get(oauthId)
      if (client?.status !== 'live') throw notFound('Installation', oauthId)
      const room = roomOf(roomName)
      if (client.roomId !== null && client.roomId !== room.id)
        throw new CallRefusedError(409, `Installation ${oauthId} is not in ${room.name}`)
      if (!isEventName(event))
        throw new CallRefusedError(400, `There is no event ${event}; there are ${eventNames.join(', ')}`)
      if (typeof body !== 'object' || body === null)
        throw new CallRefusedError(400, `body must be an object, not ${typeName(body)}`)
      return live().delivery.tell({ client, event, room, body: { ...body } })
    },

    glanceUpdates: () => live().context.glances.list(),
    deliveries: (filter) => live().delivery.records(filter),
    calls: (oauthId) =>
      live()
        .context.calls.list({ limit: 500, ...(oauthId === undefined ? {} : { oauthId }) })
        .reverse(),
    fail: (operation, fault, times = 1) => live().context.faults.add(operation, fault, times),
    idle: () => live().delivery.idle(),
  }
  return server
}

function addonOf(client: {
  oauthId: string
  key: string
  name: string
  roomId: number | null
  scopes: readonly Scope[]
}): InstalledAddon {
  const { oauthId, key, name, roomId, scopes } = client
  return { oauthId, key, name, scopes, ...(roomId === null ? {} : { roomId }) }
}
