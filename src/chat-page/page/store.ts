import { batch, computed, effect, signal } from '@preact/signals'
import type { Emoticon } from '../../api/objects.ts'
import { wholeList } from '../../common/whole-list.ts'
import type { PageEvents } from '../../server/chat-page/events.ts'
import type { PageIntegration, PageRoom, PageUser } from '../../server/chat-page/routes.ts'
import { call } from './api.ts'
import { beginningOf } from './characters.ts'
import { createLookUp } from './look-up.ts'
import { goTo, place } from './place.ts'
import { session } from './session.ts'
import { listen } from './updates.ts'

/**
 * What the page knows: all of a small group; of a large one the person's rooms, some of the other rooms and people, and
 * whatever they came across. It is loaded on demand, and updated by the server's events from then on.
 */

export const group = signal<{
  readonly id: number
  readonly name: string
  readonly avatar_url: string | null
}>({
  id: 0,
  name: '',
  avatar_url: null,
})
/** The people that the page knows, by id; others are loaded when they are needed. */
export const people = signal<ReadonlyMap<number, PageUser>>(new Map())
/** The rooms that the page knows, by id; others are loaded when they are needed. */
export const rooms = signal<ReadonlyMap<number, PageRoom>>(new Map())
/** Where the list of all people continues; null if all of them are known. */
export const nextPeople = signal<string | null>(null)
/** Where the list of all rooms continues; null if all of them are known. */
export const nextRooms = signal<string | null>(null)
/** The emoticons of the group. */
export const emoticons = signal<readonly Emoticon[]>([])
/** Why there is nothing to show yet; `undefined` once there is. */
export const loading = signal<'loading' | { readonly failed: string } | undefined>('loading')

/** The signed-in person. */
export const me = computed(() => people.value.get(session.value?.userId ?? -1))

/** The current room. */
export const room = computed(() =>
  place.value.kind === 'room' ? rooms.value.get(place.value.id) : undefined,
)

/** The add-ons of the current room. */
export const integrations = signal<readonly PageIntegration[]>([])

/** Adds a listener for events, in addition to the store's own; returns a function that removes it. */
type Hearer<N extends keyof PageEvents> = (data: PageEvents[N]) => void
const hearers = new Map<keyof PageEvents, Set<Hearer<never>>>()

/** Calls a function with each event of a name, until the returned function is called. */
export function hear<N extends keyof PageEvents>(name: N, hearer: Hearer<N>): () => void {
  const set = hearers.get(name) ?? new Set()
  hearers.set(name, set)
  set.add(hearer as Hearer<never>) // kept under the name of its own event only
  return () => set.delete(hearer as Hearer<never>)
}

function emit<N extends keyof PageEvents>(name: N, data: PageEvents[N]): void {
  for (const hearer of hearers.get(name) ?? []) (hearer as Hearer<N>)(data) // see `hear`
}

const byId = <T extends { readonly id: number }>(
  items: readonly T[],
  known: ReadonlyMap<number, T> = new Map(),
): ReadonlyMap<number, T> => new Map([...known, ...items.map((item) => [item.id, item] as const)])

/** Adds people from the server to the known ones. */
export function keepPeople(found: readonly PageUser[]): void {
  if (found.length > 0) people.value = byId(found, people.value)
}

function keepRooms(found: readonly PageRoom[]): void {
  if (found.length > 0) rooms.value = byId(found, rooms.value)
}

const peopleById = createLookUp(async (ids) => {
  const { items } = await call('getPeople', { ids })
  keepPeople(items)
  return items.map(({ id }) => id)
})

const roomsById = createLookUp(async (ids) => {
  const { items } = await call('getRooms', { ids })
  keepRooms(items)
  return items.map(({ id }) => id)
})

/** A user of the group; requested if not known yet. */
export function personOf(id: number): PageUser | undefined {
  const found = people.value.get(id)
  if (!found) peopleById.need(id)
  return found
}

/** A room; requested if not known yet. */
export function roomOf(id: number): PageRoom | undefined {
  const found = rooms.value.get(id)
  if (!found) roomsById.need(id)
  return found
}

/** Whether it is still unknown if a user or room with this id exists. */
export const isAskedFor = (kind: 'room' | 'person', id: number): boolean =>
  kind === 'room'
    ? !rooms.value.has(id) && !roomsById.missing.value.has(id)
    : !people.value.has(id) && !peopleById.missing.value.has(id)

/** Requests a user, unless all are known; then they are among {@link people}. */
export async function fetchPerson(id: unknown): Promise<void> {
  if (nextPeople.value !== null && isId(id)) keepPeople((await call('getPeople', { ids: String(id) })).items)
}

/** The same for a room. */
export async function fetchRoom(id: unknown): Promise<void> {
  if (nextRooms.value !== null && isId(id)) keepRooms((await call('getRooms', { ids: String(id) })).items)
}

const longestName = 100 // of a query

