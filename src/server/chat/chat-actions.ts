import { randomBytes, randomUUID } from 'node:crypto'
import { most } from '../../api/bounds.ts'
import type { EventName } from '../../api/events.ts'
import type { Notification } from '../../api/operations/messages.ts'
import { requirePrivate } from '../auth/access.ts'
import { isMember, knowing, maySee } from '../auth/room-rights.ts'
import { badRequest, notFound } from '../errors.ts'
import { checkName } from '../names.ts'
import type {
  Author,
  FileRecord,
  MessageRecord,
  PrivateMessageRecord,
  RoomRecord,
  StoredFileRecord,
  UserRecord,
} from '../state/records.ts'
import type { Removals } from '../state/removals.ts'
import type { NewRoom } from '../state/rooms.ts'
import type { State } from '../state/state.ts'
import type { Presenter } from './api-objects.ts'
import type { ChatEvent, Link } from './chat-event.ts'
import { findKnownMentions, findMentions } from './mentions.ts'
import { sanitizeCard, sanitizeHtml } from './sanitizing.ts'

/**
 * What people and add-ons do. Each method changes the state, waits until the change is on disk, fires its event,
 * and waits until the deliveries are queued, so that nobody can fire events faster than that. The REST handlers,
 * the methods of the server object and the chat page all use it.
 */
export interface Chat {
  /** `attachTo` is the message of the same room that this one answers. */
  say(room: RoomRecord, user: UserRecord, text: string, attachTo?: MessageRecord): Promise<MessageRecord>
  /** `stored` holds the bytes of a file that is kept here. */
  shareFile(
    room: RoomRecord,
    user: UserRecord,
    file: FileRecord,
    text?: string,
    stored?: StoredFileRecord,
  ): Promise<MessageRecord>
  /** `link` is the place of an answer to a delivery in its chain of answers. */
  notify(room: RoomRecord, author: Author, notification: Notification, link?: Link): Promise<MessageRecord>
  sayPrivately(
    from: UserRecord,
    to: UserRecord,
    message: Pick<PrivateMessageRecord, 'text' | 'format' | 'notify' | 'file'>,
    stored?: StoredFileRecord,
  ): Promise<PrivateMessageRecord>
  /** Does nothing for a user who is already in the room. */
  enter(room: RoomRecord, user: UserRecord): Promise<void>
  /** Does nothing for a user who is not in the room. */
  leave(room: RoomRecord, user: UserRecord): Promise<void>
  createRoom(author: Author, room: NewRoom): Promise<RoomRecord>
  /** Applies the given changes, and fires their events: a new topic, archiving, unarchiving. */
  updateRoom(room: RoomRecord, author: Author, changes: RoomChanges): Promise<RoomRecord>
  /** Adds a member to a private room; `admin` is whether they run it. Default: unchanged. */
  addMember(room: RoomRecord, user: UserRecord, admin?: boolean): Promise<void>
  /** Removes a member, who also leaves the room. */
  removeMember(room: RoomRecord, user: UserRecord): Promise<void>
  /** Deletes a room with all its messages, webhooks and installations. */
  deleteRoom(room: RoomRecord, author: Author): Promise<void>
  /** The same for a caller whose rights are checked at the time of writing: `check` throws when they do not suffice. */
  checked(check: () => void): Chat
}

/** What {@link Chat.updateRoom} can change. */
export type RoomChanges = Partial<
  Pick<
    RoomRecord,
    'name' | 'topic' | 'privacy' | 'isArchived' | 'guestAccess' | 'delegateAdminVisibility' | 'ownerId'
  >
>

/** What {@link createChat} needs from the server. */
export interface ChatOptions {
  readonly state: State
  readonly present: Presenter
  fire(happening: ChatEvent): Promise<void>
  readonly removals: Removals
  /** Ends the installations of a room that is deleted. */
  endInstallations(room: RoomRecord): Promise<void>
}

