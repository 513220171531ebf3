import { Readable } from 'node:stream'
import { maySee } from '../accounts/access.ts'
import type { Presenter } from '../chat/presenting.ts'
import { randomText } from '../random.ts'
import type { GlanceUpdateRecord, MessageRecord, PrivateMessageRecord, UserRecord } from '../state/records.ts'
import type { State } from '../state/state.ts'
import type { Written } from '../state/watching.ts'
import type { ApiCall, PageEvents } from './events.ts'
import { roomsOf, shownRoom } from './showing.ts'

/** Something that open pages may have to show. Rooms and users are looked up when it is told. */
type Change =
  | { readonly kind: 'message'; readonly message: MessageRecord }
  | { readonly kind: 'private message'; readonly message: PrivateMessageRecord }
  | { readonly kind: 'room' | 'user'; readonly id: number }
  | { readonly kind: 'integrations' }
  | { readonly kind: 'glance'; readonly update: GlanceUpdateRecord }
  | { readonly kind: 'delivery'; readonly id: number }
  | { readonly kind: 'call'; readonly call: ApiCall }

type Event = { [N in keyof PageEvents]: { readonly name: N; readonly data: PageEvents[N] } }[keyof PageEvents]

/** Who listens on a page: whose token, and whether it is still good. */
export interface Listener {
  /** The user as he is now; `undefined` once his token has ended. */
  user(): UserRecord | undefined
}

/** Tells open pages what changes: whatever wrote it, and over one connection each. */
export interface Feed {
  /** Names this moment: what comes after it can be asked for. */
  cursor(): string
  /** Everything after a moment, as server-sent events; `reset` first when that moment is too long ago. */
  open(after: string | undefined, listener: Listener): Readable
  /** For what is not in the state. */
  tellDelivery(id: number): void
  tellCall(call: ApiCall): void
  /** Whether a user has a page open. */
  isListening(userId: number): boolean
  close(): void
}

const kept = 2_000 // changes
const longestBacklog = 4 * 1024 * 1024 // bytes that wait for a slow page before it is cut off; it comes back and catches up
const heartbeat = 15_000
const patience = 30_000 // for what waits when a page is cut off; one that does not read is given up with it

