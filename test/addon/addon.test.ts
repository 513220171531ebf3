import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Keyv } from 'keyv'
import { pino } from 'pino'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createAddon } from '../../src/index.ts'
import { createMemoryStore } from '../../src/store/index.ts'
import { planted } from '../leaks/planted.ts'
import { freePort } from '../ports.ts'
import { delivered, sign, startWorld, testOptions } from '../support.ts'

const addonWith = (over: object) => () => createAddon({ ...testOptions, store: 'memory:', ...over })

describe('createAddon', () => {
  it.each([
    [{ key: undefined }, 'createAddon: the option key is missing'],
    [
      { key: 'a:b' },
      'createAddon: expected key to be a string without whitespace and colons such as com.example.deploys, got "a:b"',
    ],
    [{ name: '' }, 'createAddon: expected name to be a non-empty string, got an empty one'],
    [{ scopes: ['send'] }, /expected scopes.0 to be one of admin_group, .*; got "send"$/],
    [
      { scopes: 'send_notification' },
      'createAddon: expected scopes to be a list of scopes, got "send_notification"',
    ],
    [{ baseURL: 'x' }, /baseURL is not a known option; expected one of key, name, /],
    [
      { baseUrl: 'example.com' },
      'createAddon: expected baseUrl to be an absolute http or https address, got "example.com"',
    ],
    [
      { baseUrl: 'https://user:pass@example.com' },
      'createAddon: expected baseUrl to be an address without a user name or password, got one that has them',
    ],
    [
      { baseUrl: 'https://example.com' },
      /allowedHosts is missing. With the public address https:\/\/example.com anyone could install/,
    ],
    [
      { allowedHosts: ['https://example.com'] },
      /expected allowedHosts.0 to be a host name such as .*; got "https:\/\/example.com"/,
    ],
    [
      { allowedRanges: ['10.0.0.1'] },
      /expected allowedRanges.0 to be an address range such as 10.0.0.0\/8, got "10.0.0.1"/,
    ],
    [{ allowRoom: false, allowGlobal: false }, /could not be installed anywhere/],
    [{ allowRoom: 'yes' }, 'createAddon: expected allowRoom to be true or false, got "yes"'],
    [{ vendor: { name: 'x' } }, 'createAddon: the option vendor.url is missing'],
    [{ installation: 'both' }, 'createAddon: expected installation to be one of server, browser; got "both"'],
    [
      { acknowledgeAfter: -1 },
      'createAddon: expected acknowledgeAfter to be a number of milliseconds from 0 to 2147483647, got -1',
    ],
    [{ maxDeliveries: 0 }, 'createAddon: expected maxDeliveries to be a whole number above 0, got 0'],
    [
      { acknowledgeAfter: 2 ** 31 },
      'createAddon: expected acknowledgeAfter to be a number of milliseconds from 0 to 2147483647, got 2147483648',
    ],
    [
      { acknowledgeAfter: '3000' },
      'createAddon: expected acknowledgeAfter to be a number of milliseconds from 0 to 2147483647, got "3000"',
    ],
    [
      { ca: '/etc/ssl/ca.pem' },
      'createAddon: expected ca to be certificates as PEM, that is, the content of such a file and not its name',
    ],
    [{ callTimeout: 0 }, 'createAddon: expected callTimeout to be a number of milliseconds above 0, got 0'],
    [
      { allowedHosts: ['chat.example.net:8443'] },
      /expected allowedHosts.0 to be a host name such as .* without a port; got "chat.example.net:8443"/,
    ],
    [
      { allowedRanges: ['10.0.0.0/33'] },
      /expected allowedRanges.0 to be an address range .*, got "10.0.0.0\/33"/,
    ],
    [
      { allowedRanges: ['999.0.0.0/8'] },
      /expected allowedRanges.0 to be an address range .*, got "999.0.0.0\/8"/,
    ],
    [{ log: console }, 'createAddon: expected log to be a pino logger or false, got object'],
    [{ store: `mysql://user:${planted('hunter2')}@db/` }, /store: expected redis:.*, got the scheme mysql:$/],
    [{ secretKey: 'short' }, /secretKey: expected 32 random bytes .*, got a string of 5 characters/],
  ])('refuses %j by name', (over, message) => {
    const created = addonWith(over)
    expect(created).toThrow(expect.objectContaining({ code: 'ERR_CONFIGURATION' }))
    expect(created).toThrow(message)
    expect(created).not.toThrow('hunter2')
  })

  it('accepts a public address together with the hosts it may be installed from', () => {
    expect(addonWith({ baseUrl: 'https://example.com', allowedHosts: ['*.example.net'] })).not.toThrow()
  })

  it('has no address before it listens, and the error says how to get one', () => {
    const addon = addonWith({})()
    expect(() => addon.descriptor).toThrow(expect.objectContaining({ code: 'ERR_CONFIGURATION' }))
    expect(() => addon.callback()).toThrow(
      /the base address is not known yet: give createAddon a baseUrl, or call listen\(\) first/,
    )
  })
})

