import { expect, test } from 'vitest'
import type { HipChatServer } from '../../../src/server/index.ts'
import { planted } from '../../leaks/planted.ts'
import {
  type Answered,
  accessToken,
  adminCall,
  call,
  declare,
  installOverHttp,
  refusal,
  startAddon,
  startServer,
} from '../support.ts'

const create = (server: HipChatServer, json: object, query = '') =>
  adminCall(server, 'POST', `/user${query}`, { json })

const signIn = (server: HipChatServer, username: string, password: string) =>
  call(server, 'POST', '/oauth/token', { json: { grant_type: 'password', username, password } })

const dora = { name: 'Dora Dent', email: 'dora@example.com' }

test('a created user signs in with the password that is returned once', async () => {
  const server = await startServer()
  const { status, body } = await create(server, dora)
  expect([status, body]).toEqual([
    201,
    { id: 5, links: { self: `${server.apiUrl}/user/5` }, password: expect.stringMatching(/^\w{16}$/) },
  ])
  expect((await signIn(server, dora.email, body.password)).status).toBe(200)
  const found = (await adminCall(server, 'GET', '/user/5')).body
  expect(found).toMatchObject({
    mention_name: 'DoraDent',
    is_group_admin: false,
    timezone: 'UTC',
    roles: ['user'],
  })
  expect(JSON.stringify(found)).not.toContain(body.password)
})

test('a user is created as described, and returned whole when expanded', async () => {
  const server = await startServer()
  const wanted = {
    ...dora,
    title: 'Captain',
    mention_name: '@dd',
    is_group_admin: true,
    timezone: 'Europe/Berlin',
    password: planted('correct horse'),
  }
  const { body } = await create(server, wanted, '?expand=entity')
  expect(body).not.toHaveProperty('password')
  expect(body.entity).toMatchObject({
    name: 'Dora Dent',
    title: 'Captain',
    mention_name: 'dd',
    is_group_admin: true,
    timezone: 'Europe/Berlin',
    roles: ['admin'],
  })
  const session = await signIn(server, '@dd', planted('correct horse'))
  expect(session.body.scope).toContain('admin_group')
})

test('mention names are built from names, and are unique', async () => {
  const server = await startServer()
  const made = async (name: string, email: string) =>
    (await create(server, { name, email }, '?expand=entity')).body.entity.mention_name
  expect(await made('Dora Dent', 'a@example.com')).toBe('DoraDent')
  expect(await made('Dora  Dent', 'b@example.com')).toBe('DoraDent2')
  expect(await made('***', 'c@example.com')).toBe('user')
  expect(await made('All', 'd@example.com')).toBe('All2')
  const refused = async (json: object) => refusal(await create(server, { ...dora, ...json }))
  expect(await refused({ mention_name: 'ALICE' })).toEqual([400, 'Another user has that mention name.'])
  expect(await refused({ email: 'Alice@example.com' })).toEqual([400, 'Another user has that email address.'])
  expect(await refused({ email: 'dora' })).toEqual([400, 'email must be an email address'])
  expect(await refused({ mention_name: '@Here' })).toEqual([
    400,
    'mention_name must not be all or here: they mean everyone',
  ])
  expect(await refused({ timezone: 'Moon' })).toEqual([
    400,
    'timezone must be a name of the tz database such as Europe/Berlin',
  ])
  expect(await refused({ name: ' ' })).toEqual([
    400,
    'name must be a readable string without control characters',
  ])
  expect(refusal(await create(server, { name: 'Dora' }))).toEqual([400, 'email is missing'])
})

test('a new user with the email address of a deleted one is another user, and inherits nothing', async () => {
  const server = await startServer()
  const asBob = await server.createToken({ user: 'bob' })
  const asAlice = await server.createToken({ user: 'alice' })
  const json = { message: 'Between the two of us' }
  expect((await call(server, 'POST', '/user/@alice/message', { token: asBob, json })).status).toBe(204)
  const picture = { photo: Buffer.from('474946383961', 'hex').toString('base64') }
  expect((await adminCall(server, 'PUT', '/user/@alice/photo', { json: picture })).status).toBe(204)
  await adminCall(server, 'DELETE', '/user/@alice')
  const { body } = await create(
    server,
    { name: 'Alice Archer', email: 'ALICE@example.com', mention_name: 'alice' },
    '?expand=entity',
  )
  expect(body.entity).toMatchObject({
    id: 5,
    mention_name: 'alice',
    is_deleted: false,
    is_group_admin: false,
  })
  expect(body.entity.photo_url).toBeNull()
  expect((await signIn(server, 'alice@example.com', body.password)).status).toBe(200)

  const token = await server.createToken({ user: '5' })
  expect((await call(server, 'GET', '/user/@bob/history', { token })).body.items).toEqual([])
  expect((await call(server, 'GET', '/user/@alice/history', { token: asBob })).body.items).toEqual([])
  const rooms = await call(server, 'GET', '/room?include-private=true', { token })
  expect(rooms.body.items.map(({ name }: { name: string }) => name)).toEqual(['Lobby', 'Workshop'])
  expect((await call(server, 'PUT', '/room/3', { token, json: { name: 'Mine' } })).status).toBe(404) // it was hers
  expect((await call(server, 'GET', '/room', { token: asAlice })).status).toBe(401)
  // the messages of the first user stay theirs
  expect((await call(server, 'GET', '/user/2/history', { token: asBob })).body.items).toHaveLength(1)
})

