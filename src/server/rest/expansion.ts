/** What a caller wants expanded: names, each with what to expand inside. */
export interface Expansion {
  /** What to expand inside of a name; undefined when the name is not wanted. */
  within(name: string): Expansion | undefined
}

const deepest = 3

/** Reads `participants,items.owner` (HipChat's page on title expansion). Unknown names do nothing; depth ends at three. */
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
