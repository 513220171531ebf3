/** Removes the byte order mark that some editors put at the start of a text. */
export const withoutMark = (text: string): string => text.replace(/^\uFEFF/, '')

/** Normalizes a name for comparison: case does not matter, nor does the composition of characters. */
export const folded = (text: string): string => text.normalize('NFC').toLowerCase()
