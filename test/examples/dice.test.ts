import { createPersonalClient } from 'hipchat-addon'
import { createHipChatServer } from 'hipchat-addon/server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDice } from '../../examples/dice/addon.ts'

const server = createHipChatServer({ port: 0, checkResponses: true })
const addon = createDice({ store: 'memory:', log: false })

beforeAll(async () => {
  await server.listen()
  await addon.listen(0)
  const admin = createPersonalClient({ apiUrl: server.apiUrl, token: server.adminToken })
  await admin.installAddon({ url: addon.descriptor.links.self, room_id: 'Lobby' })
  await server.idle()
})

afterAll(async () => {
  await addon.close()
  await server.close()
})

/** What the add-on answers when Alice says something in the Lobby. */
async function answerTo(text: string): Promise<string | undefined> {
  const before = server.history('Lobby').length
  await server.say('Lobby', 'alice', text)
  await server.idle()
  const [, answer] = server.history('Lobby').slice(before)
  return answer?.message
}

describe('the dice', () => {
  it('say that they are there', () => {
    expect(server.history('Lobby')[0]).toMatchObject({ message: expect.stringContaining('Try /roll') })
  })

  it('are rolled, each within its sides, and added up', async () => {
    const answer = (await answerTo('/roll 2d6')) ?? ''
    const [, total, one, other] = /^Alice Archer rolled (\d+) \((\d) \+ (\d)\)$/.exec(answer) ?? []
    for (const die of [one, other]) expect(['1', '2', '3', '4', '5', '6']).toContain(die)
    expect(Number(total)).toBe(Number(one) + Number(other))
  })

  it('are one of six sides when nobody says which', async () => {
    expect(await answerTo('/roll')).toMatch(/^Alice Archer rolled [1-6]$/)
  })

  it('repeat what they are rolled for', async () => {
    expect(await answerTo('/roll 1d1 for the first move')).toBe('Alice Archer rolled 1 for the first move')
  })

  it('are plain text in the room, and purple', async () => {
    await answerTo('/roll 3d20')
    expect(server.history('Lobby').at(-1)).toMatchObject({
      from: { name: 'Dice' },
      type: 'notification',
      message_format: 'text',
      color: 'purple',
    })
  })

  it.each(['/roll many', '/roll 2d0', '/roll 100d6'])('have to be asked properly: %s', async (text) => {
    expect(await answerTo(text)).toBe('Write dice like 2d6: two dice with six sides.')
  })

  it('have to be one at least', async () => {
    expect(await answerTo('/roll 0d6')).toBe('Write dice like 2d6: two dice with six sides.')
  })

  it('explain themselves', async () => {
    expect(await answerTo('/roll help')).toBe('/roll [dice] [reason...] – Roll dice, for example 2d6')
  })

  it.each(['let us roll 2d6', '/rollercoaster'])('are not rolled by %j', async (text) => {
    expect(await answerTo(text)).toBeUndefined()
  })
})
