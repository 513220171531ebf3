import type { Store } from './store.ts'

/** A lock that the processes of an add-on share. */
export interface Lock {
  /** Takes the lock; returns false if another owner has it. */
  take(): Promise<boolean>
  /** Releases the lock if this owner still has it. */
  release(): Promise<void>
}

/** Milliseconds that a request to the store may take. A lock that ends within them is left to expire. */
const onTheWay = 1_000

/**
 * Creates a lock of at most `life` milliseconds. A store releases a claim for any caller, and an expired lock may already
 * belong to another owner, so each owner remembers until when they have it.
 */
export function createLock(store: Store, key: string, life: number): Lock {
  let until = 0

  return {
    async take() {
      const asked = performance.now() // setting the clock must not prolong the lock
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
