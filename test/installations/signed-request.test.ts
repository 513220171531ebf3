import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { delivered, jwt, sign } from '../support.ts'
import { now, target } from './signed-request.support.ts'

const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

describe('a signed request', () => {
  it('is accepted in the Authorization header, in the historic form, and in the query', async () => {
    const { post, valid, handled, hook, oauthId, roomId } = await target()
    expect((await post(valid())).status).toBe(204)
    expect((await post(undefined, undefined, { authorization: `JWT token=${valid()}` })).status).toBe(204)
    expect((await post(undefined, undefined, { authorization: `jwt ${valid()}` })).status).toBe(204)
    const query = await fetch(`${hook}?name=x&signed_request=${valid()}`, {
      method: 'POST',
      body: JSON.stringify(delivered(oauthId, roomId, 'hello')),
    })
    expect(query.status).toBe(204)
    expect(handled()).toBe(4)
  })

  it('can name the user under the older prn, or no user', async () => {
    const { post, valid, handled } = await target()
    await post(valid({ sub: undefined, prn: '2' }))
    await post(valid({ sub: undefined }))
    expect(handled()).toBe(2)
  })

  it('is accepted if the clocks differ by a minute', async () => {
    const { post, valid, handled } = await target()
    await post(valid({ iat: now() + 50 }))
    await post(valid({ iat: now() - 3600, exp: now() - 50 }))
    expect(handled()).toBe(2)
  })

  it('of a global installation is accepted for any room', async () => {
    const { post, valid, oauthId, handled } = await target(true)
    await post(valid({ context: { room_id: 99 } }), delivered(oauthId, 99, 'hello'))
    expect(handled()).toBe(1)
  })
})

type Target = Awaited<ReturnType<typeof target>>

type Forgery = [name: string, fault: string, token: (target: Target) => string | undefined]

const forgeries: Forgery[] = [
  ['no token', 'none', () => undefined],
  ['an empty token', 'malformed', () => ''],
  ['a string that is not a JWT', 'malformed', () => 'hello'],
  ['a JWT cut short', 'malformed', ({ valid }) => valid().slice(0, 40)],
  [
    'the algorithm none',
    'malformed',
    ({ oauthId }) => `${base64({ alg: 'none' })}.${base64({ iss: oauthId, iat: now(), exp: now() + 60 })}.`,
  ],
  [
    'the algorithm RS256',
    'malformed',
    ({ oauthId, secret }) => jwt({ alg: 'RS256' }, { iss: oauthId, iat: now(), exp: now() + 60 }, secret),
  ],
  [
    'the algorithm HS512, with the right secret',
    'malformed',
    ({ oauthId, secret }) =>
      jwt({ alg: 'HS512' }, { iss: oauthId, iat: now(), exp: now() + 60 }, secret, 'sha512'),
  ],
  [
    'HS256 in the header, signed with SHA-512',
    'wrong signature',
    ({ oauthId, secret }) =>
      jwt({ alg: 'HS256' }, { iss: oauthId, iat: now(), exp: now() + 60 }, secret, 'sha512'),
  ],
  ['another secret', 'wrong signature', ({ oauthId }) => sign(oauthId, 'guessed')],
  [
    'an empty secret',
    'wrong signature',
    ({ oauthId }) => jwt({ alg: 'HS256' }, { iss: oauthId, iat: now(), exp: now() + 60 }, ''),
  ],
  [
    'claims changed after signing',
    'wrong signature',
    ({ valid, oauthId }) =>
      [
        valid().split('.')[0],
        base64({ iss: oauthId, iat: now(), exp: now() + 9999 }),
        valid().split('.')[2],
      ].join('.'),
  ],
  ['no issuer', 'malformed', ({ valid }) => valid({ iss: undefined })],
  ['an unknown issuer', 'unknown issuer', ({ valid }) => valid({ iss: 'somebody' })],
  [
    'an issuer that is an object',
    'malformed',
    ({ oauthId, secret }) =>
      jwt({ alg: 'HS256' }, { iss: { id: oauthId }, iat: now(), exp: now() + 60 }, secret),
  ],
  ['an issuer with a name every object has', 'unknown issuer', ({ valid }) => valid({ iss: '__proto__' })],
  [
    'an issuer of a thousand characters',
    'malformed',
    ({ oauthId, secret }) =>
      jwt({ alg: 'HS256' }, { iss: oauthId.padEnd(1000, 'x'), iat: now(), exp: now() + 60 }, secret),
  ],
  ['an expired token', 'expired', ({ valid }) => valid({ iat: now() - 7200, exp: now() - 120 })],
  ['a token from the future', 'clock ahead', ({ valid }) => valid({ iat: now() + 120 })],
  ['a token that is not valid yet', 'clock ahead', ({ valid }) => valid({ nbf: now() + 120 })],
  ['no exp', 'malformed', ({ valid }) => valid({ exp: undefined })],
  [
    'exp as text',
    'malformed',
    ({ oauthId, secret }) =>
      jwt({ alg: 'HS256' }, { iss: oauthId, iat: now(), exp: String(now() + 60) }, secret),
  ],
  [
    'exp that is not finite',
    'malformed',
    ({ oauthId, secret }) => jwt({ alg: 'HS256' }, { iss: oauthId, iat: now(), exp: null }, secret),
  ],
  ['no iat', 'malformed', ({ valid }) => valid({ iat: undefined })],
  ['another room', 'wrong room', ({ valid }) => valid({ context: { room_id: 99 } })],
  ['another room under its second name', 'wrong room', ({ valid }) => valid({ context: { roomId: '99' } })],
  ['a token of another user than the sender', 'wrong sender', ({ valid }) => valid({ sub: '3' })],
]

