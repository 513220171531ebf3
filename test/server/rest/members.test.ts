import { createPersonalClient } from 'hipchat-addon'
import { expect, test } from 'vitest'
import {
  type Answered,
  accessToken,
  adminCall,
  call,
  declare,
  hook,
  installOverHttp,
  refusal,
  startAddon,
  startServer,
} from '../support.ts'

const names = ({ body }: Answered) =>
  body.items.map(({ mention_name }: { mention_name: string }) => mention_name)

test('the participants of a room are the people in it now, and for a private room also the others on request', async () => {
  const server = await startServer()
  const list = (path: string) => adminCall(server, 'GET', path)
  expect(names(await list('/room/Lobby/participant'))).toEqual(['alice', 'bob'])
  expect(names(await list('/room/Lobby/participant?include-offline=true'))).toEqual(['alice', 'bob'])
  await server.enter('Back office', 'bob')
  expect(names(await list('/room/3/participant'))).toEqual(['bob'])
  expect(names(await list('/room/3/participant?include-offline=true'))).toEqual(['bob', 'alice'])
  const paged = await list('/room/Lobby/participant?max-results=1')
  expect(names(paged)).toEqual(['alice'])
  expect(paged.body.links.next).toContain('start-index=1')
})

test('participants and members are expanded for callers who may read users', async () => {
  const server = await startServer()
  const narrow = await server.createToken({ user: 'alice', scopes: ['view_room'] })
  for (const path of ['/room/3/member?expand=items', '/room/1/participant?expand=items']) {
    expect((await adminCall(server, 'GET', path)).body.items[0]).toHaveProperty('email')
    expect((await call(server, 'GET', path, { token: narrow })).body.items[0]).not.toHaveProperty('email')
  }
})

test('for await reads all participants, page after page', async () => {
  const server = await startServer()
  const client = createPersonalClient({ apiUrl: server.apiUrl, token: server.adminToken })
  const found: string[] = []
  for await (const { name } of client.getAllRoomParticipants({ id_or_name: 'Lobby', 'max-results': 1 }))
    found.push(name)
  expect(found).toEqual(['Alice Archer', 'Bob Baker'])
})

test('the members of a private room are listed with their roles, the owner first', async () => {
  const server = await startServer()
  expect((await adminCall(server, 'GET', '/room/3/member')).body.items).toEqual([
    expect.objectContaining({ mention_name: 'alice', room_roles: ['room_member', 'room_admin'] }),
    expect.objectContaining({ mention_name: 'bob', room_roles: ['room_member'] }),
  ])
  expect(refusal(await adminCall(server, 'GET', '/room/1/member'))).toEqual([
    400,
    'Room Lobby is public: only private rooms have members',
  ])
  const token = await server.createToken({ user: 'carol' })
  expect(refusal(await call(server, 'GET', '/room/3/member', { token }))).toEqual([404, 'Room 3 not found'])
})

test('a new member sees the room, and a removed one leaves it', async () => {
  const server = await startServer()
  const addon = await startAddon()
  declare(addon, { webhook: hook(addon, { event: 'room_exit' }) })
  await installOverHttp(server, addon, 3)
  const token = await server.createToken({ user: 'carol' })
  const looks = async () => (await call(server, 'GET', '/room/3', { token })).status
  expect(await looks()).toBe(404)
  const added = await adminCall(server, 'PUT', '/room/3/member/@carol')
  expect([added.status, added.body]).toEqual([204, ''])
  expect(await looks()).toBe(200)
  await server.enter('Back office', 'carol')
  expect((await adminCall(server, 'DELETE', '/room/3/member/@carol')).status).toBe(204)
  expect(await looks()).toBe(404)
  await server.idle()
  expect(addon.to('/hook').map(({ body }) => body.item.sender.mention_name)).toEqual(['carol'])
  expect((await adminCall(server, 'GET', '/user/@carol')).body).not.toHaveProperty('presence')
  expect(refusal(await adminCall(server, 'DELETE', '/room/3/member/@carol'))).toEqual([
    404,
    'Member Carol Cook not found',
  ])
})

