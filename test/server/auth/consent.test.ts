import { describe, expect, it, vi } from 'vitest'
import { planted } from '../../leaks/planted.ts'
import {
  authorizeUrl,
  codeFor,
  exchangeCode,
  formOf,
  installConsenting,
  type Parameters,
  password,
  redirectOf,
  redirectUri,
  startConsent,
  submit,
  visit,
} from '../consent-support.ts'
import { call, startAddon } from '../support.ts'

const back = 'https://wiki.example.net/return'

describe('the consent page', () => {
  it('shows who asks for what, in which room, and where the browser goes afterwards', async () => {
    const { server, client } = await startConsent()
    const { status, body, headers } = await visit(
      authorizeUrl(server, client.oauthId, { scope: 'view_group send_message' }),
    )
    expect(status).toBe(200)
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(body).toContain('<h1>Allow Dice to act in your name?</h1>')
    expect(body).toContain('View Group<small>View users, rooms, and other group information</small>')
    expect(body).toContain('Send Message<small>')
    expect(body).not.toContain('Administer Group')
    expect(body).toContain('<strong>wiki.example.net</strong>')
    expect(body.replaceAll('\n', ' ')).toContain('installed in the group <strong>Example</strong>')
  })

  it('names the room of an installation in a room', async () => {
    const { server } = await startConsent()
    const client = await installConsenting(server, await startAddon(), {}, 'Workshop')
    expect((await visit(authorizeUrl(server, client.oauthId))).body).toContain(
      'the room Workshop of the group',
    )
  })

  it('shows all scopes of the installation when none is requested', async () => {
    const { server, client } = await startConsent()
    const { body } = await visit(authorizeUrl(server, client.oauthId))
    expect(body.match(/<li>/g)).toHaveLength(3)
  })

  it('loads nothing, runs nothing, is not cached and cannot be framed', async () => {
    const { server, client } = await startConsent()
    const { body, headers } = await visit(authorizeUrl(server, client.oauthId))
    expect(body).not.toMatch(/<script|<link|<img|src=|https?:\/\/(?!wiki\.example\.net)/)
    expect(headers.get('content-security-policy')).toBe(
      "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'self' http: https:; frame-ancestors 'none'",
    )
    expect(headers.get('x-frame-options')).toBe('DENY')
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('referrer-policy')).toBe('same-origin')
    expect(headers.get('set-cookie')).toBe(null)
  })

  it('shows names as plain text, whatever they contain', async () => {
    const { server, addon } = await startConsent()
    addon.descriptor = { ...addon.descriptor, key: 'com.example.other', name: '<script>alert(1)</script>' }
    const client = await installConsenting(server, addon)
    const form = formOf(await visit(authorizeUrl(server, client.oauthId)))
    const again = await submit(server, { form, username: '"><script>alert(2)</script>', password: 'x' })
    expect(again.body).not.toContain('<script>')
    expect(again.body).toContain('&lt;script&gt;alert(1)')
    expect(again.body).toContain('value="&quot;&gt;&lt;script&gt;alert(2)')
  })

  it('accepts no other method, and no other body than a form', async () => {
    const { server, client } = await startConsent()
    const put = await visit(authorizeUrl(server, client.oauthId), { method: 'PUT' })
    expect([put.status, put.headers.get('allow')]).toEqual([405, 'GET, POST'])
    const json = await visit(`${server.url}/users/authorize`, {
      method: 'POST',
      body: '{}',
      headers: { 'content-type': 'application/json' },
    })
    expect(json.status).toBe(415)
    const long = await submit(server, { form: 'x'.repeat(70_000) })
    expect(long.status).toBe(413)
  })
})

