import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import {
  accessToken,
  adminCall,
  call,
  declare,
  hook,
  inline,
  installOverHttp,
  type Reply,
  refusal,
  startAddon,
  startServer,
} from '../support.ts'

/** A room whose messages are delivered to an add-on, and the outcome of its answer. */
async function answering(scopes: readonly string[] = ['send_notification']) {
  const server = await startServer()
  const addon = await startAddon()
  declare(addon, { hipchatApiConsumer: { scopes }, webhook: hook(addon) })
  await installOverHttp(server, addon, 'Lobby')
  return {
    server,
    addon,
    async outcome(reply: Reply) {
      addon.respond = () => reply
      await server.say('Lobby', 'alice', 'hi')
      await server.idle()
      addon.respond = () => undefined
      const posted = server.history('Lobby').filter(({ type }) => type === 'notification')
      const listed = (await adminCall(server, 'GET', `${new URL(server.url).origin}/admin/deliveries`)).body
        .items
      return { posted, record: server.deliveries().at(-1), listed: listed[0] }
    },
  }
}

const json = 'application/json'
const typed = (type: string | undefined, body: string | Buffer): Reply => ({
  headers: type === undefined ? {} : { 'content-type': type },
  body,
})
const folded = (encoding: string, body: string | Buffer): Reply => ({
  headers: { 'content-type': json, 'content-encoding': encoding },
  body,
})

const folds: readonly [encoding: string, fold: (text: string) => Buffer][] = [
  ['gzip', gzipSync],
  ['X-GZIP', gzipSync],
  ['deflate', deflateSync],
  ['deflate', deflateRawSync],
  ['br', brotliCompressSync],
  ['identity', (text) => Buffer.from(text)],
]

