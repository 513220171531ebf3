import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, test } from 'vitest'
import { most } from '../../src/api/bounds.ts'
import { largestPage } from '../../src/server/http/paging.ts'
import { createHipChatServer } from '../../src/server/index.ts'
import { openState } from '../../src/server/state/state.ts'
import {
  adminCall,
  call,
  declare,
  hook,
  installOverHttp,
  refusal,
  startAddon,
  startServer,
} from '../server/support.ts'

const card = { style: 'application', id: '1', title: 'Build' }

const message = 'Build'

describe('a notification', () => {
  it.each<[name: string, body: object, text: RegExp, field: string]>([
    [
      'a card whose activity is a hundred thousand elements within each other',
      { card: { ...card, activity: { html: `${'<b>'.repeat(100_000)}x${'</b>'.repeat(100_000)}` } } },
      /^card\.activity\.html must NOT have more than 10000 characters, got 700001$/,
      'card.activity.html',
    ],
    [
      'a card with an endless id',
      { card: { ...card, id: 'x'.repeat(256) } },
      /255 characters, got 256$/,
      'card.id',
    ],
    [
      'a card whose icon is a picture of a megabyte',
      { card: { ...card, icon: { url: 'x'.repeat(900_000) } } },
      /8192 characters, got 900000$/,
      'card.icon.url',
    ],
    [
      'a card with an endless attribute',
      { card: { ...card, attributes: [{ value: { label: 'x'.repeat(1_001) } }] } },
      /1000 characters, got 1001$/,
      'card.attributes.0.value.label',
    ],
    [
      'a card with more attributes than HipChat took',
      { card: { ...card, attributes: Array.from({ length: 11 }, () => ({ value: { label: 'x' } })) } },
      /^card\.attributes must NOT have more than 10 items, got 11$/,
      'card.attributes',
    ],
    [
      'a card with much metadata',
      { card: { ...card, metadata: { list: Array.from({ length: 20_000 }, () => 1) } } },
      /^card\.metadata must have at most 16384 characters as JSON, got 40010$/,
      'card.metadata',
    ],
    [
      'a card with many unknown members',
      { card: { ...card, images: { list: 'x'.repeat(70_000) } } },
      /^card must have at most 65536 characters as JSON, got 7\d{4}$/,
      'card',
    ],
  ])('with %s is refused with the limit and the value received', async (_, body, text, field) => {
    const server = await startServer()
    const answer = await adminCall(server, 'POST', '/room/Lobby/notification', { json: { message, ...body } })
    expect([answer.status, answer.body.error.message, answer.body.error.field]).toEqual([
      400,
      expect.stringMatching(text),
      field,
    ])
    expect(server.history('Lobby')).toEqual([])
  })

  it('with the largest card that HipChat accepted is accepted', async () => {
    const server = await startServer()
    const largest = {
      ...card,
      title: 'x'.repeat(500),
      description: { format: 'html', value: 'x'.repeat(1_000) },
      thumbnail: { url: 'x'.repeat(250), 'url@2x': 'x'.repeat(250) },
      activity: { html: 'x'.repeat(10_000) },
      attributes: Array.from({ length: 10 }, () => ({
        label: 'x'.repeat(50),
        value: { label: 'x'.repeat(500) },
      })),
    }
    const json = { message: 'x'.repeat(10_000), card: largest }
    expect((await adminCall(server, 'POST', '/room/Lobby/notification', { json })).status).toBe(204)
  })
})

