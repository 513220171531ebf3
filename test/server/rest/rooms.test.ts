import { expect, test } from 'vitest'
import {
  accessToken,
  adminCall,
  call,
  declare,
  hook,
  inline,
  installOverHttp,
  refusal,
  startAddon,
  startServer,
} from '../support.ts'

test('rooms are listed as references, with private and archived ones on request', async () => {
  const server = await startServer()
  const names = async (query = '') =>
    (await adminCall(server, 'GET', `/room${query}`)).body.items.map(({ name }: { name: string }) => name)
  expect(await names()).toEqual(['Lobby', 'Workshop'])
  expect(await names('?include-private=1')).toEqual(['Lobby', 'Workshop', 'Back office'])
  await adminCall(server, 'PUT', '/room/Lobby', { json: { is_archived: true } })
  expect(await names()).toEqual(['Workshop'])
  expect(await names('?include-archived=true')).toEqual(['Lobby', 'Workshop'])
  const { body } = await adminCall(server, 'GET', '/room?expand=items.owner,nothing')
  expect(body.items[0]).toMatchObject({ topic: expect.any(String), owner: { email: 'admin@example.com' } })
  expect((await adminCall(server, 'GET', '/room')).body.items[0]).not.toHaveProperty('topic')
})

test('a list is read page by page; links keep the query but no token', async () => {
  const server = await startServer()
  for (const name of ['A', 'B', 'C']) await adminCall(server, 'POST', '/room', { json: { name } })
  const first = await call(
    server,
    'GET',
    `/room?max-results=2&include-private=true&expand=items&auth_token=${server.adminToken}`,
  )
  expect(first.body).toMatchObject({ startIndex: 0, maxResults: 2 })
  expect(first.body.links).not.toHaveProperty('prev')
  expect(first.body.links.next).toBe(
    `${server.apiUrl}/room?max-results=2&include-private=true&expand=items&start-index=2`,
  )
  expect(JSON.stringify(first.body)).not.toContain(server.adminToken)
  expect(first.body.links.self).toBe(`${server.apiUrl}/room`)
  const names: string[] = first.body.items.map(({ name }: { name: string }) => name)
  let next: string | undefined = first.body.links.next
  while (next) {
    const { body } = await adminCall(server, 'GET', next)
    names.push(...body.items.map(({ name }: { name: string }) => name))
    next = body.links.next
  }
  expect(names).toEqual(['Lobby', 'Workshop', 'Back office', 'A', 'B', 'C'])
  expect((await adminCall(server, 'GET', '/room?start-index=2&max-results=2')).body.links.prev).toContain(
    'start-index=0',
  )
  expect((await adminCall(server, 'GET', '/room?max-results=0')).body).toMatchObject({ items: [] })
})

test('invalid query parameters are refused with their names', async () => {
  const server = await startServer()
  const refused = async (query: string) => {
    const { status, body } = await adminCall(server, 'GET', `/room?${query}`)
    return [status, body.error.message, body.error.field]
  }
  expect(await refused('max-results=many')).toEqual([400, 'max-results must be an integer', 'max-results'])
  expect(await refused('max-results=1001')).toEqual([400, 'max-results must be <= 1000', 'max-results'])
  expect(await refused('start-index=-1')).toEqual([400, 'start-index must be >= 0', 'start-index'])
  expect(await refused('include-private=maybe')).toEqual([
    400,
    'include-private must be true or false',
    'include-private',
  ])
})

