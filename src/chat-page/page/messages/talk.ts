import type { Place } from '../place.ts'

/** Where people talk: in a room, or two with each other. */
export type Talk = Extract<Place, { readonly kind: 'room' | 'person' }>
