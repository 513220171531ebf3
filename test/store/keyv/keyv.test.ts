import { Keyv } from 'keyv'
import { describe, expect, it, vi } from 'vitest'
import { createKeyvStore } from '../../../src/store/keyv/keyv.ts'
import { describeStore, gone, list, refused } from '../contract.ts'

describeStore('Keyv (over a Map)', async () => {
  const source = new Map<string, unknown>()
  return { store: createKeyvStore(source), second: createKeyvStore(source) }
})

describeStore('Keyv (over a Keyv with a namespace)', async () => {
  const store = createKeyvStore(new Keyv({ namespace: 'mine' }))
  return { store, second: store }
})

function failingAdapter(error: Error, methods: Record<string, unknown> = {}) {
  const fail = async (): Promise<never> => {
    throw error
  }
  return { opts: {}, get: fail, set: fail, delete: fail, clear: fail, on: vi.fn(), ...methods }
}

describe('the Keyv store', () => {
  it('warns that it is for a single process', () => {
    expect(createKeyvStore(new Map()).warning).toMatch(/single process/)
  })

  it('finds its keys again after a restart', async () => {
    const source = new Map<string, unknown>()
    const before = createKeyvStore(source)
    for (let index = 0; index < 100; index++) await before.set(`k:${index}`, `${index}`)
    await before.delete('k:7')
    // Another object over the same values: nothing is left of what the first one had in memory.
    const after = createKeyvStore(new Map(source))
    const found = await list(after, 'k:')
    expect(Object.keys(found).length).toBe(99)
    expect(found['k:42']).toBe('42')
  })

  it('removes expired values from storage that does not remove them itself', async () => {
    const source = new Map<string, unknown>()
    const store = createKeyvStore(source)
    for (let index = 0; index < 50; index++) await store.set(`k:${index}`, 'x', 5)
    await gone(store, 'k:49')
    for (let index = 0; index < 2000; index++) await store.set(`n:${index}`, 'x')
    await vi.waitFor(() => expect([...source.keys()].filter((key) => key.includes('k:'))).toEqual([]))
  })

  it('turns errors of the adapter into StoreErrors that show no password', async () => {
    const store = createKeyvStore(failingAdapter(new Error('cannot reach postgres://me:geheim@db/x')))
    for (const verb of [
      () => store.get('a'),
      () => store.set('a', 'x'),
      () => store.delete('a'),
      () => store.claim('a', 1000),
      () => store.update('a', () => 'x'),
      () => store.ping(),
      () => list(store, 'a'),
    ]) {
      const error = await refused(verb, /^keyv:Object failed: cannot reach postgres:\/\/db\/x$/)
      expect(String(error.stack)).not.toContain('geheim')
    }
  })

  it('does not wait for an adapter that hangs, and does not start later what it has given up', async () => {
    let release = (): void => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const set = vi.fn()
    const adapter = failingAdapter(new Error('unused'), { get: () => held, set, delete: () => held })
    const store = createKeyvStore(adapter)
    const verbs = [() => store.update('a', () => 'x'), () => store.claim('a', 1000), () => store.get('b')]
    await Promise.all(verbs.map((verb) => refused(verb, /no answer within 1000 ms/)))
    release()
    await new Promise((resolve) => setTimeout(resolve, 20))
    const written = set.mock.calls.filter(([key]) => key === 'hipchat-addon:a')
    expect(written.length).toBeLessThanOrEqual(1) // the update had begun; the claim behind it must not
  })

  it('listens for the error events of the adapter', () => {
    const keyv = new Keyv()
    const store = createKeyvStore(keyv)
    return store.ping().then(() => expect(() => keyv.emit('error', new Error('away'))).not.toThrow())
  })
})