describe('a forged request', () => {
  it.each(forgeries)('with %s is refused as %s', async (_, fault, token) => {
    const attacked = await target()
    const answer = await attacked.post(token(attacked))
    expect(answer.status).toBe(401)
    expect(answer.headers.get('www-authenticate')).toBe('JWT')
    // The caller does not learn which part was wrong.
    expect(await answer.text()).toBe(
      'This request is not signed by a server that this add-on is installed on.',
    )
    expect(attacked.fault()).toBe(fault)
    expect(attacked.handled()).toBe(0)
    expect(attacked.logged()).not.toContain(attacked.secret)
  })

  it('with an extremely long token is refused before it is parsed', async () => {
    const attacked = await target()
    const answer = await attacked.post(`${'a'.repeat(5000)}.b.c`)
    expect(answer.status).toBe(401)
    expect(attacked.fault()).toBe('malformed')
  })

  it('with a megabyte of headers gets an error answer and does not crash the add-on', async () => {
    const attacked = await target()
    await attacked.post('a'.repeat(1024 * 1024)).then(
      (answer) => expect(answer.status).toBe(431),
      () => {}, // or Node has closed the connection already
    )
    expect((await attacked.post(attacked.valid())).status).toBe(204)
  })

  it('with the token in a form body is refused', async () => {
    const { post, valid, fault } = await target()
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    expect((await post(undefined, `signed_request=${valid()}`, headers)).status).toBe(401)
    expect(fault()).toBe('none')
  })

  it('with two tokens is refused, whichever is valid', async () => {
    const { hook, url, valid, fault, handled } = await target()
    const query = await fetch(`${hook}?signed_request=${valid()}&signed_request=x`, { method: 'POST' })
    expect([query.status, fault()]).toEqual([401, 'malformed'])

    const session = `Bearer ${valid()}`
    const both = await fetch(`${hook}?signed_request=${valid()}`, {
      method: 'POST',
      headers: { authorization: session },
    })
    expect([both.status, fault()]).toEqual([401, 'malformed'])

    const { hostname, port } = new URL(url)
    const answer = await raw(hostname, Number(port), [
      'POST /webhook/hook HTTP/1.1',
      'Host: x',
      `Authorization: JWT ${valid()}`,
      'Authorization: JWT x',
      'Content-Length: 0',
      'Connection: close',
    ])
    expect(answer).toMatch(/^HTTP\/1\.1 401 /)
    expect(fault()).toBe('malformed')
    expect(handled()).toBe(0)
  })

  it('with one token in the address and another in the header is refused, whichever is valid', async () => {
    const { url, valid, oauthId, roomId, fault, handled } = await target()
    const [one, other] = [valid(), valid()]
    const body = JSON.stringify(delivered(oauthId, roomId, 'hello'))
    const send = (query: string, authorization: string) =>
      fetch(`${url}/webhook/hook?signed_request=${query}`, {
        method: 'POST',
        headers: { authorization },
        body,
      })
    for (const [query, header] of [
      [one, other],
      [one, 'x'],
      ['x', one],
      [one, `token=${other}`],
    ])
      expect([(await send(query ?? '', `JWT ${header}`)).status, fault()]).toEqual([401, 'malformed'])
    for (const header of [
      `JWT ${one} ${other}`,
      `JWT ${one},${other}`,
      `JWT ${one}, JWT ${other}`,
      `JWT:${one}`,
      `JWT: ${one}`,
      `JWT=${one}`,
      `jwt =${one}`,
      `JWT "${one}" x`,
      'JWT',
      'jwt token=',
    ])
      for (const query of ['', one])
        expect([header, (await send(query, header)).status, fault()]).toEqual([header, 401, 'malformed'])
    expect(handled()).toBe(0)
    expect((await send(one, `JWT ${one}`)).status).toBe(204)
    expect((await send(other, `jwt  token=${other} `)).status).toBe(204)
    expect(handled()).toBe(2)
  })

  it('in the address is accepted next to a header of another scheme, which may be a proxy’s', async () => {
    const { url, valid, oauthId, roomId } = await target()
    const body = JSON.stringify(delivered(oauthId, roomId, 'hello'))
    for (const authorization of ['Basic dXNlcjpzZWNyZXQ=', 'Bearer of-the-proxy', 'JWT-Proxy x', 'JWTs x']) {
      const address = `${url}/webhook/hook?signed_request=${valid()}`
      const { status } = await fetch(address, { method: 'POST', headers: { authorization }, body })
      expect([authorization, status]).toEqual([authorization, 204])
    }
  })

  it('with an empty parameter is still authenticated by its header', async () => {
    const { url, valid, oauthId, roomId, fault, handled } = await target()
    const send = (headers: Record<string, string>) =>
      fetch(`${url}/webhook/hook?signed_request=`, {
        method: 'POST',
        headers,
        body: JSON.stringify(delivered(oauthId, roomId, 'hello')),
      })
    expect((await send({ authorization: `JWT ${valid()}` })).status).toBe(204)
    expect([(await send({})).status, fault(), handled()]).toEqual([401, 'none', 1])
  })

  it('with a valid token and the body of another client is refused', async () => {
    const { post, valid, roomId, fault, handled } = await target()
    expect((await post(valid(), delivered('another', roomId, 'hello'))).status).toBe(401)
    expect([fault(), handled()]).toEqual(['wrong client', 0])
  })

  it('with a valid token and the body of another room is refused', async () => {
    const { post, valid, oauthId, fault, handled } = await target()
    expect((await post(valid(), delivered(oauthId, 99, 'hello'))).status).toBe(401)
    expect([fault(), handled()]).toEqual(['wrong room', 0])
  })

  it("with another installation's secret is refused", async () => {
    const attacked = await target()
    const other = await attacked.install('Workshop')
    const answer = await attacked.post(sign(attacked.oauthId, other.secret))
    expect([answer.status, attacked.fault(), attacked.handled()]).toEqual([401, 'wrong signature', 0])
  })

  it('with the token of a removed installation is refused', async () => {
    const { post, valid, admin, oauthId, fault } = await target()
    await admin.uninstallAddon({ addon_key_or_id: 'com.example.test', installable_id: oauthId })
    expect((await post(valid())).status).toBe(401)
    expect(fault()).toBe('unknown issuer')
  })
})

