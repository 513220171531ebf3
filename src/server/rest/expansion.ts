/** The names that a caller wants expanded, each with what to expand inside. */
export interface Expansion {
  /** What to expand inside a name; `undefined` when the name is not to be expanded. */
  within(name: string): Expansion | undefined
}

const deepest = 3

/**
 * Parses `participants,items.owner` (HipChat's page on title expansion). Unknown names are ignored; depth ends at
 * three.
 */
export function parseExpansion(text: string | undefined): Expansion {
  const paths = (text ?? '')
    .split(',')
    .map((path) => path.trim().split('.').slice(0, deepest))
    .filter((path) => path[0])
  return expansionOf(paths)
}

const expansionOf = (paths: string[][]): Expansion => ({
  within(name) {
    const inside = paths.filter((path) => path[0] === name)
    return inside.length > 0 ? expansionOf(inside.map((path) => path.slice(1))) : undefined
  },
})