test('a room is found by id and by name in any case, with all its members', async () => {
  const server = await startServer({ group: { id: 17, name: 'Harbour' } })
  const { body } = await adminCall(server, 'GET', '/room/1')
  expect(body).toEqual({
    id: 1,
    name: 'Lobby',
    is_archived: false,
    privacy: 'public',
    version: expect.stringMatching(/^[0-9A-Z]{8}$/),
    links: {
      self: `${server.apiUrl}/room/1`,
      participants: `${server.apiUrl}/room/1/participant`,
      webhooks: `${server.apiUrl}/room/1/webhook`,
    },
    topic: 'Say hello',
    xmpp_jid: '17_lobby@conf.127.0.0.1',
    created: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$/),
    last_active: null,
    is_guest_accessible: false,
    guest_access_url: null,
    delegate_admin_visibility: null,
    avatar_url: null,
    owner: expect.objectContaining({ id: 1, mention_name: 'admin' }),
    participants: [expect.objectContaining({ id: 2 }), expect.objectContaining({ id: 3 })],
    statistics: {
      messages_sent: 0,
      links: { self: `${server.apiUrl}/room/1/statistics` },
    },
  })
  expect((await adminCall(server, 'GET', '/room/lOBBY')).body.id).toBe(1)
  expect((await adminCall(server, 'GET', '/room/Back%20office')).body.links.members).toBe(
    `${server.apiUrl}/room/3/member`,
  )
  expect(refusal(await adminCall(server, 'GET', '/room/nowhere'))).toEqual([404, 'Room nowhere not found'])
})

test('digits are an id, or a name when there is no such id', async () => {
  const server = await startServer()
  await adminCall(server, 'POST', '/room', { json: { name: '2000' } })
  await adminCall(server, 'POST', '/room', { json: { name: '1' } })
  expect((await adminCall(server, 'GET', '/room/2000')).body.name).toBe('2000')
  expect((await adminCall(server, 'GET', '/room/1')).body.name).toBe('Lobby')
})

test('people in a room are expanded for callers who may read users', async () => {
  const server = await startServer()
  const path = '/room/Lobby?expand=participants,owner,statistics'
  expect((await adminCall(server, 'GET', path)).body.participants[0]).toHaveProperty('email')
  const token = await server.createToken({ user: 'alice', scopes: ['view_room'] })
  const narrow = await call(server, 'GET', path, { token })
  expect(narrow.body.participants[0]).not.toHaveProperty('email')
  expect(narrow.body.owner).not.toHaveProperty('email')
})

test('a private room is visible to its members only', async () => {
  const server = await startServer()
  const outsider = await server.createToken({ user: 'carol' })
  const member = await server.createToken({ user: 'bob' })
  expect(refusal(await call(server, 'GET', '/room/3', { token: outsider }))).toEqual([
    404,
    'Room 3 not found',
  ])
  expect((await call(server, 'GET', '/room/3', { token: member })).status).toBe(200)
  const listed = await call(server, 'GET', '/room?include-private=true', { token: outsider })
  expect(listed.body.items).toHaveLength(2)
  await expect(server.say('Back office', 'carol', 'hi')).rejects.toMatchObject({
    status: 404,
    message: 'Room Back office not found',
  })
})

test('creating a room returns id, name and links, and the whole room when it is expanded', async () => {
  const server = await startServer()
  const { status, body } = await adminCall(server, 'POST', '/room?expand=entity', {
    json: { name: 'Quay', topic: 'Ships', privacy: 'private', guest_access: true, owner_user_id: '@bob' },
  })
  expect(status).toBe(201)
  expect(body).toMatchObject({
    id: 4,
    name: 'Quay',
    links: { self: `${server.apiUrl}/room/4` },
    entity: { topic: 'Ships', privacy: 'private', owner: { id: 3 }, guest_access_url: expect.any(String) },
  })
  const byNumber = await adminCall(server, 'POST', '/room', { json: { name: 'Pier', owner_user_id: 3 } })
  expect(byNumber.body).not.toHaveProperty('entity')
  expect((await adminCall(server, 'GET', '/room/Pier')).body.owner.id).toBe(3)
})

test('a room that cannot be created is refused', async () => {
  const server = await startServer()
  const create = async (json: object, token = server.adminToken) =>
    refusal(await call(server, 'POST', '/room', { token, json }))
  expect(await create({ name: 'lobby' })).toEqual([400, 'Another room exists with that name.'])
  expect(await create({ name: 'x'.repeat(51) })).toEqual([
    400,
    'name must NOT have more than 50 characters, got 51',
  ])
  expect(await create({})).toEqual([400, 'name is missing'])
  expect(await create({ name: 'Q', owner_user_id: '@nobody' })).toEqual([400, 'User @nobody not found'])
  const addon = await startAddon()
  declare(addon, { hipchatApiConsumer: { scopes: ['manage_rooms'] } })
  const token = await accessToken(server, await installOverHttp(server, addon))
  expect(await create({ name: 'Q' }, token)).toEqual([
    400,
    'owner_user_id is required: an add-on cannot own a room',
  ])
})

