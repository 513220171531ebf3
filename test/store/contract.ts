import { describe, expect, it, onTestFinished } from 'vitest'
import { refused } from '../../src/testing/store/asserting.ts'
import { type StoreUnderTest, storeContract } from '../../src/testing/store/contract.ts'

export { gone, list, refused } from '../../src/testing/store/asserting.ts'

/** The contract of all stores, and that our own stores have the same error messages. */
export function describeStore(kind: string, open: () => Promise<StoreUnderTest>): void {
  describe(`the ${kind} store`, () => {
    for (const { name, run } of storeContract(open)) it(name, run)

    it('refuses wrong keys, times to live and calls after close() with the same messages as our other stores', async () => {
      const { store, second = store, cleanUp } = await open()
      onTestFinished(async () => {
        await store.close()
        await second.close()
        await cleanUp?.()
      })
      const verbs: ((key: string) => unknown)[] = [
        (key) => store.set(key, 'x'),
        (key) => store.get(key),
        (key) => store.claim(key, 1000),
        (key) => store.release(key),
        (key) => store.update(key, () => 'x'),
        (key) => store.delete(key),
      ]
      for (const key of ['k'.repeat(901), 'ü'.repeat(451), '', 'a\ud800'])
        for (const use of verbs) await refused(() => use(key), /a key (of|must)/)
      await refused(() => store.set('a', 'x', Number.NaN), /a time to live in milliseconds, got NaN/)
      await store.close()
      for (const use of verbs) await refused(() => use('a'), /is closed/)
      expect((await refused(() => store.ping(), /is closed/)).message).toContain(store.name)
    })
  })
}
