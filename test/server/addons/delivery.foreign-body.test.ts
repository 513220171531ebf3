import { describe, expect, it } from 'vitest'
import { webhookFixtures } from '../../../src/testing/index.ts'
import { startWorld } from '../../support.ts'

const named = (name: string) => {
  const found = webhookFixtures.find((fixture) => fixture.name === name)
  if (!found) throw new Error(`there is no fixture ${name}`)
  return { event: found.event, body: found.body }
}

/** An add-on that is installed in the Lobby and listens for messages and topics. */
async function start() {
  const world = await startWorld((addon) => {
    addon.webhook('room_message', { pattern: /^\/roll/ }, ({ sender }) => `for ${sender?.name}`)
    addon.webhook('room_topic_change', ({ item }) => `topic ${item.topic || 'removed'}`)
  })
  const { installation } = await world.install()
  const { oauthId } = installation
  const deliver = (name: string, room = 'Lobby') => world.server.deliver(oauthId, { ...named(name), room })
  return { ...world, oauthId, deliver }
}

describe('a delivery with a foreign body', () => {
  it('is signed for the person in it, for this server’s installation, webhook and room', async () => {
    const { server, oauthId, deliver, messages } = await start()
    const deliveries = await deliver('room_message.private-room')
    expect(deliveries).toMatchObject([{ event: 'room_message', oauthId, status: 200, replied: true }])
    const { request } = deliveries[0] ?? {}
    const { id } = server.room('Lobby')
    expect(request?.claims).toMatchObject({ iss: oauthId, sub: '90817', context: { room_id: id } })
    const { body } = named('room_message.private-room')
    expect(JSON.parse(request?.body ?? '')).toEqual({
      ...body,
      oauth_client_id: oauthId,
      webhook_id: deliveries[0]?.webhookId,
      item: { ...body.item, room: { ...body.item.room, id } },
    })
    expect(messages().at(-1)).toBe('for Ines Brandt')
    expect(server.history('Lobby').at(-1)?.id).toBe(deliveries[0]?.replyId)
  })

  it('names no user in its signature when no user caused it', async () => {
    const { deliver } = await start()
    for (const name of ['room_topic_change.add-on', 'room_message.least']) {
      const [delivery] = await deliver(name)
      expect(delivery).toMatchObject({ status: 200, replied: true })
      expect(delivery?.request?.claims).not.toHaveProperty('sub')
    }
  })

  it('keeps ids that are strings as strings', async () => {
    const { server, deliver } = await start()
    const [delivery] = await deliver('room_message.text-ids')
    expect(JSON.parse(delivery?.request?.body ?? '')).toMatchObject({
      webhook_id: String(delivery?.webhookId),
      item: { room: { id: String(server.room('Lobby').id) }, message: { from: { id: '90817' } } },
    })
    expect(delivery?.status).toBe(200)
  })

  it('goes to no webhook of another event, nor to one whose pattern does not match', async () => {
    const { deliver } = await start()
    expect(await deliver('room_enter.full')).toEqual([])
    expect(await deliver('room_message.file')).toEqual([])
  })

  it('is refused for an unknown installation, event or room, and without a body', async () => {
    const { server, oauthId, deliver } = await start()
    const told = { ...named('room_message.least'), room: 'Lobby' }
    await expect(server.deliver('nobody', told)).rejects.toThrow('Installation nobody not found')
    await expect(deliver('room_message.least', 'Workshop')).rejects.toThrow(
      `Installation ${oauthId} is not in Workshop`,
    )
    await expect(deliver('room_message.least', 'Attic')).rejects.toThrow('Room Attic not found')
    await expect(server.deliver(oauthId, { ...told, event: 'room_left' as never })).rejects.toThrow(
      'There is no event room_left; there are room_message,',
    )
    await expect(server.deliver(oauthId, { ...told, body: 'text' as never })).rejects.toThrow(
      'body must be an object, not string',
    )
  })
})
