import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { hook } from '../server/support.ts'
import { sign } from '../support.ts'
import { mebibytes, raw, request } from './raw.ts'
import {
  type SendOptions,
  type ServerAttack,
  type ServerTarget,
  startServerTarget,
  withstand,
} from './server-target.ts'

const notification = '/room/Lobby/notification'

const hello = { message: 'hello' }

/** A row: a name, the status of the refusal, and the request. */
type Row = readonly [
  name: string,
  status: number,
  method: string,
  path: string | ((target: ServerTarget) => string),
  options?: (target: ServerTarget) => SendOptions,
]

const attackOf = ([name, status, method, path, options]: Row): ServerAttack => ({
  name,
  status,
  send: (target) =>
    target.send(method, typeof path === 'string' ? path : path(target), options?.(target) ?? {}),
})

const as = (who: keyof ServerTarget['tokens'], body?: unknown) => (target: ServerTarget) => ({
  token: target.tokens[who],
  ...(body === undefined ? {} : { body }),
})

const asAdmin =
  (body?: unknown, ...headers: string[]) =>
  ({ server }: ServerTarget): SendOptions => ({
    token: server.adminToken,
    ...(body === undefined ? {} : { body }),
    ...(headers.length === 0 ? {} : { headers }),
  })

const tokens: readonly Row[] = [
  ['no token', 401, 'POST', notification, () => ({ body: hello })],
  ['an unknown token', 401, 'POST', notification, () => ({ token: 'x'.repeat(40), body: hello })],
  ['an empty token', 401, 'POST', notification, () => ({ token: '', body: hello })],
  [
    'the stored form of a token',
    401,
    'POST',
    notification,
    ({ server }) => ({ token: createHash('sha256').update(server.adminToken).digest('hex'), body: hello }),
  ],
  [
    "an add-on's secret for a token",
    401,
    'POST',
    notification,
    ({ installation }) => ({ token: installation.oauthSecret, body: hello }),
  ],
  [
    "an add-on's signed request for a token",
    401,
    'POST',
    notification,
    ({ installation }) => ({ token: sign(installation.oauthId, installation.oauthSecret), body: hello }),
  ],
  [
    'a token as Basic credentials',
    401,
    'POST',
    notification,
    ({ server }) => ({ body: hello, headers: [`Authorization: Basic ${btoa(`${server.adminToken}:`)}`] }),
  ],
  [
    'a token in a cookie',
    401,
    'POST',
    notification,
    ({ server }) => ({ body: hello, headers: [`Cookie: auth_token=${server.adminToken}`] }),
  ],
  [
    'a token in the body',
    401,
    'POST',
    notification,
    ({ server }) => ({ body: { ...hello, auth_token: server.adminToken } }),
  ],
  [
    'two Authorization headers',
    401,
    'POST',
    notification,
    ({ server }) => ({
      token: 'wrong',
      body: hello,
      headers: [`Authorization: Bearer ${server.adminToken}`],
    }),
  ],
  [
    'a valid token in the query, and an invalid one in the header',
    401,
    'POST',
    ({ server }) => `${notification}?auth_token=${server.adminToken}`,
    () => ({ token: 'wrong', body: hello }),
  ],
  [
    'a valid token in the query, from a page of another site',
    403,
    'POST',
    ({ server }) => `${notification}?auth_token=${server.adminToken}`,
    () => ({ body: hello, headers: ['Origin: https://evil.example', 'Content-Type: text/plain'] }),
  ],
  [
    'a valid token in the query, from a page without an origin',
    403,
    'POST',
    ({ server }) => `${notification}?auth_token=${server.adminToken}`,
    () => ({ body: hello, headers: ['Origin: null'] }),
  ],
  ['a token without the scope', 403, 'POST', notification, as('viewing', hello)],
  ['a token without the scope, for a test', 403, 'POST', `${notification}?auth_test=true`, as('viewing')],
  ["a room's token in another room", 403, 'POST', '/room/Workshop/notification', as('lobby', hello)],
  ["a room's token in another room, by id", 403, 'POST', '/room/2/notification', as('lobby', hello)],
  ["a room's token in a room that is not there", 403, 'POST', '/room/9/notification', as('lobby', hello)],
  ["a room's token, to talk as a person", 403, 'POST', '/room/Lobby/message', as('lobby', hello)],
  ["a room's token, to read", 403, 'GET', '/room/Lobby/history', as('lobby')],
  ["an add-on's token in another room", 403, 'POST', '/room/Workshop/notification', as('addon', hello)],
  ["an add-on's token, to change another room", 403, 'PUT', '/room/2/topic', as('addon', { topic: 'x' })],
  ["an add-on's token, to list rooms other than its own", 403, 'GET', '/room', as('addon')],
  ["an add-on's token, to make accounts", 403, 'POST', '/user', as('addon', { name: 'A', email: 'a@b.c' })],
  ['the session of another token', 404, 'GET', ({ tokens }) => `/oauth/token/${tokens.carol}`, as('bob')],
  ['the end of another session', 404, 'DELETE', ({ tokens }) => `/oauth/token/${tokens.carol}`, as('bob')],
  ['a made-up session', 404, 'GET', `/oauth/token/${'x'.repeat(40)}`, as('bob')],
  ['a session with dots in it', 404, 'GET', '/oauth/token/..%2F..%2Froom', as('bob')],
]

