import { describe, expect, it } from 'vitest'
import { operations } from '../../../src/api/operations/index.ts'
import { classicDefaults, classicForm, differences, signedAddress } from '../../../src/server/http/classic.ts'
import { createHipChatServer, type HipChatServer } from '../../../src/server/index.ts'
import { readPage, rows, section } from '../../structure/markdown.ts'
import {
  accessToken,
  adminCall,
  call,
  declare,
  hook,
  installOverHttp,
  startAddon,
  startServer,
  verifyJwt,
} from '../support.ts'

const modes = ['standard', 'classic'] as const

const hookBody = { url: 'http://127.0.0.1:1/', event: 'room_message' }

async function withAddon(server: HipChatServer, key = 'com.example.dice') {
  const addon = await startAddon()
  addon.descriptor = { ...addon.descriptor, key }
  declare(addon, {
    hipchatApiConsumer: { scopes: ['admin_room', 'view_messages', 'view_group'] },
    webhook: hook(`${addon.url}`, { url: `${addon.url}/hook?team=a%20b` }),
  })
  const record = await installOverHttp(server, addon)
  return { addon, record, token: await accessToken(server, record) }
}

/**
 * What a client sees of each difference, found through the API: one entry per row of the table, so that a row without a
 * test does not compile into a passing one.
 */
const seen: Record<string, (server: HipChatServer) => Promise<unknown>> = {
  async 'id of a webhook'(server) {
    const { token } = await withAddon(server)
    const path = '/room/1/webhook'
    const made = (await call(server, 'POST', path, { token, json: hookBody })).body
    const one = (await call(server, 'GET', `${path}/${made.id}`, { token })).body
    const all = (await call(server, 'GET', path, { token })).body.items
    return [made, one, ...all].map(({ id }) => typeof id)
  },
  async '`presence` of a user'(server) {
    await adminCall(server, 'PUT', '/user/@alice', {
      json: { presence: { status: 'at lunch', show: 'away' } },
    })
    const { presence } = (await adminCall(server, 'GET', '/user/@alice')).body
    const listed = (await adminCall(server, 'GET', '/user?expand=items')).body.items
    expect(listed.find(({ id }: { id: number }) => id === 2).presence).toEqual(presence)
    const { show, status, status_text } = presence
    return { show, status, status_text }
  },
  async '`from` of a notification'(server) {
    await adminCall(server, 'POST', '/room/1/notification', { json: { message: 'built', from: 'CI' } })
    await server.say('Lobby', 'alice', 'thanks')
    const { items } = (await adminCall(server, 'GET', '/room/1/history')).body
    expect(items[1].from).toMatchObject({ mention_name: 'alice' })
    return items[0].from
  },
  async 'status of `sendRoomMessage`'(server) {
    const token = await server.createToken({ user: 'alice' })
    return (await call(server, 'POST', '/room/1/message', { token, json: { message: 'hi' } })).status
  },
  async '`authentication` of `createRoomWebhook`, when an add-on leaves it out'(server) {
    const { token } = await withAddon(server)
    const post = async (more: object) =>
      (await call(server, 'POST', '/room/1/webhook', { token, json: { ...hookBody, ...more } })).body
        .authentication
    expect([await post({ authentication: 'jwt' }), await post({ authentication: 'none' })]).toEqual([
      'jwt',
      'none',
    ])
    return post({})
  },
  async '`include-private` of `getAllRooms`, when it is left out'(server) {
    const names = async (query: string) =>
      (await adminCall(server, 'GET', `/room${query}`)).body.items.map(({ name }: { name: string }) => name)
    expect(await names('?include-private=false')).not.toContain('Back office')
    expect(await names('?include-private=true')).toContain('Back office')
    return (await names('')).includes('Back office')
  },
  async '`max-results` of a `latest` history, when it is left out'(server) {
    const token = await server.createToken({ user: 'alice' })
    const most = async (path: string) => (await call(server, 'GET', path, { token })).body.maxResults
    expect(await most('/room/1/history/latest?max-results=3')).toBe(3)
    return [await most('/room/1/history/latest'), await most('/user/@bob/history/latest')]
  },
  async '`message_format` of `sendPrivateMessage`, when it is left out'(server) {
    const token = await server.createToken({ user: 'alice' })
    await call(server, 'POST', '/user/@bob/message', { token, json: { message: 'psst' } })
    const { items } = (await call(server, 'GET', '/user/@bob/history/latest', { token })).body
    return items[0].message_format
  },
  async 'signature of a delivery'(server) {
    const { addon, record } = await withAddon(server)
    await server.say('Lobby', 'alice', 'hi')
    await server.idle()
    const [delivery] = addon.to('/hook')
    const query = new URL(delivery?.path ?? '', addon.url).searchParams
    expect(query.get('team')).toBe('a b')
    const header = String(delivery?.headers.authorization).replace('JWT ', '')
    expect(verifyJwt(header, record.oauthSecret)['iss']).toBe(record.oauthId)
    const inQuery = query.get('signed_request')
    if (inQuery !== null) expect(inQuery).toBe(header)
    expect(JSON.stringify(server.deliveries())).not.toContain(header)
    return inQuery === null ? 'header' : 'header and query'
  },
}

