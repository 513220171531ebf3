/**
 * Removes from a map what is over, a bounded number of entries at a time, going on where it last stopped: a million
 * claims are no pause.
 */
export function createSweep<V>(
  entries: Map<string, V>,
  isOver: (value: V) => boolean,
): (atMost: number) => void {
  let position: Iterator<[string, V]> | undefined
  return (atMost) => {
    position ??= entries.entries()
    for (let seen = 0; seen < atMost; seen += 1) {
      const next = position.next()
      if (next.done) {
        position = undefined
        return
      }
      if (isOver(next.value[1])) entries.delete(next.value[0])
    }
  }
}
