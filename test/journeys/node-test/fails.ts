/** For node-test.test.ts, which wants to see it fail: a store that loses updates, and an add-on that says something else. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { storeContract, testAddon } from 'hipchat-addon/testing'
import { createMemoryStore } from '../../../src/store/memory/memory.ts'
import { createGreeter } from './greeter.ts'

for (const { name, run } of storeContract(() => {
  const store = createMemoryStore()
  const update: typeof store.update = async (key, change, ttl) => {
    const value = change(await store.get(key))
    await new Promise(setImmediate)
    if (value === undefined) await store.delete(key)
    else await store.set(key, value, ttl)
    return value
  }
  return { store: { ...store, update } }
}))
  test(name, run)

test('says goodbye', async () => {
  await using group = await testAddon(createGreeter)
  assert.equal((await group.room.say('/hello'))[0]?.message, 'Goodbye!')
})
