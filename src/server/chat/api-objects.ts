import type {
  Emoticon,
  Group,
  Message,
  Room,
  RoomMember,
  RoomReference,
  Statistics,
  User,
  UserReference,
} from '../../api/objects.ts'
import type { ResultOf } from '../../api/operation.ts'
import type { Operations } from '../../api/operations/index.ts'
import type { Webhook } from '../../api/webhook.ts'
import { groupOwnerId } from '../auth/access.ts'
import { runs } from '../auth/room-rights.ts'
import { formatDate, formatSeconds } from '../dates.ts'
import type {
  Author,
  ClientRecord,
  EmoticonRecord,
  FileRecord,
  GroupRecord,
  MessageRecord,
  PrivateMessageRecord,
  RoomRecord,
  TokenRecord,
  UserRecord,
  WebhookRecord,
} from '../state/records.ts'
import type { State } from '../state/state.ts'
import { filePath } from './files.ts'
import { picturePath } from './pictures.ts'

/** A session without the token itself, which is not stored. */
type TokenSession = Omit<ResultOf<Operations['getSession']>, 'access_token' | 'expires_in' | 'links'>

type Presence = NonNullable<User['presence']>

type SharedFile = NonNullable<Message['file']>

/** Turns records into the objects of HipChat's API. */
export interface Presenter {
  userReference(user: UserRecord): UserReference
  user(user: UserRecord): User
  /** Whether a user is present and available; `undefined` when nothing is known. */
  presence(user: UserRecord): Presence | undefined
  roomReference(room: RoomRecord): RoomReference
  /** Without the people, of whom there may be many. */
  room(room: RoomRecord): Room
  /** A user as a member of a room. */
  member(user: UserRecord, room: RoomRecord): RoomMember
  statistics(room: RoomRecord): Statistics
  /** A message as history returns it: an integration is `{ name }`. */
  message(message: MessageRecord, timezone?: string): Message
  /** A message as a delivery contains it: an integration is a plain string. */
  eventMessage(message: MessageRecord): Message
  privateMessage(message: PrivateMessageRecord, timezone?: string): Message
  file(file: FileRecord): SharedFile
  /** The author of a change: a person, an OAuth client, or a name. */
  sender(author: Author): unknown
  /** What a token may do, and to whom it belongs. */
  session(token: TokenRecord): TokenSession
  /** A webhook as addressed through a room, which also works for a group-wide one; or without a room, by its key. */
  webhook(webhook: WebhookRecord, room?: RoomRecord): Webhook
  emoticon(emoticon: EmoticonRecord): Emoticon
  /** Address of a picture; null when there is none. */
  pictureUrl(id: string | null | undefined): string | null
  group(group: GroupRecord): Group
}

/** Leaves out a member without a value: the OpenAPI document allows null in few places. */
const unlessNone = <K extends string, T>(name: K, value: T | null | undefined): { [N in K]?: T } =>
  (value === null || value === undefined ? {} : { [name]: value }) as { [N in K]?: T } // only that member

