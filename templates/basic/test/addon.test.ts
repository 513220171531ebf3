import { testAddon } from 'hipchat-addon/testing'
import { expect, onTestFinished, test } from 'vitest'
import { createGreeter } from '../src/addon.ts'

/** The add-on, installed in a room of a server in this process. */
async function start() {
  const started = await testAddon(createGreeter)
  onTestFinished(() => started.close())
  return started
}

test('the add-on says hello when it is installed', async () => {
  const { room } = await start()
  expect(room.notifications).toMatchObject([{ message: 'Here I am. Try /hello', color: 'green' }])
})

test('/hello greets the sender, or a given name', async () => {
  const { room } = await start()
  expect(await room.say('/hello', { from: 'bob' })).toMatchObject([{ message: 'Hello, Bob Baker!' }])
  expect(await room.say('/hello dear world')).toMatchObject([{ message: 'Hello, dear world!' }])
})

test('people who enter are greeted, and welcomed back the second time', async () => {
  const { room } = await start()
  const enter = () => room.trigger('room_enter', { from: 'carol' })
  expect(await enter()).toMatchObject([{ message: 'Welcome, Carol Cook!' }])
  expect(await enter()).toMatchObject([{ message: 'Welcome back, Carol Cook.' }])
})

test('a delivery that HipChat has not signed is refused', async () => {
  const { room, forge } = await start()
  const before = room.messages.length
  expect(await forge('room_enter')).toBe(401)
  expect(room.messages).toHaveLength(before)
})
