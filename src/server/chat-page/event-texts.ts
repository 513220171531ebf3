import { maySee } from '../auth/room-rights.ts'
import type { Presenter } from '../chat/api-objects.ts'
import type { Written } from '../state/change-notes.ts'
import type { RoomRecord, UserRecord } from '../state/records.ts'
import type { State } from '../state/state.ts'
import type { Change } from './changes.ts'
import type { PageEvents } from './events.ts'
import { placeIn, shownPerson, shownRoom } from './page-objects.ts'

/** A change with its number, and the event texts written for it so far. */
export interface Entry {
  readonly id: string
  readonly change: Change
  readonly texts: Map<string, Uint8Array>
}

/**
 * The text of changes as server-sent events. It is written once for all users who get the same text: a thousand
 * pages share one piece of memory, even while they have not read it.
 */
export interface EventTexts {
  /** The event for a user, without anything that they may not see; `undefined` when nothing is left. */
  of(entry: Entry, user: UserRecord): Uint8Array | undefined
  /** Forgets lookups that these writes make out of date. */
  forget(written: readonly Written[]): void
}

type Event = { [N in keyof PageEvents]: { readonly name: N; readonly data: PageEvents[N] } }[keyof PageEvents]

/** An event, and the name of its variant when users get different ones. */
interface Told {
  readonly form: string
  event(): Event | undefined
}

const mostOfGuest = 100
const mostRooms = 1_000 // kept before all are looked up again

/** Creates the event texts of changes. */
export function createEventTexts(state: State, present: Presenter): EventTexts {
  const rooms = new Map<number, RoomRecord | undefined>()

  function roomOf(id: number): RoomRecord | undefined {
    if (rooms.has(id)) return rooms.get(id)
    if (rooms.size >= mostRooms) rooms.clear()
    const room = state.rooms.get(id)
    rooms.set(id, room)
    return room
  }

  const visible = (id: number, user: UserRecord): RoomRecord | undefined => {
    const room = roomOf(id)
    return room && maySee(room, { user }) ? room : undefined
  }

  /** Whether a guest shares a room with another user: guests are not notified of anyone else. */
  function meets(guest: UserRecord, otherId: number): boolean {
    if (otherId === guest.id) return true
    const here = new Set(state.rooms.idsOf(guest.id, mostOfGuest))
    for (const id of state.rooms.idsAround(otherId)) if (here.has(id) && visible(id, guest)) return true
    return false
  }

  function told(change: Change, user: UserRecord): Told | undefined {
    switch (change.kind) {
      case 'message': {
        const { message } = change
        if (!visible(message.roomId, user)) return undefined
        return forEverybody(() => ({
          name: 'message',
          data: { room_id: message.roomId, message: present.message(message) },
        }))
      }
      case 'private message': {
        const { message } = change
        const { from, to } = message
        if (user.id !== from && user.id !== to) return undefined
        const other = user.id === from ? to : from
        return {
          form: String(other),
          event: () => ({
            name: 'private_message',
            data: { user_id: other, message: present.privateMessage(message) },
          }),
        }
      }
      case 'room': {
        const { id, before } = change
        const room = visible(id, user)
        if (room)
          return {
            form: Object.values(placeIn(room, user)).join(' '),
            event: () => ({ name: 'room', data: shownRoom(room, user, state, present) }),
          }
        // Only a user who could see the room is notified that it is now hidden.
        if (!before || !maySee(before, { user })) return undefined
        return { form: 'removed', event: () => ({ name: 'room_removed', data: { id } }) }
      }
      case 'participant': {
        const { roomId, userId, isHere } = change
        const room = visible(roomId, user)
        if (!room) return undefined
        return forEverybody(() => ({
          name: 'participant',
          data: {
            room_id: roomId,
            user_id: userId,
            is_here: isHere,
            participants: room.participants.length,
          },
        }))
      }
      case 'user':
      case 'presence': {
        if (user.isGuest && !meets(user, change.id)) return undefined
        return {
          form: user.isGuest ? 'for guests' : '',
          event() {
            const changed = state.people.get(change.id)
            if (!changed) return undefined
            const { id } = changed
            const data =
              change.kind === 'user'
                ? shownPerson(changed, user, present)
                : { id, presence: present.presence(changed) ?? null }
            return { name: 'user', data }
          },
        }
      }
      case 'rights':
        return user.id === change.userId ? forEverybody(() => ({ name: 'reset', data: {} })) : undefined
      case 'integrations': {
        const { roomId } = change
        if (roomId !== null && !visible(roomId, user)) return undefined
        return forEverybody(() => ({ name: 'integrations', data: { room_id: roomId } }))
      }
      case 'glance': {
        const { oauthId, addonKey, key, content, roomId, userId } = change.update
        if (userId !== undefined && userId !== user.id) return undefined
        if (roomId !== undefined && !visible(roomId, user)) return undefined
        const about = { oauth_id: oauthId, addon_key: addonKey, key, room_id: roomId ?? null }
        return forEverybody(() => ({ name: 'glance', data: { ...about, content } }))
      }
      case 'delivery':
        return user.isAdmin ? forEverybody(() => ({ name: 'delivery', data: { id: change.id } })) : undefined
      case 'call':
        return user.isAdmin ? forEverybody(() => ({ name: 'call', data: change.call })) : undefined
    }
  }

  return {
    of({ id, change, texts }, user) {
      const found = told(change, user)
      if (!found) return undefined
      const known = texts.get(found.form)
      if (known) return known
      const event = found.event()
      if (!event) return undefined
      const text = eventText(event, id)
      texts.set(found.form, text)
      return text
    },
    forget(written) {
      for (const { table, key } of written) {
        if (table === 'room' || table === 'participants') rooms.delete(Number(key[0]))
        else if (table === 'everything') rooms.clear()
      }
    },
  }
}

const forEverybody = (event: () => Event | undefined): Told => ({ form: '', event })

/** The text of one server-sent event. */
export const eventText = ({ name, data }: Event, id: string): Uint8Array =>
  Buffer.from(`id: ${id}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`)
