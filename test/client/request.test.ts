import nock from 'nock'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { OperationId } from '../../src/api/operations/index.ts'
import type { CallParameters, CallRecord } from '../../src/client/request.ts'
import { html } from '../../src/common/html.ts'
import { apiUrl, caller, failure, hipchat, host, room17, shown, useNock } from './support.ts'

useNock()
beforeEach(() => {
  vi.spyOn(Math, 'random').mockReturnValue(0) // the shortest pauses between attempts
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

const notification = '/room/17/notification'

const hello = { id_or_name: 17, message: 'Hello' }

describe('the address of a call', () => {
  it.each([
    ['#general', '%23general'],
    ['a/b', 'a%2Fb'],
    ['Team Room', 'Team%20Room'],
    ['a,b', 'a%2Cb'],
    ['Zürich 😀', 'Z%C3%BCrich%20%F0%9F%98%80'],
    ['../user', '..%2Fuser'],
    ['...', '...'],
    ['?x=1&y', '%3Fx%3D1%26y'],
    ['100%', '100%25'],
    ['{id_or_name}', '%7Bid_or_name%7D'],
    [17, '17'],
  ])('contains %j as one segment', async (id_or_name, segment) => {
    let path = ''
    nock(host)
      .get(/.*/)
      .reply(200, (uri) => {
        path = uri
        return room17
      })
    await caller()('getRoom', { id_or_name })
    expect(path).toBe(`/v2/room/${segment}`)
  })

  it.each(['.', '..', 'a\ud800'])(
    'is refused with %j, instead of being sent to another address',
    async (id_or_name) => {
      const elsewhere = nock(host).get(/.*/).reply(200, room17)
      expect(await failure(caller()('getRoom', { id_or_name }))).toMatchObject({
        code: 'ERR_CONFIGURATION',
        message: `getRoom: id_or_name is ${JSON.stringify(id_or_name)}, which an address cannot contain; use the id`,
      })
      expect(elsewhere.isDone()).toBe(false)
    },
  )

  it.each([
    [undefined, 'undefined'],
    [null, 'null'],
    ['', 'string'],
    [Number.NaN, 'number'],
    [1.5, 'number'],
    [{}, 'object'],
    [[17], 'array'],
  ])('is refused with %j, which is not an id or a name', async (id_or_name, got) => {
    expect(await failure(caller()('getRoom', { id_or_name }))).toMatchObject({
      code: 'ERR_CONFIGURATION',
      message: `getRoom: expected id_or_name to be an id or a name, got ${got}`,
    })
  })

  it('starts with the address of the API, with or without a slash at its end', async () => {
    for (const base of ['https://chat.example.net/v2', apiUrl]) {
      const server = hipchat().get('/room/17').reply(200, room17)
      expect(await caller({ apiUrl: base })('getRoom', { id_or_name: 17 })).toEqual(room17)
      expect(server.isDone()).toBe(true)
    }
  })

  it('contains the encoded query', async () => {
    let query = ''
    hipchat()
      .get(/^\/v2\/room\/17\/history/)
      .reply(200, (uri) => {
        query = uri.slice(uri.indexOf('?'))
        return { items: [] }
      })
    await caller()('getRoomHistory', {
      id_or_name: 17,
      date: '2016-05-26T10:00:00+02:00',
      reverse: false,
      expand: 'a&b=c #',
      timezone: undefined,
    })
    expect(query).toBe('?date=2016-05-26T10%3A00%3A00%2B02%3A00&reverse=false&expand=a%26b%3Dc+%23')
  })

  it('on a host that is no longer allowed fails with a ConfigurationError', async () => {
    const elsewhere = nock('https://evil.example.org').get('/v2/room/17').reply(200, room17)
    const call = caller({ apiUrl: 'https://evil.example.org/v2/' })
    expect(await failure(call('getRoom', { id_or_name: 17 }))).toMatchObject({
      code: 'ERR_CONFIGURATION',
      message: 'getRoom: host evil.example.org is not among the allowed hosts; nothing was sent',
    })
    expect(elsewhere.isDone()).toBe(false)
  })
})

describe('a parameter of a call', () => {
  it('is sent as JSON with the token', async () => {
    const server = hipchat()
      .post(notification, { message: 'Hello', notify: true })
      .matchHeader('authorization', 'Bearer T1')
      .matchHeader('content-type', 'application/json')
      .reply(204)
    const given = { ...hello, notify: true, color: undefined }
    expect(await caller()('sendRoomNotification', given)).toBeUndefined()
    expect(server.isDone()).toBe(true)
  })

  it('may be HTML if it is a message', async () => {
    const server = hipchat().post(notification, { message: '<b>&lt;i&gt;</b>' }).reply(204)
    await caller()('sendRoomNotification', { id_or_name: 17, message: html`<b>${'<i>'}</b>` })
    expect(server.isDone()).toBe(true)
  })

  it('is refused by name when the operation does not have it', async () => {
    const server = hipchat().post(notification).reply(204)
    expect(await failure(caller()('sendRoomNotification', { ...hello, colour: 'red' }))).toMatchObject({
      code: 'ERR_CONFIGURATION',
      message:
        'sendRoomNotification: colour is not a known parameter; expected one of id_or_name, message, from, message_format, color, notify, attach_to, card',
    })
    expect(server.isDone()).toBe(false)
  })

  it.each<[object, string]>([
    [{ message: undefined }, 'message is missing'],
    [{ message: '' }, 'message must NOT have fewer than 1 characters, got 0'],
    [{ message: 'x'.repeat(10_001) }, 'message must NOT have more than 10000 characters, got 10001'],
    [{ message: 5 }, 'message must be string, not number'],
    [{ color: 'blue' }, 'color must be one of yellow, green, red, purple, gray, random'],
    [{ notify: 'true' }, 'notify must be boolean, not string'],
    [{ card: { style: 'link', id: '1' } }, 'card.title is missing'],
    [
      { card: { style: 'link', id: '1', title: 'A', thumbnail: { url: 'x', width: '5' } } },
      'card.thumbnail.width must be number, not string',
    ],
  ])('is refused when HipChat would refuse it: %j', async (wrong, why) => {
    const server = hipchat().post(notification).reply(204)
    expect(await failure(caller()('sendRoomNotification', { ...hello, ...wrong }))).toMatchObject({
      code: 'ERR_CONFIGURATION',
      message: `sendRoomNotification: ${why}; nothing was sent`,
    })
    expect(server.isDone()).toBe(false)
  })

  it.each<[object, string]>([
    [{ 'max-results': 1001 }, 'max-results must be <= 1000'],
    [{ 'max-results': '50' }, 'max-results must be integer, not string'],
    [{ 'start-index': -1 }, 'start-index must be >= 0'],
    [{ expand: null }, 'expand must be string, not null'],
  ])('is refused in the query too: %j', async (query, why) => {
    const server = nock(host).get(/.*/).reply(200, { items: [] })
    expect(await failure(caller()('getAllRooms', { ...query }))).toMatchObject({
      code: 'ERR_CONFIGURATION',
      message: `getAllRooms: ${why}; nothing was sent`,
    })
    expect(server.isDone()).toBe(false)
  })
})

describe('a file', () => {
  const content = Buffer.from([0, 1, 2, 13, 10, 255])
  const share = (file: unknown, metadata?: unknown) =>
    caller()('shareFileWithRoom', { id_or_name: 17, file, ...(metadata === undefined ? {} : { metadata }) })

  it('is sent unchanged as a separate part after its message', async () => {
    let sent = ''
    let type = ''
    hipchat()
      .post('/room/17/share/file', (body: string) => {
        sent = Buffer.from(body, 'hex').toString('latin1')
        return true
      })
      .reply(function () {
        type = String(this.req.headers['content-type'])
        return [204]
      })
    await share({ name: 'a "b".bin', type: 'image/png', content }, { message: 'Look' })
    const boundary = /^multipart\/related; boundary="([0-9a-f-]{36})"$/.exec(type)?.[1]
    expect(sent.split('\r\n')).toEqual([
      `--${boundary}`,
      'Content-Type: application/json; charset=UTF-8',
      'Content-Disposition: attachment; name="metadata"',
      '',
      '{"message":"Look"}',
      `--${boundary}`,
      'Content-Type: image/png',
      'Content-Disposition: attachment; name="file"; filename="a \\"b\\".bin"',
      '',
      '\u0000\u0001\u0002',
      '\u00ff',
      `--${boundary}--`,
      '',
    ])
  })

  it.each([
    [{ name: 'a', content: 'text' }, /file\.content must be object, not string/],
    [{ name: 'a', content: {} }, /expected file\.content to be a Buffer or another Uint8Array/],
    [{ name: 'a/b', content }, /file\.name must match pattern/],
    [{ name: 'a\r\nX: y', content }, /file\.name must match pattern/],
    [{ name: 'a', type: 'text/plain\r\nX: y', content }, /file\.type must match pattern/],
    [{ content }, /file\.name is missing/],
  ])('is not sent as %j', async (file, words) => {
    const elsewhere = hipchat().post('/room/17/share/file').reply(204)
    expect(await failure(share(file))).toMatchObject({
      code: 'ERR_CONFIGURATION',
      message: expect.stringMatching(words),
    })
    expect(elsewhere.isDone()).toBe(false)
  })
})

describe('the result of a call', () => {
  it('is the JSON of the operation, with unknown members', async () => {
    const answer = { ...room17, topic: 'Lunch', invented_later: { x: 1 } }
    hipchat().get('/room/17').reply(200, answer)
    expect(await caller()('getRoom', { id_or_name: 17 })).toEqual(answer)
  })

  const m2014 = { id: 'm1', date: '2014-05-01T12:00:00+00:00', from: 'Build', message: 'passed' }

  it.each<[string, unknown, unknown]>([
    ['a history item of 2014, without a type', m2014, m2014],
    ['an unknown type and format', { ...m2014, type: 'poll', message_format: 'md' }, undefined],
    ['null for what is absent', { ...m2014, color: null, type: null, mentions: null, card: null }, m2014],
    ['a mention of nobody', { ...m2014, mentions: [null, {}] }, { ...m2014, mentions: [] }],
    ['an id that is a number', { ...m2014, id: 17 }, { ...m2014, id: '17' }],
    ['neither date nor author', { id: 'm1', date: null, from: null }, { id: 'm1', from: null }],
    ['an author of an unknown form', { ...m2014, from: { type: 'bot' } }, { ...m2014, from: null }],
  ])('is a whole history although one message has %s', async (_, odd, read = odd) => {
    const usual = { ...m2014, type: 'message', color: 'green' }
    hipchat()
      .get('/room/17/history')
      .query(true)
      .reply(200, { items: [usual, odd, null, usual], startIndex: 0, maxResults: 100 })
    const page = await caller()('getRoomHistory', { id_or_name: 17 })
    expect(page).toEqual({ items: [usual, read, usual], startIndex: 0, maxResults: 100 })
  })

  it.each<[string, object, object]>([
    ['null for what is absent', { topic: null, owner: null, created: null }, { owner: null }],
    ['a new kind of privacy', { privacy: 'unlisted' }, { privacy: 'unlisted' }],
    ['lists where objects belong', { links: [], statistics: [], participants: {} }, {}],
  ])('is a room that has %s', async (_, odd, read) => {
    hipchat()
      .get('/room/17')
      .reply(200, { ...room17, ...odd })
    expect(await caller()('getRoom', { id_or_name: 17 })).toEqual({ ...room17, ...read })
  })

  it.each<[OperationId, string, CallParameters]>([
    ['createRoom', '/room', { name: 'Lobby' }],
    ['createRoomWebhook', '/room/17/webhook', { id_or_name: 17, url: 'https://a.b/', event: 'room_enter' }],
    ['createUser', '/user', { name: 'Ada', email: 'ada@example.com' }],
  ])('of %s may be an id and links', async (id, path, parameters) => {
    const made = { id: 18, links: { self: `${apiUrl}${path}/18` } }
    hipchat().post(path).reply(201, made)
    expect(await caller()(id, parameters)).toEqual(made)
  })

  it('says that the call took effect when an answer to a write cannot be read', async () => {
    hipchat().post('/room').reply(201, { links: {} })
    expect(await failure(caller()('createRoom', { name: 'Lobby' }))).toMatchObject({
      code: 'ERR_UNEXPECTED_ANSWER',
      message:
        "createRoom: HipChat's answer is not valid: id is missing; the call took effect, since it was answered 201",
    })
  })

  it.each([
    ['alone', m2014],
    ['as the member `message` of an object', { message: m2014 }],
  ])('is one message of a room, %s', async (_, answer) => {
    hipchat().get('/room/17/history/m1').reply(200, answer)
    expect(await caller()('getRoomMessage', { id_or_name: 17, message_id: 'm1' })).toEqual(m2014)
  })

  it('is reported to the log when a part of it was left out', async () => {
    const records: CallRecord[] = []
    hipchat()
      .get('/room/17')
      .reply(200, { ...room17, links: [] })
    await caller({}, { onCall: (record) => records.push(record) })('getRoom', { id_or_name: 17 })
    expect(records).toMatchObject([{ operation: 'getRoom', ignored: 'links must be object, not array' }])
  })

  it.each<[string, number, string, string]>([
    [
      'another shape',
      200,
      '{"id": "seventeen", "name": "Lobby"}',
      "HipChat's answer is not valid: id must be integer, not string",
    ],
    ['half of it', 200, '{"id": 17}', "HipChat's answer is not valid: name is missing"],
    ['null', 200, 'null', "HipChat's answer is not valid: value must be object, not null"],
    ['a page', 200, '<html>Hi</html>', 'expected JSON, got "<html>Hi</html>"'],
    ['nothing', 200, '', 'expected JSON, got ""'],
    ['a cut answer', 200, '{"id": 17, "na', 'expected JSON, got "{\\"id\\": 17, \\"na"'],
    ['a redirect', 302, '', 'expected status 200, got the redirect 302'],
  ])('is refused when it is %s', async (_, status, body, why) => {
    hipchat().get('/room/17').reply(status, body, { location: 'https://chat.example.net/v2/room/18' })
    const elsewhere = hipchat().get('/room/18').reply(200, room17)
    expect(await failure(caller()('getRoom', { id_or_name: 17 }))).toMatchObject({
      code: 'ERR_UNEXPECTED_ANSWER',
      message: `getRoom: ${why}`,
    })
    expect(elsewhere.isDone()).toBe(false)
  })

  it('names the member of a list that is wrong', async () => {
    hipchat()
      .get('/room')
      .reply(200, { items: [room17, { id: 18 }] })
    expect(await failure(caller()('getAllRooms'))).toMatchObject({
      code: 'ERR_UNEXPECTED_ANSWER',
      message: "getAllRooms: HipChat's answer is not valid: items.1.name is missing",
    })
  })
})

describe('a refusal of HipChat', () => {
  it('has status, operation, reason and field', async () => {
    hipchat()
      .post(notification)
      .reply(400, {
        error: { code: 400, type: 'Bad Request', message: 'Not of type boolean', field: 'notify' },
      })
    expect(await failure(caller()('sendRoomNotification', hello))).toMatchObject({
      code: 'ERR_API',
      status: 400,
      operation: 'sendRoomNotification',
      reason: 'Not of type boolean',
      field: 'notify',
      message: 'sendRoomNotification: HipChat answered 400 for the field notify: Not of type boolean',
    })
  })

  it.each([
    '<html>502 from a proxy</html>',
    '',
    'null',
    '[]',
    '{"error": "invalid_grant"}',
    '{"error": {"message": 5, "field": []}}',
    '{"error": null}',
  ])('may have no explanation: %s', async (body) => {
    hipchat().get('/room/17').reply(404, body)
    expect(await failure(caller()('getRoom', { id_or_name: 17 }))).toMatchObject({
      code: 'ERR_API',
      status: 404,
      field: undefined,
      message: 'getRoom: HipChat answered 404: status 404 without an explanation',
    })
  })

  it('of several kilobytes is cut', async () => {
    hipchat()
      .get('/room/17')
      .reply(400, { error: { message: 'x'.repeat(9_000) } })
    const error = await failure(caller()('getRoom', { id_or_name: 17 }))
    expect(error['code']).toBe('ERR_API')
    expect(error.message.length).toBeLessThan(600)
  })

  it('shows no token', async () => {
    hipchat().get('/room/17').reply(404)
    hipchat().post(notification).replyWithError('reset')
    const call = caller({ token: async () => 'secret-token' })
    expect(shown(await failure(call('getRoom', { id_or_name: 17 })))).not.toContain('secret-token')
    expect(shown(await failure(call('sendRoomNotification', hello)))).not.toContain('secret-token')
  })
})

describe('a call that is not allowed', () => {
  it('is refused without its scope before anything is sent, with the approved scopes in the error', async () => {
    const server = hipchat().get('/room/17').reply(200, room17)
    const token = vi.fn(async () => 'T1')
    const call = caller({ scopes: ['send_notification', 'admin_room'], token })
    expect(await failure(call('getRoom', { id_or_name: 17 }))).toMatchObject({
      code: 'ERR_MISSING_SCOPE',
      needed: ['view_group', 'view_room'],
      granted: ['send_notification', 'admin_room'],
      message:
        'getRoom needs the scope view_group or view_room; installation a1b2 was approved with send_notification, admin_room. Add the scope to the options of createAddon, and update the installation.',
    })
    expect(server.isDone()).toBe(false)
    expect(token).not.toHaveBeenCalled()
  })

  it('is sent when one of its scopes was approved, the scopes are unknown, or none is needed', async () => {
    hipchat().get('/room/17').twice().reply(200, room17)
    await caller({ scopes: ['view_room'] })('getRoom', { id_or_name: 17 })
    await caller({ scopes: undefined })('getRoom', { id_or_name: 17 })
    hipchat().get('/capabilities').reply(404)
    expect((await failure(caller({ scopes: [] })('getCapabilities')))['code']).toBe('ERR_API')
    expect(nock.isDone()).toBe(true)
  })

  it.each([18, '18', '0018'])('is one of a room installation in another room, %j', async (id_or_name) => {
    const server = nock(host).post(/.*/).reply(204)
    const call = caller({ roomId: 17 })
    expect(await failure(call('sendRoomNotification', { ...hello, id_or_name }))).toMatchObject({
      code: 'ERR_ROOM_INSTALLATION',
      message: `sendRoomNotification names room ${id_or_name}, but installation a1b2 is limited to room 17`,
    })
    expect(server.isDone()).toBe(false)
  })

  it('is one of a room installation about the group', async () => {
    const server = nock(host).get(/.*/).reply(200, { items: [] })
    expect(await failure(caller({ roomId: 17 })('getAllRooms'))).toMatchObject({
      code: 'ERR_ROOM_INSTALLATION',
      message:
        'getAllRooms is not allowed for a room installation: installation a1b2 is limited to room 17. Install the add-on for the whole group.',
    })
    expect(server.isDone()).toBe(false)
  })

  it('is not one of a room installation in its own room, which it may name', async () => {
    hipchat().post(notification).twice().reply(204)
    hipchat().post('/room/Lobby/notification').reply(204)
    const call = caller({ roomId: 17 })
    await call('sendRoomNotification', hello)
    await call('sendRoomNotification', { ...hello, id_or_name: '17' })
    await call('sendRoomNotification', { ...hello, id_or_name: 'Lobby' })
    expect(nock.isDone()).toBe(true)
  })
})
