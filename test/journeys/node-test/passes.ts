/** For node-test.test.ts: what the test kit is used for, under Node's own runner. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type AddonTest, storeContract, testAddon, webhookFixtures } from 'hipchat-addon/testing'
import { createMemoryStore } from '../../../src/store/memory/memory.ts'
import { createGreeter } from './greeter.ts'

describe('a greeter', () => {
  let group: AddonTest
  before(async () => {
    group = await testAddon(createGreeter)
  })
  after(() => group.close())

  test('answers', async () => {
    const [answer] = await group.room.say('/hello', { from: 'bob' })
    assert.equal(answer?.message, 'Hello, Bob Baker!')
    assert.deepEqual(group.room.replies, [answer])
  })

  test('handles people entering in every known form', async () => {
    for (const fixture of webhookFixtures.filter(({ event }) => event === 'room_enter'))
      assert.match((await group.room.deliver(fixture))[0]?.message ?? '', /^Welcome, Noor/)
  })

  test('refuses forged deliveries', async () => {
    assert.equal(await group.forge('room_enter'), 401)
  })
})

describe('a store', () => {
  for (const { name, run } of storeContract(() => ({ store: createMemoryStore() }))) test(name, run)
})
