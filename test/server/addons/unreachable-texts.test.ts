import dns from 'node:dns'
import { afterEach, describe, expect, it, test, vi } from 'vitest'
import type { HipChatServer } from '../../../src/server/index.ts'
import { adminCall, call, declare, hook, startAddon, startServer } from '../support.ts'

const words = 'has an address that is not known, or that this server does not call'

/** What the names of an internal network resolve to; all other names are unknown. */
const known: Readonly<Record<string, string>> = {
  'db.internal.example': '10.1.2.3',
  'loop.internal.example': '127.0.0.1',
  'metadata.internal.example': '169.254.169.254',
}

function resolveInternally() {
  vi.spyOn(dns, 'lookup').mockImplementation(((
    host: string,
    _options: object,
    done: (...given: unknown[]) => void,
  ) => {
    const address = known[host]
    if (address) setImmediate(done, null, [{ address, family: 4 }])
    else setImmediate(done, Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND' }))
  }) as never)
}

afterEach(() => {
  vi.restoreAllMocks()
})

const hosts = [...Object.keys(known), 'nobody.internal.example']

/** The refusals that an owner of a room, who is not an administrator, gets. */
async function withOwner() {
  const log: unknown[] = []
  const note = (...line: unknown[]) => void log.push(line)
  const server = await startServer({
    outbound: {},
    log: { debug: note, info: note, warn: note, error: note } as never,
    seed: { users: [{ name: 'Bob', mentionName: 'bob' }], rooms: [{ name: 'Lobby', owner: 'bob' }] },
  })
  resolveInternally()
  return { server, token: await server.createToken({ user: 'bob' }), log }
}

const install = (server: HipChatServer, token: string, url: string) =>
  call(server, 'POST', '/addon', { token, json: { url, room_id: 'Lobby' } })

describe('an address that is not called', () => {
  it('is refused with the same message for a descriptor, whatever its name resolves to', async () => {
    const { server, token, log } = await withOwner()
    const addresses = [
      ...hosts.map((host) => `https://${host}/descriptor`),
      'https://10.1.2.3/descriptor',
      'https://127.0.0.1/descriptor',
      'http://example.com/descriptor',
      'https://localhost/descriptor',
    ]
    for (const url of addresses) {
      const { status, body } = await install(server, token, url)
      expect([url, status, body.error]).toEqual([
        url,
        400,
        { code: 400, type: 'Bad Request', message: `url ${words}`, field: 'url', validation: 'format' },
      ])
    }
    expect(JSON.stringify(log)).toContain('10.1.2.3') // the operator finds the reason in the log
  })

  it('is refused with the same message for a callback', async () => {
    const { server, token } = await withOwner()
    for (const host of hosts) {
      const descriptor = {
        key: 'com.example.own',
        name: 'Own',
        description: 'Asks who is there',
        links: { self: 'https://addon.example/' },
        capabilities: { installable: { callbackUrl: `https://${host}/installed` } },
      }
      const url = `data:application/json,${encodeURIComponent(JSON.stringify(descriptor))}`
      const { body } = await install(server, token, url)
      expect([host, body.error.message]).toEqual([host, `The installation failed: the add-on ${words}`])
    }
  })

  it('is recorded with the same message for a delivery', async () => {
    const { server, token } = await withOwner()
    for (const host of hosts) {
      const json = { url: `https://${host}/hook`, event: 'room_message' }
      expect((await call(server, 'POST', '/room/Lobby/webhook', { token, json })).status).toBe(201)
    }
    await server.say('Lobby', 'bob', 'hello')
    await server.idle()
    const errors = server.deliveries().map(({ error }) => error)
    expect(errors).toEqual(hosts.map(() => words))
  })
})

test('that does not look like a web address is refused as such', async () => {
  const { server, token } = await withOwner()
  for (const [url, message] of [
    ['nowhere', 'url: expected an absolute http or https URL, got "nowhere"'],
    ['ftp://example.com/', 'url: expected an http or https URL, got the scheme "ftp:"'],
  ] as const)
    expect((await install(server, token, url)).body.error.message).toBe(message)
})

test('a redirect is not followed', async () => {
  const server = await startServer()
  const addon = await startAddon()
  declare(addon, { webhook: hook(addon) })
  addon.respond = () => ({ status: 302, headers: { location: 'http://10.1.2.3/' } })
  const answer = await adminCall(server, 'POST', '/addon', {
    json: { url: `${addon.url}/descriptor`, room_id: 'Lobby' },
  })
  expect(answer.body.error.message).toBe('The installation failed: the add-on answered 302')
})
