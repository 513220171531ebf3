import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { readableError, redact, redactText } from '../../src/common/redaction.ts'

const hidden = 'hunter2-4711'
const shown = (value: unknown): string => inspect(value, { depth: 20, showHidden: true })

describe('a text', () => {
  it.each([
    [
      `GET https://joe:${hidden}@api.example.com/v2/room failed`,
      'GET https://[redacted]@api.example.com/v2/room failed',
    ],
    [`https://api.example.com/room?auth_token=${hidden}#a`, 'https://api.example.com/room?[redacted]'],
    [`connect redis://:${hidden}@db.example.com:6379/1`, 'connect redis://[redacted]@db.example.com:6379/1'],
    [`authorization: Bearer ${hidden}`, 'authorization: [redacted]'],
    [`sent Basic ${hidden} to it`, 'sent Basic [redacted] to it'],
    [
      `POST / HTTP/1.1\r\nHost: a\r\nX-API-Key: ${hidden}\r\nAccept: b`,
      'POST / HTTP/1.1\r\nHost: a\r\nX-API-Key: [redacted]\r\nAccept: b',
    ],
    [`{"Password": "${hidden}", "name": "joe"}`, '{"Password": "[redacted]", "name": "joe"}'],
    [
      `{ clientSecret: 'x', 'client_secret': '${hidden}' }`,
      "{ clientSecret: '[redacted]', 'client_secret': '[redacted]' }",
    ],
    [`Error: X-Api-Key: ${hidden}`, 'Error: X-Api-Key: [redacted]'],
    [`got 401 with Cookie: a=1; b=${hidden}`, 'got 401 with Cookie: [redacted]'],
    [`{ headers: { authorization: '${hidden}' } }`, "{ headers: { authorization: '[redacted]' } }"],
    [`Map { 'authorization' => '${hidden}' }`, "Map { 'authorization' => '[redacted]' }"],
    [`{"body":"{\\"password\\":\\"${hidden}\\"}"}`, '{"body":"{\\"password\\":\\"[redacted]\\"}"}'],
    [`{"password":["${hidden}"],"tokens":{"a":"${hidden}"}}`, '{"password":[redacted],"tokens":[redacted]}'],
    [`curl -u joe:${hidden} -H 'X-Api-Key: ${hidden}'`, "curl -u [redacted] -H 'X-Api-Key: [redacted]'"],
    [`<password>${hidden}</password>`, '<password>[redacted]</password>'],
    [`SMTP_PASS=${hidden}`, 'SMTP_PASS=[redacted]'],
    [`bearer ${hidden} is over`, 'bearer [redacted] is over'],
    [`grant_type=password&password=${hidden}&scope=a`, 'grant_type=password&password=[redacted]&scope=a'],
    [`the token eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJhIn0.${hidden} is over`, 'the token [redacted] is over'],
    [`-----BEGIN RSA PRIVATE KEY-----\n${hidden}\n-----END RSA PRIVATE KEY-----`, '[redacted]'],
  ])('is redacted without its secrets: %j', (text, expected) => {
    expect(redactText(text)).toBe(expected)
  })

  it.each([
    'Cannot read properties of undefined (reading "token")',
    'the token endpoint answered 401: the token is over',
    'connect ECONNREFUSED 127.0.0.1:3000',
    'at file:///home/joe/addon/src/index.ts:12:3',
    'https://api.example.com/v2/room/17/history',
    'key: roll, name=joe',
    '',
  ])('stays unchanged if it contains no secret: %j', (text) => {
    expect(redactText(text)).toBe(text)
  })

  it('of a million characters of any kind is redacted at once', () => {
    const began = performance.now()
    for (const part of [
      'a',
      ':',
      '"',
      '=',
      '://',
      'a="',
      '-----BEGIN PRIVATE KEY-----',
      'Bearer ',
      'eyJaaaaa.',
      '\\"',
    ])
      redactText(part.repeat(1_000_000 / part.length))
    expect(performance.now() - began).toBeLessThan(2000)
  })
})

