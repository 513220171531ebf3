import { expect, test } from 'vitest'
import { planted } from '../../leaks/planted.ts'
import { adminCall, call, refusal, startServer } from '../support.ts'

const sesame = planted('sesame')

test('users are listed as references, expanded on request, with guests and deleted users on request', async () => {
  const server = await startServer({
    seed: {
      users: [
        { name: 'Alice', mentionName: 'alice' },
        { name: 'Gus', mentionName: 'gus', isGuest: true },
      ],
    },
  })
  const names = async (query = '') =>
    (await adminCall(server, 'GET', `/user${query}`)).body.items.map(({ name }: { name: string }) => name)
  expect(await names()).toEqual(['Admin', 'Alice'])
  expect(await names('?include-guests=true')).toEqual(['Admin', 'Alice', 'Gus'])
  await adminCall(server, 'DELETE', '/user/@alice')
  expect(await names()).toEqual(['Admin'])
  expect(await names('?include-deleted=true')).toEqual(['Admin', 'Alice'])
  expect((await adminCall(server, 'GET', '/user?expand=items')).body.items[0]).toHaveProperty('email')
  expect((await adminCall(server, 'GET', '/user')).body.items[0]).toEqual({
    id: 1,
    name: 'Admin',
    mention_name: 'admin',
    version: expect.any(String),
    links: { self: `${server.apiUrl}/user/1` },
  })
})

test('a user is found by id, address and mention name, not by full name', async () => {
  const server = await startServer()
  for (const name of [
    '2',
    'ALICE@example.com',
    'alice%40example.com',
    '@alice',
    '%40Alice',
    '%EF%BC%A0alice',
  ])
    expect((await adminCall(server, 'GET', `/user/${name}`)).body.id).toBe(2)
  expect(refusal(await adminCall(server, 'GET', '/user/alice'))).toEqual([404, 'User alice not found'])
  const { body } = await adminCall(server, 'GET', '/user/2')
  expect(body).toMatchObject({
    name: 'Alice Archer',
    email: 'alice@example.com',
    timezone: 'Europe/Berlin',
    is_group_admin: false,
    is_guest: false,
    is_deleted: false,
    xmpp_jid: '1_2@chat.127.0.0.1',
    presence: { show: 'chat', status: 'chat', is_online: true },
  })
  expect((await adminCall(server, 'GET', '/user/4')).body).not.toHaveProperty('presence')
})

test('an update changes the given members and never returns the password', async () => {
  const server = await startServer()
  const answer = await adminCall(server, 'PUT', '/user/@alice', {
    json: {
      name: 'Alice B',
      title: 'Captain',
      password: sesame,
      presence: { show: 'away', status: 'out' },
    },
  })
  expect(answer.status).toBe(204)
  const { body } = await adminCall(server, 'GET', '/user/2')
  expect(body).toMatchObject({
    name: 'Alice B',
    title: 'Captain',
    email: 'alice@example.com',
    presence: { show: 'away', status: 'away', status_text: 'out' },
  })
  expect(JSON.stringify(body)).not.toContain(sesame)
  const refused = await adminCall(server, 'PUT', '/user/@alice', { json: { password: 12345 } })
  expect(refused.body.error).toEqual({
    code: 400,
    type: 'Bad Request',
    message: 'password must be string, not number',
    field: 'password',
    validation: 'type',
    expected_type: 'string',
  })
})

test.each([
  ['as HipChat had it', { show: 'dnd', status: 'busy' }, { show: 'dnd', status: 'dnd', status_text: 'busy' }],
  [
    'as the document has it',
    { show: 'busy', status: 'dnd' },
    { show: 'dnd', status: 'dnd', status_text: 'busy' },
  ],
  ['with the word in both', { show: 'xa', status: 'xa' }, { show: 'xa', status: 'xa', status_text: null }],
  ['with the text alone', { status: 'busy' }, { show: 'chat', status: 'chat', status_text: 'busy' }],
])('presence is accepted %s', async (_, presence, shown) => {
  const server = await startServer()
  expect((await adminCall(server, 'PUT', '/user/@alice', { json: { presence } })).status).toBe(204)
  expect((await adminCall(server, 'GET', '/user/@alice')).body).toMatchObject({ presence: shown })
})

test('presence without any of the words is refused with the member', async () => {
  const server = await startServer()
  const presence = { show: 'lunch', status: 'busy' }
  const answer = await adminCall(server, 'PUT', '/user/@alice', { json: { presence } })
  expect(answer.status).toBe(400)
  expect(answer.body.error).toMatchObject({ field: 'presence.show', validation: 'enum' })
})

test('names and addresses are unique, and time zones must exist', async () => {
  const server = await startServer()
  const update = async (json: object) => refusal(await adminCall(server, 'PUT', '/user/@alice', { json }))
  expect(await update({ mention_name: 'BOB' })).toEqual([400, 'Another user has that mention name.'])
  expect(await update({ email: 'bob@example.com' })).toEqual([400, 'Another user has that email address.'])
  expect(await update({ email: 'nobody' })).toEqual([400, 'email must be an email address'])
  expect(await update({ timezone: 'Moon/Base' })).toEqual([
    400,
    'timezone must be a name of the tz database such as Europe/Berlin',
  ])
})