test('a deleted user is no longer a member of any room, and runs none', async () => {
  const server = await startServer()
  const json = { room_roles: ['room_admin'] }
  await adminCall(server, 'PUT', '/room/3/member/@bob', { json })
  await server.enter('Back office', 'bob')
  await adminCall(server, 'DELETE', '/user/@bob')
  const { body } = await create(server, { name: 'Bob', email: 'bob@example.com' })
  expect(body.id).toBe(5)
  const token = await server.createToken({ user: 'bob' })
  expect((await call(server, 'GET', '/room/3', { token })).status).toBe(404)
  const participants = await adminCall(server, 'GET', '/room/3/participant?include-offline=true')
  expect(participants.body.items).toMatchObject([{ mention_name: 'alice' }])
})

test('an invited user exists, and cannot sign in yet', async () => {
  const server = await startServer()
  const invite = (json: object) => adminCall(server, 'POST', '/invite/user', { json })
  const answer = await invite({ ...dora, title: 'Captain' })
  expect([answer.status, answer.body.mention_name]).toEqual([200, 'DoraDent'])
  expect((await adminCall(server, 'GET', '/user/dora@example.com')).body.title).toBe('Captain')
  expect((await signIn(server, dora.email, '')).status).toBe(400)
  expect((await signIn(server, dora.email, 'null')).status).toBe(401)
  expect(refusal(await invite(dora))).toEqual([400, 'Another user has that email address.'])
})

test('accounts are created by administrators, and by add-ons with admin_group', async () => {
  const server = await startServer()
  const token = await server.createToken({ user: 'bob', scopes: ['admin_group'] })
  for (const path of ['/user', '/invite/user'])
    expect(refusal(await call(server, 'POST', path, { token, json: dora }))).toEqual([
      403,
      'Only administrators of the group may do this',
    ])
  const addon = await startAddon()
  declare(addon, { hipchatApiConsumer: { scopes: ['admin_group'] } })
  const ofAddon = await accessToken(server, await installOverHttp(server, addon))
  expect((await call(server, 'POST', '/user', { token: ofAddon, json: dora })).status).toBe(201)
})

test('the auto-join rooms of a user are the rooms they are in', async () => {
  const server = await startServer()
  await server.enter('Back office', 'alice')
  const names = ({ body }: Answered) => body.items.map(({ name }: { name: string }) => name)
  const path = '/user/@alice/preference/auto-join'
  expect(names(await adminCall(server, 'GET', path))).toEqual(['Lobby', 'Workshop', 'Back office'])
  const paged = await adminCall(server, 'GET', `${path}?max-results=1&start-index=1&expand=items`)
  expect(paged.body.items).toMatchObject([{ name: 'Workshop', topic: 'Where add-ons are tried' }])
  const token = await server.createToken({ user: 'carol' })
  expect(names(await call(server, 'GET', path, { token }))).toEqual(['Lobby', 'Workshop'])
})

test('the group returns itself and the number of its users', async () => {
  const server = await startServer({ group: { id: 17, name: 'Harbour' } })
  expect((await adminCall(server, 'GET', '/group/17')).body).toEqual({
    id: 17,
    name: 'Harbour',
    created: expect.stringMatching(/\+00:00$/),
    avatar_url: null,
    owner: expect.objectContaining({ id: 1 }),
    plan: { type: 'unknown' },
    links: { self: `${server.apiUrl}/group/17` },
  })
  const users = async () => (await adminCall(server, 'GET', '/group/17/statistics')).body.users
  expect(await users()).toBe(4)
  await adminCall(server, 'DELETE', '/user/@carol')
  expect(await users()).toBe(3)
  for (const path of ['/group/1', '/group/1/statistics'])
    expect(refusal(await adminCall(server, 'GET', path))).toEqual([404, 'Group 1 not found'])
})
