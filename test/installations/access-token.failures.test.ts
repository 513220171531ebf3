import nock from 'nock'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { tokenKey } from '../../src/installations/store-keys.ts'
import { createMemoryStore } from '../../src/store/memory/memory.ts'
import { credentials, failure, hipchat, secret, shown, useNock } from '../client/support.ts'
import { answer, basic, createTokens, lock } from './access-token.support.ts'

useNock()
afterEach(() => {
  vi.useRealTimers()
})

describe('a failed exchange', () => {
  const where = 'access token for installation a1b2 from chat.example.net'

  it('with 401 says that the installation is gone, and has the status', async () => {
    hipchat()
      .post('/oauth/token')
      .reply(401, { error: { code: 401, message: 'Unknown client' } })
    expect(await failure(createTokens().get(credentials()))).toMatchObject({
      code: 'ERR_ACCESS_TOKEN',
      status: 401,
      message: `${where}: HipChat does not know these credentials (401); the add-on was probably uninstalled`,
    })
  })

  it.each([400, 403, 429, 500, 503])('with %d has the status', async (status) => {
    hipchat().post('/oauth/token').reply(status, '<html>no</html>')
    expect(await failure(createTokens().get(credentials()))).toMatchObject({
      code: 'ERR_ACCESS_TOKEN',
      status,
      message: `${where}: expected 200, got ${status}`,
    })
  })

  it('is a redirect, which is not followed', async () => {
    hipchat().post('/oauth/token').reply(307, '', { location: 'https://chat.example.net/v2/elsewhere' })
    const elsewhere = hipchat().post('/elsewhere').reply(200, answer('T1'))
    expect(await failure(createTokens().get(credentials()))).toMatchObject({
      code: 'ERR_ACCESS_TOKEN',
      message: `${where}: expected 200, got 307`,
    })
    expect(elsewhere.isDone()).toBe(false)
  })

  it.each<[string, string, string]>([
    ['HTML', '<html>Log in</html>', 'expected a JSON object, got no JSON'],
    ['nothing', '', 'expected a JSON object, got no JSON'],
    ['half an answer', '{"access_token": "T', 'expected a JSON object, got no JSON'],
    ['null', 'null', 'expected a JSON object, got null'],
    ['a text', '"T1"', 'expected a JSON object, got string'],
    ['a list', '[]', 'expected access_token to be a string of printable ASCII without spaces, got undefined'],
    [
      'no token',
      '{"expires_in": 60}',
      'expected access_token to be a string of printable ASCII without spaces, got undefined',
    ],
    [
      'an empty token',
      '{"access_token": ""}',
      'expected access_token to be a string of printable ASCII without spaces, got undefined',
    ],
    [
      'a number for a token',
      '{"access_token": 1}',
      'expected access_token to be a string of printable ASCII without spaces, got number',
    ],
    [
      'a token with a line break',
      '{"access_token": "T1\\r\\nx-admin: yes"}',
      'expected access_token to be a string of printable ASCII without spaces, got one with other characters',
    ],
    [
      'a token outside of ASCII',
      '{"access_token": "T\u00fc"}',
      'expected access_token to be a string of printable ASCII without spaces, got one with other characters',
    ],
  ])('is an answer that is %s', async (_, body, message) => {
    hipchat().post('/oauth/token').reply(200, body, { 'content-type': 'application/json' })
    expect(await failure(createTokens().get(credentials()))).toMatchObject({
      code: 'ERR_ACCESS_TOKEN',
      status: 200,
      message: `${where}: ${message}`,
    })
  })

  it('is an answer of a megabyte', async () => {
    hipchat()
      .post('/oauth/token')
      .reply(200, JSON.stringify(answer('T1', { filler: 'x'.repeat(1024 * 1024) })))
    expect(await failure(createTokens().get(credentials()))).toMatchObject({
      code: 'ERR_ACCESS_TOKEN',
      status: undefined,
      message: `${where}: chat.example.net answered with more than 262144 bytes`,
    })
  })

  it('is a connection that breaks', async () => {
    hipchat()
      .post('/oauth/token')
      .replyWithError(Object.assign(new Error('reset'), { code: 'ECONNRESET' }))
    expect(await failure(createTokens().get(credentials()))).toMatchObject({
      code: 'ERR_ACCESS_TOKEN',
      status: undefined,
      message: `${where}: chat.example.net could not be reached: reset`,
      cause: { reason: 'ECONNRESET' },
    })
  })

  it('is an endpoint that does not answer in time', async () => {
    hipchat().post('/oauth/token').delay(30_000).reply(200, answer('T1'))
    expect(await failure(createTokens({ timeout: 60 }).get(credentials()))).toMatchObject({
      code: 'ERR_ACCESS_TOKEN',
      message: `${where}: chat.example.net did not answer within 60 ms`,
    })
  })

  it('is one that was aborted', async () => {
    hipchat().post('/oauth/token').delay(30_000).reply(200, answer('T1'))
    const reason = new Error('closing')
    const controller = new AbortController()
    setTimeout(() => controller.abort(reason), 20)
    expect(await failure(createTokens().request(credentials(), controller.signal))).toMatchObject({
      code: 'ERR_ACCESS_TOKEN',
      message: `${where}: closing`,
      cause: reason,
    })
  })

  it('is a token endpoint on a host that is not allowed', async () => {
    const elsewhere = nock('https://evil.example.org').post('/token').reply(200, answer('T1'))
    const tokenUrl = 'https://evil.example.org/token'
    expect(await failure(createTokens().get(credentials({ tokenUrl })))).toMatchObject({
      code: 'ERR_ACCESS_TOKEN',
      message:
        'access token for installation a1b2 from evil.example.org: host evil.example.org is not among the allowed hosts',
    })
    expect(elsewhere.isDone()).toBe(false)
  })

  it('is not kept: the next call tries again', async () => {
    hipchat().post('/oauth/token').reply(503)
    hipchat().post('/oauth/token').reply(200, answer('T1'))
    const store = createMemoryStore()
    const tokens = createTokens({ store })
    expect((await failure(tokens.get(credentials())))['status']).toBe(503)
    expect(await store.get(tokenKey('a1b2'))).toBeUndefined()
    expect(await store.get(lock)).toBeUndefined()
    expect(await tokens.get(credentials())).toBe('T1')
  })

  it('fails all callers that waited for it, once', async () => {
    const endpoint = hipchat().post('/oauth/token').delay(20).reply(401)
    const tokens = createTokens()
    const all = await Promise.all(Array.from({ length: 20 }, () => failure(tokens.get(credentials()))))
    expect(all.map((error) => error['status'])).toEqual(Array(20).fill(401))
    expect(endpoint.isDone()).toBe(true)
  })

  it.each<[string, () => void]>([
    ['a refusal', () => hipchat().post('/oauth/token').reply(401)],
    ['an odd answer', () => hipchat().post('/oauth/token').reply(200, `{"access_token": "${secret}\\n"}`)],
    ['a broken connection', () => hipchat().post('/oauth/token').replyWithError('reset')],
    ['a hang', () => hipchat().post('/oauth/token').delay(30_000).reply(200)],
  ])('shows no secret after %s', async (_, prepare) => {
    prepare()
    const everything = shown(await failure(createTokens({ timeout: 60 }).get(credentials())))
    expect(everything).toContain('ERR_ACCESS_TOKEN')
    expect(everything).not.toContain(secret)
    expect(everything).not.toContain(basic)
  })
})