test('a deleted user keeps their messages and loses their tokens', async () => {
  const server = await startServer()
  const token = await server.createToken({ user: 'alice' })
  await server.say('Lobby', 'alice', 'bye')
  expect((await adminCall(server, 'DELETE', '/user/@alice')).status).toBe(204)
  expect(refusal(await call(server, 'GET', '/room', { token }))).toEqual([401, 'Invalid OAuth session'])
  expect(server.history('Lobby')[0]?.from).toMatchObject({ name: 'Alice Archer' })
  expect((await adminCall(server, 'GET', '/user/2')).body.is_deleted).toBe(true)
  expect(refusal(await adminCall(server, 'PUT', '/user/2', { json: { name: 'x' } }))).toEqual([
    400,
    'Guests and deleted users cannot be updated',
  ])
  expect(refusal(await adminCall(server, 'DELETE', '/user/1'))).toEqual([400, 'You cannot delete yourself'])
})

test('only administrators manage users', async () => {
  const server = await startServer()
  const token = await server.createToken({ user: 'bob', scopes: ['admin_group'] })
  const words = 'Only administrators of the group may do this'
  expect(refusal(await call(server, 'PUT', '/user/2', { token, json: { title: 'x' } }))).toEqual([403, words])
  expect(refusal(await call(server, 'DELETE', '/user/2', { token }))).toEqual([403, words])
})

test('emoticons are listed by type and found by id and shortcut', async () => {
  const server = await startServer()
  const { body } = await adminCall(server, 'GET', '/emoticon')
  expect(body.items.map(({ shortcut }: { shortcut: string }) => shortcut)).toEqual(['smile', 'sad', 'meh'])
  expect(body.items[0]).toMatchObject({ id: 1, type: 'global', audio: [], audio_path: null, width: 25 })
  expect((await adminCall(server, 'GET', '/emoticon?type=group')).body.items).toHaveLength(1)
  expect((await adminCall(server, 'GET', '/emoticon/2')).body.shortcut).toBe('sad')
  expect((await adminCall(server, 'GET', '/emoticon/(meh)')).body.id).toBe(3)
  expect(refusal(await adminCall(server, 'GET', '/emoticon/none'))).toEqual([404, 'Emoticon none not found'])
})

test('only the owner of the group changes their own profile, and no one deletes it', async () => {
  const server = await startServer({
    seed: { users: [{ name: 'Alice', mentionName: 'alice', isAdmin: true }] },
  })
  const token = await server.createToken({ user: 'alice' })
  const words = 'Only the owner of the group may change their own profile'
  const json = { password: 'mine now', is_group_admin: false }
  expect(refusal(await call(server, 'PUT', '/user/1', { token, json }))).toEqual([403, words])
  expect(refusal(await call(server, 'DELETE', '/user/@admin', { token }))).toEqual([403, words])
  expect((await adminCall(server, 'PUT', '/user/1', { json: { title: 'Owner' } })).status).toBe(204)
  expect(refusal(await adminCall(server, 'PUT', '/user/1', { json: { is_group_admin: false } }))).toEqual([
    400,
    'The owner of the group stays an administrator',
  ])
})

test('a new password ends the sessions of the old one', async () => {
  const server = await startServer({
    seed: { users: [{ name: 'Alice', mentionName: 'alice', password: 'old' }] },
  })
  const json = { grant_type: 'password', username: '@alice', password: 'old' }
  const session = (await call(server, 'POST', '/oauth/token', { json })).body
  const get = () => call(server, 'GET', '/user/2', { token: session.access_token })
  expect((await get()).status).toBe(200)
  await adminCall(server, 'PUT', '/user/2', { json: { password: 'new' } })
  expect((await get()).status).toBe(401)
  const renewal = { grant_type: 'refresh_token', refresh_token: session.refresh_token }
  expect((await call(server, 'POST', '/oauth/token', { json: renewal })).status).toBe(400)
})

test('names can be found after every change', async () => {
  const server = await startServer()
  const status = async (name: string) => (await adminCall(server, 'GET', `/user/${name}`)).status
  await adminCall(server, 'PUT', '/user/2', { json: { mention_name: 'Alicia', email: 'alicia@example.com' } })
  expect([await status('@alice'), await status('alice@example.com')]).toEqual([404, 404])
  expect([await status('@ALICIA'), await status('Alicia@example.com')]).toEqual([200, 200])
  await adminCall(server, 'DELETE', '/user/2')
  expect([await status('@alicia'), await status('alicia@example.com'), await status('2')]).toEqual([
    404, 404, 200,
  ])
  expect((await adminCall(server, 'PUT', '/user/3', { json: { mention_name: 'alicia' } })).status).toBe(204)
  expect((await adminCall(server, 'GET', '/user/@alicia')).body.id).toBe(3)
})
