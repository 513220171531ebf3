import { blank } from './whitespace.ts'

/** How a quotation that begins with a mark goes on. */
interface Quotation {
  /** What ends it: people's phones put marks of several languages together. */
  readonly closing: string
  /** Those of them that end it wherever they are; the others may also begin a quotation within it. */
  readonly own: string
  /**
   * - `strict`: has to be closed, and a backslash makes a closing mark a part of it
   * - `apostrophe`: closes before a blank or at the end only, since the mark also stands inside of words
   * - `spaced`: French writes blanks inside of the marks
   */
  readonly kind: 'strict' | 'apostrophe' | 'spaced'
}

const double = (own: string): Quotation => ({ closing: '"”“＂〞〟', own, kind: 'strict' })
const single: Quotation = { closing: "'’‘＇", own: '', kind: 'apostrophe' }
const spaced = (closing: string): Quotation => ({ closing, own: closing, kind: 'spaced' })

const quotations: Readonly<Record<string, Quotation>> = {
  '"': double('"'),
  '＂': double('＂'),
  '“': double('”'),
  '”': double('”'),
  '„': double('“”'),
  '‟': double('”'),
  '〝': double('〞〟'),
  "'": single,
  '＇': single,
  '‘': single,
  '’': single,
  '‚': single,
  '«': spaced('»'),
  '»': spaced('«»'),
  '‹': spaced('›'),
  '›': spaced('‹›'),
  '「': spaced('」'),
  '『': spaced('』'),
  '｢': spaced('｣'),
}

/**
 * Words between blanks; quotation marks hold one together that has blanks in it, also behind an equals sign: `--m="a b"`. Any other
 * mark inside of a word is a part of the word, and so is an apostrophe or a guillemet that nothing closes. `undefined` if another
 * quotation stays open. Takes time that grows with the text only.
 */
export function splitWords(text: string): string[] | undefined {
  const words: string[] = []
  const state: Looking = { open: new Set(), notBefore: 0 }
  for (let at = 0; at < text.length; ) {
    const character = text.charAt(at)
    if (blank.test(character)) {
      at += 1
      continue
    }
    const quotation = quotationOf(character)
    const quoted =
      quotation && !state.open.has(character) ? readQuotation(text, at + 1, quotation) : undefined
    if (!quoted && quotation?.kind === 'strict') return undefined
    if (!quoted && quotation) state.open.add(character)
    const { word, end } = quoted ?? readWord(text, at, state)
    words.push(word)
    at = end
  }
  return words
}

interface Looking {
  /** Marks that nothing closes from here on, so that nobody looks for it again. */
  readonly open: Set<string>
  /** Up to here a quotation behind an equals sign was looked for, and was none. */
  notBefore: number
}

interface Read {
  readonly word: string
  readonly end: number
}

const quotationOf = (mark: string): Quotation | undefined =>
  Object.hasOwn(quotations, mark) ? quotations[mark] : undefined

/** A word that begins with no quotation. One behind an equals sign is a part of it, if the word ends with it. */
function readWord(text: string, start: number, state: Looking): Read {
  const end = endOfWord(text, start)
  for (let at = start; at < end; at += 1) {
    const mark = text.charAt(at + 1)
    const quotation = text.charAt(at) === '=' ? quotationOf(mark) : undefined
    if (!quotation || state.open.has(mark) || at < state.notBefore) continue
    const quoted = readQuotation(text, at + 2, quotation)
    if (quoted && endsAt(text, quoted.end))
      return { word: text.slice(start, at + 1) + quoted.word, end: quoted.end }
    if (quoted) state.notBefore = quoted.end
    else state.open.add(mark)
  }
  return { word: text.slice(start, end), end }
}

function readQuotation(text: string, start: number, quotation: Quotation): Read | undefined {
  const { closing, kind } = quotation
  if (kind === 'strict') return readStrict(text, start, quotation)
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
 *
 * Marks of another kind that begin and end a quotation within it are parts of the word, too: `“a "b" c”`. Where they leave nothing
 * that ends the whole, the last of them does.
 */
function readStrict(text: string, start: number, { closing, own }: Quotation): Read | undefined {
  let word = ''
  let isEscaping = false
  let inner: Quotation | undefined
  let last: Read | undefined
  let from = start
  for (let at = start; at < text.length; at += 1) {
    const mark = text.charAt(at)
    const closes = closing.includes(mark)
    if (!closes && quotationOf(mark)?.kind !== 'strict') continue
    const isEscaped = closes && at > from && text.charAt(at - 1) === '\\'
    if (isEscaped && (isEscaping || !endsAt(text, at + 1))) {
      word += text.slice(from, at - 1) + mark
      isEscaping = !isEscaping
      from = at + 1
      continue
    }
    const whole = { word: word + text.slice(from, at), end: at + 1 }
    if (inner?.own.includes(mark)) {
      inner = undefined
      last = whole
    } else if (own.includes(mark)) return whole
    else if (beginsAt(text, at, start)) inner = quotationOf(mark)
    else if (closes) return whole
  }
  return last
}

/** Whether a mark stands where a quotation begins: before a word. */
const beginsAt = (text: string, at: number, start: number): boolean =>
  (at === start || blank.test(text.charAt(at - 1))) && !endsAt(text, at + 1)

const endsAt = (text: string, at: number): boolean => at >= text.length || blank.test(text.charAt(at))

function endOfWord(text: string, from: number): number {
  let at = from + 1
  while (!endsAt(text, at)) at += 1
  return at
}
