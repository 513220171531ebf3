/** A blank of any kind: those of JavaScript's `\s`, and U+0085, which is White_Space in Unicode. */
export const blank = /[\s\u0085]/

const lineEnd = /\r\n?|[\u0085\u2028\u2029]/g
const wideBlank = /[^\S\t\n\v\f\r ]/g

/**
 * The same text with plain blanks in the place of others, which phones and Option+Space write and nobody sees, and with LF for every
 * line end.
 */
export const withPlainBlanks = (text: string): string => text.replace(lineEnd, '\n').replace(wideBlank, ' ')
