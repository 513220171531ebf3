import { scopeStore } from './scoped.ts'
import type { Store } from './store.ts'

// How many add-ons of this process use what was given to them.
const users = new WeakMap<object, number>()

/**
 * A store for one of the add-ons that were given the same object: closing it closes what was given when the last of them
 * does. What an add-on opened for itself, from an address or a folder, is its own.
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
    ...scopeStore(store, ''), // calls the verbs on the object itself, which may be of a class
    close() {
      closing ??= close()
      return closing
    },
  }
}