describe('a token of one person', () => {
  it.each([
    ['another person', { id: 3, name: 'Bob' }],
    ['a mere name', 'Administrator'],
    ['a name without an id', { name: 'Administrator' }],
    ['an OAuth client', { id: 2, name: 'Administrator', allowed_scopes: [] }],
  ])('is refused with a body from %s', async (_, from) => {
    const { post, valid, oauthId, roomId, handled, fault } = await target()
    const body = delivered(oauthId, roomId, 'hello')
    const answer = await post(valid(), {
      ...body,
      item: { ...body.item, message: { ...body.item.message, from } },
    })
    expect([answer.status, fault(), handled()]).toEqual([401, 'wrong sender', 0])
  })
})

describe('a token for one room', () => {
  it('of a global installation is refused with a body about another room', async () => {
    const { post, valid, oauthId, handled, fault } = await target(true)
    const answer = await post(valid({ context: { room_id: 99 } }), delivered(oauthId, 1, 'hello'))
    expect([answer.status, fault(), handled()]).toEqual([401, 'wrong room', 0])
  })
})

describe('a person’s token that names no room', () => {
  it.each([
    ['no context', undefined],
    ['an empty context', {}],
    ['null for the room', { room_id: null }],
    ['a context that is a list', []],
  ])('is refused by a global installation with a body about a room: %s', async (_, context) => {
    const { post, valid, oauthId, handled, fault } = await target(true)
    const answer = await post(valid({ context }), delivered(oauthId, 1, 'hello'))
    expect([answer.status, fault(), handled()]).toEqual([401, 'wrong room', 0])
    const older = await post(valid({ context, sub: undefined, prn: 2 }), delivered(oauthId, 1, 'hello'))
    expect([older.status, fault(), handled()]).toEqual([401, 'wrong room', 0])
  })

  it.each([
    ['a text', 'Lobby'],
    ['a list', [1]],
    ['an object', { id: 1 }],
    ['true', true],
  ])('is refused with a room that is %s', async (_, room_id) => {
    const { post, valid, oauthId, handled, fault } = await target(true)
    const token = valid({ sub: undefined, context: { room_id } })
    expect((await post(token, delivered(oauthId, 1, 'hello'))).status).toBe(401)
    expect([fault(), handled()]).toEqual(['malformed', 0])
  })

  it.each([
    ['a list', ['2']],
    ['an object', { id: 2 }],
    ['true', true],
  ])('does not count as the server’s own if its user is %s', async (_, sub) => {
    const { post, valid, oauthId, handled, fault } = await target(true)
    expect((await post(valid({ sub }), delivered(oauthId, 1, 'hello'))).status).toBe(401)
    expect([fault(), handled()]).toEqual(['malformed', 0])
  })
})

/** Sends lines that no HTTP client would send, and reads the whole answer. */
function raw(host: string, port: number, lines: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, host, () => socket.write(`${lines.join('\r\n')}\r\n\r\n`))
    let answer = ''
    socket.on('data', (bytes) => {
      answer += bytes
    })
    socket.on('end', () => resolve(answer))
    socket.on('error', reject)
  })
}
