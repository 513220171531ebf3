import { randomBytes } from 'node:crypto'
import type { RedisRouting } from './routing.ts'

/** What became of a store that held work. */
export type HolderState = 'open' | 'closed' | 'crashed'

/** The stores that hold unfinished work. */
export interface Holders {
  /** The name of this store among them: letters, digits, `-` and `_`. */
  readonly self: string
  /** Declares that this store holds work: before the first, and again if it has given no sign of life for a while. */
  enter(): Promise<void>
  /** All that have entered and were not removed. */
  all(): Promise<readonly string[]>
  /** Whether a store is open, was closed, or gave no sign of life for the lease. */
  stateOf(holder: string): Promise<HolderState>
  /**
   * Whether this store has given its signs without a gap for half a lease. Otherwise Redis may have been away, and others that
   * are open have not had the time to give theirs.
   */
  isSettled(): boolean
  /** Forgets a store that is gone, and was in this state. */
  remove(holder: string, state: HolderState): Promise<void>
  /**
   * Declares that this store is gone; if it leaves work, for those who take it over. It gets its own way of running commands,
   * since the store is closed for callers.
   */
  leave(leavesWork: boolean, run: RedisRouting['run']): Promise<void>
}

/** Values of the key that tells what became of a store. It is absent when the store gave no sign of life for the lease. */
const signs = { open: '1', closed: 'closed' } as const

/** Milliseconds for which a store is known to have been closed. */
const closedFor = 7 * 24 * 3_600_000

/**
 * Creates the list of holders, a set of names. Each has a key that expires unless it is renewed. `prefix` begins all keys, and
 * `lease` is the milliseconds without a sign of life after which a store counts as gone.
 */
export function createHolders(run: RedisRouting['run'], prefix: string, lease: number): Holders {
  const self = randomBytes(9).toString('base64url')
  const names = `${prefix}holders`
  const signOf = (holder: string): string => `${prefix}alive:${holder}`
  const ownSign = signOf(self)
  let signed = Number.NEGATIVE_INFINITY
  let signedWithoutGapSince = Number.POSITIVE_INFINITY
  /** All who wait for a sign share it. */
  let signing: Promise<void> | undefined
  let renewing: NodeJS.Timeout | undefined
  let hasLeft = false

  async function sign(): Promise<void> {
    const asked = performance.now()
    await Promise.all([
      run(ownSign, (client) => client.set(ownSign, signs.open, { PX: lease })),
      run(names, (client) => client.sAdd(names, self)), // again, in case it was taken for gone
    ])
    const answered = performance.now()
    if (answered - signed > lease / 2) signedWithoutGapSince = answered
    signed = asked
  }

  return {
    self,
    async enter() {
      if (performance.now() - signed < lease / 2) return
      signing ??= sign().finally(() => {
        signing = undefined
      })
      await signing
      // An error is not reported: the next operation has it too. Meanwhile others may take over, and do work twice.
      if (!hasLeft) renewing ??= setInterval(() => void sign().catch(() => {}), lease / 4).unref()
    },
    all: () => run(names, (client) => client.sMembers(names)),
    async stateOf(holder) {
      const found = await run(signOf(holder), (client) => client.get(signOf(holder)))
      if (found === null) return 'crashed'
      return found === signs.closed ? 'closed' : 'open'
    },
    isSettled: () => performance.now() - signedWithoutGapSince > lease / 2,
    async remove(holder, state) {
      await run(names, (client) => client.sRem(names, holder))
      if (state === 'closed') await run(signOf(holder), (client) => client.unlink(signOf(holder)))
    },
    async leave(leavesWork, lastRun) {
      hasLeft = true
      clearInterval(renewing)
      if (!renewing && !signing) return
      await Promise.all(
        leavesWork
          ? [lastRun(ownSign, (client) => client.set(ownSign, signs.closed, { PX: closedFor }))]
          : [
              lastRun(ownSign, (client) => client.unlink(ownSign)),
              lastRun(names, (client) => client.sRem(names, self)),
            ],
      )
    },
  }
}
