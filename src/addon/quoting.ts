import { blank } from './blanks.ts'

/** How a quotation that begins with a mark goes on. */
interface Quotation {
  /** What ends it: people's phones put marks of several languages together. */
  readonly closing: string
  /**
   * - `strict`: has to be closed, and a backslash makes a closing mark a part of it
   * - `apostrophe`: closes before a blank or at the end only, since the mark also stands inside of words
   * - `spaced`: French writes blanks inside of the marks
   */
  readonly kind: 'strict' | 'apostrophe' | 'spaced'
}

const double = { closing: '"”“', kind: 'strict' } as const
const single = { closing: "'’‘", kind: 'apostrophe' } as const

const quotations: Readonly<Record<string, Quotation>> = {
  '"': double,
  '“': double,
  '”': double,
  '„': double,
  '‟': double,
  "'": single,
  '‘': single,
  '’': single,
  '‚': single,
  '«': { closing: '»', kind: 'spaced' },
  '»': { closing: '«»', kind: 'spaced' },
  '‹': { closing: '›', kind: 'spaced' },
  '›': { closing: '‹›', kind: 'spaced' },
  '「': { closing: '」', kind: 'spaced' },
  '『': { closing: '』', kind: 'spaced' },
}

/**
 * Words between blanks; quotation marks hold one together that has blanks in it. A mark inside of a word is a part of the word, and
 * so is an apostrophe or a guillemet that nothing closes. `undefined` if another quotation stays open. Takes time that grows with
 * the text only.
 */
export function splitWords(text: string): string[] | undefined {
  const words: string[] = []
  /** Marks that nothing closes from here on, so that nobody looks for it again. */
  const open = new Set<string>()
  for (let at = 0; at < text.length; ) {
    const character = text.charAt(at)
    if (blank.test(character)) {
      at += 1
      continue
    }
    const quotation = Object.hasOwn(quotations, character) ? quotations[character] : undefined
    const quoted = quotation && !open.has(character) ? readQuotation(text, at + 1, quotation) : undefined
    if (quoted) {
      words.push(quoted.word)
      at = quoted.end
      continue
    }
    if (quotation?.kind === 'strict') return undefined
    if (quotation) open.add(character)
    const end = endOfWord(text, at)
    words.push(text.slice(at, end))
    at = end
  }
  return words
}

function readQuotation(
  text: string,
  start: number,
  { closing, kind }: Quotation,
): { readonly word: string; readonly end: number } | undefined {
  if (kind === 'strict') return readStrict(text, start, closing)
  for (let at = start; at < text.length; at += 1)
    if (closing.includes(text.charAt(at)) && (kind === 'spaced' || endsAt(text, at + 1))) {
      const word = text.slice(start, at)
      return { word: kind === 'spaced' ? word.trim() : word, end: at + 1 }
    }
  return undefined
}

/**
 * A backslash stays what it is, since paths of Windows have many of them; but before a closing mark it makes the mark a part of the
 * word: `"a \"quoted\" word"`. The last one of `"C:\tools\"` is such a path's own: nothing was opened that it could close.
 */
function readStrict(text: string, start: number, closing: string) {
  let word = ''
  let inner = false
  let from = start
  for (let at = start; at < text.length; at += 1) {
    if (!closing.includes(text.charAt(at))) continue
    const isEscaped = at > from && text.charAt(at - 1) === '\\'
    if (!isEscaped || (!inner && endsAt(text, at + 1)))
      return { word: word + text.slice(from, at), end: at + 1 }
    word += text.slice(from, at - 1) + text.charAt(at)
    inner = !inner
    from = at + 1
  }
  return undefined
}

const endsAt = (text: string, at: number): boolean => at >= text.length || blank.test(text.charAt(at))

function endOfWord(text: string, from: number): number {
  let at = from + 1
  while (!endsAt(text, at)) at += 1
  return at
}