const colors = ['yellow', 'green', 'red', 'purple', 'gray'] as const

/** Creates the chat, without checks of rights. */
export const createChat = (options: ChatOptions): Chat => chatWith(options, new Set(), () => undefined)

/** `ending` holds the rooms that are being deleted now. */
function chatWith(options: ChatOptions, ending: Set<number>, check: () => void): Chat {
  const { state, present, fire, endInstallations, removals } = options

  /** Checks the caller's rights before each write. */
  const write = <T>(work: () => T): Promise<T> =>
    state.write(() => {
      check()
      return work()
    })

  const userOf = (author: Author) => (author.kind === 'user' ? state.people.get(author.id) : undefined)

  const causeOf = (author: Author) => (author.kind === 'addon' ? author.oauthId : undefined)

  function fireFrom(event: EventName, room: RoomRecord, author: Author, more: object = {}): Promise<void> {
    return fire({
      event,
      room,
      item: { room: present.roomReference(room), sender: present.sender(author), ...more },
      user: userOf(author),
      causedBy: causeOf(author),
    })
  }

  /** The room as it is now: it may have been changed or deleted meanwhile. */
  function living(room: RoomRecord): RoomRecord {
    const current = state.rooms.get(room.id)
    if (!current) throw notFound('Room', room.name)
    return current
  }

  function livingPrivate(room: RoomRecord): RoomRecord {
    const current = living(room)
    requirePrivate(current)
    return current
  }

  /** The user may have been deleted meanwhile. */
  function requireThere({ id }: Pick<UserRecord, 'id'>): void {
    if (state.people.get(id)?.isDeleted !== false) throw notFound('User', id)
  }

  /** People who are in a room that they can no longer see. */
  const outsiders = (room: RoomRecord): number[] =>
    room.participants.filter((id) => {
      const user = state.people.get(id)
      return user === undefined || !maySee(room, { user })
    })

  function post(
    room: RoomRecord,
    message: Omit<MessageRecord, 'id' | 'at' | 'roomId'>,
    stored?: StoredFileRecord,
  ): Promise<MessageRecord> {
    return write(() => {
      requireOpen(living(room))
      if (stored) state.files.put(stored)
      return addMessage({ roomId: room.id, ...message })
    })
  }

  function addMessage(message: Omit<MessageRecord, 'id' | 'at'>): MessageRecord {
    const record: MessageRecord = { id: randomUUID(), at: state.now(), ...message }
    state.messages.add(record)
    const { messagesSent } = state.rooms.statistics(record.roomId)
    state.rooms.setStatistics(record.roomId, { messagesSent: messagesSent + 1, lastActive: record.at })
    return record
  }

  function fireMessage(
    event: 'room_message' | 'room_notification',
    room: RoomRecord,
    record: MessageRecord,
    link?: Link,
  ): Promise<void> {
    return fire({
      event,
      room,
      item: { room: present.roomReference(room), message: present.eventMessage(record) },
      text: record.text,
      user: userOf(record.author),
      causedBy: causeOf(record.author),
      link,
    })
  }

  /** Refuses a name that is in use. Mentions that the room is archived to callers who may know of it. */
  function checkFree(name: string, author: Author, self?: RoomRecord): void {
    checkName(name, 'name')
    const other = state.rooms.byName(name)
    if (!other || other.id === self?.id) return
    const user = userOf(author)
    const archived = other.isArchived && maySee(other, user ? { user } : {})
    throw badRequest(
      `Another room exists with that name.${archived ? ' It is archived: take it out of the archive, or choose another name.' : ''}`,
      'name',
    )
  }

  /** 400 when the maker already has the most rooms allowed; who will own the room does not matter. */
  function checkMade(maker: string | undefined): void {
    if (maker !== undefined && state.rooms.countMade(maker, most.madeRooms) >= most.madeRooms)
      throw badRequest(
        `You have created ${most.madeRooms} rooms that still exist, expected fewer than ${most.madeRooms}: delete one first`,
      )
  }

  /** Guests only mention people whom they know of: the answer would reveal others. */
  async function mentionsOf(text: string, author: UserRecord): Promise<number[]> {
    const all = author.isGuest
      ? await findKnownMentions(text, state.people, knowing(author, state.rooms))
      : findMentions(text, state.people)
    return all.map(({ id }) => id)
  }

  return {
    async say(room, user, text, attachTo) {
      const mentions = await mentionsOf(text, user)
      const record = await post(room, {
        type: 'message',
        author: { kind: 'user', id: user.id },
        text,
        mentions,
        ...(attachTo ? { attachTo: attachTo.id } : {}),
      })
      await fireMessage('room_message', room, record)
      return record
    },

    async shareFile(room, user, file, text = '', stored) {
      const author: Author = { kind: 'user', id: user.id }
      const mentions = await mentionsOf(text, user)
      const record = await post(room, { type: 'message', author, text, mentions, file }, stored)
      const shared = { file: { thumb_url: null, ...present.file(file) } }
      await Promise.all([
        fireMessage('room_message', room, record),
        fireFrom('room_file_upload', room, author, shared),
      ])
      return record
    },

    async notify(room, author, notification, link) {
      const color = notification.color ?? 'yellow'
      const format = notification.message_format ?? 'html'
      const attachTo = notification.attach_to
      const record = await post(room, {
        type: 'notification',
        author: notification.from ? { ...author, label: notification.from } : author,
        text: format === 'html' ? sanitizeHtml(notification.message) : notification.message,
        mentions: [],
        format,
        color: color === 'random' ? (colors[(randomBytes(1)[0] ?? 0) % colors.length] ?? 'yellow') : color,
        notify: notification.notify ?? false,
        // A message to attach to that does not exist is left out.
        ...(attachTo && state.messages.find(room.id, attachTo) ? { attachTo } : {}),
        ...(notification.card ? { card: JSON.stringify(sanitizeCard(notification.card)) } : {}),
      })
      await fireMessage('room_notification', room, record, link)
      return record
    },

    sayPrivately: (from, to, message, stored) =>
      write(() => {
        requireThere(to)
        if (stored) state.files.put(stored)
        const record = { id: randomUUID(), at: state.now(), from: from.id, to: to.id, ...message }
        state.messages.addPrivate(record)
        return record
      }),

    async enter(room, user) {
      const entered = await write(() => {
        const current = living(room)
        requireOpen(current)
        requireThere(user)
        if (current.participants.includes(user.id)) return undefined
        return state.rooms.setParticipants(current, [...current.participants, user.id])
      })
      if (entered) await fireFrom('room_enter', entered, { kind: 'user', id: user.id })
    },

    async leave(room, user) {
      const left = await write(() => {
        const current = living(room)
        if (!current.participants.includes(user.id)) return undefined
        return state.rooms.setParticipants(
          current,
          current.participants.filter((id) => id !== user.id),
        )
      })
      if (left) await fireFrom('room_exit', left, { kind: 'user', id: user.id })
    },

    async createRoom(author, room) {
      const created = await write(() => {
        checkFree(room.name, author)
        requireThere({ id: room.ownerId })
        const maker = makerOf(author)
        checkMade(maker)
        return state.rooms.add({
          members: [room.ownerId],
          ...room,
          ...(maker === undefined ? {} : { maker }),
          guestKey: room.guestAccess ? guestKey() : null,
          id: state.next('room'),
        })
      })
      await fireFrom('room_created', created, author)
      return created
    },

    async updateRoom(room, author, changes) {
      const { before, after, gone } = await write(() => {
        const current = living(room)
        if (changes.name !== undefined) checkFree(changes.name, author, current)
        const ownerId = changes.ownerId ?? current.ownerId
        if (ownerId !== current.ownerId) requireThere({ id: ownerId })
        // People who are in a room when it becomes private, and a new owner, become members.
        const members = [...new Set([...current.members, ownerId])]
        if (changes.privacy === 'private' && current.privacy === 'public')
          members.push(...current.participants.filter((id) => !members.includes(id)))
        const { topic = current.topic, isArchived = current.isArchived } = changes
        if (topic !== current.topic && isArchived) requireOpen(current)
        const changed = state.rooms.change(current, {
          ...changes,
          members,
          guestKey: changes.guestAccess ? (current.guestKey ?? guestKey()) : current.guestKey,
        })
        if (changed.topic !== current.topic)
          addMessage({ roomId: room.id, type: 'topic', author, text: changed.topic, mentions: [] })
        const outside = outsiders(changed)
        return {
          before: current,
          gone: outside,
          after:
            outside.length === 0
              ? changed
              : state.rooms.setParticipants(changed, without(changed.participants, outside)),
        }
      })
      const fired = gone.map((id) => fireFrom('room_exit', after, { kind: 'user', id }))
      if (after.topic !== before.topic)
        fired.push(fireFrom('room_topic_change', after, author, { topic: after.topic }))
      if (after.isArchived !== before.isArchived)
        fired.push(fireFrom(after.isArchived ? 'room_archived' : 'room_unarchived', after, author))
      await Promise.all(fired)
      return after
    },

    async addMember(room, user, admin) {
      await write(() => {
        const current = livingPrivate(room)
        requireThere(user)
        const { admins = [] } = current
        const isAdmin = admin ?? admins.includes(user.id)
        state.rooms.change(current, {
          members: [...new Set([...current.members, user.id])],
          admins: [...admins.filter((id) => id !== user.id), ...(isAdmin ? [user.id] : [])],
        })
      })
    },

    async removeMember(room, user) {
      const left = await write(() => {
        const current = livingPrivate(room)
        if (current.ownerId === user.id) throw badRequest('The owner of a room cannot be removed from it')
        if (!isMember(current, user)) throw notFound('Member', user.name)
        const others = (ids: readonly number[] = []) => ids.filter((id) => id !== user.id)
        const changed = state.rooms.change(current, {
          members: others(current.members),
          admins: others(current.admins),
        })
        return current.participants.includes(user.id)
          ? state.rooms.setParticipants(changed, others(changed.participants))
          : undefined
      })
      if (left) await fireFrom('room_exit', left, { kind: 'user', id: user.id })
    },

    async deleteRoom(room, author) {
      const current = await write(() => living(room))
      if (ending.has(room.id)) throw notFound('Room', room.name) // another call is deleting it now
      ending.add(room.id)
      try {
        // Fired first: the webhooks of installations in this room are notified too, and removed with it.
        await fireFrom('room_deleted', current, author)
        await endInstallations(room)
        // The right was checked above. It is not checked again, since the token of the call may be one of those
        // that end here.
        await state.write(() => {
          state.glanceUpdates.removeWhere(({ roomId }) => roomId === room.id)
          const last = living(room)
          if (last.avatar) state.pictures.remove(last.avatar)
          state.rooms.remove(last)
          removals.begin({ kind: 'room', id: room.id })
        })
        await removals.finish({ kind: 'room', id: room.id })
      } finally {
        ending.delete(room.id)
      }
    },

    checked: (more) =>
      chatWith(options, ending, () => {
        check()
        more()
      }),
  }
}

function makerOf(author: Author): string | undefined {
  if (author.kind === 'user') return `user ${author.id}`
  return author.kind === 'addon' ? `client ${author.oauthId}` : undefined
}

const without = (ids: readonly number[], others: readonly number[]): number[] =>
  ids.filter((id) => !others.includes(id))

/** 400 for an archived room, which can only be read. */
function requireOpen({ name, isArchived }: RoomRecord): void {
  if (isArchived) throw badRequest(`Room ${name} is archived: unarchive it first`)
}

const guestKey = () => `g${randomBytes(6).toString('base64url')}`
