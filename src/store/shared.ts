import { scopeStore } from './scoped.ts'
import type { Store } from './store.ts'

// The number of add-ons of this process that use a given object.
const users = new WeakMap<object, number>()

/**
 * A store for one of several add-ons that were given the same object: only the last `close()` closes that object. A store
 * that an add-on opened from a URL or a folder belongs to that add-on alone.
 */
export function shareStore(store: Store, given: unknown): Store {
  if (typeof given !== 'object' || given === null) return store
  users.set(given, (users.get(given) ?? 0) + 1)
  let closing: Promise<void> | undefined

  async function close(): Promise<void> {
    const others = (users.get(given as object) ?? 1) - 1 // as just checked
    users.set(given as object, others)
    if (others === 0) await store.close()
  }

  return {
    ...scopeStore(store, ''), // calls the methods on the object itself, which may be of a class
    close() {
      closing ??= close()
      return closing
    },
  }
}
