import { createHmac } from 'node:crypto'
import { describe, it } from 'vitest'
import { scopeStore } from '../../src/store/index.ts'
import { planted } from '../leaks/planted.ts'
import { jwt, secretOf, sign, startWorld } from '../support.ts'
import { type Attack, startTarget, type Target, withstand } from './target.ts'

const now = (): number => Math.floor(Date.now() / 1000)

const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** A token with this header and these claims, signed with the right secret. */
const signed = ({ oauthId, secret }: Target, header: object, claims: object = {}, hash?: string): string =>
  jwt(
    { alg: 'HS256', typ: 'JWT', ...header },
    { iss: oauthId, sub: '2', iat: now(), exp: now() + 60, ...claims },
    secret,
    hash,
  )

/** A row: a name, the fault in the log, and the token. */
type Token = readonly [name: string, fault: string, token: (target: Target) => string | undefined]

const tokens: readonly Token[] = [
  ['unsigned', 'none', () => undefined],
  ['signed with nothing', 'malformed', () => ''],
  ['alg none, without a signature', 'malformed', (at) => signed(at, { alg: 'none' }).replace(/[^.]*$/, '')],
  ['alg none, with a signature', 'malformed', (at) => signed(at, { alg: 'none' })],
  ['alg None, in another case', 'malformed', (at) => signed(at, { alg: 'nOnE' })],
  ['alg RS256', 'malformed', (at) => signed(at, { alg: 'RS256' })],
  ['alg HS512, with the right secret', 'malformed', (at) => signed(at, { alg: 'HS512' }, {}, 'sha512')],
  ['alg HS256 said, SHA-512 used', 'wrong signature', (at) => signed(at, {}, {}, 'sha512')],
  ['alg as a list', 'malformed', (at) => signed(at, { alg: ['HS256'] })],
  ['no alg', 'malformed', (at) => signed(at, { alg: undefined })],
  [
    'the attacker’s own key in the header',
    'wrong signature',
    ({ oauthId }) =>
      jwt(
        { alg: 'HS256', jwk: { kty: 'oct', k: base64('mine') }, kid: '../../dev/null' },
        { iss: oauthId, iat: now(), exp: now() + 60 },
        'mine',
      ),
  ],
  ['a wrong secret', 'wrong signature', ({ oauthId }) => sign(oauthId, planted('guessed'))],
  ['an empty secret', 'wrong signature', ({ oauthId }) => sign(oauthId, '')],
  ['the id as the secret', 'wrong signature', ({ oauthId }) => sign(oauthId, oauthId)],
  [
    'the secret decoded from base64',
    'wrong signature',
    ({ oauthId, secret }) => {
      const head = `${base64({ alg: 'HS256' })}.${base64({ iss: oauthId, iat: now(), exp: now() + 60 })}`
      const key = Buffer.from(secret, 'base64')
      return `${head}.${createHmac('sha256', key).update(head).digest('base64url')}`
    },
  ],
  [
    'claims exchanged after signing',
    'wrong signature',
    (at) => {
      const [header, , signature] = at.valid().split('.')
      return `${header}.${base64({ iss: at.oauthId, sub: '2', iat: now(), exp: now() + 999 })}.${signature}`
    },
  ],
  ['an empty signature', 'wrong signature', (at) => at.valid().replace(/[^.]*$/, '')],
  ['four parts', 'malformed', (at) => `${at.valid()}.x`],
  ['no iss', 'malformed', (at) => at.valid({ iss: undefined })],
  ['an unknown iss', 'unknown issuer', (at) => at.valid({ iss: 'somebody' })],
  ['an iss that is an object', 'malformed', (at) => at.valid({ iss: { toString: at.oauthId } })],
  ['an iss that is a list', 'malformed', (at) => at.valid({ iss: [at.oauthId] })],
  ['an iss that is a key of the store', 'unknown issuer', (at) => at.valid({ iss: `${at.oauthId}:x` })],
  ['an iss that leads out of its prefix', 'unknown issuer', (at) => at.valid({ iss: `../${at.oauthId}` })],
  ['an iss named like a property of every object', 'unknown issuer', (at) => at.valid({ iss: '__proto__' })],
  ['an iss with a null byte', 'unknown issuer', (at) => at.valid({ iss: `${at.oauthId}\u0000` })],
  ['expired', 'expired', (at) => at.valid({ iat: now() - 7200, exp: now() - 120 })],
  ['issued in the future', 'clock ahead', (at) => at.valid({ iat: now() + 120, exp: now() + 3600 })],
  ['not yet valid', 'clock ahead', (at) => at.valid({ nbf: now() + 120 })],
  ['valid from a string', 'clock ahead', (at) => at.valid({ nbf: 'today' })],
  ['no exp', 'malformed', (at) => at.valid({ exp: undefined })],
  ['exp as a string', 'malformed', (at) => signed(at, {}, { exp: String(now() + 60) })],
  ['exp as null', 'malformed', (at) => signed(at, {}, { exp: null })],
  ['exp as a list', 'malformed', (at) => signed(at, {}, { exp: [now() + 60] })],
  ['no iat', 'malformed', (at) => at.valid({ iat: undefined })],
  ['of another room', 'wrong room', (at) => at.valid({ context: { room_id: 99 } })],
  ['of another room, by its second name', 'wrong room', (at) => at.valid({ context: { roomId: '99' } })],
  ['of a room that is not a number', 'wrong room', (at) => at.valid({ context: { room_id: [1] } })],
  ['of another user than the sender', 'wrong sender', (at) => at.valid({ sub: '3' })],
  ['of another user, under the older name', 'wrong sender', (at) => at.valid({ sub: undefined, prn: '3' })],
]

