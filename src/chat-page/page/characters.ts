import type { TargetedEvent } from 'preact'

/** The length of a string for the server, which counts characters: an emoji outside the basic plane is one, not two. */
export function lengthOf(text: string): number {
  let length = 0
  for (const _ of text) length += 1
  return length
}

/** The beginning of a string, with at most so many characters. */
export function beginningOf(text: string, most: number): string {
  if (text.length <= most) return text
  return [...text.slice(0, 2 * most)].slice(0, most).join('')
}

/** Limits a field to so many characters: the browsers' `maxLength` counts some of them as two. */
export const limitedTo = (most: number) => ({
  onInput({ currentTarget: field }: TargetedEvent<HTMLInputElement>) {
    const surplus = lengthOf(field.value.trim()) - most
    field.setCustomValidity(surplus > 0 ? `At most ${most} characters: remove ${surplus}.` : '')
  },
})