test('an update changes the given members and leaves the rest', async () => {
  const server = await startServer()
  const before = (await adminCall(server, 'GET', '/room/1')).body
  const answer = await adminCall(server, 'PUT', '/room/1', {
    json: { name: 'Hall', topic: 'New', owner: { id: '2' }, is_guest_accessible: true },
  })
  expect([answer.status, answer.body]).toEqual([204, ''])
  const after = (await adminCall(server, 'GET', '/room/Hall')).body
  expect(after).toMatchObject({
    id: 1,
    topic: 'New',
    privacy: 'public',
    owner: { id: 2 },
    guest_access_url: expect.stringContaining(server.url),
  })
  expect(after.version).not.toBe(before.version)
  expect((await adminCall(server, 'GET', '/room/Lobby')).status).toBe(404)
  expect(server.history('Hall').map(({ type, message }) => [type, message])).toEqual([['topic', 'New']])
  expect(refusal(await adminCall(server, 'PUT', '/room/Hall', { json: { name: 'workshop' } }))).toEqual([
    400,
    'Another room exists with that name.',
  ])
})

test('only the owner and administrators change or delete a room', async () => {
  const server = await startServer()
  const token = await server.createToken({ user: 'bob' })
  const words = 'Only administrators of the room and of the group may do this'
  expect(refusal(await call(server, 'PUT', '/room/1', { token, json: { topic: 'x' } }))).toEqual([403, words])
  expect(refusal(await call(server, 'DELETE', '/room/1', { token }))).toEqual([403, words])
})

test('a deleted room is gone with its messages, and its name is free again', async () => {
  const server = await startServer()
  await server.say('Lobby', 'alice', 'hi')
  expect((await adminCall(server, 'DELETE', '/room/Lobby')).status).toBe(204)
  expect(refusal(await adminCall(server, 'DELETE', '/room/Lobby'))).toEqual([404, 'Room Lobby not found'])
  expect((await adminCall(server, 'POST', '/room', { json: { name: 'Lobby' } })).status).toBe(201)
  expect(server.history('Lobby')).toEqual([])
})

test('a name that cannot be read is refused', async () => {
  const server = await startServer()
  const words = 'name must be a readable string without control characters'
  for (const name of ['   ', 'a\u0000b', '\u001b[31mred', 'line\nbreak']) {
    const json = { name }
    expect(refusal(await adminCall(server, 'POST', '/room', { json }))).toEqual([400, words])
    expect(refusal(await adminCall(server, 'PUT', '/room/1', { json }))).toEqual([400, words])
    expect(refusal(await adminCall(server, 'PUT', '/user/2', { json }))).toEqual([400, words])
  }
})

test('a guest cannot own a room, not even at their own request', async () => {
  const server = await startServer({ seed: { users: [{ name: 'Gus', mentionName: 'gus', isGuest: true }] } })
  const token = await server.createToken({ user: 'gus' })
  expect(refusal(await call(server, 'POST', '/room', { token, json: { name: 'Mine' } }))).toEqual([
    403,
    'This action requires one of the following scopes: ["manage_rooms"]',
  ])
  const json = { name: 'Gus', owner_user_id: '@gus' }
  expect(refusal(await adminCall(server, 'POST', '/room', { json }))).toEqual([
    403,
    'A guest cannot own a room',
  ])
})

test('an empty page has no previous page', async () => {
  const server = await startServer()
  const { body } = await adminCall(server, 'GET', '/room?start-index=2&max-results=0')
  expect([body.items, Object.keys(body.links)]).toEqual([[], ['self']])
})

