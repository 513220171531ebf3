import type { Card } from '../../../../api/card.ts'
import type { Message } from '../../../../api/objects.ts'

/** The card of a message; `undefined` for none, and for one that cannot be drawn: then the text stands in its place. */
export function cardOf({ card }: Message): (Card & { readonly metadata?: unknown }) | undefined {
  if (card === undefined) return undefined
  try {
    return JSON.parse(card)
  } catch {
    return undefined
  }
}