describe('a webhook with a token that is forged or stale', () => {
  it.each(tokens)('%s', async (name, fault, token) => {
    await withstand(await startTarget(), {
      name,
      status: 401,
      send: (target) => target.deliver(token(target)),
      log: new RegExp(`"fault":"${fault}"`),
    })
  })
})

const attacks: readonly Attack[] = [
  {
    name: "another installation's secret",
    status: 401,
    prepare: async ({ world }) => (await world.install('Workshop')).secret,
    send: ({ oauthId, deliver }, secret) => deliver(sign(oauthId, secret, { sub: '2' })),
    log: /"fault":"wrong signature"/,
  },
  {
    name: "another installation's token, for this one's room",
    status: 401,
    prepare: ({ world }) => tokenOfAnother(world),
    send: ({ deliver }, token) => deliver(token),
    log: /"fault":"wrong client"/,
  },
  {
    name: 'a delivery that was sent before',
    status: 204,
    prepare: used,
    send: ({ deliver }, token) => deliver(token),
    log: /a replay of a delivery that was already handled/,
  },
  {
    name: 'a token that was used on another webhook',
    status: 204,
    prepare: used,
    send: (target, token) =>
      target.send('POST', '/webhook/notifications', notification(target), [`Authorization: JWT ${token}`]),
    log: /a replay of a delivery that was already handled/,
  },
  {
    name: 'a token that was used, with another body',
    status: 204,
    prepare: used,
    send: ({ deliver, body }, token) => {
      const message = { ...body.item.message, message: 'something else' }
      return deliver(token, { ...body, item: { ...body.item, message } })
    },
    log: /a replay of a delivery that was already handled/,
  },
  {
    name: 'an iss of a megabyte',
    status: [431, undefined],
    send: (target) => target.deliver(sign('x'.repeat(1024 * 1024), planted('guessed'))),
  },
  {
    name: 'an iss of eight kilobytes',
    status: 401,
    send: (target) => target.deliver(target.valid({ iss: 'x'.repeat(8 * 1024) })),
    log: /"fault":"malformed"/,
  },
  {
    name: 'an iss of a thousand characters',
    status: 401,
    send: (target) => target.deliver(target.valid({ iss: target.oauthId.padEnd(1000, 'x') })),
    log: /"fault":"malformed"/,
  },
  {
    name: 'the token in a form body',
    status: 401,
    send: (target) =>
      target.deliver(undefined, `signed_request=${target.valid()}`, [
        'Content-Type: application/x-www-form-urlencoded',
      ]),
    log: /"fault":"none"/,
  },
  {
    name: 'the token in a JSON body',
    status: 401,
    send: (target) => target.deliver(undefined, { ...target.body, signed_request: target.valid() }),
    log: /"fault":"none"/,
  },
  {
    name: 'the token in a cookie',
    status: 401,
    send: (target) => target.deliver(undefined, target.body, [`Cookie: signed_request=${target.valid()}`]),
    log: /"fault":"none"/,
  },
  {
    name: 'the token as a Bearer',
    status: 401,
    send: (target) => target.deliver(undefined, target.body, [`Authorization: Bearer ${target.valid()}`]),
    log: /"fault":"none"/,
  },
  {
    name: 'a parameter with another case',
    status: 401,
    send: (target) => target.send('POST', `/webhook/hook?Signed_Request=${target.valid()}`, target.body),
    log: /"fault":"none"/,
  },
  {
    name: 'signed_request twice, the first one valid',
    status: 401,
    send: (target) =>
      target.send('POST', `/webhook/hook?signed_request=${target.valid()}&signed_request=x`, target.body),
    log: /signed_request occurs more than once/,
  },
  {
    name: 'signed_request twice, the second one valid',
    status: 401,
    send: (target) =>
      target.send('POST', `/webhook/hook?signed_request=x&signed%5Frequest=${target.valid()}`, target.body),
    log: /signed_request occurs more than once/,
  },
  {
    name: 'a wrong signed_request, and a valid header',
    status: 401,
    send: (target) =>
      target.send('POST', '/webhook/hook?signed_request=x.y.z', target.body, [
        `Authorization: JWT ${target.valid()}`,
      ]),
    log: /"fault":"malformed"/,
  },
  {
    name: 'two Authorization headers, the first one valid',
    status: 401,
    send: (target) => target.deliver(target.valid(), target.body, ['Authorization: JWT x']),
    log: /the Authorization header occurs more than once/,
  },
  {
    name: 'two Authorization headers, the second one valid',
    status: 401,
    send: (target) => target.deliver('x', target.body, [`Authorization: JWT ${target.valid()}`]),
    log: /the Authorization header occurs more than once/,
  },
  {
    name: 'two tokens in one Authorization header',
    status: 401,
    send: (target) => target.deliver(`x, JWT ${target.valid()}`),
    log: /"fault":"malformed"/,
  },
  {
    name: "a body with another one's oauth_client_id",
    status: 401,
    send: (target) => target.deliver(target.valid(), { ...target.body, oauth_client_id: 'another' }),
    log: /"fault":"wrong client"/,
  },
  {
    name: 'a body about another room',
    status: 401,
    send: (target) => {
      const { body } = target
      return target.deliver(target.valid(), { ...body, item: { ...body.item, room: { id: 99, name: 'x' } } })
    },
    log: /"fault":"wrong room"/,
  },
  ...[
    ['another user', { id: 3, name: 'Bob' }],
    ['only a name', 'Administrator'],
    ['a name without an id', { name: 'Administrator' }],
    ['an OAuth client', { id: 2, name: 'Administrator', allowed_scopes: [] }],
  ].map(
    ([name, from]): Attack => ({
      name: `a body from ${name}, with a token of Alice`,
      status: 401,
      send: (target) => {
        const { body } = target
        const message = { ...body.item.message, from }
        return target.deliver(target.valid(), { ...body, item: { ...body.item, message } })
      },
      log: /"fault":"wrong sender"/,
    }),
  ),
  {
    name: 'the token of a removed installation',
    status: 401,
    async prepare({ world }) {
      const token = await tokenOfAnother(world)
      const other = world.server.installations().find(({ roomId }) => roomId === 2)
      await world.server.uninstall(other?.oauthId ?? '')
      await world.server.idle()
      return token
    },
    send: ({ deliver }, token) => deliver(token),
    log: /"fault":"unknown issuer"/,
  },
]

describe('a webhook', () => {
  it.each(attacks)('with $name', async (attack) => withstand(await startTarget(), attack))

  it('with the token of another add-on in the same store', async () => {
    const target = await startTarget()
    const key = 'com.example.other'
    const other = await startWorld(() => {}, { addon: { key, store: target.world.memory } })
    const { oauthId } = (await other.install()).installation
    const secret = await secretOf(scopeStore(target.world.memory, `${key}:`), oauthId)
    await withstand(target, {
      name: key,
      status: 401,
      send: ({ deliver }) => deliver(sign(oauthId, secret, { sub: '2' })),
      log: /"fault":"unknown issuer"/,
    })
  })
})

/** A token with which a delivery was handled. */
async function used({ valid, deliver }: Target): Promise<string> {
  const token = valid()
  await deliver(token)
  return token
}

/** A token of the add-on's installation in another room. */
async function tokenOfAnother(world: Target['world']): Promise<string> {
  const { installation, secret } = await world.install('Workshop')
  return sign(installation.oauthId, secret, { sub: '2' })
}

const notification = ({ body }: Target) => ({
  ...body,
  event: 'room_notification',
  item: { ...body.item, message: { ...body.item.message, from: 'Somebody', type: 'notification' } },
})
