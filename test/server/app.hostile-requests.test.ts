import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { raw, request } from '../attack/raw.ts'
import { adminCall, call, refusal, startServer, tokenCall } from './support.ts'

const path = '/room/Lobby/notification'

test('bodies that are not JSON objects are refused', async () => {
  const server = await startServer()
  const post = async (body: string) =>
    refusal(await adminCall(server, 'POST', path, { body, headers: { 'content-type': 'application/json' } }))
  expect(await post('{"message":')).toEqual([
    400,
    'The body is not valid JSON at line 1, column 12: expected a value, got the end',
  ])
  expect(await post('')).toEqual([400, 'A JSON body is required, got none'])
  expect(await post('null')).toEqual([400, 'The body must be an object'])
  expect(await post('["message"]')).toEqual([400, 'The body must be an object'])
  expect(await post(`{"message":"a","card":${'['.repeat(50_000)}${']'.repeat(50_000)}}`)).toEqual([
    400,
    'The body is nested more than 32 levels deep',
  ])
})

test('a body of two megabytes is refused, and the server keeps running', async () => {
  const server = await startServer()
  const answer = await adminCall(server, 'POST', path, { json: { message: 'x'.repeat(2 * 1024 * 1024) } })
  expect(answer.body.error).toMatchObject({
    code: 413,
    type: 'Request Entity Too Large',
    message: 'The body is longer than 1048576 bytes',
  })
  // Reading many members costs time, and these calls need no token.
  for (const address of [`${server.apiUrl}/oauth/token`, `${server.url}/page/session`]) {
    const json = { grant_type: 'password', more: 'x'.repeat(40_000) }
    const refused = await call(server, 'POST', address, { json })
    expect(refused.body.error).toMatchObject({ code: 413, message: 'The body is longer than 32768 bytes' })
  }
  expect((await adminCall(server, 'GET', '/room')).status).toBe(200)
})

test('other content types, compression and charsets are refused', async () => {
  const server = await startServer()
  const post = async (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string>) => {
    const response = await fetch(server.apiUrl + path, {
      method: 'POST',
      body,
      headers: { authorization: `Bearer ${server.adminToken}`, ...headers },
    })
    const answer = (await response.json()) as { error: { message: string } }
    return [response.status, answer.error.message]
  }
  expect(await post('<message/>', { 'content-type': 'application/xml' })).toEqual([
    415,
    'This call takes application/json or application/x-www-form-urlencoded, not application/xml',
  ])
  expect(
    await post(new Uint8Array(gzipSync('{"message":"hi"}')), {
      'content-type': 'application/json',
      'content-encoding': 'gzip',
    }),
  ).toEqual([415, 'Expected an uncompressed body, got content-encoding gzip'])
  expect(await post('{}', { 'content-type': 'application/json; charset=utf-16' })).toEqual([
    415,
    'Expected the charset utf-8, got utf-16',
  ])
  expect(await post(new Uint8Array([0x22, 0xff, 0x22]), { 'content-type': 'application/json' })).toEqual([
    400,
    'The body could not be read: it is not UTF-8',
  ])
})

test('members named like those of every object are ignored as unknown', async () => {
  const server = await startServer()
  const body =
    '{"__proto__":{"is_group_admin":true},"constructor":{"prototype":{"x":1}},"toString":1,"message":"hi"}'
  const answer = await adminCall(server, 'POST', path, {
    body,
    headers: { 'content-type': 'application/json' },
  })
  expect(answer.status).toBe(204)
  expect(Object.hasOwn(Object.prototype, 'x')).toBe(false)
  const query = await adminCall(server, 'GET', '/room?__proto__=1&constructor=2&hasOwnProperty=3')
  expect(query.status).toBe(200)
  expect(refusal(await adminCall(server, 'GET', '/room/__proto__'))).toEqual([
    404,
    'Room __proto__ not found',
  ])
})

