import { setImmediate } from 'node:timers/promises'

/** Records that are looked at in one turn of the event loop: about a millisecond. */
export const chunkLength = 250

/** Lets everybody else have a turn, amid work that grows with the group. */
export const nextTurn = (): Promise<void> => setImmediate()