describe('a request for consent', () => {
  /** Requests that must not be answered to the address in the link, which may be anyone's. */
  const unsafe: [string, Parameters][] = [
    ['without a client', { client_id: undefined }],
    ['of an unknown client', { client_id: 'nobody' }],
    ['of a client with an id longer than any', { client_id: 'x'.repeat(5000) }],
    ['with two clients', { client_id: ['a', 'b'] }],
    ['with an address of another site', { redirect_uri: 'https://evil.example/' }],
    ['with an address on the same host', { redirect_uri: 'https://wiki.example.net/elsewhere' }],
    ['with an address that begins like the registered one', { redirect_uri: `${redirectUri}.evil.example` }],
    ['with the registered address and another query', { redirect_uri: 'https://wiki.example.net/return' }],
    ['with the registered host in other letters', { redirect_uri: redirectUri.replace('wiki', 'WIKI') }],
    [
      'with the registered address behind a user name',
      { redirect_uri: 'https://wiki.example.net@evil.example/' },
    ],
    ['with a fragment', { redirect_uri: `${redirectUri}#` }],
    ['with two addresses', { redirect_uri: [redirectUri, 'https://evil.example/'] }],
    ['with a script for an address', { redirect_uri: 'javascript:alert(1)' }],
  ]

  it.each(unsafe)('%s shows an error page, and redirects nowhere', async (_name, parameters) => {
    const { server, client } = await startConsent()
    const answer = await visit(authorizeUrl(server, client.oauthId, parameters))
    expect(answer.status).toBe(400)
    expect(answer.headers.get('location')).toBe(null)
    expect(answer.body).toContain('This link does not work')
    expect(answer.body).not.toContain('evil.example')
    expect(answer.body).not.toContain('name="form"')
  })

  it.each([
    'javascript:alert(1)',
    'data:text/html,x',
    'https://a.example/#there',
    'https://me:pw@a.example/',
    'x',
  ])('to %s is refused even where the descriptor registers it', async (address) => {
    const { server, client } = await startConsent({}, { oauth2Consumer: { redirectionUrls: [address] } })
    const answer = await visit(authorizeUrl(server, client.oauthId, { redirect_uri: address }))
    expect([answer.status, answer.headers.get('location')]).toEqual([400, null])
  })

  it('from an add-on that registers no address is refused', async () => {
    const { server, client } = await startConsent({}, { oauth2Consumer: undefined })
    expect((await visit(authorizeUrl(server, client.oauthId))).status).toBe(400)
    expect((await visit(authorizeUrl(server, client.oauthId, { redirect_uri: undefined }))).status).toBe(400)
  })

  it('may omit the address when only one is registered', async () => {
    const { server, client } = await startConsent()
    expect((await visit(authorizeUrl(server, client.oauthId, { redirect_uri: undefined }))).status).toBe(200)
    const two = await installConsenting(server, await startAddon(), {
      oauth2Consumer: { redirectionUrls: [redirectUri, 'https://wiki.example.net/other'] },
    })
    expect((await visit(authorizeUrl(server, two.oauthId, { redirect_uri: undefined }))).status).toBe(400)
  })

  /** RFC 6749, 4.1.2.1. */
  const told: [string, Parameters, string][] = [
    ['without a response type', { response_type: undefined }, 'invalid_request'],
    ['with two response types', { response_type: ['code', 'code'] }, 'invalid_request'],
    ['for a token', { response_type: 'token' }, 'unsupported_response_type'],
    ['with two scopes parameters', { scope: ['view_group', 'admin_group'] }, 'invalid_request'],
    ['for a scope that does not exist', { scope: 'view_group everything' }, 'invalid_scope'],
    ['for a scope that was not installed', { scope: 'view_group manage_rooms' }, 'invalid_scope'],
  ]

  it.each(told)('%s is refused to the add-on, with its state', async (_name, parameters, error) => {
    const { server, client } = await startConsent()
    const answer = await visit(authorizeUrl(server, client.oauthId, parameters))
    expect(answer.status).toBe(303)
    expect(redirectOf(answer)).toEqual({
      to: back,
      query: { from: 'hipchat', error, error_description: expect.any(String), state: 'af0ifjsldkj' },
    })
  })

  it('with two states is refused and returns neither', async () => {
    const { server, client } = await startConsent()
    const answer = await visit(authorizeUrl(server, client.oauthId, { state: ['one', 'two'] }))
    expect(redirectOf(answer)?.query).toEqual({
      from: 'hipchat',
      error: 'invalid_request',
      error_description: 'state is there more than once',
    })
  })
})

