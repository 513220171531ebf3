import { describe, expect, it } from 'vitest'
import { adminCall, declare, hook, startServer } from '../server/support.ts'
import { password, type SendOptions, startServerTarget, withstand } from './server-target.ts'

const addresses = [
  'http://127.0.0.1/',
  'https://127.0.0.1/',
  'https://2130706433/',
  'https://0177.0.0.1/',
  'https://0x7f.1/',
  'https://[::1]/',
  'https://[::ffff:7f00:1]/',
  'https://10.0.0.1/',
  'https://192.168.0.1/',
  'https://169.254.169.254/latest/meta-data/',
  'https://[fd00::1]/',
  'http://example.com/',
  'https://user:password@example.com/',
  'file:///etc/passwd',
  'javascript:alert(1)',
  'gopher://example.com/',
]

describe('a server for the public does not call', () => {
  it.each(addresses)('%s', async (url) => {
    const server = await startServer({ outbound: {} })
    const refused = async (path: string, json: object) => {
      const answer = await adminCall(server, 'POST', path, { json })
      expect([answer.status, answer.body.error.field]).toEqual([400, expect.stringMatching(/url$/i)])
    }
    const installed = (installable: object, webhook: object[] = []) => ({
      url: `data:application/json,${encodeURIComponent(
        JSON.stringify({
          key: 'a',
          name: 'A',
          description: 'A',
          links: { self: 'https://example.com/' },
          capabilities: { installable, webhook },
        }),
      )}`,
    })
    await refused('/addon', { url })
    for (const name of ['callbackUrl', 'updateCallbackUrl', 'installedUrl', 'updatedUrl', 'uninstalledUrl'])
      await refused('/addon', installed({ [name]: url }))
    await refused('/addon', installed({}, [{ event: 'room_message', url }]))
    await refused('/room/Lobby/webhook', { event: 'room_message', url })
    expect(server.installations()).toEqual([])
    expect((await adminCall(server, 'GET', '/room/Lobby/webhook')).body.items).toEqual([])
  })
})

const descriptors: readonly (readonly [
  name: string,
  reply: { status?: number; headers?: Record<string, string>; body?: string },
])[] = [
  ['redirects', { status: 302, headers: { location: 'http://169.254.169.254/' } }],
  ['is a page', { body: '<html>' }],
  ['is huge', { body: `"${'x'.repeat(300 * 1024)}"` }],
  ['is nested without end', { body: `${'['.repeat(1e5)}${']'.repeat(1e5)}` }],
  ['is compressed', { headers: { 'content-encoding': 'gzip' }, body: '\u001f\u008b' }],
  ['is in __proto__', { body: '{"__proto__":{"key":"a","name":"A","polluted":1}}' }],
]

describe('a descriptor', () => {
  it.each(descriptors)('that %s is not installed', async (name, reply) => {
    const target = await startServerTarget()
    const { addon } = target
    await withstand(target, {
      name,
      status: 400,
      async send({ send, server }) {
        const descriptor = { ...addon.descriptor }
        addon.respond = ({ path }) => (path === '/other' ? reply : undefined)
        const answer = await send('POST', '/addon', {
          token: server.adminToken,
          body: { url: `${addon.url}/other`, room_id: 'Workshop' },
        })
        addon.calls.splice(
          addon.calls.findIndex(({ path }) => path === '/other'),
          1,
        ) // it was asked for, rightly
        addon.descriptor = descriptor
        return answer
      },
    })
  })
})

describe('the webhooks of a descriptor', () => {
  const costly = '(a?){400}b' // 1,600 steps
  it.each([
    ['more than a hundred', 101, 'x', 'capabilities.webhook'],
    ['patterns that cost too much together', 13, costly, 'capabilities.webhook.12.pattern'],
  ])('are refused when they are %s', async (name, count, pattern, field) => {
    const target = await startServerTarget()
    await withstand(target, {
      name,
      status: 400,
      async send({ send, server, addon }) {
        const { descriptor } = addon
        const webhook = Array.from({ length: count }, (_, index) =>
          hook(addon, { pattern: `${pattern}${index}` }),
        )
        declare(addon, { webhook })
        const body = { url: `${addon.url}/descriptor`, room_id: 'Workshop' }
        const answer = await send('POST', '/addon', { token: server.adminToken, body })
        addon.descriptor = descriptor
        expect(answer.text).toContain(`"field":"${field}"`)
        return answer
      },
    })
  })
})

