/** The same name in another case, or put together from other characters, is the same name. */
export const folded = (text: string): string => text.normalize('NFC').toLowerCase()

/**
 * Members of a character class of regular expressions with the flag `u`: the letters of scripts that write words without
 * blanks between them, or, as Korean does, with endings that follow at once. Where one stands, a word may end and another begin.
 */
export const unspacedLetters = [
  ...['Han', 'Hira', 'Kana', 'Bopo', 'Hang'],
  ...['Thai', 'Laoo', 'Khmr', 'Mymr', 'Tibt', 'Java', 'Bali', 'Lana'],
]
  .map((script) => `\\p{scx=${script}}`)
  .join('')
