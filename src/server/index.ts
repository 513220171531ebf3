import { type EventName, eventNames, isEventName } from '../api/events.ts'
import type { Message } from '../api/objects.ts'
import { type OperationId, operations } from '../api/operations/index.ts'
import type { Notification } from '../api/operations/messages.ts'
import { type Scope, scopeNames } from '../api/scopes.ts'
import { hashOf, randomText } from '../common/random.ts'
import type { Schema } from '../common/schema.ts'
import { typeName, validate } from '../common/validate.ts'
import type { ApiCall } from './addons/api-call-log.ts'
import type { DeliveryFilter, DeliveryRecord } from './addons/delivery-history.ts'
import type { Redirect } from './addons/installer.ts'
import { operator } from './auth/delegation.ts'
import { scopesOf } from './auth/granted-scopes.ts'
import { maySee } from './auth/room-rights.ts'
import { openPageSession } from './chat-page/sessions.ts'
import { nowMicros } from './dates.ts'
import { CallRefusedError, invalid, notFound } from './errors.ts'
import type { Fault } from './http/fault-injection.ts'
import { checkText } from './http/parsing.ts'
import { type ServerOptions, settingsFrom } from './options.ts'
import { defaultSeed } from './seed.ts'
import { type RunningServer, start } from './start.ts'
import type { FileRecord, GlanceUpdateRecord, RoomRecord, UserRecord } from './state/records.ts'

export type { ApiCall } from './addons/api-call-log.ts'
export type { DeliveryFilter, DeliveryRecord } from './addons/delivery-history.ts'
export type { Redirect } from './addons/installer.ts'
export { CallRefusedError } from './errors.ts'
export type { Tls } from './exposure.ts'
export type { Compatibility } from './http/classic.ts'
export type { Fault } from './http/fault-injection.ts'
export type { Limits } from './http/rate-limits.ts'
export type { Log } from './log.ts'
export { type Seed, ServerOptionError, type ServerOptions } from './options.ts'
export { FolderUnusableError } from './state/folder.ts'
export { FolderTakenError } from './state/owner.ts'
export type { GlanceUpdateRecord } from './state/records.ts'

/** A room by id or name. */
export type RoomName = string | number

/** A user by id, mention name (with or without its `@`), email address or full name. */
export type UserName = string | number

export interface TokenRequest {
  /** Whose personal access token it is. */
  readonly user?: UserName
  /** Or the room whose notification token it is: a sender that belongs to nobody. */
  readonly room?: RoomName
  /** Default: everything the user may do; `send_notification` for a room's token. */
  readonly scopes?: readonly Scope[]
  /** What a room's token is called in the room. Default `Integration`. */
  readonly label?: string
}

export interface SharedFile {
  readonly name: string
  /** Bytes. */
  readonly size: number
  readonly url: string
  readonly thumbUrl?: string
  /** Said along with the file. */
  readonly message?: string
}

/** An event in words that are not this server's. */
export interface ToldEvent {
  readonly event: EventName
  readonly room: RoomName
  readonly body: object
}

/** An installed add-on. `roomId` is absent when it is installed for the whole group. */
export interface InstalledAddon {
  readonly oauthId: string
  readonly key: string
  readonly name: string
  readonly roomId?: number
  readonly scopes: readonly Scope[]
}

/**
 * A HipChat-compatible server in this process. Besides its API over HTTP it has the verbs below, to act as the people
 * in it; they go through the same functions as the API. All but `listen` and `adminToken` need the server to listen.
 * A refused verb throws {@link CallRefusedError}, with the status and text the API would answer.
 */
export interface HipChatServer {
  /** Origin of the server, without a slash at the end. */
  readonly url: string
  /** Base of the API, without a slash at the end. */
  readonly apiUrl: string
  readonly capabilitiesUrl: string
  /** Personal token of the first administrator, with all scopes. */
  readonly adminToken: string
  /** Whether this start filled the data from the seed; false when the data folder held a group already. */
  readonly seeded: boolean
  /** Opens the data and listens. Rejects, saying so, when the port or the data folder is taken. */
  listen(): Promise<HipChatServer>
  /** Stops accepting, gives what is running five seconds, and leaves nothing open. May be called twice. */
  close(): Promise<void>
  /**
   * Lets the process end although the server listens, once nothing else keeps it: for scripts and tests. Nothing is closed
   * then, and a temporary folder stays.
   */
  unref(): void
  /** Waits for running deliveries, then goes back to the seed. Installations, tokens and messages are gone. */
  reset(): Promise<void>

