import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createOutbound } from '../../src/common/outbound.ts'
import { createDeliveries } from '../../src/server/addons/delivery.ts'
import { createHipChatServer, type HipChatServer } from '../../src/server/index.ts'
import { silent } from '../../src/server/log.ts'
import { openState, type State } from '../../src/server/state/state.ts'
import { adminCall, call, startAddon, startServer } from '../server/support.ts'

const turnsToArrive = 6 // of the event loop, which client and server share

/** Makes a long call, and a short one once that has arrived. Returns them in the order of their answers. */
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

describe('a short call is answered during the long one', () => {
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

  test('a room whose add-ons have hundreds of glances', async () => {
    const server = await startServer()
    const addon = await startAddon()
    const glance = Array.from({ length: 100 }, (_, index) => ({
      key: `glance${index}`,
      name: { value: 'Glance' },
      queryUrl: `${addon.url}/glance?${'x'.repeat(1_500)}`,
      icon: { url: `${addon.url}/icon`, 'url@2x': `${addon.url}/icon` },
      target: 'none',
    }))
    for (const key of ['com.example.one', 'com.example.two', 'com.example.three', 'com.example.four']) {
      addon.descriptor = {
        ...addon.descriptor,
        key,
        capabilities: { ...(addon.descriptor['capabilities'] as object), glance },
      }
      await server.install(`${addon.url}/descriptor`, { room: 'Lobby' })
    }
    const token = await server.createPageToken('admin')
    const ask = (after = '') =>
      call(server, 'GET', `${server.url}/page/room/1/glances?after=${after}`, { token })
    expect(await orderOf(server, ask)).toEqual(['short', 'long'])
    const first = (await ask()).body
    const second = (await ask(first.next)).body
    expect([first.items.length, second.items.length, second.next]).toEqual([300, 100, null])
    const all = [...first.items, ...second.items]
    expect(new Set(all.map(({ oauth_id, key }) => `${oauth_id} ${key}`)).size).toBe(400)
    expect(new URL(all[399].url).searchParams.get('signed_request')).toMatch(/^eyJ/)
    const integrations = await call(server, 'GET', `${server.url}/page/integrations?room_id=1`, { token })
    expect(integrations.body.items).toHaveLength(integrations.body.next === null ? 4 : 3)
  })
})

/** Tokens and a membership of each of many rooms. */
async function withOwner(rooms: number) {
  const server = await startServer({
    seed: {
      users: [
        { name: 'Bob', mentionName: 'bob' },
        { name: 'Dora', mentionName: 'dora' },
      ],
      rooms: Array.from({ length: rooms }, (_, index) => ({
        name: `Room ${index}`,
        privacy: 'private' as const,
        owner: 'dora',
        participants: ['bob'],
      })),
    },
  })
  const token = await server.createToken({ user: 'bob' })
  for (let count = 0; count < 60; count += 1) await server.createToken({ user: 'bob' })
  return { server, token }
}

test('a deleted user is refused before all their data are removed', async () => {
  const { server, token } = await withOwner(400)
  let isOver = false
  const deleting = adminCall(server, 'DELETE', '/user/@bob').then(({ status }) => {
    isOver = true
    return status
  })
  let status = 200
  while (status === 200) status = (await call(server, 'GET', '/room/Room 0', { token })).status
  expect([status, isOver]).toEqual([401, false])
  expect(await deleting).toBe(204)
  const left = await adminCall(server, 'GET', '/room/Room 399/participant?include-offline=true')
  expect(left.body.items.map(({ name }: { name: string }) => name)).toEqual(['Dora'])
})

test('the removal of a deleted user continues after the server was killed', async () => {
  const data = mkdtempSync(join(tmpdir(), 'hipchat-gone-'))
  onTestFinished(() => rmSync(data, { recursive: true, force: true }))
  const seed = {
    users: [
      { name: 'Bob', mentionName: 'bob' },
      { name: 'Dora', mentionName: 'dora' },
    ],
    rooms: [{ name: 'Lobby', privacy: 'private' as const, owner: 'dora', participants: ['bob', 'dora'] }],
    webhooks: [{ room: 'Lobby', owner: 'bob', event: 'room_message' as const, url: 'http://127.0.0.1:9/' }],
  }
  const first = createHipChatServer({ port: 0, data, seed })
  await first.listen()
  await first.createToken({ user: 'bob' })
  await first.say('Lobby', 'bob', 'hello')
  await first.close()
  const state = openState(data, { durable: false })
  const [bob, lobby] = [state.people.byMention('bob'), state.rooms.byName('Lobby')]
  if (!bob || !lobby) throw new Error('the seed is not there')
  const ownedBy = (now: State) => [
    now.tokens.of({ userId: bob.id }).length,
    now.webhooks.ownedBy({ userId: bob.id }).length,
    [...now.rooms.idsAround(bob.id)].length,
    now.gone.all().length,
  ]
  await state.write(() => {
    state.people.change(bob, { isDeleted: true })
    state.gone.add({ kind: 'user', id: bob.id })
    state.gone.add({ kind: 'room', id: 77 })
    state.messages.add({
      id: 'left',
      at: 1,
      roomId: 77,
      type: 'message',
      author: { kind: 'user', id: 1 },
      text: 'left',
      mentions: [],
    })
  })
  expect(ownedBy(state)).toEqual([1, 1, 2, 2]) // a member of the room, and in it
  await state.close()
  const second = createHipChatServer({ port: 0, data })
  await second.listen()
  await second.close()
  const after = openState(data, { durable: false })
  onTestFinished(() => after.close())
  expect(ownedBy(after)).toEqual([0, 0, 0, 0])
  expect(after.messages.find(77, 'left')).toBeUndefined()
  expect(after.rooms.get(lobby.id)?.participants).toEqual([3])
})

describe('webhooks of many owners', () => {
  test('are queued a few in each turn, and later events of the room are delivered after them', async () => {
    const state = openState(mkdtempSync(join(tmpdir(), 'hipchat-fire-')), { durable: false })
    onTestFinished(() => state.close())
    const webhooks = 300
    const { room, user } = await state.write(() => {
      const user = state.people.add({ id: 2, name: 'Bob', mentionName: 'bob' })
      const room = state.rooms.add({ id: 1, name: 'Lobby', ownerId: 2 })
      for (let count = 0; count < webhooks; count += 1)
        state.webhooks.put({
          id: state.next('webhook'),
          owner: { userId: 2 },
          roomId: 1,
          event: 'room_message',
          url: 'http://127.0.0.1:9/',
          pattern: '^never$',
          name: null,
          key: String(count),
          authentication: 'none',
          declared: false,
          created: 0,
        })
      return { room, user }
    })
    const delivery = createDeliveries({
      state,
      outbound: createOutbound({}),
      log: silent,
      timeout: 1_000,
      signal: new AbortController().signal,
      isClassic: () => false,
      told: () => undefined,
      reply: () => Promise.reject(new Error('nothing is answered')),
    })
    const over: string[] = []
    const fire = (text: string) =>
      delivery.fire({ event: 'room_message', room, item: {}, text, user }).then(() => over.push(text))
    const both = Promise.all([fire('first'), fire('second')])
    let turns = 0
    while (over.length === 0) {
      turns += 1
      await turn()
    }
    expect(over).toEqual(['first'])
    expect(turns).toBeGreaterThan(10)
    await both
    await delivery.idle()
    await delivery.close()
  })
})
