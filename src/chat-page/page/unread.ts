import { computed, effect, signal } from '@preact/signals'
import type { Message } from '../../api/objects.ts'
import type { PageRoom } from '../../server/chat-page/routes.ts'
import { textOfHtml } from './messages/html.ts'
import { mentionsMe } from './messages/mentions.ts'
import { notify } from './notifying.ts'
import { addressOf, place, type Talk } from './place.ts'
import { session } from './session.ts'
import { hear, personOf, rooms } from './store.ts'

/** What arrived since the person last looked at a place. */
export interface Unread {
  readonly count: number
  readonly mentions: number
}

const nothing: Unread = { count: 0, mentions: 0 }

/** By the URL of the place. Messages that arrived while the page was closed are not counted. */
const unread = signal<ReadonlyMap<string, Unread>>(new Map())

/** What is unread in a conversation. */
export const unreadOf = (talk: Talk): Unread => unread.value.get(addressOf(talk)) ?? nothing

/** For the title of the window: messages meant for the signed-in person. */
export const unreadSum = computed(() => {
  let sum = 0
  for (const [address, { count, mentions }] of unread.value)
    sum += address.startsWith('/chat/person/') ? count : mentions
  return sum
})

const key = () => `hipchat-seen-${session.value?.userId}`

function keptDates(): Readonly<Record<string, string>> {
  try {
    return JSON.parse(localStorage.getItem(key()) ?? '{}')
  } catch {
    return {} // not ours
  }
}

/** Date of the newest seen message, by the URL of the place. */
const seen = signal<Readonly<Record<string, string>>>({})

effect(() => {
  seen.value = session.value ? keptDates() : {}
  unread.value = new Map()
})

/** The date of the newest message that the person has seen in a conversation, in any tab; `undefined` if there is none. */
export const seenIn = (talk: Talk): string | undefined => seen.peek()[addressOf(talk)]

/** Notes that everything up to a date has been seen, for all tabs. */
export function markSeen(talk: Talk, date: string): void {
  const address = addressOf(talk)
  if (unread.peek().has(address)) {
    const rest = new Map(unread.peek())
    rest.delete(address)
    unread.value = rest
  }
  if ((seen.peek()[address] ?? '') >= date) return
  seen.value = { ...keptDates(), [address]: date } // other tabs have seen other places
  localStorage.setItem(key(), JSON.stringify(seen.value))
}

/** Whether a room has messages newer than the last seen one, perhaps from before the page was opened. */
export const hasNews = (room: PageRoom): boolean => {
  const date = seen.value[addressOf({ kind: 'room', id: room.id })]
  if (unreadOf({ kind: 'room', id: room.id }).count > 0) return true
  return date !== undefined && room.last_active !== null && room.last_active.slice(0, 19) > date.slice(0, 19)
}

/** Whether the person can see a conversation now. */
export const isLookedAt = (talk: Talk): boolean =>
  document.visibilityState === 'visible' && addressOf(place.value) === addressOf(talk)

function came(talk: Talk, message: Message, title: string): void {
  const { from } = message
  const author = typeof from === 'object' && from && 'id' in from ? from.id : undefined
  if (author === session.value?.userId || message.type === 'topic') return
  const mine =
    talk.kind === 'person' ||
    (message.message_format !== 'html' && mentionsMe(message.message ?? '', message.mentions))
  if (isLookedAt(talk)) return
  const { count, mentions } = unreadOf(talk)
  const changed = { count: count + 1, mentions: mentions + (mine ? 1 : 0) }
  unread.value = new Map(unread.value).set(addressOf(talk), changed)
  if (!mine) return
  const { message: text = '', message_format, file } = message
  notify(title, (message_format === 'html' ? textOfHtml(text) : text) || (file?.name ?? ''), talk)
}

hear('message', ({ room_id, message }) => {
  const room = rooms.value.get(room_id)
  if (!room?.is_inside) return
  const { from } = message
  const name = typeof from === 'string' ? from : from?.name
  came({ kind: 'room', id: room_id }, message, `${name ?? 'Somebody'} in ${room.name}`)
})

hear('private_message', ({ user_id, message }) => {
  const { from } = message
  const known = typeof from === 'object' && from && 'id' in from && from.id === user_id ? from : undefined
  came({ kind: 'person', id: user_id }, message, (personOf(user_id) ?? known)?.name ?? 'Somebody')
})
