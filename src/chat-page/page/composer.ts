import { signal } from '@preact/signals'
import { goTo, type Place } from './place.ts'

/** What the page and the frames of add-ons may do with the field in which a message is written. Nothing sends for anybody. */
export interface Composer {
  /** Adds to what is written already. */
  append(text: string): void
  focus(): void
  /** Puts a file beside the message, to go with it. */
  addFile(file: File): void
}

/** Of the place that is looked at, while it has one. */
export const composer = signal<Composer | undefined>(undefined)

/** What the field of a place begins with, when it is opened the next time. */
export const beginning = new Map<string, string>()

/** Goes to a place; what is given stands in its field then. */
export function goToWith(place: Place, text: string | undefined): void {
  if (text !== undefined) beginning.set(JSON.stringify(place), text)
  goTo(place)
  composer.value?.focus()
}