describe('listen()', () => {
  it.each([[Number.NaN], [-1], [65536], ['http']])('names the valid ports, given %s', async (port) => {
    await expect(addonWith({ store: 'memory:' })().listen(port as number)).rejects.toMatchObject({
      code: 'ERR_CONFIGURATION',
      message: `listen: expected a port from 0 to 65535, got ${port}`,
    })
  })

  it('can be called again after it failed, and then has its new address', async () => {
    const memory = createMemoryStore()
    let away = true
    const store = {
      ...memory,
      async *entries(prefix: string) {
        if (away) throw new Error('away')
        yield* memory.entries(prefix)
      },
    }
    const addon = addonWith({ store })()
    await expect(addon.listen(0)).rejects.toThrow('away')
    away = false
    const { port, url } = await addon.listen(0)
    onTestFinished(() => addon.close())
    expect(url).toBe(`http://localhost:${port}`)
    expect(addon.descriptor.links.self).toBe(`${url}/atlassian-connect.json`)
  })

  it('and close() can be called in any order', async () => {
    const never = addonWith({ store: 'memory:' })()
    await Promise.all([never.close(), never.close()])
    await expect(never.listen(0)).rejects.toMatchObject({
      code: 'ERR_CONFIGURATION',
      message: 'listen: the add-on has been closed; create another one',
    })
    const during = addonWith({ store: 'memory:' })()
    const listening = during.listen(0).catch(() => {})
    await during.close()
    await listening
  })
})

describe('callback()', () => {
  it('refuses a descriptor that is not valid, as listen() does', () => {
    const addon = addonWith({ baseUrl: 'http://localhost:1', name: 'x'.repeat(300) })()
    expect(() => addon.callback()).toThrow(
      expect.objectContaining({
        code: 'ERR_CONFIGURATION',
        message: expect.stringContaining('the descriptor is not valid'),
      }),
    )
  })
})

describe('the author’s own routes', () => {
  it('can refuse with ctx.throw without an error in the log, and real errors are logged', async () => {
    const lines: string[] = []
    const log = pino({ level: 'error' }, { write: (line: string) => void lines.push(line) })
    const { url } = await startWorld(
      (addon) => {
        addon.router.get('/missing', (ctx) => ctx.throw(404, 'no such build'))
        addon.router.get('/broken', () => {
          throw new Error('broken')
        })
        addon.router.get('/half', (ctx) => {
          ctx.respond = false
          ctx.res.write('half')
          ctx.res.end()
          throw new Error('after the answer')
        })
        addon.router.get('/odd', () => {
          throw Object.defineProperty(new Error('odd to read'), 'details', {
            enumerable: true,
            get: () => {
              throw new Error('gotcha')
            },
          })
        })
      },
      { addon: { log } },
    )
    const missing = await fetch(`${url}/missing`)
    expect([missing.status, await missing.text(), lines.length]).toEqual([404, 'no such build', 0])
    expect((await fetch(`${url}/broken`)).status).toBe(500)
    expect(lines.splice(0)).toEqual([expect.stringContaining('broken')])
    await fetch(`${url}/half`)
    expect(lines.splice(0)).toEqual([expect.stringContaining('after the answer')])
    expect((await fetch(`${url}/odd`)).status).toBe(500)
    expect(lines.splice(0)).toEqual([expect.stringContaining('odd to read')])
  })
})