/** `publicUrl` is called at each use: a server on any free port learns its address only when it listens. */
export function createPresenter(state: State, publicUrl: () => string): Presenter {
  const api = () => `${publicUrl()}/v2`
  const host = () => new URL(publicUrl()).hostname
  const pictureUrl = (id: string | null | undefined) => (id ? publicUrl() + picturePath(id) : null)
  const groupId = () => state.group()?.id ?? 0

  const userReference = (user: UserRecord): UserReference => ({
    id: user.id,
    name: user.name,
    mention_name: user.mentionName,
    version: user.version,
    links: { self: `${api()}/user/${user.id}` },
  })

  const people = (ids: readonly number[]): UserReference[] =>
    ids.flatMap((id) => {
      const user = state.people.get(id)
      return user ? [userReference(user)] : []
    })

  function presence(user: UserRecord): Presence | undefined {
    const online = state.rooms.isPresent(user.id)
    if (!online && !user.presence) return undefined
    const show = user.presence?.show ?? 'chat'
    // HipChat and its OpenAPI document swap the two members; the enum in both suits all readers.
    return { status: show, show, status_text: user.presence?.status ?? null, is_online: online }
  }

  const roomReference = (room: RoomRecord): RoomReference => {
    const self = `${api()}/room/${room.id}`
    return {
      id: room.id,
      name: room.name,
      is_archived: room.isArchived,
      privacy: room.privacy,
      version: room.version,
      links: {
        self,
        ...(room.privacy === 'private' ? { members: `${self}/member` } : {}),
        participants: `${self}/participant`,
        webhooks: `${self}/webhook`,
      },
    }
  }

  function statistics(room: RoomRecord): Statistics {
    const { messagesSent, lastActive } = state.rooms.statistics(room.id)
    return {
      messages_sent: messagesSent,
      ...(lastActive === null ? {} : { last_active: formatSeconds(lastActive) }),
      links: { self: `${api()}/room/${room.id}/statistics` },
    }
  }

  /** The server makes no smaller pictures: the thumbnail is the picture itself. */
  function file({ id, isPicture, ...known }: FileRecord): SharedFile {
    if (id === undefined) return known
    const url = publicUrl() + filePath(id, known.name)
    return { ...known, url, ...(isPicture ? { thumb_url: url } : {}) }
  }

  function authorName(author: Author): string {
    const name = author.kind === 'user' ? (state.people.get(author.id)?.name ?? 'Unknown') : author.name
    return author.label ? `${name} · ${author.label}` : name
  }

  function message(record: MessageRecord, timezone: string, from: Message['from']): Message {
    return {
      id: record.id,
      date: formatDate(record.at, timezone),
      from,
      message: record.text,
      type: record.type,
      mentions: people(record.mentions),
      ...(record.color ? { color: record.color } : {}),
      ...(record.format ? { message_format: record.format } : {}),
      ...(record.file ? { file: file(record.file) } : {}),
      ...(record.attachTo ? { attach_to: record.attachTo } : {}),
      ...(record.card ? { card: record.card } : {}),
      ...(record.author.kind === 'addon'
        ? {
            notification_sender: {
              type: 'addon',
              id: record.author.key,
              client_id: record.author.oauthId,
            },
          }
        : {}),
    }
  }

  function senderOf(record: MessageRecord): UserReference | string {
    const user = record.author.kind === 'user' ? state.people.get(record.author.id) : undefined
    return user && record.type !== 'notification' ? userReference(user) : authorName(record.author)
  }

  return {
    userReference,
    user: (user) => ({
      ...userReference(user),
      mention_name: user.mentionName,
      ...unlessNone('email', user.email),
      title: user.title,
      ...unlessNone('presence', presence(user)),
      xmpp_jid: `${groupId()}_${user.id}@chat.${host()}`,
      is_group_admin: user.isAdmin,
      is_guest: user.isGuest,
      is_deleted: user.isDeleted,
      timezone: user.timezone,
      photo_url: pictureUrl(user.photo) ?? null,
      created: formatSeconds(user.created),
      // HipChat's answers had both keys for every user, and clients read them. The time of the last activity is not
      // kept.
      last_active: null,
      roles: [...user.roles],
      group: {
        id: groupId(),
        name: state.group()?.name ?? '',
        links: { self: `${api()}/group/${groupId()}` },
      },
    }),
    presence,
    pictureUrl,
    roomReference,
    room(room) {
      const reference = roomReference(room)
      const counts = statistics(room)
      return {
        ...reference,
        topic: room.topic,
        xmpp_jid: `${groupId()}_${room.name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '_')}@conf.${host()}`,
        created: formatSeconds(room.created),
        last_active: counts.last_active ?? null,
        is_guest_accessible: room.guestAccess,
        guest_access_url: room.guestAccess && room.guestKey ? `${publicUrl()}/${room.guestKey}` : null,
        delegate_admin_visibility: room.delegateAdminVisibility,
        avatar_url: pictureUrl(room.avatar),
        statistics: counts,
      }
    },
    member: (user, room) => ({
      ...userReference(user),
      room_roles: runs(room, user) ? ['room_member', 'room_admin'] : ['room_member'],
    }),
    statistics,
    message(record, timezone = 'UTC') {
      const author = senderOf(record)
      return message(record, timezone, typeof author === 'string' ? { name: author } : author)
    },
    privateMessage(record, timezone = 'UTC') {
      const author = state.people.get(record.from)
      return {
        id: record.id,
        date: formatDate(record.at, timezone),
        from: author ? userReference(author) : null,
        message: record.text,
        type: 'message',
        mentions: [],
        message_format: record.format,
        ...(record.file ? { file: file(record.file) } : {}),
      }
    },
    file,
    eventMessage: (record) => message(record, 'UTC', senderOf(record)),
    sender(author) {
      if (author.kind === 'user') {
        const user = state.people.get(author.id)
        return user ? userReference(user) : null
      }
      const client = author.kind === 'addon' ? state.clients.get(author.oauthId) : undefined
      return client ? oauthClient(client) : authorName(author)
    },
    session({ scopes, oauthId, userId, roomId, label }) {
      const client = oauthId === null ? undefined : state.clients.get(oauthId)
      const room = roomId === null ? undefined : state.rooms.get(roomId)
      const user = userId === null ? undefined : state.people.get(userId)
      return {
        scopes: [...scopes],
        client: client
          ? { ...oauthClient(client), id: client.oauthId }
          : { name: label, allowed_scopes: [...scopes], room: room ? roomReference(room) : null },
        ...(user ? { owner: userReference(user), owner_type: 'user' } : {}),
      }
    },
    webhook(record, room) {
      return {
        // A string of digits here, an integer in deliveries, as in the OpenAPI document and in real payloads.
        id: String(record.id),
        key: record.key,
        name: record.name ?? '',
        url: record.url,
        event: record.event,
        pattern: record.pattern ?? '', // matches every text
        authentication: record.authentication,
        created: formatSeconds(record.created),
        links: {
          self: room
            ? `${api()}/room/${room.id}/webhook/${record.id}`
            : `${api()}/extension/webhook/${encodeURIComponent(record.key)}`,
        },
      }
    },
    emoticon(record) {
      const creator = record.creatorId === null ? undefined : state.people.get(record.creatorId)
      return {
        id: record.id,
        shortcut: record.shortcut,
        url: record.url,
        type: record.type,
        width: record.width,
        height: record.height,
        audio: [],
        audio_path: null,
        ...unlessNone('creator', creator && userReference(creator)),
        links: { self: `${api()}/emoticon/${record.id}` },
      }
    },
    group({ id, name, avatar }) {
      const owner = state.people.get(groupOwnerId)
      return {
        id,
        name,
        // the group began with its owner
        ...(owner ? { created: formatSeconds(owner.created), owner: userReference(owner) } : {}),
        avatar_url: pictureUrl(avatar),
        plan: { type: 'unknown' },
        links: { self: `${api()}/group/${id}` },
      }
    },
  }

  function oauthClient(client: ClientRecord) {
    const room = client.roomId === null ? undefined : state.rooms.get(client.roomId)
    return {
      id: client.number,
      name: client.fromName,
      allowed_scopes: [...client.scopes],
      room: room ? roomReference(room) : null,
      // The address is ours: HipChat's was never published.
      links: { self: `${api()}/oauth/client/${client.number}` },
    }
  }
}