  say(room: RoomName, user: UserName, text: string): Promise<Message>
  notify(room: RoomName, user: UserName, notification: Notification): Promise<Message>
  enter(room: RoomName, user: UserName): Promise<void>
  leave(room: RoomName, user: UserName): Promise<void>
  setTopic(room: RoomName, user: UserName, topic: string): Promise<void>
  shareFile(room: RoomName, user: UserName, file: SharedFile): Promise<Message>
  /** The newest thousand messages of a room, oldest first. */
  history(room: RoomName): Message[]

  /** All rooms, in the order in which they were made. */
  rooms(): { readonly id: number; readonly name: string }[]
  /** A room by id or name. */
  room(room: RoomName): { readonly id: number; readonly name: string }
  createToken(request: TokenRequest): Promise<string>
  /** Signs somebody in on the chat page, without a password: for tests of what add-ons show there. */
  createPageToken(user: UserName): Promise<string>
  /**
   * Installs an add-on, as the administrator, from the address of its descriptor. With `scopes` it gets these of what it
   * asks for and no others, as an installation that was approved before the descriptor asked for more.
   */
  install(
    descriptorUrl: string,
    where?: { room?: RoomName; scopes?: readonly Scope[] },
  ): Promise<InstalledAddon & { readonly installedUrl?: string }>
  uninstall(oauthId: string): Promise<void>
  installations(): InstalledAddon[]
  /** Where browsers would have been sent, by add-ons that are told of things that way. */
  redirects(): readonly Redirect[]

  /**
   * Tells an installation of an event in a room with a body of your own, a recorded one for instance: signed for the person
   * whom the body names, posted to each of its webhooks for that event whose pattern the message matches, the answer posted
   * into the room. The ids of installation, webhook and room in it are made those of here; everything else, what is missing
   * or wrong too, is told as it is. Resolves when the deliveries are answered, and gives them; none where no webhook waits.
   */
  deliver(oauthId: string, told: ToldEvent): Promise<DeliveryRecord[]>

  /** What add-ons pushed to their glances, oldest first: the newest 200. */
  glanceUpdates(): GlanceUpdateRecord[]
  /** What add-ons were told, oldest first: the newest 200 deliveries of each installation, kept in memory. */
  deliveries(filter?: DeliveryFilter): DeliveryRecord[]
  /** What an add-on, or all of them, asked of the API, oldest first: the newest 500 of all. */
  calls(oauthId?: string): ApiCall[]
  /**
   * Lets the next calls of an operation, one unless `times` says more, go wrong: for tests of what an add-on does then.
   */
  fail(operation: OperationId, fault: Fault, times?: number): void
  /** Resolves when no delivery is waiting or running, those caused by replies included. */
  idle(): Promise<void>
}

/** Creates a server; nothing is opened before `listen()`. Throws `ServerOptionError` for options that are wrong. */
export function createHipChatServer(options: ServerOptions = {}): HipChatServer {
  const settings = settingsFrom(options, defaultSeed)
  const adminToken = settings.adminToken ?? randomText(40)
  let starting: Promise<RunningServer> | undefined
  let running: RunningServer | undefined

  function live(): RunningServer {
    if (!running) throw new Error('the server does not listen: call listen() first')
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

  /** What only members can do is refused as the API refuses it. */
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
      return running?.url ?? settings.publicUrl ?? live().url
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
      starting = start(settings, adminToken)
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
      if ((userName === undefined) === (roomName === undefined))
        throw new CallRefusedError(400, 'createToken needs either a user or a room')
      const { state } = live().context
      const user = userName === undefined ? undefined : userOf(userName)
      const room = roomName === undefined ? undefined : roomOf(roomName)
      const unknown = scopes?.find((scope) => !scopeNames.includes(scope))
      if (unknown !== undefined) throw new CallRefusedError(400, `There is no scope ${unknown}`)
      const token = randomText(40)
      await state.write(() =>
        state.tokens.put(hashOf(token), {
          kind: user ? 'personal' : 'room_notification',
          use: 'access',
          scopes: scopes ?? (user ? scopesOf(user) : ['send_notification']),
          oauthId: null,
          userId: user?.id ?? null,
          roomId: room?.id ?? null,
          label: user ? null : (label ?? 'Integration'),
          expires: null,
          created: nowMicros(),
        }),
      )
      return token
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
        throw new CallRefusedError(409, `Installation ${oauthId} is not of ${room.name}`)
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
