import { afterEach, describe, expect, test, vi } from 'vitest'
import { raw, request } from '../../attack/raw.ts'
import { planted } from '../../leaks/planted.ts'
import { freePort } from '../../ports.ts'
import { accessToken, call, installOverHttp, refusal, startAddon, startServer } from '../support.ts'
import { pageCall, protectedSeed, visit } from './visitors.ts'

afterEach(() => {
  vi.useRealTimers()
})

describe('signing in', () => {
  test('on a server for development users without a password can be chosen, and no others', async () => {
    const server = await startServer({ seed: protectedSeed() })
    const welcome = await pageCall(server, 'GET', '/welcome')
    expect(welcome.body).toEqual({
      group: 'Example',
      users: [
        { id: 1, name: 'Admin', mention_name: 'admin' },
        { id: 3, name: 'Open Oscar', mention_name: 'oscar' },
      ],
    })
    const choose = (user_id: number) => pageCall(server, 'POST', '/session', { json: { user_id } })
    const oscar = await choose(3)
    expect(oscar.body).toEqual({ token: expect.any(String), user_id: 3, expires: expect.any(String) })
    for (const id of [2, 99])
      expect(refusal(await choose(id))).toEqual([403, 'This user signs in with a password'])
    await call(server, 'DELETE', '/user/3', { token: server.adminToken })
    expect((await choose(3)).status).toBe(403)
  })

  test('behind a proxy, where others can reach the server, no user can be chosen', async () => {
    const port = await freePort()
    await startServer({
      port,
      publicUrl: 'https://chat.example.com',
      adminToken: planted('a-token-for-the-administrator'),
      seed: { users: protectedSeed().users.slice(0, 1) },
    })
    const at = `http://127.0.0.1:${port}/page`
    expect(await (await fetch(`${at}/welcome`)).json()).toEqual({ group: 'Example', users: [] })
    const choose = await fetch(`${at}/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"user_id":1}', // the administrator, who has no password
    })
    expect(choose.status).toBe(403)
  })

  test('name and password open a session; a wrong password is answered with 401, and with 429 after ten', async () => {
    const server = await startServer({ seed: protectedSeed() })
    const enter = (username: string, password: string) =>
      pageCall(server, 'POST', '/session', { json: { username, password } })
    for (const name of ['dora', '@dora', 'dora@example.com']) {
      const { status, body } = await enter(name, planted('dora-password'))
      expect([name, status, body.user_id]).toEqual([name, 201, 2])
    }
    const wrong = [401, 'Wrong user name or password']
    expect(refusal(await enter('oscar', 'anything'))).toEqual(wrong) // who has none cannot be guessed
    expect(refusal(await enter('nobody', 'anything'))).toEqual(wrong)
    for (let index = 0; index < 10; index += 1) expect(refusal(await enter('dora', 'guess'))).toEqual(wrong)
    const late = await enter('dora', planted('dora-password'))
    expect(refusal(late)).toEqual([429, 'Too many attempts to sign in'])
    expect(Number(late.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(refusal(await pageCall(server, 'POST', '/session', { json: { username: 'dora' } }))).toEqual([
      400,
      'Give username and password',
    ])
  })

  test('a session lasts until the user signs out, it expires, or the password changes', async () => {
    const server = await startServer()
    const [first, second, third] = [
      await visit(server, 'alice'),
      await visit(server, 'alice'),
      await visit(server, 'alice'),
    ]
    expect((await first.call('DELETE', '/session')).status).toBe(204)
    const over = [401, 'Invalid OAuth session']
    expect(refusal(await first.call('GET', '/start'))).toEqual(over)
    expect((await second.call('GET', '/start')).status).toBe(200)

    vi.useFakeTimers({ toFake: ['Date'] })
    vi.setSystemTime(Date.now() + 14 * 24 * 3600_000 + 1)
    expect(refusal(await second.call('GET', '/start'))).toEqual(over)
    vi.useRealTimers()

    expect((await third.call('GET', '/start')).status).toBe(200)
    await call(server, 'PUT', '/user/@alice', {
      token: server.adminToken,
      json: { password: planted('a-new-password') },
    })
    expect(refusal(await third.call('GET', '/start'))).toEqual(over)
  })

  test('a user who becomes an administrator is one on their open page, and a former one is not', async () => {
    const server = await startServer()
    const alice = await visit(server, 'alice')
    const look = async () =>
      (await call(server, 'GET', `${server.url}/admin/deliveries`, { token: alice.token })).status
    const promote = (is_group_admin: boolean) =>
      call(server, 'PUT', '/user/@alice', { token: server.adminToken, json: { is_group_admin } })
    expect(await look()).toBe(403)
    await promote(true)
    expect(await look()).toBe(200)
    await promote(false)
    expect(await look()).toBe(403)
  })

  test('neither another host name nor a page of another origin can sign in', async () => {
    const server = await startServer()
    const { port } = new URL(server.url)
    const body = '{"user_id":2}'
    const post = async (...headers: string[]) => {
      const about = ['Content-Type: application/json', `Content-Length: ${body.length}`]
      return (await raw(server.url, request(['POST /page/session HTTP/1.1', ...headers, ...about], body)))
        .text
    }
    expect(await post(`Host: evil.example:${port}`)).toMatch(
      /^HTTP\/1\.1 403 [\s\S]*does not answer to that host name/,
    )
    expect(await post(`Host: 127.0.0.1:${port}`, 'Origin: http://evil.example')).toMatch(
      /^HTTP\/1\.1 403 [\s\S]*pages of other origins/,
    )
    expect(await post(`Host: 127.0.0.1:${port}`, 'Origin: null')).toMatch(/^HTTP\/1\.1 403 /)
    // an add-on on another port of the same host is another origin too
    expect(await post(`Host: 127.0.0.1:${port}`, 'Origin: http://127.0.0.1:1')).toMatch(/^HTTP\/1\.1 403 /)
    expect(await post(`Host: 127.0.0.1:${port}`, `Origin: http://127.0.0.1:${port}`)).toMatch(
      /^HTTP\/1\.1 201 /,
    )
    const welcome = await raw(server.url, request(['GET /page/welcome HTTP/1.1', 'Host: evil.example']))
    expect(welcome.status).toBe(403)
  })
})

