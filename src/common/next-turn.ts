/** Records that are looked at in one turn of the event loop: about a millisecond. */
export const chunkLength = 250

const waiting: (() => void)[] = []

function wakeNext(): void {
  waiting.shift()?.()
  if (waiting.length > 0) setImmediate(wakeNext)
}

/**
 * Lets everybody else have a turn, during work that grows with the group. One of those who wait goes on in each turn of the event
 * loop, however many there are: a hundred long calls at once hold up nobody longer than one of them.
 */
export const nextTurn = (): Promise<void> =>
  new Promise((resolve) => {
    waiting.push(resolve)
    if (waiting.length === 1) setImmediate(wakeNext)
  })

/** Counts what was done, and waits for the next turn whenever it is enough for one. */
export type Pace = (done?: number) => Promise<void> | undefined

/**
 * For work in parts: call what it gives after each piece, with what the piece counts, and await the answer. `perTurn`: what is
 * enough for one turn, in the units of the caller; a few milliseconds at most.
 */
export function createPace(perTurn: number = chunkLength): Pace {
  let done = 0
  return (more = 1) => {
    done += more
    if (done < perTurn) return undefined
    done = 0
    return nextTurn()
  }
}
