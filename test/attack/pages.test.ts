import { describe, expect, it } from 'vitest'
import { sessionTokenIn } from '../addon/viewer.ts'
import { planted } from '../leaks/planted.ts'
import { jwt, sign } from '../support.ts'
import { mebibytes, raw, request } from './raw.ts'
import { type Attack, startTarget, type Target, withstand } from './target.ts'

const now = (): number => Math.floor(Date.now() / 1000)

const get = (target: Target, path: string, headers: readonly string[] = []) =>
  target.send('GET', path, '', headers)

/** The session token of the target's panel. */
const sessionOf = async (target: Target): Promise<string> =>
  sessionTokenIn((await get(target, `/page/board?signed_request=${target.valid()}`)).text)

/** A token of another installation of the add-on, in another room, signed by its own server. */
const tokenOfAnother = async ({ world, roomId }: Target): Promise<string> => {
  const { installation, secret } = await world.install('Workshop')
  return sign(installation.oauthId, secret, { sub: '2', context: { room_id: roomId } })
}

type Token = readonly [name: string, fault: string, token: (target: Target) => string | Promise<string>]

const tokens: readonly Token[] = [
  ['no token', 'none', () => ''],
  ['a string that is not a token', 'malformed', () => '../../etc/passwd'],
  [
    'alg none',
    'malformed',
    ({ oauthId }) => jwt({ alg: 'none' }, { iss: oauthId, iat: now(), exp: now() + 60 }, ''),
  ],
  ['a guessed secret', 'wrong signature', ({ oauthId }) => sign(oauthId, planted('guessed'))],
  ['an expired token', 'expired', (at) => at.valid({ iat: now() - 7200, exp: now() - 3600 })],
  ['a token from the future', 'clock ahead', (at) => at.valid({ iat: now() + 600, exp: now() + 3600 })],
  ['a token for another room', 'wrong room', (at) => at.valid({ context: { room_id: 99 } })],
  ['another installation’s token, for this room', 'wrong room', tokenOfAnother],
  ['a session token', 'wrong signature', sessionOf],
]

const places = [
  ['a panel', '/page/board'],
  ['the configuration page', '/configure'],
  ['a glance', '/glance/status'],
] as const

describe.each(places)('%s, opened with', (_, path) => {
  it.each(tokens)('%s', async (name, fault, token) => {
    await withstand(await startTarget(), {
      name,
      status: 401,
      prepare: async (target) => token(target),
      send: (target, prepared) => get(target, `${path}?signed_request=${encodeURIComponent(prepared)}`),
      log: new RegExp(`"fault":"${fault}"`),
    })
  })

  it('two tokens, one of them valid', async () => {
    await withstand(await startTarget(), {
      name: 'two tokens',
      status: 401,
      send: (target) =>
        get(target, `${path}?signed_request=${target.valid()}&signed_request=${target.valid()}`),
      log: /"fault":"malformed"/,
    })
  })
})

const attacks: readonly Attack[] = [
  {
    name: 'a webhook signed with a session token',
    status: 401,
    prepare: sessionOf,
    send: ({ deliver }, session) => deliver(session),
    log: /"fault":"wrong signature"/,
  },
  {
    name: 'a call of a page with a signed request as its session token',
    status: 401,
    send: (target) => get(target, '/own', [`Authorization: Bearer ${target.valid()}`]),
    log: /"fault":"wrong signature"/,
  },
  {
    name: 'a call of a page with a session token as its signed request',
    status: 401,
    prepare: sessionOf,
    send: (target, session) => get(target, '/own', [`Authorization: JWT ${session}`]),
    log: /"fault":"wrong signature"/,
  },
  {
    name: 'a call of a page with its token in the address and in a cookie',
    status: 401,
    prepare: sessionOf,
    send: (target, session) =>
      get(target, `/own?session=${session}&signed_request=${target.valid()}`, [`Cookie: session=${session}`]),
    log: /"fault":"none"/,
  },
  {
    name: 'a call of a page with two tokens, one of them valid',
    status: 401,
    prepare: sessionOf,
    send: (target, session) =>
      get(target, '/own', [`Authorization: Bearer ${session}`, 'Authorization: Bearer x']),
    log: /"fault":"malformed"/,
  },
  {
    name: 'settings, with the session of a panel',
    status: 401,
    prepare: sessionOf,
    send: (target, session) => target.send('POST', '/configure', `session=${session}&channel=mine`),
    log: /"fault":"wrong client"/,
  },
  {
    name: 'settings, with the signed request of a panel',
    status: 401,
    send: (target) => target.send('POST', `/configure?signed_request=${target.valid()}`, 'channel=mine'),
    log: /"fault":"none"/,
  },
  {
    name: 'settings, from a form of another site',
    status: 401,
    send: (target) =>
      target.send('POST', '/configure', 'channel=mine', [
        'Origin: https://evil.example',
        'Cookie: session=x',
      ]),
  },
  {
    name: 'settings, in megabytes',
    status: [413, undefined],
    send: ({ world }) =>
      raw(
        world.url,
        request(['POST /configure HTTP/1.1', 'Host: addon', `Content-Length: ${8 * 2 ** 20}`]),
        ...mebibytes(8),
      ),
  },
  {
    name: 'settings, compressed',
    status: 415,
    send: (target) => target.send('POST', '/configure', 'channel=mine', ['Content-Encoding: gzip']),
  },
  ...[
    '/icon/../package.json',
    '/icon/%2e%2e/package.json',
    '/icon/',
    '/icon/__proto__',
    '/page/__proto__',
  ].map((path): Attack => ({ name: `the path ${path}`, status: 404, send: (target) => get(target, path) })),
  {
    name: 'a glance named like a property of every object',
    status: 404,
    send: (target) => get(target, `/glance/__proto__?signed_request=${target.valid()}`),
  },
]

describe('the views of an add-on withstand', () => {
  it.each(attacks)('$name', async (attack) => {
    await withstand(await startTarget(), attack)
  })
})

describe('the query of a page', () => {
  it.each([
    '<script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    '</title><script>alert(1)</script>',
    '\r\nX-Injected: 1',
  ])('does not become markup or a header: %j', async (text) => {
    const target = await startTarget()
    const value = encodeURIComponent(text)
    const answer = await get(target, `/page/board?q=${value}&theme=${value}&signed_request=${target.valid()}`)
    expect(answer.status).toBe(200)
    const [head = '', body = ''] = answer.text.split('\r\n\r\n')
    expect(head).not.toMatch(/x-injected/i)
    expect(body).toContain('data-theme="light"')
    expect(body).not.toMatch(/<script>|<img|' onmouseover/)
  })
})
