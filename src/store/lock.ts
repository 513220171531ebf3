import type { Store } from './store.ts'

/** A lock that the processes of an add-on share. */
export interface Lock {
  /** Takes it, unless somebody has it: true for whoever got it. */
  take(): Promise<boolean>
  /** Gives it back if it is ours. Whoever never had it, or had it for too long, gives nothing back. */
  release(): Promise<void>
}

/** Milliseconds on the way to the store: what ends within them is left to end by itself. */
const onTheWay = 1_000

/**
 * A lock of at most `life` milliseconds. A store releases a claim for whoever asks, and a lock whose life is over may be
 * somebody else's by now: so each owner knows whether they have it, and until when.
 */
export function createLock(store: Store, key: string, life: number): Lock {
  let until = 0

  return {
    async take() {
      const asked = performance.now() // a clock that is set must not prolong it
      const taken = await store.claim(key, life)
      if (taken) until = asked + life
      return taken
    },
    async release() {
      const ours = until - Math.min(onTheWay, life / 10) > performance.now()
      until = 0
      if (ours) await store.release(key)
    },
  }
}