describe('a logged value', () => {
  it.each([
    ['AUTHORIZATION'],
    ['Proxy-Authorization'],
    ['Set-Cookie'],
    ['X-Api-Key'],
    ['apiKey'],
    ['accessToken'],
    ['access_token'],
    ['x-hipchat-token'],
    ['PASSWORD'],
    ['passphrase'],
    ['oauthSecret'],
    ['secretKey'],
    ['credentials'],
    ['signed_request'],
    ['auth'],
  ])('has no %s, at any depth', (name) => {
    const value = { a: [{ b: { c: { d: { [name]: hidden, kept: 'x' } } } }] }
    expect(JSON.stringify(redact(value))).not.toContain(hidden)
    expect(JSON.stringify(redact(value))).toContain('"kept":"x"')
    expect(value.a[0]?.b.c.d[name]).toBe(hidden)
  })

  it('keeps what is not secret, and is cut to a readable length and depth', () => {
    const plain = {
      tokens: undefined,
      key: 'roll',
      token_type: 'bearer',
      at: new Date(0),
      n: [1, null, true],
    }
    expect(redact(plain)).toEqual({ ...plain, at: '1970-01-01T00:00:00.000Z' })
    const circular: Record<string, unknown> = { name: 'a' }
    circular['self'] = circular
    expect(redact(circular)).toEqual({ name: 'a', self: '[circular]' })
    const rough = {
      get broken() {
        throw new Error('no')
      },
      bytes: Buffer.from(hidden),
      long: Array(100_000).fill('x'),
      headers: ['Accept', 'a', 'Authorization', hidden],
    }
    const copied = JSON.stringify(redact(rough))
    expect(copied).not.toContain(hidden)
    // Values that look like names, entries of a map, and headers or variables as objects of their own.
    expect(
      redact({
        rawHeaders: ['Authorization', 'my-secret-1'],
        entries: [['Cookie', 'session-token']],
        header: { name: 'X-Api-Key', value: 'a' },
        variable: { key: 'SMTP_PASS', value: 'b' },
      }),
    ).toEqual({
      rawHeaders: ['Authorization', '[redacted]'],
      entries: [['Cookie', '[redacted]']],
      header: { name: 'X-Api-Key', value: '[redacted]' },
      variable: { key: 'SMTP_PASS', value: '[redacted]' },
    })
    expect(readableError(new Error(`X-Api-Key: ${hidden}`)).stack).not.toContain(hidden)
    expect(copied.length).toBeLessThan(5000)
    expect(copied).toContain('[unreadable]')
  })
})

/** As HTTP clients make them. */
function clientError(message = 'Request failed with status code 401'): Error {
  const options = {
    headers: { Authorization: `Basic ${hidden}` },
    auth: { password: hidden },
    https: { key: hidden },
  }
  const request = { options, _header: `POST / HTTP/1.1\r\nAuthorization: Basic ${hidden}\r\n` }
  return Object.assign(new Error(message), {
    code: 'ERR_BAD_REQUEST',
    options,
    config: options,
    request,
    response: { config: options, request, headers: { 'set-cookie': [hidden] } },
  })
}

describe('a logged error', () => {
  it('has its message, code and stack, and no other members', () => {
    const error = readableError(clientError())
    expect(error).toMatchObject({ message: 'Request failed with status code 401', code: 'ERR_BAD_REQUEST' })
    expect(error.stack).toContain('redaction.test.ts')
    expect(Object.keys(error)).toEqual(['code'])
    expect(shown(error)).not.toContain(hidden)
  })

  it('has its causes and the errors of an aggregate, as far as they can be read', () => {
    const deep = new TypeError(`fetch failed for https://a:${hidden}@example.com/?token=${hidden}`, {
      cause: clientError(),
    })
    const all = new AggregateError(
      [clientError('first'), { message: 'second', password: hidden }, `password=${hidden}`],
      'all failed',
      { cause: deep },
    )
    const error = readableError(all)
    expect(shown(error)).not.toContain(hidden)
    expect(error).toMatchObject({
      message: 'all failed',
      cause: { name: 'TypeError', cause: { code: 'ERR_BAD_REQUEST' } },
      errors: [{ message: 'first' }, { message: 'second' }, { message: 'password=[redacted]' }],
    })
  })

  it('may be its own cause, have members that throw, or not be an Error', () => {
    const own = clientError()
    own.cause = own
    expect(shown(readableError(own))).not.toContain(hidden)
    const broken = Object.defineProperties(new Error('broken'), {
      stack: {
        get: () => {
          throw new Error(hidden)
        },
      },
      code: {
        get: () => {
          throw new Error(hidden)
        },
      },
      cause: {
        get: () => {
          throw new Error(hidden)
        },
      },
    })
    expect(readableError(broken)).toMatchObject({ message: 'broken' })
    for (const thrown of [
      undefined,
      null,
      17,
      `token=${hidden}`,
      { headers: { Authorization: hidden } },
      new Proxy(
        {},
        {
          get: () => {
            throw new Error(hidden)
          },
          ownKeys: () => {
            throw new Error(hidden)
          },
        },
      ),
    ])
      expect(shown(readableError(thrown))).not.toContain(hidden)
    const chain = Array.from({ length: 1000 }).reduce<Error>(
      (cause) => new Error(`x ${hidden.slice(0, 2)}`, { cause }),
      clientError(),
    )
    expect(shown(readableError(chain))).not.toContain(hidden)
  })
})