const isId = (id: unknown): boolean => /^\d{1,15}$/.test(String(id))

/** Requests people whose name begins like this, unless all are known; then they are among {@link people}. */
export async function searchPeople(name: string): Promise<void> {
  if (nextPeople.value !== null)
    keepPeople((await call('getPeople', { name: beginningOf(name, longestName) })).items)
}

/** The same for rooms. */
export async function searchRooms(name: string): Promise<void> {
  if (nextRooms.value !== null)
    keepRooms((await call('getRooms', { name: beginningOf(name, longestName) })).items)
}

/** The next part of the list of all people. */
export async function morePeople(): Promise<void> {
  if (nextPeople.value === null) return
  const { items, next } = await call('getPeople', { after: nextPeople.value })
  keepPeople(items)
  nextPeople.value = next
}

/** The next part of the list of all rooms. */
export async function moreRooms(): Promise<void> {
  if (nextRooms.value === null) return
  const { items, next } = await call('getRooms', { after: nextRooms.value })
  keepRooms(items)
  nextRooms.value = next
}

async function begin(): Promise<string> {
  const given = await call('getStart')
  batch(() => {
    peopleById.clear()
    roomsById.clear()
    group.value = given.group
    people.value = byId(given.people)
    rooms.value = byId(given.rooms)
    nextPeople.value = given.next_people
    nextRooms.value = given.next_rooms
    emoticons.value = given.emoticons
    loading.value = undefined
  })
  return given.cursor
}

/** The add-ons of a room, or of the group without one; the oldest first. */
export async function allIntegrations(roomId: number | undefined): Promise<PageIntegration[]> {
  const here = roomId === undefined ? {} : { room_id: roomId }
  const all = await wholeList((more) => call('getIntegrations', { ...here, ...more }))
  return all.sort((one, other) => one.created - other.created)
}

async function loadIntegrations(): Promise<void> {
  const { value } = place
  const items = await allIntegrations(value.kind === 'room' ? value.id : undefined)
  if (place.value === value) integrations.value = items // the person may have gone on to another room
}

/** Follows the session: loads everything on sign-in, forgets it on sign-out. */
export function start(): void {
  let stop = () => {}
  effect(() => {
    const current = session.value
    stop()
    stop = () => {}
    loading.value = 'loading'
    if (!current) return
    let ended = false
    stop = () => {
      ended = true
    }
    begin()
      .then((cursor) => {
        if (!ended) stop = follow(cursor)
      })
      .catch((error: Error) => {
        if (!ended) loading.value = { failed: error.message }
      })
  })
  effect(() => {
    place.value // requested again wherever the person goes
    if (loading.value === undefined) loadIntegrations().catch(() => {})
  })
  effect(() => {
    if (loading.value !== undefined) return
    if (place.value.kind === 'room') roomOf(place.value.id)
    if (place.value.kind === 'person') personOf(place.value.id)
  })
}

const longestWait = 2_000 // milliseconds

/** In a large group the pages do not all send the same request at the same moment. */
function inTurn(work: () => void): void {
  if (nextPeople.value === null) work()
  else setTimeout(work, Math.random() * longestWait)
}

function follow(cursor: string): () => void {
  return listen(cursor, {
    message: (data) => emit('message', data),
    private_message: (data) => emit('private_message', data),
    room(changed) {
      const isKnown = rooms.value.has(changed.id) || nextRooms.value === null
      if (isKnown || changed.is_inside) keepRooms([changed])
      else roomsById.forget(changed.id)
      emit('room', changed)
    },
    participant(changed) {
      const { room_id, user_id, is_here, participants } = changed
      const mine = user_id === session.value?.userId
      const known = mine ? roomOf(room_id) : rooms.value.get(room_id)
      if (known) keepRooms([{ ...known, participants, ...(mine ? { is_inside: is_here } : {}) }])
      emit('participant', changed)
    },
    room_removed({ id }) {
      const rest = new Map(rooms.value)
      rest.delete(id)
      rooms.value = rest
      if (place.value.kind === 'room' && place.value.id === id) goTo({ kind: 'lobby' })
      emit('room_removed', { id })
    },
    user(changed) {
      const known = people.value.get(changed.id)
      if (known) keepPeople([{ ...known, ...changed }])
      else if ('name' in changed && nextPeople.value === null) keepPeople([changed])
      else peopleById.forget(changed.id)
      emit('user', changed)
    },
    integrations(data) {
      const here = place.value.kind === 'room' ? place.value.id : null
      if (data.room_id === null || data.room_id === here) inTurn(() => loadIntegrations().catch(() => {}))
      emit('integrations', data)
    },
    glance: (data) => emit('glance', data),
    delivery: (data) => emit('delivery', data),
    call: (data) => emit('call', data),
    reset(data) {
      // The connection continues from now; missed events come with everything else.
      begin().catch(() => {})
      loadIntegrations().catch(() => {})
      emit('reset', data)
    },
  })
}
