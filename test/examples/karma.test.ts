import { testAddon } from 'hipchat-addon/testing'
import { expect, it, onTestFinished } from 'vitest'
import { createKarma } from '../../examples/karma/addon.ts'

async function start() {
  const test = await testAddon(createKarma, { install: { room: null } })
  onTestFinished(() => test.close())
  return test
}

it('counts who is thanked, whatever way it is written', async () => {
  const { room } = await start()
  const say = async (text: string, from = 'bob') =>
    (await room.say(text, { from })).map(({ message }) => message)
  expect(await say('alice++ for the cake')).toEqual(['alice now has 1.'])
  expect(await say('thank you, @Alice++!')).toEqual(['Alice now has 2.'])
  expect(await say('carol-- (sorry)')).toEqual(['carol now has -1.'])
  expect(await say('alice++', 'alice')).toEqual(['You cannot give yourself karma.'])
  expect(await say('a C++ compiler')).toEqual(['C now has 1.'])
  expect(await say('i ++ and --verbose')).toEqual([])
  expect(await say('__proto__++')).toEqual(['__proto__ now has 1.'])
})

it('says who stands where', async () => {
  const { room } = await start()
  expect(await room.say('/karma')).toMatchObject([{ message: 'Nobody has karma yet. Write alice++' }])
  await room.say('bob++')
  await room.say('carol++')
  await room.say('carol++')
  expect(await room.say('/karma')).toMatchObject([
    { format: 'html', message: '<ol><li><b>carol</b> 2</li><li><b>bob</b> 1</li></ol>' },
  ])
})

it('shows all places to administrators', async () => {
  const { room } = await start()
  await room.say('bob++')
  const page = await (await room.open('adminPage', { as: 'Admin' })).text()
  expect(page).toContain('<tr><td>everywhere</td><td>bob: 1</td></tr>')
  await expect(room.open('adminPage', { as: 'alice' })).rejects.toThrow('Only administrators')
})
