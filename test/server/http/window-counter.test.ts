import { expect, test, vi } from 'vitest'
import { addressKey, createCounter } from '../../../src/server/http/window-counter.ts'
import {
  accessToken,
  adminCall,
  call,
  declare,
  hook,
  inline,
  installOverHttp,
  refusal,
  startAddon,
  startServer,
  tokenCall,
} from '../support.ts'

const figures = ({ headers }: Awaited<ReturnType<typeof call>>, prefix = 'x-ratelimit') =>
  ['limit', 'remaining'].map((name) => Number(headers.get(`${prefix}-${name}`)))

test('every answer contains the allowance, also without a token, on errors and when limits are off', async () => {
  const server = await startServer({ limits: {} })
  const now = Math.floor(Date.now() / 1000)
  for (const answer of [
    await call(server, 'GET', '/capabilities'),
    await call(server, 'GET', '/nothing'),
    await call(server, 'GET', '/room'),
    await adminCall(server, 'GET', '/room'),
    await adminCall(server, 'GET', '/room/nowhere'),
    await adminCall(server, 'GET', '/room?auth_test=true'),
    await adminCall(server, 'POST', '/room', { body: '{' }),
  ]) {
    const [limit = 0, remaining = -1] = figures(answer)
    expect(limit).toBeGreaterThan(0)
    expect(remaining).toBeGreaterThanOrEqual(0)
    const reset = Number(answer.headers.get('x-ratelimit-reset'))
    expect(reset).toBeGreaterThanOrEqual(now)
    expect(reset).toBeLessThanOrEqual(now + 302)
  }
  const off = await startServer({ limits: false })
  expect(figures(await adminCall(off, 'GET', '/room'))).toEqual([100, 100])
})

test('users have 100 calls, add-ons 500, and each token is counted separately', async () => {
  const server = await startServer({ limits: {} })
  const token = await server.createToken({ user: 'alice' })
  expect(figures(await call(server, 'GET', '/room', { token }))).toEqual([100, 99])
  expect(figures(await call(server, 'GET', '/room', { token }))).toEqual([100, 98])
  expect(figures(await adminCall(server, 'GET', '/room'))).toEqual([100, 99])
  const addon = await startAddon()
  declare(addon, { hipchatApiConsumer: { scopes: ['view_group'] } })
  const own = await accessToken(server, await installOverHttp(server, addon))
  expect(figures(await call(server, 'GET', '/room', { token: own }))).toEqual([500, 499])
})

test('beyond the limit calls are refused until the window ends', async () => {
  const server = await startServer({ limits: { user: 2, windowSeconds: 60 } })
  const token = await server.createToken({ user: 'alice' })
  const get = () => call(server, 'GET', '/room', { token })
  expect([(await get()).status, (await get()).status]).toEqual([200, 200])
  const refused = await get()
  expect(refused.body).toEqual({
    error: { code: 429, type: 'Too Many Requests', message: 'Rate Limit exceeded' },
  })
  expect(figures(refused)).toEqual([2, 0])
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61_000 })
  try {
    expect((await get()).status).toBe(200)
  } finally {
    vi.useRealTimers()
  }
})

test('tokens cannot be guessed without a limit', async () => {
  const server = await startServer({ limits: { api: 3 } })
  const guess = () => call(server, 'GET', '/room', { token: 'guess' })
  expect([await guess(), await guess(), await guess()].map(({ status }) => status)).toEqual([401, 401, 401])
  expect(refusal(await guess())).toEqual([429, 'Rate Limit exceeded'])
  // a caller with a good token is not affected by others at the same address
  expect((await adminCall(server, 'GET', '/room')).status).toBe(200)
})