describe('an add-on', () => {
  it('reports that it is alive, and whether its store is ready', async () => {
    const { url, store } = await startWorld(() => {})
    expect(await (await fetch(`${url}/healthz`)).text()).toBe('ok')
    expect(await (await fetch(`${url}/readyz`)).text()).toBe('ready')
    await store.close()
    const answer = await fetch(`${url}/readyz`)
    expect([answer.status, await answer.text()]).toEqual([
      503,
      expect.stringContaining('the store does not answer'),
    ])
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
  })

  it('serves the author’s own routes, which can act for every installation', async () => {
    const { url, install, messages } = await startWorld((addon) => {
      addon.router.post('/github', async (ctx) => {
        for await (const installation of addon.installations())
          await addon.room(installation).notify('Build passed')
        ctx.status = 202
      })
      addon.router.get('/teapot', (ctx) => ctx.throw(418, 'short and stout'))
      addon.router.get('/broken', () => {
        throw new Error('secret of mine')
      })
    })
    await install('Lobby')
    await install('Workshop')
    expect((await fetch(`${url}/github`, { method: 'POST' })).status).toBe(202)
    expect([messages('Lobby'), messages('Workshop')]).toEqual([['Build passed'], ['Build passed']])
    const teapot = await fetch(`${url}/teapot`)
    expect([teapot.status, await teapot.text()]).toEqual([418, 'short and stout'])
    const broken = await fetch(`${url}/broken`)
    expect([broken.status, await broken.text()]).toEqual([500, 'The add-on failed.'])
    expect((await fetch(`${url}/nowhere`)).status).toBe(404)
    expect((await fetch(`${url}/%ZZ`)).status).toBe(404)
  })

  it('runs under any HTTP server', async () => {
    const addon = addonWith({ baseUrl: 'http://localhost:1' })()
    const server = createServer(addon.callback())
    await new Promise<void>((resolve) => server.listen(0, resolve))
    onTestFinished(async () => {
      server.close()
      await addon.close()
    })
    const { port } = server.address() as AddressInfo // it listens on a port
    expect(await (await fetch(`http://localhost:${port}/`)).json()).toMatchObject({
      links: { self: 'http://localhost:1/atlassian-connect.json' },
    })
  })

  it('logs at start how many installations have an older descriptor', async () => {
    const { install, memory } = await startWorld(() => {})
    await install()
    const lines: string[] = []
    const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) })
    const next = createAddon({ ...testOptions, store: memory, log, description: 'Newer' })
    await next.listen()
    await next.close()
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({
      installations: 1,
      msg: expect.stringContaining('approved with a different descriptor'),
    })
  })

  it('rejects listen() on a port that is taken, and names the port', async () => {
    const { url } = await startWorld(() => {})
    const second = addonWith({})()
    const port = Number(new URL(url).port)
    await expect(second.listen(port)).rejects.toMatchObject({
      code: 'ERR_CONFIGURATION',
      message: `listen: port ${port} of localhost is taken by another process`,
    })
    await second.listen()
    await second.close()
  })

  it('does not listen while its store cannot be reached', async () => {
    const addon = addonWith({ store: 'redis://127.0.0.1:1' })()
    const port = await freePort()
    await expect(addon.listen(port)).rejects.toMatchObject({
      code: 'ERR_STORE',
      message: expect.stringContaining('redis://127.0.0.1:1'),
    })
    await expect(fetch(`http://localhost:${port}/healthz`)).rejects.toThrow()
    await addon.close()
  })
})

describe('two add-ons with the same store object', () => {
  const given = [
    ['a store', () => createMemoryStore()],
    [
      'a store of a class',
      () => {
        class Own {
          readonly #kept = createMemoryStore()
          readonly name = 'own'
          get = (key: string) => this.#kept.get(key)
          set(key: string, value: string, ttl?: number) {
            return this.#kept.set(key, value, ttl)
          }
          delete = (key: string) => this.#kept.delete(key)
          entries = (prefix: string) => this.#kept.entries(prefix)
          claim = (key: string, ttl: number) => this.#kept.claim(key, ttl)
          release = (key: string) => this.#kept.release(key)
          update = (key: string, change: (value: string | undefined) => string | undefined) =>
            this.#kept.update(key, change)
          ping = () => this.#kept.ping()
          close() {
            return this.#kept.close()
          }
        }
        return new Own()
      },
    ],
    ['an adapter of Keyv', () => new Map()],
    ['a Keyv', () => new Keyv()],
  ] as const

  it.each(given)('close %s only when both are closed', async (_, make) => {
    const store = make()
    const create = (key: string) =>
      createAddon({ ...testOptions, key, store, baseUrl: 'http://localhost:1' } as typeof testOptions)
    const [one, other] = [create('com.example.one'), create('com.example.other')]
    const closing = 'disconnect' in store ? vi.spyOn(store, 'disconnect') : undefined
    await one.close()
    await one.close()
    expect(closing?.mock.calls ?? []).toEqual([])
    expect(await other.installation('client-1')).toBeUndefined()
    await other.close()
    await expect(other.installation('client-1')).rejects.toMatchObject({ code: 'ERR_STORE' })
  })
})

describe('two add-ons on one store', () => {
  it('do not see each other’s installations', async () => {
    const { install, memory, url } = await startWorld((addon) => {
      addon.webhook('room_message', { key: 'hook' }, () => 'mine')
    })
    const { installation, secret } = await install()
    const other = createAddon({ ...testOptions, key: 'com.example.other', store: memory })
    other.webhook('room_message', { key: 'hook' }, () => 'not mine')
    const { url: otherUrl } = await other.listen()
    onTestFinished(() => other.close())
    const deliver = (to: string) =>
      fetch(`${to}/webhook/hook`, {
        method: 'POST',
        headers: { authorization: `JWT ${sign(installation.oauthId, secret)}` },
        body: JSON.stringify(delivered(installation.oauthId, 1, 'hello')),
      })
    expect((await deliver(otherUrl)).status).toBe(401)
    expect((await deliver(url)).status).toBe(200)
    expect(await other.installation(installation.oauthId)).toBeUndefined()
  })
})