describe('an operation of the page', () => {
  test('accepts only a token of the page', async () => {
    const server = await startServer()
    const addon = await startAddon({
      hipchatApiConsumer: { scopes: ['send_notification', 'admin_room', 'view_group'] },
    })
    const group = await installOverHttp(server, addon)
    const room = await installOverHttp(server, addon, 'Lobby')
    const tokens: [string, string | undefined, number][] = [
      ['none', undefined, 401],
      ['a wrong one', 'wrong', 401],
      ['a personal one', await server.createToken({ user: 'alice' }), 403],
      ["the administrator's", server.adminToken, 403],
      ['one of a room', await server.createToken({ room: 'Lobby' }), 403],
      ["an add-on's for the group", await accessToken(server, group), 403],
      ["an add-on's for a room", await accessToken(server, room), 403],
    ]
    const calls: [string, string, unknown?][] = [
      ['GET', '/start'],
      ['DELETE', '/session'],
      ['GET', '/integrations'],
      ['GET', '/tokens'],
      ['POST', '/tokens', {}],
      ['DELETE', '/tokens/0123456789abcdef'],
      ['GET', '/room/1/glances'],
      ['PUT', '/room/1/presence'],
      ['POST', `/integration/${group.oauthId}/open`, { page: 'configurable' }],
      ['GET', '/updates'],
    ]
    for (const [what, token, status] of tokens)
      for (const [method, path, json] of calls) {
        const answer = await pageCall(server, method, path, {
          ...(token === undefined ? {} : { token }),
          ...(json === undefined ? {} : { json }),
        })
        expect([what, method, path, answer.status]).toEqual([what, method, path, status])
      }
    // nor in the address, where it would be logged
    const { token } = await visit(server, 'alice')
    expect((await pageCall(server, 'GET', `/updates?auth_token=${token}`)).status).toBe(401)
  })

  test('accepts no token that a user gave to an add-on', async () => {
    const server = await startServer({ seed: protectedSeed() })
    const answer = await call(server, 'POST', '/oauth/token', {
      json: { grant_type: 'password', username: 'dora', password: planted('dora-password') },
    })
    expect(answer.status).toBe(200)
    expect(refusal(await pageCall(server, 'GET', '/start', { token: answer.body.access_token }))).toEqual([
      403,
      'This is for the chat page: sign in there, or use the API below /v2',
    ])
  })
})