describe('a password', () => {
  it('cannot be guessed by trying, however the name is written', async () => {
    const target = await startServerTarget()
    const attempt = (username: string, guess: string) =>
      target.send('POST', '/oauth/token', { body: { grant_type: 'password', username, password: guess } })
    for (let index = 0; index < 10; index += 1)
      expect(
        (await attempt(index % 2 ? 'ALICE@example.com' : 'alice@example.com', `guess ${index}`)).status,
      ).toBe(401)
    await withstand(target, {
      name: 'the right password, too late',
      status: 429,
      send: () => attempt('Alice@Example.com', password),
    })
  })
})

describe('an unknown room and an invisible room', () => {
  it('get the same answer', async () => {
    const { send, tokens } = await startServerTarget()
    const answerTo = async (name: string, method: string, path: string, options: SendOptions) => {
      const { text } = await send(method, path, options)
      return text.slice(text.indexOf('\r\n\r\n')).replaceAll(name, 'NAME')
    }
    const room = (id: string) => answerTo(id, 'GET', `/room/${id}`, { token: tokens.carol })
    expect(await room('3')).toBe(await room('9'))
    const signIn = (username: string) =>
      answerTo(username, 'POST', '/oauth/token', {
        body: { grant_type: 'password', username, password: 'guess' },
      })
    expect(await signIn('alice')).toBe(await signIn('nobody'))
  })
})

const markup = '"><script>alert(1)</script><img src=x onerror=alert(1)>'

describe('markup', () => {
  it('in messages and names is data in every answer, and is not run on any page', async () => {
    const { server, send, tokens } = await startServerTarget()
    const card = {
      style: 'application',
      id: '1',
      title: markup,
      description: { format: 'html', value: markup },
    }
    await server.say('Lobby', 'alice', markup)
    await server.notify('Lobby', 'alice', { message: markup, message_format: 'html', card: card as never })
    await server.setTopic('Lobby', 'alice', markup)
    const pushed = { glance: [{ key: 'g', content: { label: { type: 'html', value: markup } } }] }
    await send('POST', '/addon/ui/room/Lobby', { token: tokens.addon, body: pushed })

    const paths = ['/v2/room/Lobby', '/v2/room/Lobby/history', `/v2/room/${encodeURIComponent(markup)}`]
    for (const path of paths) {
      const { text } = await send('GET', path, { token: server.adminToken })
      expect(text).toMatch(/^content-type: application\/json/im)
      expect(text).toMatch(/^x-content-type-options: nosniff/im)
    }
    for (const path of ['/', '/addons/install']) {
      const page = await (await fetch(server.url + path)).text()
      expect(page).not.toContain('alert(1)')
    }
  })

  it.each([
    'javascript:alert(document.domain)',
    'data:text/html,<script>alert(1)</script>',
    'https://evil.example/"><script>alert(1)</script>',
    "https://evil.example/' onfocus='alert(1)' autofocus='",
    'https://evil.example/</title><script>alert(1)</script>',
    '\u2028"><svg onload=alert(1)>',
  ])('in the install link %s stays text', async (url) => {
    const server = await startServer()
    const query = new URLSearchParams({ url, room: url, key: url, relayState: url })
    const answer = await fetch(`${server.url}/addons/install?${query}`)
    const page = await answer.text()
    expect(page.match(/<script\b/g)).toHaveLength(1)
    expect(page).not.toMatch(/<(?:svg|img)\b|(?:href|src|action)\s*=\s*["']?(?:javascript|data):/i)
    for (const [, value = ''] of page.matchAll(/value="([^"]*)"/g)) expect(value).not.toMatch(/[<>']/)
    expect(answer.headers.get('content-security-policy')).toMatch(
      /default-src 'none'.*frame-ancestors 'none'/,
    )
    expect((await adminCall(server, 'POST', '/addon', { json: { url } })).status).toBe(400)
    expect(server.installations()).toEqual([])
  })
})

describe('patterns', () => {
  it('that would hang another engine match, or do not, in the longest message', async () => {
    const target = await startServerTarget()
    const { send, tokens, addon, server } = target
    const hanging = [
      '(a+)+$',
      '(a|aa)+$',
      '(a|a?)+$',
      '(.*a){20}',
      '([a-z]+)*\\d',
      '^(([a-z])+.)+[A-Z]([a-z])+$',
    ]
    for (const pattern of hanging)
      expect(
        (await send('POST', '/room/Lobby/webhook', { token: tokens.addon, body: hook(addon, { pattern }) }))
          .status,
      ).toBe(201)
    await server.say('Lobby', 'alice', `${'a'.repeat(9_998)}!`)
    await server.idle()
    expect(addon.to('/hook').length).toBeGreaterThan(0)
    expect((await send('GET', '/room/Lobby', { token: tokens.bob })).status).toBe(200)
  })
})