describe('the form of the consent page', () => {
  async function opened(parameters: Parameters = {}) {
    const started = await startConsent()
    const page = await visit(authorizeUrl(started.server, started.client.oauthId, parameters))
    return { ...started, form: formOf(page) }
  }

  it('sends a code to the add-on, with the query of its address and the state', async () => {
    const { server, form } = await opened()
    const answer = await submit(server, { form })
    expect(answer.status).toBe(303)
    expect(redirectOf(answer)).toEqual({
      to: back,
      query: { from: 'hipchat', code: expect.stringMatching(/^\w{40}$/), state: 'af0ifjsldkj' },
    })
    expect(answer.headers.get('referrer-policy')).toBe('no-referrer')
    expect(answer.headers.get('cache-control')).toBe('no-store')
  })

  it('leaves out a state that was not sent', async () => {
    const { server, form } = await opened({ state: undefined })
    expect(Object.keys(redirectOf(await submit(server, { form }))?.query ?? {})).toEqual(['from', 'code'])
  })

  it.each(['alice@example.com', 'ALICE@example.com', '@alice', 'alice', ' alice '])(
    'accepts %s as the user',
    async (username) => {
      const { server, form } = await opened()
      expect((await submit(server, { form, username })).status).toBe(303)
    },
  )

  it('reports to the add-on that the user declined, without a password', async () => {
    const { server, form } = await opened()
    const answer = await submit(server, { form, decision: 'deny', username: '', password: '' })
    expect(redirectOf(answer)?.query).toMatchObject({ error: 'access_denied', state: 'af0ifjsldkj' })
    expect(redirectOf(answer)?.query).not.toHaveProperty('code')
  })

  it('allows nothing without a decision', async () => {
    const { server, form } = await opened()
    expect(redirectOf(await submit(server, { form, decision: '' }))?.query['error']).toBe('access_denied')
  })

  it('answers a wrong password, an unknown name and a user without a password with the same message, and asks again', async () => {
    const { server, form } = await opened()
    const attempt = async (username: string, guess: string) => {
      const { status, headers, body } = await submit(server, { form, username, password: guess })
      expect(headers.get('location')).toBe(null)
      return [status, headers.get('www-authenticate'), body.replaceAll(username, 'NAME')]
    }
    const wrong = await attempt('alice', planted('a guess'))
    expect(wrong[0]).toBe(403)
    expect(wrong[2]).toContain('<p role="alert">Wrong user name or password.</p>')
    expect(wrong[2]).not.toContain(planted('a guess'))
    expect(await attempt('nobody', 'guess')).toEqual(wrong)
    expect(await attempt('bob', 'guess')).toEqual(wrong)
    expect(await attempt('bob', '')).toEqual(wrong)
  })

  it('limits password attempts together with the token endpoint', async () => {
    const { server, form } = await opened()
    for (let index = 0; index < 5; index += 1) {
      expect((await submit(server, { form, username: 'alice', password: `guess ${index}` })).status).toBe(403)
      const json = { grant_type: 'password', username: '@Alice', password: `guess ${index}` }
      expect((await call(server, 'POST', '/oauth/token', { json })).status).toBe(401)
    }
    const late = await submit(server, { form, username: 'alice' })
    expect(late.status).toBe(429)
    expect(late.body).toContain('Too many attempts to sign in.')
    expect(Number(late.headers.get('retry-after'))).toBeGreaterThan(0)
  })

  it('gives no more than the user may do, and fails when nothing is left', async () => {
    const { server, client, form } = await opened()
    expect(redirectOf(await submit(server, { form }))?.query).toHaveProperty('code')
    const admin = formOf(await visit(authorizeUrl(server, client.oauthId, { scope: 'admin_group' })))
    expect(redirectOf(await submit(server, { form: admin }))?.query).toMatchObject({ error: 'access_denied' })
  })

  it('is valid for ten minutes, on this server, and unchanged', async () => {
    const { server, form } = await opened()
    const [text = '', signature = ''] = form.split('.')
    const read = JSON.parse(Buffer.from(text, 'base64url').toString())
    const forged = Buffer.from(
      JSON.stringify({ ...read, query: read.query.replace('wiki', 'evil') }),
    ).toString('base64url')
    const other = await startConsent()
    const foreign = formOf(await visit(authorizeUrl(other.server, other.client.oauthId)))
    for (const bad of [
      '',
      'x',
      text,
      `${text}.`,
      `${forged}.${signature}`,
      `${text}.${'A'.repeat(43)}`,
      foreign,
    ]) {
      const answer = await submit(server, { form: bad })
      expect([answer.status, answer.headers.get('location')]).toEqual([400, null])
      expect(answer.body).toContain('The form has expired.')
    }
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 10 * 60_000 })
    try {
      expect((await submit(server, { form })).status).toBe(400)
    } finally {
      vi.useRealTimers()
    }
    expect((await submit(server, { form })).status).toBe(303)
  })

  it.each(['https://evil.example', 'null'])('is not taken from a page of the origin %s', async (origin) => {
    const { server, form } = await opened()
    expect((await submit(server, { form }, { origin })).status).toBe(403)
    expect((await submit(server, { form }, { origin: server.url })).status).toBe(303)
  })

  it('is not valid after the add-on is gone', async () => {
    const { server, client, form } = await opened()
    await server.uninstall(client.oauthId)
    const answer = await submit(server, { form })
    expect([answer.status, answer.headers.get('location')]).toEqual([400, null])
  })

  it('gives no scope that the add-on got after the page was shown', async () => {
    const narrow = { hipchatApiConsumer: { scopes: ['view_group'] } }
    const { server, addon, client } = await startConsent({}, narrow)
    const form = formOf(await visit(authorizeUrl(server, client.oauthId)))
    await installConsenting(server, addon, {
      installable: { callbackUrl: `${addon.url}/installed`, updateCallbackUrl: `${addon.url}/updated` },
    })
    const code = redirectOf(await submit(server, { form }))?.query['code'] ?? ''
    expect((await exchangeCode(server, client, { code })).body.scope).toBe('view_group')
    const wide = await codeFor(server, client.oauthId)
    expect((await exchangeCode(server, client, { code: wide })).body.scope).toBe('view_group send_message')
  })

  it('is refused for an add-on that has not confirmed its installation', async () => {
    const { server, addon } = await startConsent()
    let seen: number | undefined
    addon.descriptor = { ...addon.descriptor, key: 'com.example.slow' }
    addon.respond = async ({ body }) => {
      seen = (await visit(authorizeUrl(server, body.oauthId))).status
      return undefined
    }
    const client = await installConsenting(server, addon)
    expect(seen).toBe(400)
    expect((await visit(authorizeUrl(server, client.oauthId))).status).toBe(200)
  })

  it('counts towards the limit of its address', async () => {
    const { server, client } = await startConsent({ limits: { api: 3 } })
    const answers = [1, 2, 3, 4].map(() => visit(authorizeUrl(server, client.oauthId)))
    const statuses = (await Promise.all(answers)).map(({ status }) => status)
    expect(statuses.toSorted()).toEqual([200, 200, 200, 429])
  })

  it('creates a code that neither the log nor the state contains in clear text', async () => {
    const lines: unknown[] = []
    const log = {
      info: (line: object) => lines.push(line),
      warn: (line: object) => lines.push(line),
      error: (line: object) => lines.push(line),
    }
    const { server, client } = await startConsent({ log })
    const code = await codeFor(server, client.oauthId)
    expect(JSON.stringify(lines)).toContain(client.oauthId)
    expect(JSON.stringify(lines)).not.toContain(code)
    expect(JSON.stringify(lines)).not.toContain(password)
  })
})
