import { describe, expect, test } from 'vitest'
import { type EventName, eventNames } from '../../../src/api/events.ts'
import type { HipChatServer } from '../../../src/server/index.ts'
import { declare, inline, installOverHttp, refusal, startAddon, startServer } from '../support.ts'
import { admin } from './support.ts'

const trigger = (server: HipChatServer, event: string, values?: object, room: string | null = 'Lobby') =>
  admin(server, 'POST', '/trigger', {
    json: { event, ...(room === null ? {} : { room_id: room }), ...(values ? { values } : {}) },
  })

describe('a triggered event', () => {
  const listening = async (room?: string) => {
    const server = await startServer()
    const addon = await startAddon()
    const url = `${addon.url}/hook`
    declare(addon, { webhook: eventNames.map((event) => ({ event, url, authentication: 'jwt' })) })
    await installOverHttp(server, addon, room)
    return { server, addon }
  }

  test.each<[EventName, object | undefined, string | null, object]>([
    [
      'room_message',
      undefined,
      'Lobby',
      { message: { message: 'Hello from the command line', from: { id: 1 } } },
    ],
    [
      'room_message',
      { message: 'hi', user: 'bob' },
      '1',
      { message: { message: 'hi', from: { mention_name: 'bob' } } },
    ],
    ['room_notification', { color: 'red', message_format: 'text' }, 'Lobby', { message: { color: 'red' } }],
    ['room_enter', undefined, 'Lobby', { sender: { id: 1 } }],
    ['room_enter', { user: '@carol' }, 'Lobby', { sender: { mention_name: 'carol' } }],
    ['room_exit', { user: 'alice@example.com' }, 'Lobby', { sender: { mention_name: 'alice' } }],
    ['room_topic_change', { topic: 'Dice' }, 'Lobby', { topic: 'Dice' }],
    ['room_topic_change', undefined, 'Lobby', { topic: expect.stringMatching(/^Set at \d{4}-/) }],
    ['room_file_upload', { name: 'a.txt', content: 'abc' }, 'Lobby', { file: { name: 'a.txt', size: 3 } }],
    [
      'room_created',
      { name: 'Quay', user: 'alice' },
      null,
      { room: { name: 'Quay' }, sender: { name: 'Alice Archer' } },
    ],
    ['room_archived', undefined, 'Workshop', { room: { name: 'Workshop', is_archived: true } }],
    ['room_deleted', undefined, 'Workshop', { room: { name: 'Workshop' } }],
  ])('%s %j happens, and its delivery is returned', async (event, values, room, item) => {
    const { server, addon } = await listening()
    const { status, body } = await trigger(server, event, values, room)
    expect(status).toBe(201)
    expect(body.waiting).toBe(0)
    // a file is a message too
    const made = body.deliveries.filter((one: { event: string }) => one.event === event)
    expect(made).toMatchObject([{ event, status: 200, error: null, request: { body: { item } } }])
    expect(body.deliveries).toHaveLength(event === 'room_file_upload' ? 2 : 1)
    expect(addon.to('/hook').map((one) => one.body.event)).toContain(event)
  })

  test('can unarchive a room', async () => {
    const { server } = await listening()
    await trigger(server, 'room_archived')
    const { body } = await trigger(server, 'room_unarchived')
    expect(body.deliveries).toMatchObject([{ event: 'room_unarchived', status: 200 }])
  })

  test('is followed to what its answers cause, and not to what others do', async () => {
    const { server, addon } = await listening('Lobby')
    let release = (): void => {}
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    addon.respond = async ({ body }) => {
      if (body.event !== 'room_message' || body.item.message.message !== 'ours') return undefined
      await released
      return inline({ message: 'pong' })
    }
    const triggered = trigger(server, 'room_message', { message: 'ours' })
    await expect.poll(() => addon.to('/hook').length).toBe(1)
    await server.setTopic('Lobby', 'alice', 'of another user')
    release()
    const { body } = await triggered
    expect(body).toMatchObject({
      waiting: 0,
      deliveries: [
        { event: 'room_message', replied: true },
        { event: 'room_notification', request: { body: { item: { message: { message: 'pong' } } } } },
      ],
    })
    await server.idle()
    expect(server.deliveries({ event: 'room_topic_change' })).toHaveLength(1)
  })

  test('is refused when nothing would change, and for values that the event does not have', async () => {
    const { server } = await listening()
    const cases: [string, object | undefined, string | null, number, RegExp][] = [
      ['room_enter', { user: 'alice' }, 'Lobby', 409, /^Alice Archer is in Lobby already$/],
      ['room_exit', undefined, 'Lobby', 409, /^Admin is not in Lobby$/],
      ['room_topic_change', { topic: 'Say hello' }, 'Lobby', 409, /^This is the topic of Lobby already$/],
      ['room_unarchived', undefined, 'Lobby', 409, /^Lobby is not archived$/],
      ['room_message', undefined, null, 400, /^room_id is required/],
      ['room_message', undefined, 'Nowhere', 404, /^Room Nowhere not found$/],
      ['room_message', { user: 'nobody' }, 'Lobby', 404, /^User nobody not found$/],
      ['room_message', { user: 'carol' }, 'Back office', 404, /^Room Back office not found$/],
      ['room_message', { topic: 'x' }, 'Lobby', 400, /values: topic is not a known member/],
      ['room_message', { message: 5 }, 'Lobby', 400, /values: message must be string, not number/],
      ['room_notification', { color: 'blue' }, 'Lobby', 400, /color must be one of/],
      ['room_created', { name: 'Lobby' }, null, 400, /^Another room exists with that name\.$/],
      ['room_exploded', undefined, 'Lobby', 400, /event must be one of room_message/],
    ]
    for (const [event, values, room, status, message] of cases)
      expect(refusal(await trigger(server, event, values, room))).toEqual([
        status,
        expect.stringMatching(message),
      ])
    await server.idle()
    expect(server.deliveries()).toEqual([])
  })
})
