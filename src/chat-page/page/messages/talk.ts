import type { Place } from '../place.ts'

/** A place of a conversation: a room, or a one-to-one chat. */
export type Talk = Extract<Place, { readonly kind: 'room' | 'person' }>
