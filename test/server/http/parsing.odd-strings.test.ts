import { describe, expect, test } from 'vitest'
import {
  accessToken,
  adminCall,
  call,
  declare,
  hook,
  installOverHttp,
  refusal,
  startAddon,
  startServer,
} from '../support.ts'

const half = '\ud83d'

/** Every place in a body that takes a string. */
const bodies: [method: string, path: string, body: object, field: string][] = [
  ['POST', '/room/1/notification', { message: half }, 'message'],
  ['POST', '/room/1/notification', { message: 'x', from: `a${half}b` }, 'from'],
  ['POST', '/room/1/notification', { message: 'x', attach_to: '\udfff' }, 'attach_to'],
  [
    'POST',
    '/room/1/notification',
    { message: 'x', card: { style: 'link', id: 'c', title: `${half}${half}` } },
    'card.title',
  ],
  [
    'POST',
    '/room/1/notification',
    { message: 'x', card: { style: 'link', id: 'c', title: 't', metadata: { a: [{ b: half }] } } },
    'card.metadata.a.0.b',
  ],
  [
    'POST',
    '/room/1/notification',
    { message: 'x', card: { style: 'link', id: 'c', title: 't', metadata: { [half]: 1 } } },
    'card.metadata',
  ],
  ['POST', '/room/1/message', { message: half }, 'message'],
  ['PUT', '/room/1/topic', { topic: half }, 'topic'],
  ['POST', '/room', { name: half }, 'name'],
  ['POST', '/room', { name: 'A', owner_user_id: `@${half}` }, 'owner_user_id'],
  ['PUT', '/room/1', { name: half }, 'name'],
  ['POST', '/user', { name: half, email: 'x@example.com', password: 'a long pass phrase' }, 'name'],
  ['POST', '/user', { name: 'X', email: `${half}@example.com`, password: 'a long pass phrase' }, 'email'],
  ['PUT', '/user/@alice', { mention_name: half }, 'mention_name'],
  ['PUT', '/user/@alice', { title: half }, 'title'],
  ['PUT', '/user/@alice', { timezone: half }, 'timezone'],
  ['POST', '/user/@alice/message', { message: half }, 'message'],
  ['POST', '/room/1/share/link', { link: `https://a.example/${half}` }, 'link'],
  ['POST', '/room/1/webhook', { url: 'https://a.example/', event: 'room_message', pattern: half }, 'pattern'],
  ['POST', '/room/1/webhook', { url: 'https://a.example/', event: 'room_message', key: half }, 'key'],
  ['POST', '/room/1/webhook', { url: `https://a.example/${half}`, event: 'room_message' }, 'url'],
  ['POST', '/addon', { url: `https://a.example/${half}` }, 'url'],
  ['POST', '/invite/user', { name: 'X', email: `x@${half}.example` }, 'email'],
]

describe('half of a surrogate pair', () => {
  test.each(bodies)('in %s %s with %j is refused by name', async (method, path, json, field) => {
    const server = await startServer()
    const answer = await adminCall(server, method, path, { json })
    expect([...refusal(answer), answer.body.error?.field]).toEqual([
      400,
      `${field} holds half of a surrogate pair, expected whole characters`,
      field,
    ])
  })

  test('in a descriptor is refused', async () => {
    const server = await startServer()
    const addon = await startAddon()
    addon.descriptor = { ...addon.descriptor, description: half }
    expect(
      refusal(await adminCall(server, 'POST', '/addon', { json: { url: `${addon.url}/descriptor` } })),
    ).toEqual([400, 'description holds half of a surrogate pair, expected whole characters'])
  })

  test('in the answer of a webhook is not posted, and the delivery record has the reason', async () => {
    const server = await startServer()
    const addon = await startAddon()
    declare(addon, { webhook: hook(addon) })
    await installOverHttp(server, addon, 'Lobby')
    addon.respond = () => ({ headers: { 'content-type': 'application/json' }, body: '{"message":"\\ud83d"}' })
    await server.say('Lobby', 'alice', 'hi')
    await server.idle()
    expect(server.deliveries()).toMatchObject([
      { replied: false, notPosted: 'message holds half of a surrogate pair, expected whole characters' },
    ])
  })

  test('that completes a pair is a character', async () => {
    const server = await startServer()
    const body = '{"message": "\\ud83d\\ude00"}'
    const headers = { 'content-type': 'application/json' }
    expect((await adminCall(server, 'POST', '/room/1/notification', { body, headers })).status).toBe(204)
    expect(server.history('Lobby')).toMatchObject([{ message: '😀' }])
  })
})