test('an administrator of a room runs it until the role is removed', async () => {
  const server = await startServer()
  const token = await server.createToken({ user: 'bob' })
  const change = () => call(server, 'PUT', '/room/3', { token, json: { topic: 'Bob was here' } })
  const put = (json: unknown) => adminCall(server, 'PUT', '/room/3/member/@bob', { json })
  const words = 'Only administrators of the room and of the group may do this'
  expect(refusal(await change())).toEqual([403, words])
  expect(refusal(await call(server, 'PUT', '/room/3/member/@carol', { token }))).toEqual([403, words])
  expect(refusal(await call(server, 'DELETE', '/room/3/member/@alice', { token }))).toEqual([403, words])
  await put({ roles: ['room_admin'] }) // as tbruyelle/hipchat-go names it
  expect((await change()).status).toBe(204)
  await put({}) // says nothing about roles
  expect((await change()).status).toBe(204)
  expect(refusal(await call(server, 'DELETE', '/room/3/member/@alice', { token }))).toEqual([
    400,
    'The owner of a room cannot be removed from it',
  ])
  await put({ room_roles: ['room_member'] })
  expect(refusal(await change())).toEqual([403, words])
  expect(refusal(await put({ room_roles: ['king'] }))).toEqual([
    400,
    'room_roles.0 must be one of room_member, room_admin',
  ])
})

test('only private rooms have members, and only existing users are members', async () => {
  const server = await startServer()
  const refused = async (method: string, path: string) => refusal(await adminCall(server, method, path))
  const words = 'Room Lobby is public: only private rooms have members'
  expect(await refused('PUT', '/room/1/member/@carol')).toEqual([400, words])
  expect(await refused('DELETE', '/room/1/member/@alice')).toEqual([400, words])
  await adminCall(server, 'PUT', '/room/3/member/@carol')
  await adminCall(server, 'DELETE', '/user/@carol')
  expect(names(await adminCall(server, 'GET', '/room/3/member'))).toEqual(['alice', 'bob'])
  expect(await refused('PUT', '/room/3/member/4')).toEqual([404, 'User 4 not found'])
})

test('a room installation manages the members of its own room, with admin_room', async () => {
  const server = await startServer()
  const addon = await startAddon()
  declare(addon, { hipchatApiConsumer: { scopes: ['admin_room', 'view_room'] } })
  const credentials = await installOverHttp(server, addon, 3)
  const token = await accessToken(server, credentials)
  expect((await call(server, 'PUT', '/room/3/member/@carol', { token })).status).toBe(204)
  expect(names(await call(server, 'GET', '/room/Back%20office/member', { token }))).toEqual([
    'alice',
    'bob',
    'carol',
  ])
  expect(refusal(await call(server, 'GET', '/room/1/participant', { token }))).toEqual([
    403,
    'This token is bound to another room',
  ])
  const narrow = await accessToken(server, credentials, 'view_room')
  expect(refusal(await call(server, 'PUT', '/room/3/member/@carol', { token: narrow }))).toEqual([
    403,
    'This action requires one of the following scopes: ["admin_room"]',
  ])
})

test('an invitation is for public rooms and existing users, and comes from a user', async () => {
  const server = await startServer()
  const token = await server.createToken({ user: 'alice' })
  const invite = (path: string, json?: unknown) =>
    call(server, 'POST', path, { token, ...(json === undefined ? {} : { json }) })
  expect((await invite('/room/Lobby/invite/@carol')).status).toBe(204)
  expect((await invite('/room/Lobby/invite/@carol', { reason: 'Tea is ready' })).status).toBe(204)
  expect(refusal(await invite('/room/Lobby/invite/@carol', { reason: '' }))).toEqual([
    400,
    'reason must NOT have fewer than 1 characters, got 0',
  ])
  expect(refusal(await invite('/room/3/invite/@carol'))).toEqual([
    400,
    'Room Back office is private: make the user a member of it instead',
  ])
  expect(refusal(await invite('/room/Lobby/invite/@nobody'))).toEqual([404, 'User @nobody not found'])
  const addon = await startAddon()
  declare(addon, { hipchatApiConsumer: { scopes: ['admin_room'] } })
  const ofAddon = await accessToken(server, await installOverHttp(server, addon))
  expect((await call(server, 'POST', '/room/Lobby/invite/@carol', { token: ofAddon })).status).toBe(403)
})
