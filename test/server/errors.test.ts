import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { HipChatServer } from '../../src/server/index.ts'
import { handlers } from '../../src/server/rest/handlers.ts'
import { planted } from '../leaks/planted.ts'
import {
  accessToken,
  adminCall,
  call,
  declare,
  installOverHttp,
  refusal,
  startAddon,
  startServer,
} from './support.ts'

/** A call as the administrator that is refused with 400, and the envelope's members other than code, type and message. */
type Invalid = [name: string, method: string, path: string, json: unknown, error: object]

const notify = '/room/1/notification'
const long = (length: number) => 'x'.repeat(length)

/** Fields and rules; the first two are the answers that were recorded of HipChat, but for the path that is dotted here. */
const invalid: Invalid[] = [
  [
    'a text for a boolean (jenkinsci/hipchat-plugin, issue 39)',
    'POST',
    notify,
    { message: 'x', notify: 'maybe' },
    { field: 'notify', validation: 'type', expected_type: 'boolean', value: 'maybe' },
  ],
  [
    'a text for a number in a card (jenkinsci/hipchat-plugin, issue 106)',
    'POST',
    notify,
    { message: 'x', card: { style: 'link', id: '1', title: 't', thumbnail: { url: 'u', width: '43' } } },
    { field: 'card.thumbnail.width', validation: 'type', expected_type: 'number', value: '43' },
  ],
  ['a missing member', 'POST', notify, {}, { field: 'message', validation: 'required' }],
  ['a list for a text', 'POST', notify, { message: ['x'] }, { field: 'message', expected_type: 'string' }],
  ['null for a text', 'POST', notify, { message: null }, { validation: 'type', value: null }],
  [
    'a value not on the list',
    'POST',
    notify,
    { message: 'x', color: 'pink' },
    { validation: 'enum', value: 'pink' },
  ],
  [
    'a parameter that is not a number',
    'GET',
    '/user?max-results=ten',
    undefined,
    { expected_type: 'integer', value: 'ten' },
  ],
  [
    'a parameter that is not a boolean',
    'GET',
    '/user?include-deleted=si',
    undefined,
    { expected_type: 'boolean', value: 'si' },
  ],
  [
    'an unknown time zone',
    'GET',
    '/room/1/history?timezone=Mars',
    undefined,
    { field: 'timezone', validation: 'format' },
  ],
  [
    'an invalid date',
    'GET',
    '/room/1/history?date=soon',
    undefined,
    { field: 'date', validation: 'format', value: 'soon' },
  ],
  [
    'an invalid address',
    'POST',
    '/room/1/webhook',
    { url: 'x', event: 'room_message' },
    { field: 'url', validation: 'format' },
  ],
  [
    'an invalid pattern',
    'POST',
    '/room/1/webhook',
    { url: 'http://127.0.0.1/', event: 'room_message', pattern: '(' },
    { field: 'pattern', validation: 'format' },
  ],
  [
    'an invalid email address',
    'POST',
    '/user',
    { name: 'X', email: 'nowhere' },
    { field: 'email', validation: 'format' },
  ],
  [
    'a name that is taken',
    'POST',
    '/room',
    { name: 'lobby' },
    { message: 'Another room exists with that name.', field: 'name' },
  ],
]