test('when several callers delete a room at once, one succeeds', async () => {
  const server = await startServer()
  const addon = await startAddon()
  declare(addon, { webhook: hook(addon, { event: 'room_deleted' }) })
  await installOverHttp(server, addon)
  const answers = await Promise.all([1, 2, 3].map(() => adminCall(server, 'DELETE', '/room/Lobby')))
  await server.idle()
  expect(answers.map(({ status }) => status).sort()).toEqual([204, 404, 404])
  expect(addon.to('/hook')).toHaveLength(1)
})

test('a user who leaves a room, or whose room is deleted, is no longer online', async () => {
  const server = await startServer()
  const online = async () => 'presence' in (await adminCall(server, 'GET', '/user/@carol')).body
  await server.enter('Lobby', 'carol')
  await server.enter('Workshop', 'carol')
  await server.leave('Lobby', 'carol')
  expect(await online()).toBe(true)
  await adminCall(server, 'DELETE', '/room/Workshop')
  expect(await online()).toBe(false)
})

test('a topic is set alone, and the webhook names the OAuth client that did it', async () => {
  const server = await startServer()
  const addon = await startAddon()
  declare(addon, {
    webhook: hook(addon, { event: 'room_topic_change' }),
    hipchatApiConsumer: { scopes: ['admin_room', 'send_notification'] },
  })
  const credentials = await installOverHttp(server, addon, 'Lobby')
  const token = await accessToken(server, credentials)
  addon.respond = () => inline({ message: 'never posted: the add-on did it itself' })
  const set = (json: unknown, room = 'Lobby') => call(server, 'PUT', `/room/${room}/topic`, { token, json })
  expect((await set({ topic: 'Up' })).status).toBe(204)
  expect((await set({ topic: 'Up' })).status).toBe(204) // no change, no event
  expect((await set({ topic: '' })).status).toBe(204)
  await server.idle()
  expect(addon.to('/hook').map(({ body }) => [body.event, body.item.topic, body.item.sender.name])).toEqual([
    ['room_topic_change', 'Up', 'Dice'],
    ['room_topic_change', '', 'Dice'],
  ])
  expect(addon.to('/hook')[0]?.body.item.sender).toMatchObject({
    room: { id: 1 },
    allowed_scopes: ['admin_room', 'send_notification'],
  })
  expect(server.history('Lobby').map(({ type, message }) => [type, message])).toEqual([
    ['topic', 'Up'],
    ['topic', ''],
  ])
  expect(refusal(await set({ topic: 'x'.repeat(251) }))).toEqual([
    400,
    'topic must NOT have more than 250 characters, got 251',
  ])
  expect(refusal(await set({}))).toEqual([400, 'topic is missing'])
  expect(refusal(await set({ topic: 'x' }, 'Workshop'))).toEqual([403, 'This token is bound to another room'])
  const text = await adminCall(server, 'PUT', '/room/1/topic', {
    body: 'Up',
    headers: { 'content-type': 'text/plain' },
  })
  expect(refusal(text)).toEqual([415, 'This call takes application/json, not text/plain'])
})

test('everyone who sees a room can set its topic', async () => {
  const server = await startServer()
  const token = await server.createToken({ user: 'carol' })
  const set = (room: string) => call(server, 'PUT', `/room/${room}/topic`, { token, json: { topic: 'Mine' } })
  expect((await set('Lobby')).status).toBe(204)
  expect(refusal(await set('3'))).toEqual([404, 'Room 3 not found'])
})

test('the statistics of a room count its messages and date the last one', async () => {
  const server = await startServer()
  const links = { self: `${server.apiUrl}/room/1/statistics` }
  const read = async () => (await adminCall(server, 'GET', '/room/Lobby/statistics')).body
  expect(await read()).toEqual({ messages_sent: 0, links })
  await server.say('Lobby', 'alice', 'hi')
  expect(await read()).toEqual({
    messages_sent: 1,
    last_active: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$/),
    links,
  })
  const token = await server.createToken({ user: 'carol' })
  expect((await call(server, 'GET', '/room/3/statistics', { token })).status).toBe(404)
})