describe('a text or a list without a documented bound', () => {
  it.each<[method: string, path: string, json: object, field: string]>([
    ['POST', '/user', { name: 'A', email: 'a@example.com', password: 'x'.repeat(1_001) }, 'password'],
    ['POST', '/user', { name: 'A', email: 'a@example.com', roles: Array(51).fill('a') }, 'roles'],
    ['PUT', '/user/@alice', { timezone: 'x'.repeat(101) }, 'timezone'],
    ['PUT', '/user/@alice', { presence: { status: 'x'.repeat(256) } }, 'presence.status'],
    ['POST', '/room', { name: 'A', owner_user_id: 'x'.repeat(256) }, 'owner_user_id'],
    ['PUT', '/room/Lobby', { owner: { id: 'x'.repeat(256) } }, 'owner.id'],
    ['POST', '/addon', { url: 'http://127.0.0.1/', room_id: 'x'.repeat(256) }, 'room_id'],
    ['POST', '/addon', { url: 'http://127.0.0.1/', scopes: Array(51).fill('view_room') }, 'scopes'],
    [
      'POST',
      '/oauth/token',
      { grant_type: 'password', username: 'a', password: 'x'.repeat(1_001) },
      'password',
    ],
    ['POST', '/oauth/token', { grant_type: 'client_credentials', scope: 'x '.repeat(600) }, 'scope'],
  ])('%s %s is refused above its bound', async (method, path, json, field) => {
    const server = await startServer()
    const answer = await adminCall(server, method, path, { json })
    expect([answer.status, answer.body.error.field]).toEqual([400, field])
  })

  it('is bounded in the query, too', async () => {
    const server = await startServer()
    expect(refusal(await adminCall(server, 'GET', `/room?expand=${'items.'.repeat(200)}`))).toEqual([
      400,
      'expand must NOT have more than 1000 characters, got 1200',
    ])
  })

  it.each<[what: string, changes: object, text: RegExp]>([
    [
      'description',
      { description: 'x'.repeat(10_001) },
      /description must NOT have more than 10000 characters/,
    ],
    ['name', { name: 'x'.repeat(256) }, /name must NOT have more than 255 characters, got 256/],
    [
      'list of glances',
      {
        capabilities: {
          glance: Array.from({ length: 101 }, (_, at) => ({
            key: `g${at}`,
            name: { value: 'x' },
            icon: { url: 'https://example.com/', 'url@2x': 'https://example.com/' },
          })),
        },
      },
      /capabilities\.glance must NOT have more than 100 items, got 101/,
    ],
  ])('is bounded in a descriptor: its %s', async (_, changes, text) => {
    const server = await startServer()
    const document = {
      key: 'a',
      name: 'A',
      description: 'A',
      links: { self: 'https://example.com/' },
      ...changes,
    }
    const url = `data:application/json;base64,${Buffer.from(JSON.stringify(document)).toString('base64')}`
    const answer = await adminCall(server, 'POST', '/addon', { json: { url } })
    expect([answer.status, answer.body.error.message]).toEqual([400, expect.stringMatching(text)])
  })

  it('is bounded on the chat page: the values of placeholders', async () => {
    const server = await startServer()
    const token = await server.createPageToken('alice')
    const answer = await call(server, 'POST', `${server.url}/page/integration/x/open`, {
      token,
      json: { key: 'a', values: { text: 'x'.repeat(140_000) } },
    })
    expect([answer.status, answer.body.error.field]).toEqual([400, 'values'])
  })
})

test('a list of deliveries ends at its limit of bytes', async () => {
  const server = await startServer()
  const addon = await startAddon()
  declare(addon, { webhook: hook(addon) })
  await installOverHttp(server, addon, 'Lobby')
  for (let number = 0; number < 150; number += 1) await server.say('Lobby', 'alice', '€'.repeat(10_000))
  await server.idle()
  const { body } = await adminCall(server, 'GET', `${server.url}/admin/deliveries?limit=200`)
  expect(Buffer.byteLength(JSON.stringify(body))).toBeLessThan(largestPage * 1.01)
  expect(body.items.length).toBeGreaterThan(100)
  expect(body.items[0].id).toBe(150)
  expect((await adminCall(server, 'GET', `${server.url}/admin/deliveries/1`)).body).toMatchObject({ id: 1 })
})

test('a room accepts a limited number of add-ons, and those that it has can be updated', async () => {
  const server = await startServer()
  const install = (key: string, room?: string) => {
    const document = { key, name: key, description: 'A', links: { self: 'https://example.com/' } }
    const url = `data:application/json,${encodeURIComponent(JSON.stringify(document))}`
    return adminCall(server, 'POST', '/addon', { json: { url, ...(room ? { room_id: room } : {}) } })
  }
  for (let number = 0; number < 100; number += 1)
    expect((await install(`a${number}`, 'Lobby')).status).toBe(201)
  expect(refusal(await install('b', 'Lobby'))).toEqual([
    400,
    'Room Lobby has 100 add-ons already, expected fewer than 100',
  ])
  expect((await install('a7', 'Lobby')).status).toBe(201)
  expect((await install('b', 'Workshop')).status).toBe(201)
  expect((await install('b')).status).toBe(201)
})

const seed = {
  users: [
    { name: 'Bob', mentionName: 'bob' },
    { name: 'Dora', mentionName: 'dora' },
  ],
  rooms: [{ name: 'Lobby', owner: 'dora' }],
}

