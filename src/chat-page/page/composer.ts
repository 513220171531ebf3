import { signal } from '@preact/signals'
import { goTo, type Place } from './place.ts'

/** What the page and the frames of add-ons may do with the message field. Nothing is sent without the person. */
export interface Composer {
  /** Appends to what is already written. */
  append(text: string): void
  focus(): void
  /** Attaches a file to the message. */
  addFile(file: File): void
}

/** The composer of the current place, if it has one. */
export const composer = signal<Composer | undefined>(undefined)

/** The initial contents of a place's field, the next time it is opened. */
export const beginning = new Map<string, string>()

/** Goes to a place, with the given contents in its field. */
export function goToWith(place: Place, text: string | undefined): void {
  if (text !== undefined) beginning.set(JSON.stringify(place), text)
  goTo(place)
  composer.value?.focus()
}