/** Limits of HipChat: the call, the member or parameter, and the longest that is taken. */
const longest: [
  name: string,
  method: string,
  path: (value: string) => string,
  body: (value: string) => unknown,
  field: string,
  most: number,
][] = [
  ['a notification', 'POST', () => notify, (message) => ({ message }), 'message', 10_000],
  ['from of a notification', 'POST', () => notify, (from) => ({ message: 'x', from }), 'from', 64],
  [
    'attach_to of a notification',
    'POST',
    () => notify,
    (attach_to) => ({ message: 'x', attach_to }),
    'attach_to',
    36,
  ],
  ['a room message', 'POST', () => '/room/1/message', (message) => ({ message }), 'message', 10_000],
  ['a private message', 'POST', () => '/user/@bob/message', (message) => ({ message }), 'message', 10_000],
  [
    'a reply',
    'POST',
    () => '/room/1/reply',
    (message) => ({ message, parentMessageId: '1' }),
    'message',
    10_000,
  ],
  [
    'what is said to a link',
    'POST',
    () => '/room/1/share/link',
    (message) => ({ message, link: 'https://a.example' }),
    'message',
    10_000,
  ],
  ['the name of a room', 'POST', () => '/room', (name) => ({ name }), 'name', 50],
  ['a topic', 'PUT', () => '/room/1/topic', (topic) => ({ topic }), 'topic', 250],
  ['the name of a user', 'POST', () => '/user', (name) => ({ name, email: 'x@example.com' }), 'name', 50],
  [
    'the reason of an invitation',
    'POST',
    () => '/room/1/invite/@bob',
    (reason) => ({ reason }),
    'reason',
    250,
  ],
  [
    'the key of a webhook',
    'POST',
    () => '/room/1/webhook',
    (key) => ({ key, url: 'http://127.0.0.1/', event: 'room_message' }),
    'key',
    40,
  ],
  ['a room in the path', 'GET', (room) => `/room/${room}`, () => undefined, 'id_or_name', 100],
  ['a user in the path', 'GET', (user) => `/user/${user}`, () => undefined, 'id_or_email', 100],
]

/** Members that must not be empty. */
const notEmpty = longest.filter(
  ([, method, , , field]) => method !== 'GET' && !/^(from|attach_to|topic)$/.test(field),
)

describe('an error answer', () => {
  it.each(invalid)('names what is wrong with %s', async (_name, method, path, json, error) => {
    const server = await startServer()
    const answer = await adminCall(server, method, path, json === undefined ? {} : { json })
    expect(answer.status).toBe(400)
    expect(answer.headers.get('content-type')).toContain('application/json')
    expect(Object.keys(answer.body)).toEqual(['error'])
    expect(answer.body.error).toMatchObject({
      code: 400,
      type: 'Bad Request',
      message: expect.stringMatching(/\w/),
      ...error,
    })
    const { validation, ...rest } = answer.body.error
    expect('expected_type' in rest).toBe(validation === 'type')
  })

  it.each(longest)('says that %s is too long', async (_name, method, path, body, field, most) => {
    const server = await startServer()
    const send = (value: string) => {
      const json = body(value)
      return adminCall(server, method, path(encodeURIComponent(value)), json === undefined ? {} : { json })
    }
    const { status, body: refused } = await send(long(most + 1))
    expect(status).toBe(400)
    expect(refused.error).toMatchObject({
      field,
      validation: 'maxLength',
      message: `${field} must NOT have more than ${most} characters, got ${most + 1}`,
    })
    expect((await send(long(most))).body.error?.validation).toBeUndefined()
  })

  it('counts characters, not bytes', async () => {
    const server = await startServer()
    const post = async (message: string) =>
      (await adminCall(server, 'POST', notify, { json: { message } })).status
    expect([await post('😀'.repeat(10_000)), await post('😀'.repeat(10_001))]).toEqual([204, 400])
  })

  it.each(notEmpty)('says that %s is empty', async (_name, method, path, body, field) => {
    const server = await startServer()
    const { status, body: refused } = await adminCall(server, method, path(''), { json: body('') })
    expect([status, refused.error.field, refused.error.validation]).toEqual([400, field, 'minLength'])
  })

  it.each([
    ['max-results', -1, 'minimum'],
    ['max-results', 1001, 'maximum'],
    ['start-index', -1, 'minimum'],
  ])('reports that %s=%i is out of range', async (name, value, validation) => {
    const server = await startServer()
    const { status, body } = await adminCall(server, 'GET', `/user?${name}=${value}`)
    expect(status).toBe(400)
    expect(body.error).toMatchObject({ field: name, validation, value })
    expect((await adminCall(server, 'GET', '/user?max-results=0')).body.items).toEqual([])
    expect((await adminCall(server, 'GET', '/user?max-results=1000')).status).toBe(200)
  })

  it('repeats neither secrets nor long values', async () => {
    const server = await startServer()
    const secret = planted('not a password')
    const json = { name: 'X', email: 'x@example.com', password: [secret] }
    const user = await adminCall(server, 'POST', '/user', { json })
    expect(user.body.error).toMatchObject({ field: 'password', validation: 'type' })
    expect(JSON.stringify(user.body)).not.toContain(secret)
    const message = await adminCall(server, 'POST', notify, { json: { message: long(10_001) } })
    expect(message.body.error).not.toHaveProperty('value')
  })

  it('of an internal error reveals nothing about it', async () => {
    const logged: unknown[] = []
    const silent = {
      info: () => undefined,
      warn: () => undefined,
      error: (line: unknown) => logged.push(line),
    }
    const server = await startServer({ log: silent, limits: {} })
    const fault = vi.spyOn(handlers, 'getRoom').mockImplementation(() => {
      throw new Error('the disk is full')
    })
    onTestFinished(() => fault.mockRestore())
    const answer = await adminCall(server, 'GET', '/room/1')
    expect([answer.status, answer.body]).toEqual([
      500,
      { error: { code: 500, type: 'Internal Server Error', message: 'Internal Server Error' } },
    ])
    expect(answer.headers.get('x-ratelimit-remaining')).toBe('99')
    expect(logged).toMatchObject([{ err: { message: 'the disk is full' }, operation: 'getRoom' }])
  })
})

