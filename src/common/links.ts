import { unspacedLetters } from './scripts.ts'

/** A web address in a text, and where it stands. */
export interface FoundLink {
  readonly from: number
  readonly to: number
  readonly url: string
}

// It ends before blanks and what is not seen, quotation marks, dashes, full-width punctuation, and letters of scripts in which
// no blank stands before the next word. Such letters in an address are written with `%`.
const ending = [
  '\\s\\p{Cc}\\p{Cf}<>"\'`',
  '\\u00ab\\u00bb\\u2013\\u2014\\u2018-\\u201f\\u2026\\u2039\\u203a', // « » – — quotation marks …
  '\\u3000-\\u303f\\ufe10-\\ufe6f\\uff00-\\uffef', // punctuation of East Asia
  unspacedLetters,
].join('')

const run = new RegExp(`(?<![A-Za-z0-9_])https?://[^${ending}]+`, 'giu')
const start = /(?<![A-Za-z0-9_])https?:\/\//gi

const brackets: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' }

/**
 * The web addresses in a text, as they are drawn and as programs get them. Brackets that are opened in an address are closed in
 * it; any other closing bracket ends it. Punctuation at its end belongs to the sentence.
 */
export function linksIn(text: string): FoundLink[] {
  const found: FoundLink[] = []
  for (const { 0: characters, index } of text.matchAll(run)) {
    // What follows a bracket that ends an address may be another one.
    for (let at = 0; at >= 0; ) {
      const end = endOf(characters, at)
      const url = characters.slice(at, withoutPunctuation(characters, at, end))
      if (URL.canParse(url)) found.push({ from: index + at, to: index + at + url.length, url })
      start.lastIndex = end
      at = start.exec(characters)?.index ?? -1
    }
  }
  return found
}

/** Where an address that begins at `from` meets a closing bracket that was not opened in it. */
function endOf(characters: string, from: number): number {
  const open = new Map<string, number>()
  for (let at = from; at < characters.length; at += 1) {
    const character = characters.charAt(at)
    const opening = brackets[character]
    if (opening === undefined) open.set(character, (open.get(character) ?? 0) + 1)
    else if ((open.get(opening) ?? 0) === 0) return at
    else open.set(opening, (open.get(opening) ?? 0) - 1)
  }
  return characters.length
}

function withoutPunctuation(characters: string, from: number, to: number): number {
  let end = to
  while (end > from && punctuation.has(characters.charAt(end - 1))) end -= 1
  return end
}

const punctuation: ReadonlySet<string> = new Set('.,;:!?*([{')
