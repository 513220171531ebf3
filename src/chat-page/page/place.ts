import { signal } from '@preact/signals'

/** A place on the page. Each has a URL, so that it can be linked, reloaded and left with the back button. */
export type Place =
  | { readonly kind: 'lobby' }
  | { readonly kind: 'room'; readonly id: number }
  | { readonly kind: 'person'; readonly id: number }
  | { readonly kind: 'addons'; readonly room?: number }
  | { readonly kind: 'inspector' }
  | { readonly kind: 'tokens' }

/** A place of a conversation: a room, or a one-to-one chat. */
export type Talk = Extract<Place, { readonly kind: 'room' | 'person' }>

/** The path of a place. */
export function addressOf(where: Place): string {
  switch (where.kind) {
    case 'lobby':
      return '/'
    case 'addons':
      return where.room === undefined ? '/chat/addons' : `/chat/addons/${where.room}`
    case 'inspector':
    case 'tokens':
      return `/chat/${where.kind}`
    default:
      return `/chat/${where.kind}/${where.id}`
  }
}

function placeAt(path: string): Place {
  const [, kind, number] = /^\/chat\/(\w+)(?:\/(\d+))?\/?$/.exec(path) ?? []
  const id = number === undefined ? undefined : Number(number)
  if ((kind === 'room' || kind === 'person') && id !== undefined) return { kind, id }
  if (kind === 'addons') return id === undefined ? { kind } : { kind, room: id }
  if (kind === 'inspector' || kind === 'tokens') return { kind }
  return { kind: 'lobby' }
}

/** The current place. */
export const place = signal<Place>(placeAt(location.pathname))

addEventListener('popstate', () => {
  place.value = placeAt(location.pathname)
})

/** Changes the current place, as a new entry of the history unless it is the same. */
export function goTo(next: Place): void {
  const address = addressOf(next)
  if (address !== location.pathname) history.pushState(null, '', address)
  place.value = next
}