describe('an answer that is not posted', () => {
  test.each<[string, Reply, string]>([
    ['a text', typed('text/plain', 'OK'), 'expected the content type application/json, got text/plain'],
    ['a page', typed('text/html', '<p>'), 'expected the content type application/json, got text/html'],
    [
      'without a content type',
      typed(undefined, '{"message":"x"}'),
      'expected the content type application/json, got none',
    ],
    ['empty JSON', typed(json, ''), 'the body is empty'],
    [
      'a colour in capitals',
      inline({ message: 'x', color: 'RED' }),
      'color must be one of yellow, green, red, purple, gray, random',
    ],
    [
      'an unknown format',
      inline({ message: 'x', message_format: 'md' }),
      'message_format must be one of html, text',
    ],
    ['too long', inline({ message: 'x'.repeat(10_001) }), 'message must NOT have more than 10000 characters'],
    [
      'too large',
      inline({ message: 'x', padding: 'x'.repeat(70_000) }),
      'the body is longer than 65536 bytes',
    ],
    [
      'broken JSON',
      typed(json, '{"message": "x",}'),
      'The body is not valid JSON at line 1, column 17: expected',
    ],
    ['of another charset', typed(`${json}; charset=latin1`, '{"message":"x"}'), 'expected the charset utf-8'],
    ['a list', inline([{ message: 'x' }]), 'The body must be an object'],
    ['without a message', inline({ text: 'x' }), 'message is missing'],
    ['an empty message', inline({ message: '' }), 'message must NOT have fewer than 1 characters'],
    ['a message of another type', inline({ message: 5 }), 'message must be string, not number'],
    [
      'a notify of another type',
      inline({ message: 'x', notify: 'loud' }),
      'notify must be boolean, not string',
    ],
    ['of another charset, in quotes', typed(`${json};charset="utf-16"`, '{}'), 'expected the charset utf-8'],
    [
      'bytes that are not UTF-8',
      typed(json, Buffer.from('{"message":"caf\xe9"}', 'latin1')),
      'the body could not be read: it is not UTF-8',
    ],
    [
      'a form with bytes that are not UTF-8',
      typed('application/x-www-form-urlencoded', 'message=%FF'),
      'message is not valid UTF-8',
    ],
    [
      'a type that only begins like JSON',
      typed('application/jsonp', '{"message":"x"}'),
      'expected the content type',
    ],
    ['a lone byte order mark', typed(json, '\uFEFF'), 'the body is empty'],
    ['an unknown encoding', folded('zstd', '{"message":"x"}'), 'got "zstd"'],
    ['two encodings', folded('gzip, br', '{"message":"x"}'), 'got "gzip, br"'],
    ['not what its encoding says', folded('gzip', '{"message":"x"}'), 'the body is not valid gzip'],
    [
      'cut off',
      folded('br', brotliCompressSync('{"message":"x"}').subarray(0, 8)),
      'the body is not valid br',
    ],
    [
      'more than it may unfold to',
      folded('gzip', gzipSync(Buffer.alloc(10_000_000, ' '))),
      'the body is longer than 65536 bytes',
    ],
    ['folded up nothing', folded('gzip', gzipSync('')), 'the body is empty'],
    ['a card that is not one', inline({ message: 'x', card: { style: 'link' } }), 'card.id is missing'],
  ])('has the reason in the delivery record: %s', async (_, reply, reason) => {
    const { outcome } = await answering()
    const { posted, record, listed } = await outcome(reply)
    expect(posted).toEqual([])
    expect(record).toMatchObject({ status: 200, replied: false, notPosted: expect.stringContaining(reason) })
    expect(record?.error).toBeUndefined()
    expect(listed).toMatchObject({ error: null, replied: false, notPosted: record?.notPosted })
  })

  test('has the reason in the log, too', async () => {
    const lines: object[] = []
    const note = (first: unknown) => void lines.push(Object(first))
    const server = await startServer({ log: { info: note, warn: note, error: note } })
    const addon = await startAddon()
    declare(addon, { webhook: hook(addon) })
    await installOverHttp(server, addon, 'Lobby')
    addon.respond = () => typed('text/plain', 'OK')
    await server.say('Lobby', 'alice', 'hi')
    await server.idle()
    expect(lines).toContainEqual(
      expect.objectContaining({
        event: 'room_message',
        status: 200,
        notPosted: 'expected the content type application/json, got text/plain',
      }),
    )
  })

  test('names the missing scope', async () => {
    const { outcome } = await answering(['view_room'])
    const { record } = await outcome(inline({ message: 'x' }))
    expect(record?.notPosted).toBe('the installation does not have the scope send_notification')
  })

  test('names the webhook of a user as the reason', async () => {
    const server = await startServer()
    const addon = await startAddon()
    await adminCall(server, 'POST', '/room/1/webhook', {
      json: { url: `${addon.url}/hook`, event: 'room_message' },
    })
    addon.respond = () => inline({ message: 'x' })
    await server.say('Lobby', 'alice', 'hi')
    await server.idle()
    expect(server.deliveries()).toMatchObject([{ notPosted: "a user's webhook cannot answer" }])
  })

  test('names an action of the add-on itself as the reason', async () => {
    const server = await startServer()
    const addon = await startAddon()
    declare(addon, { webhook: hook(addon, { event: 'room_notification' }) })
    const record = await installOverHttp(server, addon, 'Lobby')
    addon.respond = () => inline({ message: 'again' })
    const token = await accessToken(server, record)
    await call(server, 'POST', '/room/Lobby/notification', { token, json: { message: 'x' } })
    await server.idle()
    expect(server.deliveries()).toMatchObject([{ notPosted: 'it answers an action of the add-on itself' }])
  })

  test.each<[string, Reply]>([
    ['nothing', { status: 204 }],
    ['an empty text', typed('text/plain', '')],
    ['nothing of any type', typed(undefined, '')],
    ['nothing, said to be compressed', { headers: { 'content-encoding': 'gzip' }, body: '' }],
    ['a text that is a lone byte order mark', typed('text/plain', '\uFEFF')],
  ])('has no reason for %s', async (_, reply) => {
    const { outcome } = await answering()
    const { record, listed } = await outcome(reply)
    expect(record).not.toHaveProperty('notPosted')
    expect(listed).not.toHaveProperty('notPosted')
  })

  test('with an error status has the status as the reason', async () => {
    const { outcome } = await answering()
    const { record } = await outcome({ ...inline({ message: 'x' }), status: 500 })
    expect(record).toMatchObject({ error: 'answered 500' })
    expect(record).not.toHaveProperty('notPosted')
  })
})

test('a compressed answer is kept decompressed in the record', async () => {
  const { outcome } = await answering()
  const { record } = await outcome(folded('gzip', gzipSync('{"message":"é"}')))
  expect(record?.response?.body).toBe('{"message":"é"}')
})