const people: readonly Row[] = [
  ['making themselves an administrator', 403, 'PUT', '/user/@bob', as('bob', { is_group_admin: true })],
  ['changing another user', 403, 'PUT', '/user/@alice', as('bob', { password: 'mine' })],
  ['changing the owner of the group', 403, 'PUT', '/user/1', as('bob', { name: 'Bob' })],
  ['deleting another user', 403, 'DELETE', '/user/@alice', as('bob')],
  ['making an account', 403, 'POST', '/user', as('bob', { name: 'Mallory', email: 'm@example.com' })],
  ['deleting another user’s room', 403, 'DELETE', '/room/Workshop', as('bob')],
  ['giving themselves the Lobby', 403, 'PUT', '/room/Lobby', as('bob', { owner: { id: 3 } })],
  ['a webhook in the Lobby', 403, 'POST', '/room/Lobby/webhook', as('bob', hook('https://b.example'))],
  ['installing an add-on', 403, 'POST', '/addon', as('bob', { url: 'https://b.example/d' })],
  ['a private room', 404, 'GET', '/room/Back%20office', as('carol')],
  ['a private room by its id', 404, 'GET', '/room/3', as('carol')],
  ['the history of a private room', 404, 'GET', '/room/3/history', as('carol')],
  ['a message in a private room', 404, 'POST', '/room/3/message', as('carol', hello)],
  ['the topic of a private room', 404, 'PUT', '/room/3/topic', as('carol', { topic: 'x' })],
  ['membership of a private room', 404, 'PUT', '/room/3/member/@carol', as('carol', {})],
  ['an invitation to a private room', 404, 'POST', '/room/3/invite/@carol', as('carol', { reason: 'x' })],
  [
    "another add-on's installation",
    403,
    'DELETE',
    ({ installation }) => `/addon/com.example.dice/installable/${installation.oauthId}`,
    as('bob'),
  ],
  ['a guessed one-time document', 404, 'GET', `/addon/com.example.dice/installable/${'x'.repeat(40)}`],
]

const form = ['Content-Type: application/x-www-form-urlencoded']

const grant = (body: string) => (): SendOptions => ({ body, headers: form })

const credentials: readonly Row[] = [
  ['a wrong password', 401, 'POST', '/oauth/token', grant('grant_type=password&username=alice&password=x')],
  ['an unknown user', 401, 'POST', '/oauth/token', grant('grant_type=password&username=nobody&password=x')],
  [
    'a person without a password',
    401,
    'POST',
    '/oauth/token',
    grant('grant_type=password&username=bob&password=undefined'),
  ],
  [
    'a query as the password',
    400,
    'POST',
    '/oauth/token',
    () => ({ body: { grant_type: 'password', username: 'alice', password: { $ne: null } } }),
  ],
  [
    'everyone as the user name',
    401,
    'POST',
    '/oauth/token',
    grant(`grant_type=password&username=${encodeURIComponent("' OR '1'='1")}&password=x`),
  ],
  [
    'an id without a secret',
    401,
    'POST',
    '/oauth/token',
    ({ installation }) => ({
      body: 'grant_type=client_credentials',
      headers: [...form, `Authorization: Basic ${btoa(`${installation.oauthId}:`)}`],
    }),
  ],
  [
    'a scope that was not approved',
    400,
    'POST',
    '/oauth/token',
    ({ installation: { oauthId, oauthSecret } }) => ({
      body: 'grant_type=client_credentials&scope=admin_group',
      headers: [...form, `Authorization: Basic ${btoa(`${oauthId}:${oauthSecret}`)}`],
    }),
  ],
  [
    'an access token, to renew it',
    400,
    'POST',
    '/oauth/token',
    ({ tokens: { bob } }) => ({ body: `grant_type=refresh_token&refresh_token=${bob}`, headers: form }),
  ],
  ['no grant at all', 400, 'POST', '/oauth/token', grant('')],
  [
    'a grant named like a property of every object',
    400,
    'POST',
    '/oauth/token',
    grant('grant_type=__proto__'),
  ],
]