const words: [name: string, method: string, path: string, more: object, expected: [number, string]][] = [
  ['an unknown room', 'GET', '/room/nowhere', {}, [404, 'Room nowhere not found']],
  ['an unknown user', 'GET', '/user/@nobody', {}, [404, 'User @nobody not found']],
  ['a mention name without its @', 'GET', '/user/alice', {}, [404, 'User alice not found']],
  ['an unknown webhook', 'GET', '/room/1/webhook/9', {}, [404, 'Webhook 9 not found']],
  ['an unknown message', 'GET', '/room/1/history/9', {}, [404, 'Message 9 not found']],
  ['an unknown emoticon', 'GET', '/emoticon/9', {}, [404, 'Emoticon 9 not found']],
  ['an unknown path', 'GET', '/nothing', {}, [404, 'There is no such resource']],
  ['another version', 'GET', '/../v3', {}, [404, 'There is nothing here; the API is below /v2']],
  [
    'a room name that was cut off at its #',
    'PUT',
    '/room/#x/topic',
    {},
    [405, 'This resource takes GET, POST, not PUT'],
  ],
  [
    'an empty body',
    'POST',
    notify,
    { headers: { 'content-type': 'application/json' } },
    [400, 'A JSON body is required, got none'],
  ],
  [
    'a body of another type',
    'PUT',
    '/room/1/topic',
    { body: 'x', headers: { 'content-type': 'text/plain' } },
    [415, 'This call takes application/json, not text/plain'],
  ],
  [
    'a body over a megabyte',
    'POST',
    notify,
    { json: { message: long(1024 * 1024) } },
    [413, 'The body is longer than 1048576 bytes'],
  ],
]

it.each(words)('%s is refused with a message that names it', async (_name, method, path, more, expected) => {
  const server = await startServer()
  expect(refusal(await adminCall(server, method, path, more))).toEqual(expected)
})