describe('an answer is read like the body of the call', () => {
  test.each<[string, Reply, object]>([
    ['a boolean as text', inline({ message: 'x', notify: 'false' }), { message: 'x' }],
    ['a null card', inline({ message: 'x', card: null }), { message: 'x' }],
    ['unknown members', inline({ message: 'x', colour: 'red' }), { color: 'yellow' }],
    ['JSON of another name', typed('application/vnd.x+json', '{"message":"x"}'), { message: 'x' }],
    ...[
      'text/json',
      'application/problem+json',
      'model/vnd.x.v1+json',
      'APPLICATION/JSON',
      'Text/JSON; Charset="UTF-8"',
      'application/json;charset=utf8',
      "application/json; charset='utf-8'",
      ' application/x-json ; charset=US-ASCII',
    ].map((type): [string, Reply, object] => [type, typed(type, '{"message":"é"}'), { message: 'é' }]),
    ...folds.map(([encoding, fold]): [string, Reply, object] => [
      `the encoding ${encoding}`,
      folded(encoding, fold('{"message":"é"}')),
      { message: 'é' },
    ]),
    [
      'a form',
      typed('application/x-www-form-urlencoded', 'message=a+b&color=red&notify=1'),
      { message: 'a b', color: 'red' },
    ],
    [
      'JSON that is said to be a form',
      typed('application/x-www-form-urlencoded', '{"message":"x"}'),
      { message: 'x' },
    ],
    ['JSON behind a byte order mark', typed(json, '\uFEFF{"message":"x"}'), { message: 'x' }],
  ])('when it has %s', async (_, reply, expected) => {
    const { outcome } = await answering()
    const { posted, record } = await outcome(reply)
    expect(posted).toMatchObject([expected])
    expect(record).toMatchObject({ replied: true })
    expect(record).not.toHaveProperty('notPosted')
  })
})

const callWith = (server: Awaited<ReturnType<typeof startServer>>, type: string | undefined, body: string) =>
  fetch(`${server.apiUrl}/room/Lobby/notification`, {
    method: 'POST',
    headers: { authorization: `Bearer ${server.adminToken}`, ...(type ? { 'content-type': type } : {}) },
    body: Buffer.from(body), // a text would get a content type of its own
  })

describe('a body that looks like JSON', () => {
  test.each([
    'application/x-www-form-urlencoded',
    'text/plain',
    'text/plain;charset=UTF-8',
    'application/octet-stream',
    undefined,
  ])('is accepted although it was sent as %s', async (type) => {
    const server = await startServer()
    expect((await callWith(server, type, '{"message": "a=b&c"}')).status).toBe(204)
    expect(server.history('Lobby')).toMatchObject([{ message: 'a=b&c' }])
  })

  const remedy =
    'it was sent as application/x-www-form-urlencoded and looks like JSON: send it with Content-Type: application/json'

  test.each([
    ['{"message": "x"', 'line 1, column 16: expected a comma, or }, got the end'],
    ["{'message':'a'}", "line 1, column 2: expected the name of a member in double quotes, or }, got '"],
    ['{message: a}', 'line 1, column 2: expected the name of a member in double quotes, or }, got m'],
    ["'{message:a}'", "line 1, column 1: expected a value, got '"],
    ['{', 'line 1, column 2: expected the name of a member in double quotes, or }, got the end'],
    ['[..]', 'line 1, column 2: expected a value, got .'],
    ['\uFEFF\n {\n"message": x', 'line 3, column 12: expected a value, got x'],
  ])(
    'that is broken, %j, is refused with the position, the content type, and the remedy',
    async (body, place) => {
      const server = await startServer()
      const form = 'application/x-www-form-urlencoded'
      const headers = { 'content-type': form }
      const message = `The body is not valid JSON at ${place}; ${remedy}`
      const answer = await callWith(server, form, body)
      expect([
        answer.status,
        ((await answer.json()) as { error: { message: string } }).error.message,
      ]).toEqual([400, message])
      expect(refusal(await adminCall(server, 'PUT', '/room/1/topic', { body, headers }))).toEqual([
        400,
        message,
      ])
      expect(refusal(await call(server, 'POST', '/oauth/token', { body, headers }))).toEqual([400, message])
    },
  )

  test('that is a list in a form is refused with the expected type', async () => {
    const server = await startServer()
    const answer = await callWith(server, 'application/x-www-form-urlencoded', '[{"message": "x"}]')
    expect([answer.status, await answer.json()]).toMatchObject([
      400,
      { error: { message: 'The body must be an object' } },
    ])
  })

  test('is accepted by the token endpoint, and by calls that take JSON alone', async () => {
    const server = await startServer()
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const topic = await adminCall(server, 'PUT', '/room/1/topic', { body: '{"topic": "Up"}', headers })
    expect(topic.status).toBe(204)
    const refused = await call(server, 'POST', '/oauth/token', {
      body: '{"grant_type": "client_credentials"}',
      headers,
    })
    expect(refused.status).toBe(401) // the body was read; the credentials are missing
  })

  test('stays a string where a call accepts text', async () => {
    const server = await startServer()
    const body = '{"message": "x"}'
    await adminCall(server, 'POST', '/user/@alice/message', {
      body,
      headers: { 'content-type': 'text/plain' },
    })
    const { items } = (await adminCall(server, 'GET', '/user/@alice/history')).body
    expect(items).toMatchObject([{ message: body }])
  })
})
