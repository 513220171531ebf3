/**
 * Whitespace and line ends in patterns. RE2 knows only those of ASCII, but phones and Option+Space write others
 * that look the same, and a command with one of them would reach no add-on. So all of them count as the plain ones:
 * they are replaced in the text before it is searched, and a pattern that names one of them matches the plain one.
 */

const lineEnd = /\r\n?|[\u0085\u2028\u2029]/g

/** Unicode's White_Space and U+FEFF, which is whitespace in JavaScript, without ASCII's. */
const wideBlank = /[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\ufeff]/g

/** Replaces each wide space with U+0020, and each line end (CR LF, CR, U+0085, U+2028 and U+2029) with LF. */
export const withPlainSpaces = (text: string): string => text.replace(lineEnd, '\n').replace(wideBlank, ' ')

/** The plain space and the plain line end, if a range contains a character that counts as one of them. */
export function plainWithin(from: number, to: number): string {
  const holds = (codes: readonly number[]): boolean => codes.some((code) => from <= code && code <= to)
  return (holds(wideBlanks) ? ' ' : '') + (holds(lineEnds) ? '\n' : '')
}

const lineEnds = [0x0d, 0x85, 0x2028, 0x2029]
const wideBlanks = [
  ...[0xa0, 0x1680, 0x2000, 0x2001, 0x2002, 0x2003, 0x2004, 0x2005, 0x2006, 0x2007, 0x2008, 0x2009, 0x200a],
  ...[0x202f, 0x205f, 0x3000, 0xfeff],
]

/** An escape for whitespace, inside a class and outside of one. */
export interface WhitespaceClass {
  readonly inside: string
  readonly alone: string
}

/** Escapes for whitespace in RE2's notation. RE2's `\s` does not match U+000B. */
export const whitespaceClasses: Readonly<Record<string, WhitespaceClass>> = {
  '\\s': { inside: '[:space:]', alone: '[[:space:]]' },
  '\\S': { inside: '[:^space:]', alone: '[[:^space:]]' },
  '\\h': { inside: '\\t ', alone: '[\\t ]' },
  '\\H': { inside: '\\x{0}-\\x{8}\\x{a}-\\x{1f}!-\\x{10ffff}', alone: '[^\\t ]' },
}
