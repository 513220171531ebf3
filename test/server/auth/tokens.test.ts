import { expect, test, vi } from 'vitest'
import type { HipChatServer } from '../../../src/server/index.ts'
import { planted } from '../../leaks/planted.ts'
import {
  accessToken,
  adminCall,
  call,
  declare,
  installOverHttp,
  refusal,
  startAddon,
  startServer,
  tokenCall,
} from '../support.ts'

const sesame = planted('sesame')

const scopes = ['send_notification', 'view_room']

async function installed(server: HipChatServer) {
  const addon = await startAddon()
  declare(addon, { hipchatApiConsumer: { scopes } })
  return installOverHttp(server, addon, 'Lobby')
}

const grant = (server: HipChatServer, json: object, headers: Record<string, string> = {}) =>
  call(server, 'POST', '/oauth/token', { json, headers })

test('an installation gets a token for all its scopes, or for the requested ones', async () => {
  const server = await startServer({ tokenLifetime: 3599, group: { id: 17, name: 'Harbour' } })
  const record = await installed(server)
  const all = await tokenCall(server, record)
  expect(all.body).toEqual({
    access_token: expect.stringMatching(/^\w{40}$/),
    token_type: 'bearer',
    expires_in: 3599,
    scope: 'send_notification view_room',
    group_id: 17,
    group_name: 'Harbour',
  })
  expect(all.headers.get('cache-control')).toBe('no-store')
  expect((await tokenCall(server, record, { scope: 'view_room' })).body.scope).toBe('view_room')
  const authorization = `Basic ${Buffer.from(`${record.oauthId}:${record.oauthSecret}`).toString('base64')}`
  const list = await grant(
    server,
    { grant_type: 'client_credentials', scope: ['view_room'] },
    { authorization },
  )
  expect(list.body.scope).toBe('view_room')
})

test('refusals of the token endpoint have the envelope and the error code of OAuth 2', async () => {
  const server = await startServer()
  const record = await installed(server)
  const outcome = ({ status, body }: Awaited<ReturnType<typeof call>>) => [
    status,
    body.error.message,
    body.error_description,
  ]
  const wrong = await tokenCall(server, { ...record, oauthSecret: 'guess' })
  expect(outcome(wrong)).toEqual([401, 'Unknown or removed OAuth client', 'invalid_client'])
  expect(wrong.headers.get('www-authenticate')).toBe('Basic realm="hipchat"')
  expect(outcome(await tokenCall(server, { oauthId: 'nobody', oauthSecret: '' }))).toEqual([
    401,
    'Unknown or removed OAuth client',
    'invalid_client',
  ])
  expect(outcome(await grant(server, { grant_type: 'client_credentials' }))).toEqual([
    401,
    'Send the OAuth id and secret as Basic credentials',
    'invalid_client',
  ])
  expect(outcome(await tokenCall(server, record, { scope: 'view_room admin_room' }))).toEqual([
    400,
    'The scope admin_room was not granted to the installation',
    'invalid_scope',
  ])
  expect(outcome(await tokenCall(server, record, { grant_type: 'authorization_code' }))).toEqual([
    400,
    'code is required',
    'invalid_request',
  ])
  expect(outcome(await tokenCall(server, record, { grant_type: 'magic' }))).toEqual([
    400,
    expect.stringContaining('grant_type must be one of'),
    'unsupported_grant_type',
  ])
  expect(outcome(await grant(server, {}))).toEqual([400, 'grant_type is missing', 'invalid_request'])
})

test('no refused token call repeats the credentials', async () => {
  const server = await startServer()
  const answer = await grant(server, {
    grant_type: 'password',
    username: ['x'],
    password: planted('open-sesame'),
  })
  expect(answer.status).toBe(400)
  expect(JSON.stringify(answer.body)).not.toContain(planted('open-sesame'))
  expect(answer.body.error).not.toHaveProperty('value')
})

test('a token expires', async () => {
  const server = await startServer({ tokenLifetime: 60 })
  const token = await accessToken(server, await installed(server))
  const test = () => call(server, 'GET', '/room/Lobby', { token })
  expect((await test()).status).toBe(200)
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61_000 })
  try {
    expect(refusal(await test())).toEqual([401, 'Invalid OAuth session'])
  } finally {
    vi.useRealTimers()
  }
})