test('a user and a room have at most a hundred tokens made by hand, which are listed in parts', async () => {
  const server = await startServer({ seed })
  const page = await server.createPageToken('dora')
  const own = await server.createToken({ user: 'dora' })
  for (let count = 1; count < most.handmadeTokens; count += 1) {
    await server.createToken({ user: 'dora' })
    await server.createToken({ room: 'Lobby' })
  }
  const tokens = `${server.url}/page/tokens`
  const make = (json: object) => call(server, 'POST', tokens, { token: page, json })
  const ask = (form: Record<string, string>) =>
    call(server, 'POST', '/oauth/token', { token: own, json: form })
  const surplus = (whose: string) => [
    400,
    `${whose} 100 tokens made by hand already, expected fewer than 100: revoke one first`,
  ]
  expect(refusal(await make({}))).toEqual(surplus('You have'))
  expect(refusal(await ask({ grant_type: 'personal' }))).toEqual(surplus('You have'))
  expect((await make({ room_id: 1 })).status).toBe(201)
  expect(refusal(await make({ room_id: 1 }))).toEqual(surplus('Room Lobby has'))
  expect(refusal(await ask({ grant_type: 'room_notification', room_id: '1' }))).toEqual(
    surplus('Room Lobby has'),
  )

  const list = async (after?: string) =>
    (await call(server, 'GET', after === undefined ? tokens : `${tokens}?after=${after}`, { token: page }))
      .body
  const first = await list()
  const second = await list(first.next)
  expect([first.items.length, second.items.length, second.next]).toEqual([100, 100, null])
  const kinds = (part: typeof first) => new Set(part.items.map(({ kind }: { kind: string }) => kind))
  expect([kinds(first), kinds(second)]).toEqual([new Set(['personal']), new Set(['room_notification'])])
  expect(new Set([...first.items, ...second.items].map(({ id }) => id)).size).toBe(200)
  const ofBob = await call(server, 'GET', tokens, { token: await server.createPageToken('bob') })
  expect(ofBob.body).toEqual({ items: [], next: null })

  const revoked = await call(server, 'DELETE', `${tokens}/${first.items[0].id}`, { token: page })
  expect(revoked.status).toBe(204)
  expect((await make({})).status).toBe(201)
})

test('one user creates at most a thousand rooms, for all owners together', async () => {
  const data = mkdtempSync(join(tmpdir(), 'hipchat-rooms-'))
  onTestFinished(() => rmSync(data, { recursive: true, force: true }))
  const before = createHipChatServer({ port: 0, data, seed })
  await before.listen()
  await before.close()
  const state = openState(data, { durable: false })
  await state.write(() => {
    for (let count = 1; count < most.madeRooms; count += 1)
      state.rooms.add({ id: state.next('room'), name: `Made ${count}`, ownerId: 1, maker: 'user 2' })
  })
  await state.close()
  const server = await startServer({ data })
  const [bob, dora] = [await server.createToken({ user: 'bob' }), await server.createToken({ user: 'dora' })]
  const make = (token: string, json: object) => call(server, 'POST', '/room', { token, json })
  expect((await make(bob, { name: 'The last one' })).status).toBe(201)
  const text = 'You have created 1000 rooms that still exist, expected fewer than 1000: delete one first'
  expect(refusal(await make(bob, { name: 'More' }))).toEqual([400, text])
  expect(refusal(await make(bob, { name: 'More', owner_user_id: '@dora' }))).toEqual([400, text])
  expect((await make(dora, { name: 'More' })).status).toBe(201)
  await adminCall(server, 'DELETE', '/room/Made 7')
  expect((await make(bob, { name: 'Again' })).status).toBe(201)
})

test('a room accepts at most five hundred webhooks created through the API', async () => {
  const webhook = { event: 'room_message', url: 'http://127.0.0.1:9/' } as const
  const server = await startServer({
    seed: {
      ...seed,
      webhooks: Array.from({ length: most.roomWebhooks }, () => ({
        ...webhook,
        room: 'Lobby',
        owner: 'bob',
      })),
    },
  })
  const token = await server.createToken({ user: 'dora' })
  const make = () => call(server, 'POST', '/room/Lobby/webhook', { token, json: webhook })
  expect(refusal(await make())).toEqual([
    400,
    'Room Lobby has 500 webhooks made through the API already, expected fewer than 500',
  ])
})
