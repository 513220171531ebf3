import { batch, computed, effect, signal } from '@preact/signals'
import type { Emoticon } from '../../../api/objects.ts'
import type { PageIntegration, PageRoom, PageUser } from '../../pages/api.ts'
import type { PageEvents } from '../../pages/events.ts'
import { call } from './api.ts'
import { goTo, place } from './place.ts'
import { session } from './session.ts'
import { listen } from './updates.ts'

/** What the page knows. It is asked for once, and kept true by what the server tells from then on. */

export const group = signal<{
  readonly id: number
  readonly name: string
  readonly avatar_url: string | null
}>({
  id: 0,
  name: '',
  avatar_url: null,
})
export const people = signal<ReadonlyMap<number, PageUser>>(new Map())
export const rooms = signal<ReadonlyMap<number, PageRoom>>(new Map())
export const emoticons = signal<readonly Emoticon[]>([])
/** Why there is nothing to show yet; `undefined` once there is. */
export const loading = signal<'loading' | { readonly failed: string } | undefined>('loading')

export const me = computed(() => people.value.get(session.value?.userId ?? -1))

/** The room that is looked at. */
export const room = computed(() =>
  place.value.kind === 'room' ? rooms.value.get(place.value.id) : undefined,
)

/** The add-ons of the room that is looked at. */
export const integrations = signal<readonly PageIntegration[]>([])

/** Who wants to hear of events besides what is kept here; gives what ends that. */
type Hearer<N extends keyof PageEvents> = (data: PageEvents[N]) => void
const hearers = new Map<keyof PageEvents, Set<Hearer<never>>>()

export function hear<N extends keyof PageEvents>(name: N, hearer: Hearer<N>): () => void {
  const set = hearers.get(name) ?? new Set()
  hearers.set(name, set)
  set.add(hearer as Hearer<never>) // kept under the name of its own event only
  return () => set.delete(hearer as Hearer<never>)
}

function tell<N extends keyof PageEvents>(name: N, data: PageEvents[N]): void {
  for (const hearer of hearers.get(name) ?? []) (hearer as Hearer<N>)(data)
}

function put<T extends { readonly id: number }>(
  map: ReadonlyMap<number, T>,
  item: T,
): ReadonlyMap<number, T> {
  return new Map(map).set(item.id, item)
}

async function begin(): Promise<string> {
  const start = await call('getStart')
  batch(() => {
    group.value = start.group
    people.value = new Map(start.people.map((one) => [one.id, one]))
    rooms.value = new Map(start.rooms.map((one) => [one.id, one]))
    emoticons.value = start.emoticons
    loading.value = undefined
  })
  return start.cursor
}

export async function loadIntegrations(): Promise<void> {
  const { value } = place
  const here = value.kind === 'room' ? { room_id: value.id } : {}
  const { items } = await call('getIntegrations', here)
  if (place.value === value) integrations.value = items // he may have gone on to another room
}

/** Follows the session: loads everything when somebody signs in, forgets it when he signs out. */
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
    place.value // asked for anew wherever he goes
    if (loading.value === undefined) loadIntegrations().catch(() => {})
  })
}

function follow(cursor: string): () => void {
  return listen(cursor, {
    message: (data) => tell('message', data),
    private_message: (data) => tell('private_message', data),
    room(changed) {
      rooms.value = put(rooms.value, changed)
      tell('room', changed)
    },
    room_removed({ id }) {
      const rest = new Map(rooms.value)
      rest.delete(id)
      rooms.value = rest
      if (place.value.kind === 'room' && place.value.id === id) goTo({ kind: 'lobby' })
      tell('room_removed', { id })
    },
    user(changed) {
      people.value = put(people.value, changed)
      tell('user', changed)
    },
    integrations(data) {
      loadIntegrations().catch(() => {})
      tell('integrations', data)
    },
    glance: (data) => tell('glance', data),
    delivery: (data) => tell('delivery', data),
    call: (data) => tell('call', data),
    reset(data) {
      // The connection goes on from now; what was missed comes with everything else.
      begin().catch(() => {})
      loadIntegrations().catch(() => {})
      tell('reset', data)
    },
  })
}