// What percent-encoding can bring: bytes that are no UTF-8, an encoded half, NUL, and more than a key of LMDB holds.
const encoded = ['%ED%A0%BD', '%FF', '%00', 'a%00b', 'x'.repeat(3000), `%F0%9F%98%80`.repeat(200)]

describe('an odd string in an address', () => {
  test.each([
    ['GET', '/room/X'],
    ['GET', '/room/X/history'],
    ['GET', '/room/1/history/X'],
    ['GET', '/room/1/history/latest?not-before=X'],
    ['GET', '/room/1/history?timezone=X'],
    ['GET', '/room/1/history?date=X'],
    ['GET', '/room?expand=X'],
    ['PUT', '/room/Back%20office/member/X'],
    ['GET', '/user/X'],
    ['GET', '/user/X/history'],
    ['GET', '/user/@X'],
    ['DELETE', '/user/X'],
    ['GET', '/room/1/webhook/X'],
    ['DELETE', '/room/1/webhook/X'],
    ['GET', '/emoticon/X'],
    ['GET', '/oauth/token/X'],
    ['DELETE', '/addon/X/installable/X'],
    ['GET', '/addon/key/installable/X'],
    ['GET', '/group/X'],
    ['GET', '/session?max-results=X'],
  ])('is refused or ignored in %s %s', async (method, path) => {
    const server = await startServer()
    for (const text of encoded) {
      const answer = await adminCall(server, method, path.replaceAll('X', text))
      expect(answer.status, text.slice(0, 20)).toBeLessThan(500)
    }
  })

  test.each(['/room/1/extension/webhook/X', '/extension/webhook/X'])(
    'is refused, or a key, in PUT, GET and DELETE %s',
    async (path) => {
      const server = await startServer()
      const addon = await startAddon()
      declare(addon, { hipchatApiConsumer: { scopes: ['admin_room', 'admin_group'] } })
      const token = await accessToken(server, await installOverHttp(server, addon))
      const json = { url: `${addon.url}/hook`, event: 'room_message' }
      for (const text of encoded)
        for (const method of ['PUT', 'GET', 'DELETE']) {
          const answer = await call(server, method, path.replace('X', text), {
            token,
            ...(method === 'PUT' ? { json } : {}),
          })
          expect(answer.status, `${method} ${text.slice(0, 20)}`).toBeLessThan(500)
        }
    },
  )
})

/** What percent signs encode that is not UTF-8: a byte of no character, half a surrogate pair, a character cut off, an overlong one. */
const notUtf8 = ['%FF', '%ED%A0%BD', 'a%E0%A4', '%C0%AF', 'caf%E9']

