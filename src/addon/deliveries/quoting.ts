import { blank } from './whitespace.ts'

/** The rules of a quotation, by its opening mark. */
interface Quotation {
  /** Marks that can close it. There are several, since phones mix the marks of different languages. */
  readonly closing: string
  /** Those of the closing marks that always close it; the others may also open a quotation within it. */
  readonly own: string
  /**
   * - `strict`: must be closed, and a backslash escapes a closing mark
   * - `apostrophe`: closes only before whitespace or at the end, since the mark also occurs inside words
   * - `spaced`: may have spaces inside the marks, as in French
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
 * Splits a text into words at whitespace. Quotation marks enclose a word that contains whitespace, also
 * after an equals sign: `--m="a b"`. Any other mark inside a word is part of the word, and so is an
 * apostrophe or a guillemet that is not closed. Returns `undefined` if any other quotation is not closed.
 * Runs in linear time.
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
  /** Marks that are not closed in the rest of the text, so that it is not searched again. */
  readonly open: Set<string>
  /** Up to here, the text was searched for a quotation after an equals sign, without success. */
  notBefore: number
}

interface Read {
  readonly word: string
  readonly end: number
}

const quotationOf = (mark: string): Quotation | undefined =>
  Object.hasOwn(quotations, mark) ? quotations[mark] : undefined

/**
 * Reads a word that does not start with a quotation. It may contain one after an equals sign, if it ends with
 * it.
 */
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
 * Reads a strict quotation. A backslash is an ordinary character, since Windows paths have many of them;
 * but it escapes a closing mark: `"a \"quoted\" word"`. The last backslash of `"C:\tools\"` belongs to the
 * path: no escaped mark is open that it could close.
 *
 * Marks of another kind that open and close a quotation within it belong to the word too: `“a "b" c”`. If
 * after them no mark is left to close the whole quotation, the last of them closes it.
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

/** Whether a mark is where a quotation can start: before a word. */
const beginsAt = (text: string, at: number, start: number): boolean =>
  (at === start || blank.test(text.charAt(at - 1))) && !endsAt(text, at + 1)

const endsAt = (text: string, at: number): boolean => at >= text.length || blank.test(text.charAt(at))

function endOfWord(text: string, from: number): number {
  let at = from + 1
  while (!endsAt(text, at)) at += 1
  return at
}