const drop = "Lobby'; DROP TABLE rooms; --"

const bodies: readonly Row[] = [
  ['no body', 400, 'POST', notification, asAdmin('')],
  ['no JSON', 400, 'POST', notification, asAdmin('{"message":')],
  ['null', 400, 'POST', notification, asAdmin('null')],
  ['a list', 400, 'POST', notification, asAdmin('[{"message":"hi"}]')],
  ['an object as the text', 400, 'POST', notification, asAdmin({ message: { $gt: '' } })],
  [
    'a message in __proto__',
    400,
    'POST',
    notification,
    asAdmin('{"__proto__":{"message":"x","polluted":1}}'),
  ],
  [
    'a message in constructor.prototype',
    400,
    'POST',
    notification,
    asAdmin('{"constructor":{"prototype":{"message":"x","polluted":1}}}'),
  ],
  ['__proto__ in a form', 400, 'POST', notification, asAdmin('__proto__[message]=x&__proto__=x', ...form)],
  [
    'fifty thousand nested lists',
    400,
    'POST',
    notification,
    asAdmin(`{"message":"a","card":${'['.repeat(5e4)}${']'.repeat(5e4)}}`),
  ],
  ['a message too long', 400, 'POST', notification, asAdmin({ message: 'x'.repeat(10_001) })],
  ['an unknown colour', 400, 'POST', notification, asAdmin({ message: 'x', color: '"><script>' })],
  ['another type', 415, 'POST', notification, asAdmin('<message/>', 'Content-Type: application/xml')],
  [
    'another charset',
    415,
    'POST',
    notification,
    asAdmin(Buffer.from('{"message":"x"}', 'utf16le'), 'Content-Type: application/json; charset=utf-16'),
  ],
  [
    'bytes that are not UTF-8',
    400,
    'POST',
    notification,
    asAdmin(Buffer.from('{"message":"\xff"}', 'latin1')),
  ],
  [
    'a gzip bomb',
    415,
    'POST',
    notification,
    asAdmin(
      gzipSync(Buffer.alloc(50 * 1024 * 1024)),
      'Content-Type: application/json',
      'Content-Encoding: gzip',
    ),
  ],
  ['SQL for a room', 404, 'GET', `/room/${encodeURIComponent(drop)}`, asAdmin()],
  ['SQL for a person', 404, 'GET', `/user/${encodeURIComponent(drop)}`, asAdmin()],
  ['SQL for a place in a list', 400, 'GET', `/room?start-index=${encodeURIComponent('1;DROP')}`, asAdmin()],
  ['a list before its beginning', 400, 'GET', '/room?start-index=-1', asAdmin()],
  ['a list as long as memory', 400, 'GET', '/room?max-results=1000000000', asAdmin()],
  ['a room with a null byte', 404, 'GET', '/room/Lobby%00', asAdmin()],
  ['a room with half a character', 400, 'GET', '/room/%ED%A0%80', asAdmin()],
  ['a percent sign that encodes nothing', 400, 'GET', '/room/%E0%A4%A', asAdmin()],
  ['a room with a name longer than any key', 400, 'GET', `/room/${'x'.repeat(5000)}`, asAdmin()],
  ['a room named like a property of every object', 404, 'GET', '/room/__proto__', asAdmin()],
  ['a user named like a property of every object', 404, 'GET', '/user/constructor', asAdmin()],
  ['a new room with a line end', 400, 'POST', '/room', asAdmin({ name: 'a\r\nX-Injected: 1' })],
  [
    'a picture that is a drawing',
    400,
    'PUT',
    '/room/Lobby/avatar',
    asAdmin({ avatar: btoa('<svg onload="x">') }),
  ],
  [
    'a picture that is a page',
    400,
    'PUT',
    '/room/Lobby/avatar',
    asAdmin({ avatar: `data:text/html;base64,${btoa('<script>')}` }),
  ],
]

/** Patterns on which a backtracking engine would hang, or that cannot be run in linear time. */
const patterns = [
  '(?=a)a',
  '(?<!a)a',
  '(a)\\1',
  '(?>a+)b',
  '(((a{100}){100}){100}){100}',
  '(a{1000}){1000}',
  `(${'a?'.repeat(400)}){3}`,
  'x'.repeat(1001),
  '[',
  '(?z)a',
  '('.repeat(900),
]

