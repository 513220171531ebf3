import { StoreError } from '../errors.ts'
import type { Awaitable, Queue, Store } from './store.ts'

/** The operations of a store that access its data. */
export const storeVerbs = ['get', 'set', 'delete', 'entries', 'claim', 'release', 'update', 'ping'] as const

/** The operations of a store's journal. */
export const journalVerbs = ['accept', 'begin', 'finish', 'recover'] as const

/** The operations of a store's queues. */
export const queueVerbs = [
  'add',
  'take',
  'putBack',
  'finish',
  'cancel',
  'removeGroup',
  'get',
  'list',
  'counts',
] as const

/** The name of an operation of a store, its journal or its queues. */
export type StoreVerb =
  | (typeof storeVerbs)[number]
  | (typeof journalVerbs)[number]
  | `queue.${(typeof queueVerbs)[number]}`

/** The same store, which reports each operation that fails. */
export function watchStore(store: Store, failed: (verb: StoreVerb) => void): Store {
  function note(verb: StoreVerb, error: unknown): never {
    // Any other error was thrown by the function that `update` got.
    if (error instanceof StoreError) failed(verb)
    throw error
  }

  // A synchronous answer stays synchronous: it is on the path of every delivery.
  function watched<T>(verb: StoreVerb, answer: () => Awaitable<T>): Awaitable<T> {
    try {
      const given = answer()
      return given instanceof Promise ? given.catch((error: unknown) => note(verb, error)) : given
    } catch (error) {
      return note(verb, error)
    }
  }

  function watchQueue(queue: Queue): Queue {
    return {
      add: async (work, options) => watched('queue.add', () => queue.add(work, options)),
      take: async (now, count) => watched('queue.take', () => queue.take(now, count)),
      putBack: async (work, state) => watched('queue.putBack', () => queue.putBack(work, state)),
      finish: async (id) => watched('queue.finish', () => queue.finish(id)),
      cancel: async (id) => watched('queue.cancel', () => queue.cancel(id)),
      removeGroup: async (group) => watched('queue.removeGroup', () => queue.removeGroup(group)),
      get: async (id) => watched('queue.get', () => queue.get(id)),
      async *list(state) {
        try {
          yield* queue.list(state)
        } catch (error) {
          note('queue.list', error)
        }
      },
      counts: async () => watched('queue.counts', () => queue.counts()),
    }
  }

  const { journal } = store
  return {
    name: store.name,
    ...(store.warning === undefined ? {} : { warning: store.warning }),
    get: (key) => watched('get', () => store.get(key)),
    set: async (key, value, ttl) => watched('set', () => store.set(key, value, ttl)),
    delete: async (key) => watched('delete', () => store.delete(key)),
    async *entries(prefix) {
      try {
        yield* store.entries(prefix)
      } catch (error) {
        note('entries', error)
      }
    },
    claim: async (key, ttl) => watched('claim', () => store.claim(key, ttl)),
    release: async (key) => watched('release', () => store.release(key)),
    update: async (key, change, ttl) => watched('update', () => store.update(key, change, ttl)),
    ...(journal
      ? {
          journal: {
            accept: async (id, ttl, work) => watched('accept', () => journal.accept(id, ttl, work)),
            begin: async (id) => watched('begin', () => journal.begin(id)),
            finish: async (id) => watched('finish', () => journal.finish(id)),
            recover: async (prefix) => watched('recover', () => journal.recover(prefix)),
          },
        }
      : {}),
    ...(store.queue ? { queue: (name) => watchQueue(store.queue?.(name) as Queue) } : {}), // there: see the condition
    ...(store.risks ? { risks: async () => (await store.risks?.()) ?? [] } : {}),
    ping: async () => watched('ping', () => store.ping()),
    close: () => store.close(),
  }
}
