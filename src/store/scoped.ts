import type { Journal, Queue, Store } from './store.ts'

/**
 * A part of a store for one add-on: all its keys begin with `scope`. Add-ons with the same store do not see each other's
 * entries, so that one add-on's installations and secrets are not valid for another.
 */
export function scopeStore(store: Store, scope: string): Store {
  const { journal } = store
  return {
    name: store.name,
    ...(store.warning === undefined ? {} : { warning: store.warning }),
    get: (key) => store.get(scope + key),
    set: (key, value, ttl) => store.set(scope + key, value, ttl),
    delete: (key) => store.delete(scope + key),
    async *entries(prefix) {
      for await (const [key, value] of store.entries(scope + prefix)) yield [key.slice(scope.length), value]
    },
    claim: (key, ttl) => store.claim(scope + key, ttl),
    release: (key) => store.release(scope + key),
    update: (key, change, ttl) => store.update(scope + key, change, ttl),
    ...(journal ? { journal: scopeJournal(journal, scope) } : {}),
    ...(store.queue ? { queue: (name) => store.queue?.(scope + name) as Queue } : {}), // there: see the condition
    ...(store.risks ? { risks: async () => (await store.risks?.()) ?? [] } : {}),
    ping: () => store.ping(),
    close: () => store.close(),
  }
}

const scopeJournal = (journal: Journal, scope: string): Journal => ({
  accept: (id, ttl, work) => journal.accept(scope + id, ttl, work),
  begin: (id) => journal.begin(scope + id),
  finish: (id) => journal.finish(scope + id),
  async recover(prefix) {
    const recovered = await journal.recover(scope + prefix)
    return recovered.map((one) => ({ ...one, id: one.id.slice(scope.length) }))
  },
})
