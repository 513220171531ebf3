/** For node-test.test.ts: closes nothing, and has waited for a handler that took its time. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { testAddon } from 'hipchat-addon/testing'
import { createGreeter } from './greeter.ts'

test('forgets to close', async () => {
  const group = await testAddon((options) => {
    const addon = createGreeter(options)
    addon.command('/wait', async () => {
      await delay(200)
      return 'It took its time.'
    })
    return addon
  })
  await group.addGroup()
  assert.equal((await group.room.say('/wait'))[0]?.message, 'It took its time.')
})
