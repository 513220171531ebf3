import { describe, expect, it } from 'vitest'
import { StoreError } from '../../src/errors.ts'
import { createMemoryStore } from '../../src/store/memory/memory.ts'
import type { Store } from '../../src/store/store.ts'
import { journalVerbs, queueVerbs, type StoreVerb, storeVerbs, watchStore } from '../../src/store/watched.ts'
import { describeStore } from './contract.ts'

describeStore('watched memory', async () => {
  const store = watchStore(createMemoryStore(), () => {})
  return { store, second: store }
})

const broken = (): never => {
  throw new StoreError('the disk is full')
}

/** A store that fails with every verb: at once, or in time. */
const failing = (at: 'once' | 'last'): Store => {
  const fail = at === 'once' ? broken : async () => broken()
  return {
    ...createMemoryStore(),
    ...Object.fromEntries(storeVerbs.map((verb) => [verb, fail])),
    journal: { accept: fail, begin: fail, finish: fail, recover: fail },
    queue: () => ({
      add: fail,
      take: fail,
      putBack: fail,
      finish: fail,
      cancel: fail,
      removeGroup: fail,
      get: fail,
      counts: fail,
      async *list() {
        yield broken()
      },
    }),
    async *entries() {
      yield broken()
    },
  }
}

const work = { id: 'a', group: 'b', due: 0, attempt: 0, crashes: 0, work: 'x' }

const uses: { readonly [V in StoreVerb]: (store: Store) => unknown } = {
  get: (store) => store.get('a'),
  set: (store) => store.set('a', 'x'),
  delete: (store) => store.delete('a'),
  entries: async (store) => {
    for await (const _ of store.entries('')) throw new Error('there is an entry')
  },
  claim: (store) => store.claim('a', 1_000),
  release: (store) => store.release('a'),
  update: (store) => store.update('a', () => 'x'),
  accept: (store) => store.journal?.accept('a', 1_000, 'x'),
  begin: (store) => store.journal?.begin('a'),
  finish: (store) => store.journal?.finish('a'),
  recover: (store) => store.journal?.recover(''),
  ping: (store) => store.ping(),
  'queue.add': (store) => store.queue?.('q').add(work, { limit: 1 }),
  'queue.take': (store) => store.queue?.('q').take(0, 1),
  'queue.putBack': (store) => store.queue?.('q').putBack(work),
  'queue.finish': (store) => store.queue?.('q').finish('a'),
  'queue.cancel': (store) => store.queue?.('q').cancel('a'),
  'queue.removeGroup': (store) => store.queue?.('q').removeGroup('a'),
  'queue.get': (store) => store.queue?.('q').get('a'),
  'queue.list': async (store) => {
    for await (const _ of store.queue?.('q').list('waiting') ?? []) throw new Error('there is work')
  },
  'queue.counts': (store) => store.queue?.('q').counts(),
}

const verbsOfQueues = queueVerbs.map((verb) => `queue.${verb}` as const)

describe('a watched store', () => {
  it.each(
    [...storeVerbs, ...journalVerbs, ...verbsOfQueues].flatMap((verb) => [
      [verb, 'once'] as const,
      [verb, 'last'] as const,
    ]),
  )('reports that %s failed, %s, and passes the error on', async (verb, at) => {
    const told: StoreVerb[] = []
    const store = watchStore(failing(at), (failed) => told.push(failed))
    await expect((async () => uses[verb](store))()).rejects.toThrow(new StoreError('the disk is full'))
    expect(told).toEqual([verb])
  })

  it('answers get synchronously like the store, with its name and warning', async () => {
    const memory = createMemoryStore()
    const store = watchStore(memory, () => {})
    await store.set('a', 'x')
    expect(store.get('a')).toBe('x')
    expect([store.name, store.warning]).toEqual([memory.name, memory.warning])
  })

  it('does not report errors thrown by a change, or by a reader of entries', async () => {
    const told: StoreVerb[] = []
    const store = watchStore(createMemoryStore(), (failed) => told.push(failed))
    await store.set('a', 'x')
    const own = new Error('my own')
    const change = (): never => {
      throw own
    }
    await expect(store.update('a', change)).rejects.toBe(own)
    await expect(uses.entries(store)).rejects.toThrow('there is an entry')
    expect(told).toEqual([])
  })
})