describe('the order of checks', () => {
  /** The order of checks: each call breaks two rules, and is refused for the first. */
  async function prepare() {
    const server = await startServer({ limits: { user: 1, api: 2 } })
    const addon = await startAddon()
    declare(addon, { hipchatApiConsumer: { scopes: ['send_notification', 'view_messages'] } })
    const record = await installOverHttp(server, addon, 'Lobby')
    return {
      server,
      room: await accessToken(server, record),
      alice: await server.createToken({ user: 'alice', scopes: ['view_room'] }),
    }
  }

  const refused = async (
    server: HipChatServer,
    method: string,
    path: string,
    token?: string,
    json?: object,
  ) => (await call(server, method, path, { ...(token ? { token } : {}), ...(json ? { json } : {}) })).status

  it('is path and method, token, kind of token, scope, limits, own room, body, room', async () => {
    const { server, room, alice } = await prepare()
    expect(await refused(server, 'PATCH', '/room/1')).toBe(405) // before the token
    expect(await refused(server, 'GET', '/room/nowhere')).toBe(401) // before the room
    // before the scope: this kind of token may never send messages
    const kind = await call(server, 'POST', '/room/1/message', { token: room, json: {} })
    expect(refusal(kind)).toEqual([403, expect.stringContaining('cannot be called with a room installation')])
    const scope = await call(server, 'POST', '/room', { token: alice, json: {} })
    expect(refusal(scope)).toEqual([403, expect.stringContaining('one of the following scopes')]) // before the body
  })

  it('has the scope before the limit, and the limit before everything else', async () => {
    const { server, room, alice } = await prepare()
    expect(await refused(server, 'GET', '/room/1', alice)).toBe(200)
    const used = await call(server, 'GET', '/room/nowhere', { token: alice })
    expect([used.status, used.headers.get('x-ratelimit-remaining')]).toEqual([429, '0'])
    const scope = await call(server, 'POST', '/room', { token: alice, json: {} })
    expect([scope.status, scope.headers.get('x-ratelimit-remaining')]).toEqual([403, '0'])
    for (const status of [403, 403, 429])
      expect(await refused(server, 'POST', '/room/2/notification', room, {})).toBe(status)
  })

  it('has the own room before the body, and the body before the room', async () => {
    const server = await startServer()
    const token = await server.createToken({ room: 'Lobby' })
    expect(await refused(server, 'POST', '/room/2/notification', token, {})).toBe(403)
    expect(await refused(server, 'POST', notify, token, {})).toBe(400)
    expect(await refused(server, 'POST', '/room/nowhere/notification', server.adminToken, {})).toBe(400)
    expect(
      await refused(server, 'POST', '/room/nowhere/notification', server.adminToken, { message: 'x' }),
    ).toBe(404)
  })
})

describe('the rate limits', () => {
  const told = (answer: { headers: Headers }) => [
    answer.headers.get('x-ratelimit-limit'),
    /^\d{10}$/.test(answer.headers.get('x-ratelimit-reset') ?? ''),
  ]

  it('are sent with pages, pictures, redirects and refusals of every kind', async () => {
    const server = await startServer({ limits: { api: 500, user: 100 } })
    const avatar = `data:image/png;base64,${Buffer.from('89504e470d0a1a0a', 'hex').toString('base64')}`
    expect((await adminCall(server, 'PUT', '/room/1/avatar', { json: { avatar } })).status).toBe(204)
    const headers = { authorization: `Bearer ${server.adminToken}` }
    const redirect = await fetch(`${server.apiUrl}/room/1/avatar`, { redirect: 'manual', headers })
    expect(redirect.status).toBe(302)
    expect(told(redirect)).toEqual(['100', true])
    const picture = await fetch(redirect.headers.get('location') ?? '')
    expect(picture.headers.get('content-type')).toBe('image/png')
    const others = {
      picture,
      page: await fetch(server.url),
      consent: await fetch(`${server.url}/users/authorize`),
      nothing: await fetch(`${server.url}/nothing`),
      head: await fetch(`${server.apiUrl}/capabilities`, { method: 'HEAD' }),
      options: await fetch(`${server.apiUrl}/room`, { method: 'OPTIONS' }),
      origin: await fetch(`${server.apiUrl}/room`, {
        method: 'POST',
        headers: { origin: 'https://evil.example' },
      }),
      body: await fetch(`${server.apiUrl}/oauth/token`, { method: 'POST', body: 'x' }),
    }
    for (const [name, answer] of Object.entries(others))
      expect([name, ...told(answer)]).toEqual([name, '500', true])
  })

  it('of messages are sent with refusals of calls that send messages', async () => {
    const server = await startServer({ limits: {} })
    const narrow = await server.createToken({ user: 'alice', scopes: ['view_room'] })
    const left = ({ headers }: { headers: Headers }) => [
      headers.get('x-floodcontrol-limit'),
      headers.get('x-floodcontrol-remaining'),
    ]
    const scope = await call(server, 'POST', notify, { token: narrow, json: { message: 'x' } })
    expect([scope.status, ...left(scope)]).toEqual([403, '30', '30'])
    const body = await adminCall(server, 'POST', notify, { json: {} })
    expect([body.status, ...left(body)]).toEqual([400, '30', '29'])
  })

  it('are not used up by requests for pages', async () => {
    const server = await startServer({ limits: { api: 2 } })
    for (let index = 0; index < 4; index += 1) expect((await fetch(server.url)).status).toBe(200)
    expect((await call(server, 'GET', '/capabilities')).headers.get('x-ratelimit-remaining')).toBe('1')
  })
})
