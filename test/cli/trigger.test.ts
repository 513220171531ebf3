import { describe, expect, it } from 'vitest'
import { planted } from '../leaks/planted.ts'
import { startWorld } from '../support.ts'
import { linesOf, run } from './support.ts'

const token = planted('administrators-token')

async function world() {
  const started = await startWorld(
    (addon) => {
      addon.webhook('room_message', ({ message }) => (message.message === 'ping' ? 'pong' : undefined))
      addon.webhook('room_notification', () => {})
      addon.webhook('room_topic_change', () => {
        throw new Error('no topics')
      })
    },
    { server: { adminToken: token } },
  )
  await started.install()
  return { ...started, at: ['--server', started.server.url, '--token', token] }
}

describe('hipchat-addon trigger', () => {
  it('causes an event and prints each of its deliveries', async () => {
    const { at, messages } = await world()
    const { code, out, err } = await run([
      'trigger',
      'message',
      '--room',
      'Lobby',
      '--set',
      'message=ping',
      ...at,
    ])
    expect([code, err]).toEqual([0, ''])
    expect(linesOf(out)).toEqual([
      expect.stringMatching(
        /^200 +\d+ ms {2}room_message {2}localhost:\d+\/webhook\/\S+ {2}\(the answer was posted\)$/,
      ),
      expect.stringMatching(/^20\d +\d+ ms {2}room_notification {2}localhost:\d+\/webhook\/\S+$/),
    ])
    expect(messages()).toEqual(['ping', 'pong'])
  })

  it('exits with 1 when a delivery fails, and prints it as JSON', async () => {
    const { at } = await world()
    const failed = await run(['trigger', 'topic', '--room', 'Lobby', '--set', 'topic=Dice', '--json', ...at])
    expect(failed.code).toBe(1)
    expect(JSON.parse(failed.out)).toMatchObject({
      event: 'room_topic_change',
      waiting: 0,
      deliveries: [{ status: 500, error: 'answered 500', request: { body: { item: { topic: 'Dice' } } } }],
    })
  })

  it('parses JSON values and paths of members, and says when no webhook is registered', async () => {
    const { at, server } = await world()
    const card = [
      'style=application',
      'id=1',
      'title=T',
      'url=https://example.com',
      'description.value=D',
      'description.format=text',
    ]
    const values = [
      'message="5"',
      'notify=true',
      ...card.map((one) => `card.${one}`).map((one) => one.replace('id=1', 'id="1"')),
    ]
    const given = values.flatMap((value) => ['--set', value])
    const notified = await run(['trigger', 'notification', '--room', 'Lobby', ...given, ...at])
    expect(notified).toMatchObject({ code: 0, err: '' })
    const [{ card: text, ...message } = {}] = server.history('Lobby')
    expect(message).toMatchObject({ message: '5' })
    expect(JSON.parse(String(text))).toMatchObject({ title: 'T', description: { value: 'D' } })

    expect(await run(['trigger', 'room_created', ...at])).toEqual({
      code: 0,
      out: 'room_created happened; no webhook is registered for it\n',
      err: '',
    })
  })

  it.each<[string, string[], number, RegExp]>([
    ['an unknown event', ['explode', '--room', 'Lobby'], 2, /expected one of room_message, .*room_deleted/],
    ['a word that is not unique', ['room', '--room', 'Lobby'], 2, /expected one of room_message/],
    ['no room', ['message'], 2, /--room: expected the id or name of the room for room_message/],
    ['a value without a path', ['message', '--room', 'Lobby', '--set', 'hello'], 2, /expected path=value/],
    [
      'a path to the prototype',
      ['message', '--room', 'Lobby', '--set', '__proto__.x=1'],
      2,
      /expected path=value/,
    ],
    [
      'a value the event does not have',
      ['enter', '--room', 'Lobby', '--set', 'topic=x'],
      1,
      /topic is not a known member/,
    ],
    [
      'an event that changes nothing',
      ['enter', '--room', 'Lobby', '--set', 'user=alice'],
      1,
      /answered 409: Alice Archer is in Lobby already/,
    ],
  ])('refuses %s in one line', async (_, given, code, message) => {
    const { at } = await world()
    const ended = await run(['trigger', ...given, ...at])
    expect(ended).toMatchObject({ code, out: '' })
    expect(ended.err).toMatch(message)
    expect(linesOf(ended.err)).toHaveLength(1)
  })
})
