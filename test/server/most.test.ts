import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { most } from '../../src/api/bounds.ts'
import { knowing } from '../../src/server/auth/room-rights.ts'
import { createHipChatServer } from '../../src/server/index.ts'
import { openState } from '../../src/server/state/state.ts'
import { adminCall, call, refusal, startServer } from './support.ts'

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

test('the people a guest knows are found by the rooms of both, without reading any other room', async () => {
  const state = openState(mkdtempSync(join(tmpdir(), 'hipchat-guest-')), { durable: false })
  onTestFinished(() => state.close())
  const room = (id: number, more: object) => state.rooms.add({ id, name: `Room ${id}`, ownerId: 1, ...more })
  const { guest, member, open } = await state.write(() => {
    const guest = state.people.add({ id: 10, name: 'Gus', mentionName: 'gus', isGuest: true })
    for (let id = 100; id < 110; id += 1) room(id, { participants: [13] })
    return {
      guest,
      member: room(1, { privacy: 'private', members: [1, 10, 11] }),
      open: room(2, { guestAccess: true, participants: [12] }),
    }
  })
  const known = () => [1, 10, 11, 12, 13].filter((id) => knowing(guest, state.rooms)({ id }))
  expect([...state.rooms.idsForGuest(10)]).toEqual([1, 2])
  expect(known()).toEqual([1, 10, 11, 12])
  await state.write(() => state.rooms.change(open, { guestAccess: false }))
  expect(known()).toEqual([1, 10, 11])
  await state.write(() => state.rooms.change(member, { members: [1, 10] }))
  expect(known()).toEqual([1, 10])
  await state.write(() => state.rooms.remove({ ...member, members: [1, 10] }))
  expect(known()).toEqual([10])
})
