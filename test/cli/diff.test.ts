import { describe, expect, it } from 'vitest'
import { differences } from '../../src/cli/differences.ts'
import { planted } from '../leaks/planted.ts'
import { declare, startAddon, startServer } from '../server/support.ts'
import { linesOf, run } from './support.ts'

const token = planted('administrators-token')

async function installed(room?: string) {
  const server = await startServer({ adminToken: token })
  const addon = await startAddon()
  declare(addon, {
    webhook: [
      { key: 'roll', event: 'room_message', url: `${addon.url}/roll`, authentication: 'jwt' },
      { key: 'leave', event: 'room_exit', url: `${addon.url}/leave`, authentication: 'jwt' },
    ],
  })
  const url = `${addon.url}/descriptor`
  const { oauthId } = await server.install(url, room === undefined ? {} : { room })
  return { server, addon, url, oauthId, at: ['--server', server.url, '--token', token] }
}

describe('differences', () => {
  it.each<[string, unknown, unknown, unknown[]]>([
    ['nothing', { a: [1, { b: null }] }, { a: [1, { b: null }] }, []],
    ['members in another order', { a: 1, b: 2 }, { b: 2, a: 1 }, []],
    ['texts in another order', { a: ['x', 'y'] }, { a: ['y', 'x'] }, []],
    [
      'a list that became an object',
      { a: [{ key: 'k' }] },
      { a: { key: 'k' } },
      [{ kind: 'changed', path: 'a', before: [{ key: 'k' }], after: { key: 'k' } }],
    ],
    [
      'entries with keys, moved and changed',
      { a: [{ key: 'one', n: 1 }, { key: 'two' }] },
      { a: [{ key: 'two' }, { key: 'one', n: 2 }] },
      [{ kind: 'changed', path: 'a[one].n', before: 1, after: 2 }],
    ],
    [
      'entries without keys, one by one',
      [{ n: 1 }, { n: 2 }],
      [{ n: 1 }, { n: 3 }, { n: 4 }],
      [
        { kind: 'changed', path: '[1].n', before: 2, after: 3 },
        { kind: 'added', path: '[2]', after: { n: 4 } },
      ],
    ],
    [
      'the same text twice',
      ['x', 'x'],
      ['x'],
      [
        { kind: 'removed', path: '[0]', before: 'x' },
        { kind: 'removed', path: '[1]', before: 'x' },
        { kind: 'added', path: '[x]', after: 'x' },
      ],
    ],
  ])('finds %s', (_, before, after, expected) => {
    expect(differences(before, after)).toEqual(expected)
  })
})

describe('hipchat-addon diff', () => {
  it('exits with 0 if the installed descriptor is the one that is served', async () => {
    const { url, at } = await installed('Lobby')
    expect(await run(['diff', url, '--room', 'Lobby', ...at])).toEqual({
      code: 0,
      out: 'The installed descriptor of com.example.dice is the one that is served\n',
      err: '',
    })
  })

  it('names what was added, removed and changed, and marks new scopes', async () => {
    const { addon, url, at, oauthId } = await installed()
    addon.descriptor = { ...addon.descriptor, name: 'Better dice' }
    declare(addon, {
      hipchatApiConsumer: { scopes: ['view_room', 'send_notification'] },
      webhook: [{ key: 'roll', event: 'room_message', url: `${addon.url}/dice`, authentication: 'jwt' }],
    })
    const { code, out, err } = await run(['diff', url, ...at])
    expect([code, err]).toEqual([1, ''])
    const leave = `{"key":"leave","event":"room_exit","url":"${addon.url}/leave","authentication":"jwt"}`
    expect(linesOf(out)).toEqual([
      'changed  name  "Dice" -> "Better dice"',
      'added    capabilities.hipchatApiConsumer.scopes[view_room]  "view_room"  (a new scope)',
      `changed  capabilities.webhook[roll].url  "${addon.url}/roll" -> "${addon.url}/dice"`,
      `removed  capabilities.webhook[leave]  ${leave}`,
      'An update asks for scopes that the add-on does not have: view_room',
    ])
    const json = await run(['diff', url, '--json', ...at])
    expect(json.code).toBe(1)
    expect(JSON.parse(json.out)).toMatchObject({
      same: false,
      key: 'com.example.dice',
      oauthId,
      newScopes: ['view_room'],
      differences: [{ kind: 'changed', path: 'name', before: 'Dice', after: 'Better dice' }, {}, {}, {}],
    })
  })

  it('exits with 2 and one line when the descriptors cannot be compared', async () => {
    const { server, addon, url, at } = await installed('Lobby')
    const bob = await server.createToken({ user: 'bob' })
    const cases: [string[], RegExp][] = [
      [[url, ...at], /com\.example\.dice is not installed for the whole group, only elsewhere \(see list\)/],
      [[url, '--room', 'Nowhere', ...at], /Nowhere/],
      [[`${addon.url}/other`, ...at], /the descriptor at \S+\/other is not valid: value must be object/],
      [['http://127.0.0.1:1/', ...at], /ECONNREFUSED/],
      [
        ['notaurl', ...at],
        /'notaurl' is invalid for argument 'descriptor-url'\. expected an http or https address/,
      ],
      [[url, '--server', server.url, '--token', bob], /the server answered 403: .*admin_group/],
      [
        [url, '--server', addon.url, '--token', token],
        /expected a HipChat-compatible server|listInstallations/,
      ],
    ]
    for (const [given, message] of cases) {
      const { code, out, err } = await run(['diff', ...given])
      expect([code, out]).toEqual([2, ''])
      expect(err).toMatch(message)
      expect(linesOf(err)).toHaveLength(1)
    }
  })
})
