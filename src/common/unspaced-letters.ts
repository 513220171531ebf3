/**
 * Members of a character class for regular expressions with the flag `u`: the letters of scripts without spaces between
 * words, or, like Korean, with endings that follow directly. At such a letter a word may end and another begin.
 */
export const unspacedLetters = [
  ...['Han', 'Hira', 'Kana', 'Bopo', 'Hang'],
  ...['Thai', 'Laoo', 'Khmr', 'Mymr', 'Tibt', 'Java', 'Bali', 'Lana'],
]
  .map((script) => `\\p{scx=${script}}`)
  .join('')
