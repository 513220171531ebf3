/**
 * Blanks and line ends of patterns. RE2 knows those of ASCII; a phone or Option+Space writes others, which nobody sees, and a command
 * with one of them would reach nobody. So there are one blank and one line end: the text is searched with plain ones in the place of
 * all others, and what names others in the pattern stands for the plain ones.
 */

const lineEnd = /\r\n?|[\u0085\u2028\u2029]/g

/** White_Space of Unicode, and U+FEFF, which is a blank in JavaScript; without ASCII's. */
const wideBlank = /[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\ufeff]/g

/** A text with U+0020 for every wide blank, and LF for every line end: CR LF, CR, U+0085, U+2028 and U+2029. */
export const withPlainBlanks = (text: string): string => text.replace(lineEnd, '\n').replace(wideBlank, ' ')

/** The plain blank and the plain line end, if they stand for a character that a range holds. */
export function plainWithin(from: number, to: number): string {
  const holds = (codes: readonly number[]): boolean => codes.some((code) => from <= code && code <= to)
  return (holds(wideBlanks) ? ' ' : '') + (holds(lineEnds) ? '\n' : '')
}

const lineEnds = [0x0d, 0x85, 0x2028, 0x2029]
const wideBlanks = [
  ...[0xa0, 0x1680, 0x2000, 0x2001, 0x2002, 0x2003, 0x2004, 0x2005, 0x2006, 0x2007, 0x2008, 0x2009, 0x200a],
  ...[0x202f, 0x205f, 0x3000, 0xfeff],
]

export interface BlankClass {
  readonly inside: string
  readonly alone: string
}

/** Escapes that mean blanks, as RE2 writes them inside a class and elsewhere. Its `\s` does not know U+000B. */
export const blankClasses: Readonly<Record<string, BlankClass>> = {
  '\\s': { inside: '[:space:]', alone: '[[:space:]]' },
  '\\S': { inside: '[:^space:]', alone: '[[:^space:]]' },
  '\\h': { inside: '\\t ', alone: '[\\t ]' },
  '\\H': { inside: '\\x{0}-\\x{8}\\x{a}-\\x{1f}!-\\x{10ffff}', alone: '[^\\t ]' },
}
