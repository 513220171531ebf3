import { unspacedLetters } from './unspaced-letters.ts'

/** A web address in a text, with its start and end index. */
export interface FoundLink {
  readonly from: number
  readonly to: number
  readonly url: string
}

// An address ends before whitespace, invisible characters, quotation marks, dashes, full-width punctuation, and letters of
// scripts without spaces between words. In an address such letters are percent-encoded.
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
 * The web addresses in a text, both for display and for programs. An address may contain pairs of brackets; a closing bracket
 * without its partner ends it. Punctuation at its end belongs to the sentence.
 */
export function linksIn(text: string): FoundLink[] {
  const found: FoundLink[] = []
  for (const { 0: characters, index } of text.matchAll(run)) {
    // After a bracket that ends an address, another address may follow.
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

/** The index of the first closing bracket without a partner in an address that starts at `from`, or the end. */
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