test('a room token reaches its own room by id and name, and no other', async () => {
  const server = await startServer()
  const token = await accessToken(server, await installed(server))
  for (const name of ['1', 'Lobby', 'lobby'])
    expect((await call(server, 'GET', `/room/${name}`, { token })).status).toBe(200)
  for (const name of ['2', 'Workshop', 'nowhere'])
    expect(refusal(await call(server, 'GET', `/room/${name}`, { token }))).toEqual([
      403,
      'This token is bound to another room',
    ])
  expect(refusal(await call(server, 'GET', '/room', { token }))).toEqual([
    403,
    expect.stringMatching(/^This action cannot be called with a room installation's token/),
  ])
})

test('a missing scope is named', async () => {
  const server = await startServer()
  const token = await accessToken(server, await installed(server), 'send_notification')
  expect(refusal(await call(server, 'GET', '/room/Lobby', { token }))).toEqual([
    403,
    'This action requires one of the following scopes: ["view_group", "view_room"]',
  ])
})

test('a token is read from the header in any case, then from the query; the header takes precedence', async () => {
  const server = await startServer()
  const get = (query: string, headers: Record<string, string> = {}) =>
    call(server, 'GET', `/room${query}`, { headers })
  expect((await get('', { authorization: `bearer ${server.adminToken}` })).status).toBe(200)
  expect((await get(`?auth_token=${server.adminToken}`)).status).toBe(200)
  expect((await get(`?auth_token=${server.adminToken}`, { authorization: 'Bearer wrong' })).status).toBe(401)
  expect((await get('?auth_token=', { authorization: `Bearer ${server.adminToken}` })).status).toBe(200)
  for (const authorization of ['Bearer', 'bearer ', `Bearer:${server.adminToken}`, 'BEARER=x', 'Bearer a b'])
    expect(refusal(await get(`?auth_token=${server.adminToken}`, { authorization }))).toEqual([
      401,
      expect.stringMatching(/^Authenticated requests only/),
    ])
  const ofProxy = { authorization: 'Basic dXNlcjpzZWNyZXQ=' }
  expect((await get(`?auth_token=${server.adminToken}`, ofProxy)).status).toBe(200)
  expect((await get('?auth_token=')).body.error.message).toMatch(/^Authenticated requests only/)
  expect((await call(server, 'GET', '/capabilities?auth_token=')).status).toBe(200)
  expect(refusal(await get('?auth_token=wrong'))).toEqual([401, 'Invalid OAuth session'])
})

test('auth_test reports whether a call would be allowed and does nothing', async () => {
  const server = await startServer()
  const allowed = await adminCall(server, 'DELETE', '/room/Lobby?auth_test=true')
  expect([allowed.status, allowed.body]).toEqual([
    202,
    {
      success: {
        code: 202,
        type: 'Accepted',
        message: 'This auth_token has access to use this method.',
      },
    },
  ])
  expect((await adminCall(server, 'GET', '/room/Lobby')).status).toBe(200)
  const narrow = await server.createToken({ user: 'alice', scopes: ['view_room'] })
  expect((await call(server, 'DELETE', '/room/Lobby?auth_test=true', { token: narrow })).status).toBe(403)
  expect((await call(server, 'DELETE', '/room/Lobby?auth_test=true')).status).toBe(401)
})

test('a user signs in with a password, is listed as a session, and renews once', async () => {
  const server = await startServer({
    seed: { users: [{ name: 'Alice', mentionName: 'alice', email: 'a@example.com', password: sesame }] },
  })
  const signIn = (password: string, username = 'a@example.com') =>
    grant(server, { grant_type: 'password', username, password, scope: 'view_group send_message' })
  const { status, body } = await signIn(sesame)
  expect(status).toBe(200)
  expect(body).toMatchObject({ scope: 'view_group send_message', refresh_token: expect.any(String) })
  expect((await signIn(sesame, '@alice')).status).toBe(200)
  expect(refusal(await signIn('guess'))).toEqual([401, 'Wrong user name or password'])
  expect(refusal(await signIn('guess', 'nobody@example.com'))).toEqual([401, 'Wrong user name or password'])
  expect(refusal(await grant(server, { grant_type: 'password' }))).toEqual([
    400,
    'username and password are required',
  ])
  const sessions = await call(server, 'GET', '/session', { token: body.access_token })
  expect(sessions.body.items).toHaveLength(2)
  expect(sessions.body.items[0].user.id).toBe(2)

  const refresh = () => grant(server, { grant_type: 'refresh_token', refresh_token: body.refresh_token })
  const renewed = await refresh()
  expect(renewed.body.scope).toBe('view_group send_message')
  expect(refusal(await refresh())).toEqual([400, 'The refresh token is unknown, used or expired'])
  expect((await call(server, 'GET', '/user', { token: renewed.body.access_token })).status).toBe(200)
  expect((await call(server, 'GET', '/user', { token: renewed.body.refresh_token })).status).toBe(401)
})

test('password guesses are limited', async () => {
  const server = await startServer({
    seed: { users: [{ name: 'Alice', mentionName: 'alice', password: sesame }] },
  })
  const attempt = (password: string) =>
    grant(server, { grant_type: 'password', username: '@alice', password })
  for (let index = 0; index < 10; index += 1) expect((await attempt('guess')).status).toBe(401)
  const blocked = await attempt(sesame)
  expect(refusal(blocked)).toEqual([429, 'Too many attempts to sign in'])
  expect(Number(blocked.headers.get('retry-after'))).toBeGreaterThan(0)
})

test('a renewal without a refresh token names what is missing', async () => {
  const server = await startServer()
  const { status, body } = await grant(server, { grant_type: 'refresh_token' })
  expect([status, body.error.message, body.error_description]).toEqual([
    400,
    'refresh_token is required',
    'invalid_request',
  ])
})

const sessionOf = (server: HipChatServer, token: string, path = token) =>
  call(server, 'GET', `/oauth/token/${path}`, { token })

test('a token’s session reports what it may do, and for an installation in a room, the room', async () => {
  const server = await startServer({ tokenLifetime: 3599 })
  const record = await installed(server)
  const token = await accessToken(server, record, 'view_room')
  const { status, body } = await sessionOf(server, token)
  expect(status).toBe(200)
  expect(body).toEqual({
    access_token: token,
    expires_in: expect.any(Number),
    scopes: ['view_room'],
    client: {
      id: record.oauthId,
      name: 'Dice',
      allowed_scopes: scopes,
      room: expect.objectContaining({ id: 1, name: 'Lobby' }),
      links: { self: expect.stringContaining(server.apiUrl) },
    },
    links: { self: `${server.apiUrl}/oauth/token/${token}` },
  })
  expect(body.expires_in).toBeGreaterThan(3500)
  expect(body.expires_in).toBeLessThanOrEqual(3599)
  const global = await accessToken(server, await installOverHttp(server, await startAddon()))
  expect((await sessionOf(server, global)).body.client.room).toBe(null)
})

test('tokens of people and of rooms report their owners, as hipchat/hipchat-rb’s scopes reads them', async () => {
  const server = await startServer()
  const personal = await server.createToken({ user: 'alice', scopes: ['view_group'] })
  const ofAlice = (await sessionOf(server, personal)).body
  expect(ofAlice).toMatchObject({
    scopes: ['view_group'],
    client: { room: null },
    owner: { id: 2, mention_name: 'alice' },
    owner_type: 'user',
  })
  expect(ofAlice).not.toHaveProperty('expires_in')
  const ofRoom = (await sessionOf(server, await server.createToken({ room: 2, label: 'Build' }))).body
  expect(ofRoom).toMatchObject({
    scopes: ['send_notification'],
    client: { name: 'Build', room: { id: 2 } },
  })
  expect(ofRoom).not.toHaveProperty('owner')
})

test('no caller reads or ends the session of another token, and no answer repeats the token', async () => {
  const server = await startServer()
  const victim = await server.createToken({ user: 'alice' })
  const words = [404, 'A session can only be found with its own token']
  for (const path of [victim, 'unknown', '%2e%2e%2fx'])
    for (const method of ['GET', 'DELETE'])
      expect(refusal(await adminCall(server, method, `/oauth/token/${path}`))).toEqual(words)
  expect((await sessionOf(server, victim)).status).toBe(200)
  const long = await adminCall(server, 'GET', `/oauth/token/${'x'.repeat(300)}`)
  expect(long.status).toBe(400)
  expect(JSON.stringify(long.body)).not.toContain('xxx')
})

test('an ended session is over, with all tokens from its renewals', async () => {
  const server = await startServer({
    seed: { users: [{ name: 'Alice', mentionName: 'alice', password: 'secret' }] },
  })
  const signIn = async () =>
    (await grant(server, { grant_type: 'password', username: '@alice', password: 'secret' })).body
  const one = await signIn()
  const other = await signIn()
  const end = () => call(server, 'DELETE', `/oauth/token/${one.access_token}`, { token: one.access_token })
  const ended = await end()
  expect([ended.status, ended.body]).toEqual([204, ''])
  expect(refusal(await end())).toEqual([401, 'Invalid OAuth session'])
  const renew = ({ refresh_token }: { refresh_token: string }) =>
    grant(server, { grant_type: 'refresh_token', refresh_token })
  expect((await renew(one)).status).toBe(400)
  const renewed = (await renew(other)).body
  await call(server, 'DELETE', `/oauth/token/${other.access_token}`, { token: other.access_token })
  expect((await renew(renewed)).status).toBe(400)
  expect((await sessionOf(server, renewed.access_token)).status).toBe(401)
})