const webhooks: readonly Row[] = patterns.map((pattern) => [
  `the pattern ${pattern.slice(0, 30)}`,
  400,
  'POST',
  '/room/Lobby/webhook',
  ({ tokens, addon }) => ({ token: tokens.addon, body: hook(addon, { pattern }) }),
])

const head = ({ server }: ServerTarget, ...lines: string[]): Buffer =>
  request([...lines, `Authorization: Bearer ${server.adminToken}`, 'Content-Type: application/json'])

const hostOf = ({ server }: ServerTarget): string => `Host: ${new URL(server.url).host}`

const post = `POST /v2${notification} HTTP/1.1`

const requests: readonly ServerAttack[] = [
  {
    name: 'ten megabytes',
    status: 413,
    send: (target) =>
      raw(
        target.server.url,
        head(target, post, hostOf(target), `Content-Length: ${10 * 1024 * 1024}`),
        ...mebibytes(10),
      ),
  },
  ...[
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'localhost@evil.example',
    '',
    '[::1',
  ].map(
    (host): ServerAttack => ({
      name: `the Host ${JSON.stringify(host)}`,
      status: 403,
      send: (target) => raw(target.server.url, head(target, post, `Host: ${host}`, 'Content-Length: 0')),
    }),
  ),
  {
    name: 'another Host for a page',
    status: 403,
    send: ({ server }) => raw(server.url, request(['GET /addons/install HTTP/1.1', 'Host: evil.example'])),
  },
  {
    name: 'another host in the target',
    status: 404,
    send: (target) =>
      raw(
        target.server.url,
        head(target, post.replace('/v2', 'http://evil.example/v2'), hostOf(target), 'Content-Length: 0'),
      ),
  },
  {
    name: 'another host in a header of a proxy',
    status: 403,
    send: (target) =>
      raw(
        target.server.url,
        head(target, post, 'Host: evil.example', `X-Forwarded-${hostOf(target)}`, 'Content-Length: 0'),
      ),
  },
  {
    name: 'Content-Length and Transfer-Encoding',
    status: 400,
    send: (target) =>
      raw(
        target.server.url,
        head(target, post, hostOf(target), 'Content-Length: 6', 'Transfer-Encoding: chunked'),
        '0\r\n\r\nDELETE /v2/room/Lobby HTTP/1.1\r\nHost: localhost\r\n\r\n',
      ),
  },
  {
    name: 'two Content-Lengths',
    status: 400,
    send: (target) =>
      raw(target.server.url, head(target, post, hostOf(target), 'Content-Length: 0', 'Content-Length: 9')),
  },
  {
    name: 'another method in a header',
    status: 400,
    send: ({ send, server }) =>
      send('POST', '/room', {
        token: server.adminToken,
        body: {},
        headers: ['X-HTTP-Method-Override: DELETE'],
      }),
  },
  ...[
    '/pictures/../../../etc/passwd',
    '/pictures/..%2f..%2fetc%2fpasswd',
    '/pictures/%2e%2e/%2e%2e/package.json',
    '/pictures/data.mdb',
    '/pictures/',
    '/pictures/__proto__',
    `/pictures/${'x'.repeat(40)}`,
    `/pictures/${'x'.repeat(5000)}`,
    '/../../etc/passwd',
    '/addons/install/../../etc/passwd',
  ].map(
    (path): ServerAttack => ({
      name: `the path ${path.slice(0, 40)}`,
      status: 404,
      async send(target) {
        const answer = await raw(target.server.url, request([`GET ${path} HTTP/1.1`, hostOf(target)]))
        expect(answer.text).not.toContain('root:')
        return answer
      },
    }),
  ),
]

describe('the server, against', () => {
  it.each(tokens.map(attackOf))('a token: $name', async (attack) => {
    await withstand(await startServerTarget(), attack)
  })

  it.each(people.map(attackOf))('a person who tries $name', async (attack) => {
    await withstand(await startServerTarget(), attack)
  })

  it.each(credentials.map(attackOf))('a sign-in with $name', async (attack) => {
    await withstand(await startServerTarget(), attack)
  })

  it.each([...bodies, ...webhooks].map(attackOf))('a call with $name', async (attack) => {
    await withstand(await startServerTarget(), attack)
  })

  it.each(requests)('$name', async (attack) => {
    await withstand(await startServerTarget(), attack)
  })
})