test('messages have their own limit per room, by every name of the room', async () => {
  const server = await startServer({ limits: { flood: 2 } })
  const post = (room: string) =>
    adminCall(server, 'POST', `/room/${room}/notification`, { json: { message: 'hi' } })
  expect(figures(await post('Lobby'), 'x-floodcontrol')).toEqual([2, 1])
  expect(figures(await post('1'), 'x-floodcontrol')).toEqual([2, 0])
  const refused = await post('lobby')
  expect(refusal(refused)).toEqual([429, 'Rate Limit exceeded'])
  expect(figures(refused, 'x-floodcontrol')).toEqual([2, 0])
  expect(figures(refused)).toEqual([100, 97])
  expect((await post('Workshop')).status).toBe(204)
  expect((await adminCall(server, 'GET', '/room/Lobby')).headers.has('x-floodcontrol-limit')).toBe(false)
})

test('an answer to a webhook does not count towards limits', async () => {
  const server = await startServer({ limits: { flood: 1, api: 10 } })
  const addon = await startAddon()
  declare(addon, { webhook: hook(addon) })
  await installOverHttp(server, addon, 'Lobby')
  addon.respond = () => inline({ message: 'yes' })
  for (const text of ['1', '2', '3']) await server.say('Lobby', 'alice', text)
  await server.idle()
  expect(server.history('Lobby').filter(({ message }) => message === 'yes')).toHaveLength(3)
})

test('calls without the scope they need count too, and so do tests of a token', async () => {
  const server = await startServer({ limits: {} })
  const token = await server.createToken({ user: 'alice', scopes: ['view_room'] })
  expect(figures(await call(server, 'DELETE', '/room/1', { token }))).toEqual([100, 99])
  expect(figures(await call(server, 'GET', '/room?auth_test=true', { token }))).toEqual([100, 98])
  const sender = await server.createToken({ user: 'alice' })
  const test = await call(server, 'POST', '/room/1/message?auth_test=true', { token: sender })
  expect([test.status, ...figures(test, 'x-floodcontrol')]).toEqual([202, 30, 30])
})

test('the figures do not distinguish a private room from an unknown one', async () => {
  const server = await startServer({ limits: { flood: 9 } })
  const token = await server.createToken({ user: 'carol' })
  const left = async (room: string) => {
    const answer = await call(server, 'POST', `/room/${room}/notification`, { token, json: { message: 'x' } })
    return [answer.status, figures(answer, 'x-floodcontrol')[1]]
  }
  expect(await left('3')).toEqual([404, 8])
  expect(await left('Back%20office')).toEqual([404, 7])
  expect(await left('nowhere')).toEqual([404, 6])
  expect(await left('Lobby')).toEqual([204, 8])
})

test('an IPv6 network counts as one address, and an IPv4 address separately', () => {
  expect(addressKey('2001:db8:1:2::7')).toBe(addressKey('2001:db8:1:2:ffff::1'))
  expect(addressKey('2001:db8:1:2::7')).not.toBe(addressKey('2001:db8:1:3::7'))
  expect([addressKey('::ffff:192.0.2.1'), addressKey('192.0.2.1'), addressKey('unknown')]).toEqual([
    '192.0.2.1',
    '192.0.2.1',
    'unknown',
  ])
})

test('a counter with very many keys stays fast', () => {
  const counter = createCounter(300, true)
  const started = performance.now()
  for (let index = 0; index < 60_000; index += 1) counter.take(`address ${index}`, 5)
  // walking through all of them for each new one took half a minute
  expect(performance.now() - started).toBeLessThan(3_000)
  expect(counter.take('address 1', 5).remaining).toBe(3)
})

test('flooding the token endpoint does not keep an add-on at the same address from its token', async () => {
  const server = await startServer({ limits: { api: 6 } })
  const record = await installOverHttp(server, await startAddon())
  for (let index = 0; index < 6; index += 1) await tokenCall(server, { ...record, oauthSecret: 'guess' })
  expect((await tokenCall(server, { ...record, oauthSecret: 'guess' })).status).toBe(429)
  const own = await tokenCall(server, record)
  expect([own.status, ...figures(own)]).toEqual([200, 6, 5])
})
