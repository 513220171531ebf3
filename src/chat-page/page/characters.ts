import type { TargetedEvent } from 'preact'

/** How long a text is for the server, which counts characters: an emoji outside of the basic plane is one, and not two. */
export function lengthOf(text: string): number {
  let length = 0
  for (const _ of text) length += 1
  return length
}

/** The beginning of a text, so many characters at most. */
export function beginningOf(text: string, most: number): string {
  if (text.length <= most) return text
  return [...text.slice(0, 2 * most)].slice(0, most).join('')
}

/** For a field that takes so many characters: `maxLength` of browsers counts halves of some. */
export const limitedTo = (most: number) => ({
  onInput({ currentTarget: field }: TargetedEvent<HTMLInputElement>) {
    const surplus = lengthOf(field.value.trim()) - most
    field.setCustomValidity(surplus > 0 ? `At most ${most} characters, please: ${surplus} fewer.` : '')
  },
})
