import { describe, expect, it } from 'vitest'
import { planted } from '../leaks/planted.ts'
import { startAddon, startServer } from '../server/support.ts'
import { linesOf, run } from './support.ts'

const token = planted('administrators-token')

async function world() {
  const server = await startServer({ adminToken: token })
  return { server, at: ['--server', server.url, '--token', token] }
}

async function another(key: string, name: string) {
  const addon = await startAddon()
  addon.descriptor = { ...addon.descriptor, key, name }
  return `${addon.url}/descriptor`
}

describe('hipchat-addon list', () => {
  it('lists what is installed where, and with which scopes', async () => {
    const { server, at } = await world()
    expect((await run(['list', ...at])).out).toBe('Nothing is installed.\n')
    const dice = await server.install(await another('com.example.dice', 'Dice'), { room: 'Back office' })
    const wiki = await server.install(await another('com.example.wiki', 'Wiki\u001b[2J\nof all'))
    const lobby = await server.install(await another('com.example.dice', 'Dice'), { room: 'Lobby' })
    const { code, out, err } = await run(['list', ...at])
    expect([code, err]).toEqual([0, ''])
    expect(linesOf(out).map((line) => line.split(/ {2,}/))).toEqual([
      ['key', 'name', 'where', 'installation', 'scopes'],
      ['com.example.dice', 'Dice', 'Back office', dice.oauthId, 'send_notification'],
      ['com.example.wiki', 'Wiki [2J of all', 'the whole group', wiki.oauthId, 'send_notification'],
      ['com.example.dice', 'Dice', 'Lobby', lobby.oauthId, 'send_notification'],
    ])
    const json = await run(['list', '--room', 'Lobby', '--json', ...at])
    expect(JSON.parse(json.out).map((one: { oauthId: string }) => one.oauthId)).toEqual([
      wiki.oauthId,
      lobby.oauthId,
    ])
  })

  it('prints the message of a server that refuses, in one line', async () => {
    const { server } = await world()
    const bob = await server.createToken({ user: 'bob' })
    const refused = await run(['list', '--server', server.url], { HIPCHAT_TOKEN: bob })
    expect(refused).toMatchObject({ code: 1, out: '' })
    expect(refused.err).toMatch(/^listInstallations: the server answered 403: .*admin_group.*\n$/)
    expect((await run(['list', '--server', 'http://127.0.0.1:1', '--token', bob])).code).toBe(1)
    expect(await run(['list', '--server', server.url])).toMatchObject({ code: 2, out: '' })
  })
})

describe('hipchat-addon say', () => {
  it('posts a message in a room, as the owner of the token', async () => {
    const { server } = await world()
    const bob = await server.createToken({ user: 'bob' })
    const at = ['--server', server.url, '--token', bob]
    expect(await run(['say', 'Lobby', 'good morning', ...at])).toEqual({
      code: 0,
      out: 'Said in Lobby\n',
      err: '',
    })
    const json = await run(['say', '1', 'again', '--json', ...at])
    const [first, second] = server.history('Lobby')
    expect(first).toMatchObject({ message: 'good morning', from: { mention_name: 'bob' } })
    expect(JSON.parse(json.out)).toEqual({ room: '1', id: second?.id, timestamp: expect.any(String) })
  })

  it.each<[string, string[], number, RegExp]>([
    ['a room that is not there', ['Nowhere', 'hi'], 1, /Nowhere/],
    ['nothing to say', ['Lobby'], 2, /missing required argument 'text'/],
    ['an empty text', ['Lobby', ''], 1, /message/],
  ])('refuses %s in one line', async (_, given, code, message) => {
    const { at } = await world()
    const ended = await run(['say', ...given, ...at])
    expect(ended).toMatchObject({ code, out: '' })
    expect(ended.err).toMatch(message)
    expect(linesOf(ended.err)).toHaveLength(1)
  })
})
