/** Any whitespace character: those of JavaScript's `\s`, and U+0085, which is White_Space in Unicode. */
export const blank = /[\s\u0085]/

const lineEnd = /\r\n?|[\u0085\u2028\u2029]/g
const wideBlank = /[^\S\t\n\v\f\r ]/g

/**
 * Replaces other kinds of spaces by plain ones, and every line end by LF. Phones and Option+Space write
 * such spaces, and they look the same.
 */
export const withPlainSpaces = (text: string): string => text.replace(lineEnd, '\n').replace(wideBlank, ' ')
