import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { HipChatServer } from '../../src/server/index.ts'
import { adminCall, startServer } from './support.ts'

const turnsToArrive = 6 // of the event loop, which client and server share

/** Makes a long call, and a short one when that has arrived. Gives them in the order in which they were answered. */
async function orderOf(server: HipChatServer, long: () => Promise<unknown>): Promise<string[]> {
  const short = () => adminCall(server, 'GET', '/emoticon/1')
  await Promise.all([short(), short()]) // so that there are two connections
  const answered: string[] = []
  const first = long().then(() => answered.push('long'))
  for (let count = 0; count < turnsToArrive; count += 1) await turn()
  const second = short().then(() => answered.push('short'))
  await Promise.all([first, second])
  return answered
}

const names = (count: number) => Array.from({ length: count }, (_, index) => `user${index}`)

const crowded = (rooms: number, people: number) =>
  startServer({
    checkResponses: false,
    seed: {
      users: names(people).map((mentionName) => ({ name: mentionName, mentionName })),
      rooms: Array.from({ length: rooms }, (_, index) => ({
        name: `Room ${index}`,
        participants: names(people),
      })),
    },
  })

describe('a short call is answered before', () => {
  test.each([
    '/room?expand=items.participants',
    '/room?expand=items',
    '/user/1/preference/auto-join?expand=items',
  ])('rooms full of people: %s', async (path) => {
    const server = await crowded(40, 200)
    await server.enter('Room 0', 'admin')
    for (let index = 1; index < 40; index += 1) await server.enter(`Room ${index}`, 'admin')
    const long = () => adminCall(server, 'GET', path)
    expect(await orderOf(server, long)).toEqual(['short', 'long'])
    const { body } = await long()
    expect(body.items).toHaveLength(40)
    expect(body.items[7].participants).toHaveLength(201)
  })

  test('a room full of people', async () => {
    const server = await crowded(1, 2_000)
    const long = () => adminCall(server, 'GET', '/room/1/participant?expand=items&max-results=1000')
    expect(await orderOf(server, long)).toEqual(['short', 'long'])
    expect((await long()).body.items).toHaveLength(1_000)
  })

  test('a history full of mentions', async () => {
    const server = await crowded(1, 200)
    const everybody = names(200)
      .map((name) => `@${name}`)
      .join(' ')
    for (let count = 0; count < 100; count += 1) await server.say('Room 0', 'admin', everybody)
    const long = () => adminCall(server, 'GET', '/room/1/history')
    expect(await orderOf(server, long)).toEqual(['short', 'long'])
    const { items } = (await long()).body
    expect(items).toHaveLength(100)
    expect(items[0].mentions).toHaveLength(200)
  })
})