describe('an encoding that is not UTF-8', () => {
  const form = { 'content-type': 'application/x-www-form-urlencoded' }

  test.each([
    ['in a form', 'POST', '/room/1/notification', 'color=red&message=X', 'message'],
    ['in any field of a form', 'POST', '/room/1/notification', 'message=x&from=X', 'from'],
    [
      'in the form of a token',
      'POST',
      '/oauth/token',
      'grant_type=password&username=X&password=x',
      'username',
    ],
    ['in a query', 'GET', '/room?expand=X', undefined, 'expand'],
    ['in the query of the consent page', 'GET', '//users/authorize?state=X', undefined, 'state'],
    ['in a path', 'GET', '/room/X', undefined, 'id_or_name'],
    ['in a path, further on', 'GET', '/room/1/history/X', undefined, 'message_id'],
    ['in the address of a person', 'GET', '/user/X', undefined, 'id_or_email'],
  ])('is refused with the field: %s', async (_, method, path, body, field) => {
    const server = await startServer()
    for (const text of notUtf8) {
      const target = path.startsWith('//')
        ? `${server.url}${path.slice(1).replace('X', text)}`
        : path.replace('X', text)
      const sent = body === undefined ? {} : { body: body.replace('X', text), headers: form }
      const answer = await adminCall(server, method, target, sent)
      expect([...refusal(answer), answer.body.error?.field]).toEqual([
        400,
        `${field} is not valid UTF-8`,
        field,
      ])
    }
    expect(server.history('Lobby')).toEqual([])
  })

  test('is refused when only the name of a field has it', async () => {
    const server = await startServer()
    const answer = await adminCall(server, 'POST', '/room/1/notification', { body: '%FF=x', headers: form })
    expect([...refusal(answer), answer.body.error?.field]).toEqual([
      400,
      'A field is not valid UTF-8',
      undefined,
    ])
  })

  test('finds nothing where an address has no parameter', async () => {
    const server = await startServer()
    for (const path of ['%FF', 'room/1/%FF', '%FF/1'])
      expect(refusal(await adminCall(server, 'GET', `/${path}`))).toEqual([404, 'There is no such resource'])
    for (const path of ['/files/%FF', `/files/${'x'.repeat(40)}/%FF`, '/%FF', '/admin/%FF', '/page/%FF'])
      expect((await fetch(server.url + path)).status, path).toBe(404)
  })

  test('is decoded when it is UTF-8, and an invalid percent sign in a form stays', async () => {
    const server = await startServer()
    await adminCall(server, 'POST', '/room/1/notification', {
      body: 'message=%F0%9F%98%80+%C3%A9+100%+%zz',
      headers: form,
    })
    expect(server.history('Lobby')).toMatchObject([{ message: '😀 é 100% %zz' }])
  })

  test('in a part of a body is refused with the name of the part', async () => {
    const server = await startServer()
    const body = Buffer.concat([
      Buffer.from('--b\r\nContent-Disposition: form-data; name="metadata"\r\n\r\n{"message": "'),
      Buffer.of(0xff),
      Buffer.from(
        '"}\r\n--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nx\r\n--b--\r\n',
      ),
    ])
    const headers = { 'content-type': 'multipart/related; boundary=b' }
    const answer = await adminCall(server, 'POST', '/room/1/share/file', { body, headers })
    expect([...refusal(answer), answer.body.error?.field]).toEqual([
      400,
      'The part metadata is not valid UTF-8',
      'metadata',
    ])
  })

  test('in the name of a file is read as ISO-8859-1', async () => {
    const server = await startServer()
    const body = Buffer.from(
      '--b\r\nContent-Disposition: form-data; name="file"; filename="caf\xe9.txt"\r\n\r\nx\r\n--b--\r\n',
      'latin1',
    )
    const headers = { 'content-type': 'multipart/related; boundary=b' }
    expect((await adminCall(server, 'POST', '/room/1/share/file', { body, headers })).status).toBe(204)
    expect(server.history('Lobby')).toMatchObject([{ file: { name: 'café.txt' } }])
  })
})

describe('a byte order mark', () => {
  const mark = '\uFEFF'
  const headers = { 'content-type': 'application/json' }

  test('alone is an empty body', async () => {
    const server = await startServer()
    expect(refusal(await adminCall(server, 'POST', '/room/1/notification', { body: mark, headers }))).toEqual(
      [400, 'A JSON body is required, got none'],
    )
  })

  test.each([
    ['JSON', 'application/json', `${mark}{"message": "a"}`],
    ['JSON in a form', 'application/x-www-form-urlencoded', `${mark}{"message": "a"}`],
    ['a form', 'application/x-www-form-urlencoded', `${mark}message=a`],
  ])('before %s is ignored', async (_, type, body) => {
    const server = await startServer()
    const answer = await adminCall(server, 'POST', '/room/1/notification', {
      body,
      headers: { 'content-type': type },
    })
    expect(answer.status).toBe(204)
    expect(server.history('Lobby')).toMatchObject([{ message: 'a' }])
  })
})

describe('NUL in a body', () => {
  test.each(bodies)('causes no server error in %s %s with %j', async (method, path, json) => {
    const server = await startServer()
    const nul = JSON.parse(JSON.stringify(json).replace(/\\ud83d|\\udfff/g, '\\u0000')) as object
    expect((await adminCall(server, method, path, { json: nul })).status).toBeLessThan(500)
    expect((await adminCall(server, 'GET', '/room?include-private=true&expand=items')).status).toBe(200)
    expect((await adminCall(server, 'GET', '/user?expand=items')).status).toBe(200)
  })
})