export function createFeed(state: State, present: Presenter): Feed {
  // Numbers begin anew with each start of the server: a page that knows those of the last one has to begin anew too.
  const era = randomText(8)
  let last = 0
  const changes: { readonly number: number; readonly change: Change }[] = []
  const listening = new Set<Listening>()

  function tell(change: Change): void {
    last += 1
    const entry = { number: last, change }
    changes.push(entry)
    if (changes.length > kept) changes.shift()
    for (const one of listening) one.tell(entry.number, change)
  }

  const stopWatching = state.watch((written) => {
    // Whoever signed out, or whose password is another now, hears no more from here on.
    if (written.some(({ table, record }) => table === 'token' && record === undefined))
      for (const one of listening) one.check()
    for (const change of changesIn(written)) tell(change)
  })

  const pulse = setInterval(() => {
    for (const one of listening) one.beat()
  }, heartbeat)
  pulse.unref()

  interface Listening {
    readonly listener: Listener
    /** False: it has ended. */
    tell(number: number, change: Change): boolean
    /** Ends it when its token has ended. */
    check(): void
    beat(): void
    end(): void
  }

  function missedSince(after: string | undefined): readonly { number: number; change: Change }[] | undefined {
    const [, from, number = ''] = /^(\w+)-(\d{1,15})$/.exec(after ?? '') ?? []
    const first = Number(number) + 1
    if (from !== era || first > last + 1 || first < last + 1 - changes.length) return undefined
    return changes.slice(changes.length - (last + 1 - first))
  }

  return {
    cursor: () => `${era}-${last}`,
    tellDelivery: (id) => tell({ kind: 'delivery', id }),
    tellCall: (call) => tell({ kind: 'call', call }),
    isListening: (userId) => [...listening].some(({ listener }) => listener.user()?.id === userId),

    open(after, listener) {
      const stream = new Readable({ read() {} })
      const write = (text: string) => {
        stream.push(text)
        if (stream.readableLength > longestBacklog) one.end()
      }
      // Ids of the rooms that the page knows, once it has caught up.
      let known: Set<number> | undefined
      /** A room that the page never heard of does not go from it: that something happens there is nothing for it. */
      function isNews({ name, data }: Event): boolean {
        if (name === 'room') known?.add(data.id)
        return name !== 'room_removed' || !known || known.delete(data.id)
      }
      const one: Listening = {
        listener,
        tell(number, change) {
          const user = listener.user()
          if (!user) one.end()
          else
            for (const event of eventsOf(change, user))
              if (isNews(event)) write(shown(event, `${era}-${number}`))
          return listening.has(one)
        },
        check() {
          if (!listener.user()) one.end()
        },
        beat() {
          if (listener.user()) write(': still here\n\n')
          else one.end()
        },
        end() {
          if (!listening.delete(one)) return
          stream.push(null)
          setTimeout(() => stream.destroy(), patience).unref()
        },
      }
      listening.add(one)
      stream.once('close', () => one.end())
      const missed = missedSince(after)
      if (missed) {
        write(': welcome\n\n') // so that the page knows at once that it is connected
        // More than a page gets at a time: it comes back for the rest.
        missed.every(({ number, change }) => one.tell(number, change))
      } else write(shown({ name: 'reset', data: {} }, `${era}-${last}`))
      const user = listener.user()
      known = new Set(user ? roomsOf(user, state).map(({ id }) => id) : [])
      return stream
    },

    close() {
      clearInterval(pulse)
      stopWatching()
      for (const one of [...listening]) one.end()
    },
  }

  /** What a change means for one user: nothing of what he may not see. */
  function eventsOf(change: Change, user: UserRecord): Event[] {
    switch (change.kind) {
      case 'message': {
        const room = state.rooms.get(change.message.roomId)
        if (!room || !maySee(room, { user })) return []
        return [{ name: 'message', data: { room_id: room.id, message: present.message(change.message) } }]
      }
      case 'private message': {
        const { from, to } = change.message
        if (user.id !== from && user.id !== to) return []
        const other = user.id === from ? to : from
        return [
          {
            name: 'private_message',
            data: { user_id: other, message: present.privateMessage(change.message) },
          },
        ]
      }
      case 'room': {
        const room = state.rooms.get(change.id)
        return room && maySee(room, { user })
          ? [{ name: 'room', data: shownRoom(room, user, present) }]
          : [{ name: 'room_removed', data: { id: change.id } }]
      }
      case 'user': {
        const changed = state.people.get(change.id)
        return changed ? [{ name: 'user', data: present.user(changed) }] : []
      }
      case 'integrations':
        return [{ name: 'integrations', data: {} }]
      case 'glance': {
        const { oauthId, addonKey, key, content, roomId, userId } = change.update
        const room = roomId === undefined ? undefined : state.rooms.get(roomId)
        if ((userId !== undefined && userId !== user.id) || (room && !maySee(room, { user }))) return []
        const about = { oauth_id: oauthId, addon_key: addonKey, key, room_id: roomId ?? null }
        return [{ name: 'glance', data: { ...about, content } }]
      }
      case 'delivery':
        return user.isAdmin ? [{ name: 'delivery', data: { id: change.id } }] : []
      case 'call':
        return user.isAdmin ? [{ name: 'call', data: change.call }] : []
    }
  }
}

const shown = ({ name, data }: Event, id: string): string =>
  `id: ${id}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`

/** What was written, each room and user once: a page gets them as they are in the end. */
function changesIn(written: readonly Written[]): Change[] {
  const found = new Map<string, Change>()
  written.forEach(({ table, key, record }, index) => {
    const id = Number(key[0])
    if (table === 'room' || table === 'user') found.set(`${table} ${id}`, { kind: table, id })
    else if (table === 'client') found.set('integrations', { kind: 'integrations' })
    else if (table === 'presence') found.set(`user ${id}`, { kind: 'user', id })
    else if (record === undefined) return
    // What is in a table is written by its own functions, with records of its own kind.
    else if (table === 'message')
      found.set(`message ${index}`, { kind: 'message', message: record as MessageRecord })
    else if (table === 'private')
      found.set(`message ${index}`, { kind: 'private message', message: record as PrivateMessageRecord })
    else if (table === 'glanceUpdate')
      found.set(`glance ${index}`, {
        kind: 'glance',
        update: (record as { readonly record: GlanceUpdateRecord }).record,
      })
  })
  return [...found.values()]
}
