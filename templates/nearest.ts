/** The word that was probably meant: the nearest one, unless it is more than two letters away. */
export function nearest(given: string, words: readonly string[]): string | undefined {
  const [best] = words
    .map((word) => ({ word, letters: distance(given.toLowerCase(), word) }))
    .sort((one, other) => one.letters - other.letters)
  return best && best.letters <= 2 ? best.word : undefined
}

/** The number of letters to insert, delete or change. */
function distance(from: string, to: string): number {
  let before = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (const [row, letter] of [...from].entries()) {
    const now = [row + 1]
    for (let column = 0; column < to.length; column += 1)
      now.push(
        Math.min(
          (before[column] ?? 0) + (letter === to[column] ? 0 : 1),
          (before[column + 1] ?? 0) + 1,
          (now[column] ?? 0) + 1,
        ),
      )
    before = now
  }
  return before[to.length] ?? 0
}
