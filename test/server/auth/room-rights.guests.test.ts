import { expect, test } from 'vitest'
import { adminCall, call, refusal, startServer } from '../support.ts'

async function withGuest() {
  const server = await startServer({
    seed: {
      users: [
        { name: 'Alice', mentionName: 'alice', email: 'alice@example.com' },
        { name: 'Gus', mentionName: 'gus', email: 'gus@example.com', isGuest: true },
        { name: 'Carol', mentionName: 'carol', email: 'carol@example.com' },
      ],
      rooms: [
        { name: 'Lobby', participants: ['alice', 'carol'] },
        { name: 'Open', participants: ['alice'] },
        { name: 'Client', privacy: 'private', owner: 'alice', members: ['gus'] },
        { name: 'Office', privacy: 'private', owner: 'alice' },
      ],
    },
  })
  await adminCall(server, 'PUT', '/room/Open', { json: { is_guest_accessible: true } })
  return {
    server,
    token: await server.createToken({ user: 'gus' }),
    page: await server.createPageToken('gus'),
  }
}

test('a guest sees the rooms they were added to, the rooms open to guests, and no others', async () => {
  const { server, token, page } = await withGuest()
  const get = (path: string) => call(server, 'GET', path, { token })
  const { body } = await get('/room?include-private=true')
  expect(body.items.map(({ name }: { name: string }) => name)).toEqual(['Open', 'Client'])
  for (const name of ['Lobby', 'Office'])
    for (const path of [`/room/${name}`, `/room/${name}/history`, `/room/${name}/participant`])
      expect(refusal(await get(path))).toEqual([404, `Room ${name} not found`])
  expect((await get('/room/Client/history')).status).toBe(200)
  for (const name of ['Lobby', 'Office']) {
    const said = await call(server, 'POST', `/room/${name}/message`, { token, json: { message: 'hi' } })
    expect(said.status).toBe(404)
  }
  const start = await call(server, 'GET', `${server.url}/page/start`, { token: page })
  expect(start.body.rooms.map(({ name }: { name: string }) => name)).toEqual(['Client', 'Open'])
  // what is closed to guests again is closed to those who are there
  await adminCall(server, 'PUT', '/room/Open', { json: { is_guest_accessible: false } })
  expect((await get('/room/Open')).status).toBe(404)
})

test('a guest sees nothing of the group: no users, no addresses, no statistics', async () => {
  const { server, token } = await withGuest()
  for (const path of ['/user', '/user/@alice', '/user/alice@example.com', '/group/1', '/session'])
    expect((await call(server, 'GET', path, { token })).status).toBe(403)
  const whole = await call(server, 'GET', '/room/Client/member?expand=items', { token })
  expect(whole.body.items).toHaveLength(2)
  expect(JSON.stringify(whole.body)).not.toContain('@example.com')
  const write = async (who: string) =>
    refusal(await call(server, 'POST', `/user/${who}/message`, { token, json: { message: 'hi' } }))
  expect(await write('@alice')).toEqual([204, undefined]) // both are in Client
  for (const who of ['@carol', 'carol@example.com', '4', '@nobody'])
    expect(await write(who)).toEqual([404, `User ${who} not found`])
})

test('a guest creates no room, add-on, webhook or room token', async () => {
  const { server, token, page } = await withGuest()
  await adminCall(server, 'PUT', '/room/Client/member/@gus', { json: { room_roles: ['room_admin'] } })
  const post = (path: string, json: object) => call(server, 'POST', path, { token, json })
  expect((await post('/room', { name: 'Mine' })).status).toBe(403)
  expect((await post('/addon', { url: 'http://127.0.0.1:1/d', room_id: 'Client' })).status).toBe(403)
  expect(
    (await post('/room/Client/webhook', { url: 'http://127.0.0.1:1/', event: 'room_message' })).status,
  ).toBe(403)
  const tokenOfRoom = await call(server, 'POST', `${server.url}/page/tokens`, {
    token: page,
    json: { room_id: 3 },
  })
  expect(tokenOfRoom.status).toBe(403)
})

test('the page of a guest is notified of people they meet, without email addresses', async () => {
  const { server, page } = await withGuest()
  const start = await call(server, 'GET', `${server.url}/page/start`, { token: page })
  expect(JSON.stringify(start.body)).not.toMatch(/carol|alice@example\.com/i)
  expect(JSON.stringify(start.body)).toContain('Alice')
})

test('a guest mentions people they know, and a mention reveals no one else', async () => {
  const { server, token } = await withGuest()
  const text = 'hello @alice @carol @nobody'
  await call(server, 'POST', '/room/Client/message', { token, json: { message: text } })
  const history = await call(server, 'GET', '/room/Client/history', { token })
  const mentioned = history.body.items.at(-1).mentions.map((one: { name: string }) => one.name)
  expect(mentioned).toEqual(['Alice'])
})