const expected: Record<string, readonly [standard: unknown, classic: unknown]> = {
  'id of a webhook': [Array(4).fill('string'), Array(4).fill('number')],
  '`presence` of a user': [
    { show: 'away', status: 'away', status_text: 'at lunch' },
    { show: 'away', status: 'at lunch', status_text: undefined },
  ],
  '`from` of a notification': [{ name: 'Admin · CI' }, 'Admin · CI'],
  'status of `sendRoomMessage`': [200, 201],
  '`authentication` of `createRoomWebhook`, when an add-on leaves it out': ['jwt', 'none'],
  '`include-private` of `getAllRooms`, when it is left out': [false, true],
  '`max-results` of a `latest` history, when it is left out': [
    [100, 100],
    [75, 75],
  ],
  '`message_format` of `sendPrivateMessage`, when it is left out': ['html', 'text'],
  'signature of a delivery': ['header', 'header and query'],
}

describe('each difference', () => {
  it('has a test here', () => {
    const topics = differences.map(({ topic }) => topic)
    expect(Object.keys(seen)).toEqual(topics)
    expect(Object.keys(expected)).toEqual(topics)
  })

  for (const [index, mode] of modes.entries())
    it.each(Object.entries(seen))(`in ${mode} mode: %s`, async (topic, look) => {
      const server = await startServer({ compatibility: mode })
      expect(await look(server)).toEqual(expected[topic]?.[index])
    })

  it('is in the reference, in the same words', () => {
    const page = section(readPage('docs/reference/server.md'), 'Classic mode')
    expect(rows(page)).toEqual(differences.map(({ topic, standard, classic }) => [topic, standard, classic]))
  })

  it('names parameters and values that are in the table of operations', () => {
    for (const { defaults } of differences)
      for (const [id, members] of Object.entries(defaults ?? {})) {
        const operation = operations[id as keyof typeof operations] as {
          query?: object
          body?: { schema: { properties: object } }
        }
        const known = { ...operation.query, ...operation.body?.schema.properties }
        expect(Object.keys(known)).toEqual(expect.arrayContaining(Object.keys(members)))
      }
    expect(classicDefaults('getRoom')).toEqual({})
  })
})

describe('classic mode', () => {
  it('applies only to the chosen add-ons, by key or OAuth id, and to those who act through them', async () => {
    const server = await startServer({ classicClients: ['com.example.old'] })
    const old = await withAddon(server, 'com.example.old')
    const young = await withAddon(server, 'com.example.young')
    const idType = async ({ token }: { token: string }) =>
      typeof (await call(server, 'GET', '/room/1/webhook', { token })).body.items[0].id
    expect([await idType(old), await idType(young)]).toEqual(['number', 'string'])
    await server.say('Lobby', 'alice', 'hi')
    await server.idle()
    const signed = ({ addon }: typeof old) => /[?&]signed_request=/.test(addon.to('/hook')[0]?.path ?? '')
    expect([signed(old), signed(young)]).toEqual([true, false])
    // people and the rest of the group are served as ever
    expect((await adminCall(server, 'POST', '/room/1/message', { json: { message: 'x' } })).status).toBe(200)
  })

  it('accepts what standard mode accepts', async () => {
    const server = await startServer({ compatibility: 'classic' })
    const standard = { presence: { status: 'away', show: 'away', status_text: 'back soon' } }
    const classic = { presence: { status: 'back soon', show: 'away' } }
    for (const json of [standard, classic])
      expect((await adminCall(server, 'PUT', '/user/@alice', { json })).status).toBe(204)
    const { token } = await withAddon(server)
    const made = (await call(server, 'POST', '/room/1/webhook', { token, json: hookBody })).body
    expect((await call(server, 'DELETE', `/room/1/webhook/${made.id}`, { token })).status).toBe(204)
  })

  it('does not sign the address of a delivery without signature', async () => {
    const server = await startServer({ compatibility: 'classic' })
    const addon = await startAddon()
    declare(addon, { webhook: hook(addon, { authentication: 'none' }) })
    await installOverHttp(server, addon)
    await server.say('Lobby', 'alice', 'hi')
    await server.idle()
    expect(addon.to('/hook').map(({ path, headers }) => [path, headers.authorization])).toEqual([
      ['/hook', undefined],
    ])
  })

  it('leaves what people wrote unchanged', () => {
    const card = JSON.stringify({ id: '5', event: 'x', authentication: 'jwt' })
    const message = { type: 'message', from: { id: 1, name: 'Alice' }, card, message: '{"status_text":1}' }
    expect(classicForm({ items: [message, null, 5, 'text'] })).toEqual({ items: [message, null, 5, 'text'] })
  })

  it.each([
    ['https://a.example/hook', 'https://a.example/hook?signed_request=J'],
    ['https://a.example/hook?x=%20&y', 'https://a.example/hook?x=%20&y&signed_request=J'],
    ['https://a.example/hook#part', 'https://a.example/hook?signed_request=J#part'],
  ])('signs %s', (address, signed) => expect(signedAddress(address, 'J')).toBe(signed))

  it.each([
    [{ compatibility: 'old' }, 'expected compatibility to be one of standard, classic; got "old"'],
    [
      { classicClients: 'com.example.dice' },
      'expected classicClients to be a list of add-on keys or OAuth ids, got "com.example.dice"',
    ],
    [{ classicClients: [''] }, 'expected classicClients.0 to be a non-empty string, got an empty one'],
  ])('refuses the option %j', (options, message) => {
    expect(() => createHipChatServer(options as object)).toThrow(
      expect.objectContaining({ code: 'ERR_SERVER_OPTION', message }),
    )
  })
})