test('an invalid percent encoding is refused', async () => {
  const server = await startServer()
  expect(refusal(await adminCall(server, 'GET', '/room/100%'))).toEqual([
    400,
    'id_or_name holds a percent sign that encodes nothing',
  ])
  expect(refusal(await adminCall(server, 'GET', `/room/${'x'.repeat(101)}`))).toEqual([
    400,
    'id_or_name must NOT have more than 100 characters, got 101',
  ])
})

test('another host name is refused, so that no name can be rebound to this server', async () => {
  const server = await startServer()
  const { port } = new URL(server.url)
  const get = async (host: string) =>
    (await raw(server.url, request(['GET /v2/capabilities HTTP/1.1', `Host: ${host}`]))).text
  expect(await get('evil.example')).toMatch(
    /^HTTP\/1\.1 403 .*This server does not answer to that host name/s,
  )
  expect(await get(`evil.example:${port}`)).toMatch(/^HTTP\/1\.1 403 /)
  expect(await get('')).toMatch(/^HTTP\/1\.1 403 /)
  expect(await get(`localhost:${port}`)).toMatch(/^HTTP\/1\.1 200 /)
  expect(await get('[::1]')).toMatch(/^HTTP\/1\.1 200 /)
  const page = await raw(server.url, request(['GET / HTTP/1.1', 'Host: evil.example']))
  expect(page.status).toBe(403)
})

test('a page of another origin cannot use its visitor’s place in the network', async () => {
  const server = await startServer({ allowedOrigins: ['https://chat.example.net'] })
  const post = (origin: string, token?: string) =>
    call(server, 'POST', `${path}?auth_token=${server.adminToken}`, {
      json: { message: 'hi' },
      headers: { origin, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
    })
  const words = 'Calls from pages of other origins need an access token in the Authorization header'
  expect(refusal(await post('https://evil.example'))).toEqual([403, words])
  expect(refusal(await post('null'))).toEqual([403, words])
  expect((await post('https://evil.example', server.adminToken)).status).toBe(204)
  expect((await post(server.url)).status).toBe(204)
  expect((await post('https://chat.example.net')).status).toBe(204)
})

test('two Authorization headers together give no access', async () => {
  const server = await startServer()
  const { host } = new URL(server.url)
  const answer = await raw(
    server.url,
    request([
      'GET /v2/room HTTP/1.1',
      `Host: ${host}`,
      'Authorization: Bearer wrong',
      `Authorization: Bearer ${server.adminToken}`,
    ]),
  )
  expect(answer.status).toBe(401)
})

test('input that is not HTTP does no harm', async () => {
  const server = await startServer()
  expect(await raw(server.url, 'HELLO\r\n\r\n')).toHaveProperty('status', 400)
  expect((await adminCall(server, 'GET', '/room')).status).toBe(200)
})

test('names longer than any key are not found, and do not break the server', async () => {
  const server = await startServer()
  const long = 'x'.repeat(5000)
  const token = await server.createToken({ room: 'Lobby' })
  const answers = [
    await call(server, 'POST', `/room/${long}/notification`, { token, json: { message: 'hi' } }),
    await adminCall(server, 'POST', `/room/${long}/notification`, { json: { message: 'hi' } }),
    await adminCall(server, 'GET', `/room/1/history/latest?not-before=${long}`),
    await tokenCall(server, { oauthId: long, oauthSecret: 'x' }),
    await tokenCall(server, { oauthId: '', oauthSecret: '' }),
  ]
  expect(answers.map(({ status }) => status)).toEqual([403, 400, 404, 401, 401])
})

test('a message full of mentions costs no more than its length', async () => {
  const people = Array.from({ length: 500 }, (_, index) => ({
    name: `User ${index}`,
    mentionName: `user${index}`,
  }))
  const server = await startServer({ seed: { users: people, rooms: [{ name: 'Lobby' }] } })
  // decoding all users for each of 3,333 words took seconds
  const started = performance.now()
  const message = await server.say('Lobby', 'user1', `@user499 ${'@a '.repeat(3_300)}`)
  expect(message.mentions?.map(({ name }) => name)).toEqual(['User 499'])
  expect(performance.now() - started).toBeLessThan(2_000)
})
