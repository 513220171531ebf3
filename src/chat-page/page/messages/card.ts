import type { Card } from '../../../api/card.ts'
import type { Message } from '../../../api/objects.ts'

/** A card that can be drawn. */
export type DrawnCard = Card & { readonly metadata?: unknown }

const parsed = new WeakMap<Message, DrawnCard | false>()

/** The card of a message; `undefined` if there is none, or if it cannot be drawn: then the text is shown instead. */
export function cardOf(message: Message): DrawnCard | undefined {
  if (message.card === undefined) return undefined
  let found = parsed.get(message)
  if (found === undefined) {
    found = drawable(message.card)
    parsed.set(message, found)
  }
  return found || undefined
}

const styles: readonly unknown[] = ['file', 'image', 'application', 'link', 'media']

/** What HipChat's client drew; the server refused the rest, but a card may be older or from elsewhere. */
function drawable(text: string): DrawnCard | false {
  try {
    const card = JSON.parse(text) as DrawnCard | null // each member is checked below or where it is drawn
    if (!card || !styles.includes(card.style) || !card.id) return false
    const named = typeof card.title === 'string' && card.title !== ''
    if (card.style === 'link' && (!named || !card.description)) return false
    if (card.style === 'image' && !card.url) return false
    if (named) return card
    return { ...card, title: lastSegment(card.url) }
  } catch {
    return false
  }
}

const lastSegment = (url = ''): string => url.split(/[?#]/)[0]?.split('/').filter(Boolean).at(-1) ?? ''

/** Identifies a card: by its id, and by the add-on that sent it. */
export function cardKey(message: Message): string | undefined {
  const card = cardOf(message)
  if (!card) return undefined
  const { client_id } = message.notification_sender ?? {}
  const sender = client_id ?? (typeof message.from === 'string' ? message.from : message.from?.name)
  return `${sender}\n${card.id}`
}
