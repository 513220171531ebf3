import { request } from 'node:http'
import { describe, expect, test } from 'vitest'
import type { HipChatServer } from '../../../src/server/index.ts'
import { startServer } from '../support.ts'

const origin = 'https://dashboard.example.org'

const ask = (server: HipChatServer, path: string, method: string, headers: Record<string, string> = {}) =>
  fetch(server.url + path, {
    method: 'OPTIONS',
    headers: { origin, 'access-control-request-method': method, ...headers },
  })

const allowed = (answer: Response) => answer.headers.get('access-control-allow-origin')

describe('a page of another origin', () => {
  test.each([
    ['/v2/room', 'POST', 'GET, HEAD, POST'],
    ['/v2/room', 'HEAD', 'GET, HEAD, POST'],
    ['/v2/room/1/history/abc', 'HEAD', 'GET, HEAD'],
    ['/v2/room/1/notification', 'POST', 'POST'],
    ['/v2//room/1/topic', 'PUT', 'PUT'],
    ['/v2/user/@alice', 'DELETE', 'GET, HEAD, PUT, DELETE'],
    ['/v2/oauth/token/abc', 'GET', 'GET, HEAD, DELETE'],
  ])('learns before a call to %s that it may make it', async (path, method, methods) => {
    const server = await startServer()
    const answer = await ask(server, path, method, { 'access-control-request-headers': 'authorization' })
    expect([answer.status, await answer.text()]).toEqual([204, ''])
    expect(allowed(answer)).toBe('*')
    expect(answer.headers.get('access-control-allow-methods')).toBe(methods)
    expect(answer.headers.get('access-control-allow-headers')).toBe(
      'Authorization, Content-Type, X-Requested-With',
    )
    expect(answer.headers.get('access-control-allow-credentials')).toBe(null)
  })

  test('reads answers to calls with a token in the header, refusals too', async () => {
    const server = await startServer()
    const headers = { origin, authorization: `Bearer ${server.adminToken}` }
    const room = await fetch(`${server.apiUrl}/room/1`, { headers })
    expect([room.status, allowed(room)]).toEqual([200, '*'])
    expect(room.headers.get('access-control-expose-headers')).toContain('X-Ratelimit-Remaining')
    const said = await fetch(`${server.apiUrl}/room/1/notification`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: '{"message":"x"}',
    })
    expect([said.status, allowed(said)]).toEqual([204, '*'])
    const missing = await fetch(`${server.apiUrl}/room/nowhere`, { headers })
    expect([missing.status, allowed(missing)]).toEqual([404, '*'])
    const wrong = await fetch(`${server.apiUrl}/room`, { headers: { origin, authorization: 'Bearer wrong' } })
    expect([wrong.status, allowed(wrong)]).toEqual([401, '*'])
  })

  test.each([
    ['the token endpoint', '/v2/oauth/token', 'POST'],
    ['what needs no token', '/v2/capabilities', 'GET'],
    ['the one-time document of an installation', '/v2/addon/key/installable/token', 'GET'],
    ['the administration', '/admin/deliveries', 'GET'],
    ['the chat page', '/page/start', 'GET'],
    ['HEAD of a resource without GET', '/v2/room/1/notification', 'HEAD'],
    ['a method that the resource does not accept', '/v2/room/1/notification', 'DELETE'],
    ['a method that no resource accepts', '/v2/room', 'PATCH'],
    ['signing in', '/page/session', 'POST'],
    ['the consent page', '/users/authorize', 'POST'],
    ['an unknown path', '/v2/nowhere', 'GET'],
    ['the front page', '/', 'GET'],
  ])('gets no permission for %s', async (_, path, method) => {
    const server = await startServer()
    const preflight = await ask(server, path, method)
    expect(allowed(preflight)).toBe(null)
    expect(preflight.status).toBeGreaterThanOrEqual(400)
  })

  test('does not read answers to calls without a token in the header', async () => {
    const server = await startServer()
    const { adminToken } = server
    for (const [path, headers] of [
      ['/v2/capabilities', {}],
      ['/v2/room', {}],
      [`/v2/room?auth_token=${adminToken}`, {}],
      ['/v2/room', { authorization: `Basic ${btoa('id:secret')}` }],
      ['/admin/deliveries', { authorization: `Bearer ${adminToken}` }],
      ['/page/start', { authorization: `Bearer ${adminToken}` }],
    ] as const) {
      const answer = await fetch(server.url + path, { headers: { origin, ...headers } })
      expect(allowed(answer), path).toBe(null)
    }
  })

  test('may not write with a token in the query, or without one', async () => {
    const server = await startServer()
    for (const query of ['', `?auth_token=${server.adminToken}`]) {
      const answer = await fetch(`${server.apiUrl}/room/1/notification${query}`, {
        method: 'POST',
        headers: { origin, 'content-type': 'text/plain' },
        body: '{"message":"x"}',
      })
      expect([answer.status, allowed(answer)]).toEqual([403, null])
    }
    expect(server.history('Lobby')).toEqual([])
  })

  test('gets answers only under the names of the server', async () => {
    const server = await startServer()
    const { port } = new URL(server.url)
    const status = await new Promise((resolve) => {
      request({
        port,
        host: '127.0.0.1',
        method: 'OPTIONS',
        path: '/v2/room',
        headers: { host: 'rebound.example', origin, 'access-control-request-method': 'GET' },
      })
        .on('response', (answer) =>
          resolve([answer.statusCode, answer.headers['access-control-allow-origin']]),
        )
        .end()
    })
    expect(status).toEqual([403, undefined])
  })
})

test('OPTIONS that is not a preflight request is refused like any other method', async () => {
  const server = await startServer()
  const answer = await fetch(`${server.apiUrl}/room`, { method: 'OPTIONS' })
  expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, POST'])
})
