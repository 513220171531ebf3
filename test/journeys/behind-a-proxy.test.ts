import type { IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createAddon, createPersonalClient } from '../../src/index.ts'
import { createHipChatServer } from '../../src/server/index.ts'
import { openStore } from '../../src/store/index.ts'
import { openBrowser, openPage } from '../browser/support.ts'
import { temporaryFolder } from '../cli/support.ts'
import { needs } from '../store/redis-server.ts'
import { root } from '../structure/markdown.ts'
import { delivered, partOf, secretOf, sign, testOptions } from '../support.ts'
import {
  needsProxy,
  type Ports,
  type ProxyName,
  proxyPorts,
  type RunningProxy,
  shown,
  startProxy,
} from './proxies.ts'

/** The add-on of the page, in one of its processes. */
function createDeploys({ addons }: Ports, store: string, ca: string) {
  const addon = createAddon({
    ...testOptions,
    baseUrl: `https://localhost:${addons}/deploys`,
    store,
    ca,
  })
  addon.command('/hello', () => 'Hello from behind')
  addon.glance({ key: 'status', name: 'Status', icon: join(root, 'templates/ui/public/icon.svg') }, () => ({
    label: { type: 'html', value: 'All is well' },
  }))
  return addon
}

/** A compatible server and an add-on, both behind one proxy with the configuration of the page. */
async function startBehind(name: ProxyName, change?: (text: string) => string) {
  const ports = await proxyPorts()
  const proxy = await startProxy(name, ports, change)
  const store = temporaryFolder()
  const server = createHipChatServer({
    port: ports.server,
    publicUrl: `https://localhost:${ports.chat}`,
    outbound: { loopback: true, http: true, ca: proxy.ca },
    trustedProxies: ['127.0.0.1'],
    checkResponses: true,
  })
  await server.listen()
  const addon = createDeploys(ports, store, proxy.ca)
  await addon.listen(ports.addon)
  onTestFinished(async () => {
    await addon.close()
    await server.close()
  })
  const admin = createPersonalClient({ apiUrl: server.apiUrl, token: server.adminToken, ca: proxy.ca })
  return {
    ports,
    proxy,
    server,
    addon,
    admin,
    store,
    install: () => admin.installAddon({ url: addon.descriptor.links.self, room_id: 'Lobby' }),
    async say(said: string) {
      const before = server.history('Lobby').length
      await server.say('Lobby', 'alice', said)
      await server.idle()
      return server
        .history('Lobby')
        .slice(before + 1)
        .map(({ message }) => message)
    },
  }
}

/** The secret of an installation, as another process reads it from the store. */
async function secretIn(folder: string, oauthId: string): Promise<string> {
  const opened = openStore(folder)
  try {
    return await secretOf(partOf(opened), oauthId)
  } finally {
    await opened.close()
  }
}

/** One request through the proxy; resolves when its answer begins. */
const ask = (
  { ca }: RunningProxy,
  url: string,
  options: { method?: string; agent?: Agent; headers?: Record<string, string>; body?: string } = {},
): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const { method = 'GET', agent = false, headers = {}, body } = options
    request(url, { method, headers, ca, agent }, resolve).on('error', reject).end(body)
  })

describe.each(['nginx', 'caddy'] as const)('behind %s, configured as the documentation says,', (name) => {
  it('an add-on below a path can be installed in a server, answers, and shows its pages and glances', async (context) => {
    needsProxy(name, context)
    needs('openssl')(context)
    const { install, say, store, proxy, ports, server } = await startBehind(name)
    const { id } = await install()
    expect(server.url).toBe(`https://localhost:${ports.chat}`)
    expect(await say('/hello')).toEqual(['Hello from behind'])

    const secret = await secretIn(store, id)
    const glance = `https://localhost:${ports.addons}/deploys/glance/status?signed_request=${sign(id, secret, { sub: '2' })}`
    const answer = await ask(proxy, glance)
    expect([answer.statusCode, answer.headers['cache-control']]).toEqual([200, 'no-store'])
    expect(await text(answer)).toContain('All is well')
    if (name === 'nginx') {
      expect(proxy.log()).toContain('GET /deploys/glance/status 200')
      expect(proxy.log()).not.toContain('signed_request')
    }
  })

  it('a server accepts the largest file', async (context) => {
    needsProxy(name, context)
    needs('openssl')(context)
    const { admin, server } = await startBehind(name)
    const content = Buffer.alloc(20 * 1024 * 1024, 'x')
    await admin.shareFileWithRoom({ id_or_name: 'Lobby', file: { name: 'long.bin', content } })
    expect(server.history('Lobby').at(-1)?.file).toMatchObject({ name: 'long.bin', size: content.length })
  })

  it('the connection of the chat page receives events while it is open', async (context) => {
    needsProxy(name, context)
    needs('openssl')(context)
    const { server, proxy } = await startBehind(name)
    const session = await ask(proxy, `${server.url}/page/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ user_id: 2 }),
    })
    const { token } = JSON.parse(await text(session))
    const updates = await ask(proxy, `${server.url}/page/updates`, {
      headers: { authorization: `Bearer ${token}` },
    })
    let told = ''
    updates.setEncoding('utf8').on('data', (piece: string) => {
      told += piece
    })
    onTestFinished(() => void updates.destroy())
    expect(updates.headers['content-type']).toContain('text/event-stream')
    await expect.poll(() => told).toContain('event: reset')
    await server.say('Lobby', 'bob', 'while it is open')
    // Sooner than any heartbeat: nothing waits until a buffer is full.
    await expect.poll(() => told, { timeout: 3_000 }).toContain('while it is open')
    expect(updates.complete).toBe(false)
  })
})

describe('on the chat page', () => {
  openBrowser()

  it.for(['nginx', 'caddy'] as const)('people can talk to an add-on behind %s', async (name, context) => {
    needsProxy(name, context)
    needs('openssl')(context)
    const { server, install } = await startBehind(name)
    await install()
    const page = await openPage(server, { path: '/chat/room/1', ignoreHTTPSErrors: true })
    await page.getByRole('button', { name: 'Alice Archer' }).click()
    await page.getByRole('textbox', { name: /^Message / }).fill('/hello')
    await page.keyboard.press('Enter')
    const log = page.getByRole('log')
    await log.getByText('Hello from behind').waitFor()
    await server.say('Lobby', 'bob', 'And who are you?')
    await log.getByText('And who are you?').waitFor()
  })
})

describe('behind nginx', () => {
  it('an add-on works too when the proxy removes the path', async (context) => {
    needsProxy('nginx', context)
    needs('openssl')(context)
    const { install, say } = await startBehind('nginx', (text) =>
      text.replace('proxy_pass http://deploys;', 'proxy_pass http://deploys/;'),
    )
    await install()
    expect(await say('/hello')).toEqual(['Hello from behind'])
  })

  it('callers without a token are counted by their own addresses', async (context) => {
    needsProxy('nginx', context)
    needs('openssl')(context)
    const { server, proxy } = await startBehind('nginx')
    // The proxy has this machine's address too, so the address before it counts.
    const left = async (caller: string) => {
      const answer = await ask(proxy, `${server.url}/v2/room`, { headers: { 'x-forwarded-for': caller } })
      return Number(answer.resume().headers['x-ratelimit-remaining'])
    }
    const first = await left('203.0.113.9')
    expect(await left('203.0.113.9')).toBe(first - 1)
    expect(await left('198.51.100.7')).toBe(first)
  })

  it('one address cannot use up the sign-in attempts of others', async (context) => {
    needsProxy('nginx', context)
    needs('openssl')(context)
    const { server, proxy } = await startBehind('nginx')
    const attempt = async (index: number) => {
      const answer = await ask(proxy, `${server.url}/page/session`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ username: `nobody${index}`, password: 'guessed' }),
      })
      return answer.resume().statusCode
    }
    const statuses: (number | undefined)[] = []
    for (let index = 0; index < 40; index += 1) statuses.push(await attempt(index))
    expect(statuses.slice(0, 21)).toEqual(Array.from({ length: 21 }, () => 401))
    expect(statuses.at(-1)).toBe(429)
    expect(statuses.filter((status) => status === 401).length).toBeLessThan(30)
  })

  it('processes can be replaced one by one, and every delivery is handled once', async (context) => {
    needsProxy('nginx', context)
    needs('openssl')(context)
    const [, , upstream = '', location = ''] = shown('nginx')
    const world = await startBehind('nginx', (page) =>
      page
        .replace(/upstream deploys \{[^}]*\}\n/, upstream)
        .replace('  location /deploys/ {', `${location}\n  location /deploys/ {`),
    )
    const { ports, proxy, store } = world
    const handled = new Map<string, number>()
    const by = new Set<number>()
    const startProcess = async (port: number) => {
      const addon = createDeploys(ports, store, proxy.ca)
      addon.webhook('room_message', { key: 'count', ordered: false }, async ({ message }) => {
        await delay(20)
        handled.set(message.message, (handled.get(message.message) ?? 0) + 1)
        by.add(port)
      })
      await addon.listen(port)
      onTestFinished(() => addon.close())
      return addon
    }
    await world.addon.close()
    const first = await startProcess(ports.addon)
    const second = await startProcess(ports.secondAddon)
    const { id } = await world.install()
    const secret = await secretIn(store, id)

    const agent = new Agent({ keepAlive: true, maxSockets: 20, ca: proxy.ca })
    onTestFinished(() => agent.destroy())
    const statuses = new Map<string, number | undefined>()
    let sent = 0
    let over = false
    const sender = async () => {
      while (!over) {
        const said = String(sent++)
        const answer = await ask(proxy, `https://localhost:${ports.addons}/deploys/webhook/count`, {
          method: 'POST',
          agent,
          headers: {
            authorization: `JWT ${sign(id, secret, { sub: '2' })}`,
            'content-type': 'application/json',
          },
          body: JSON.stringify(delivered(id, 1, said)),
        })
        statuses.set(said, answer.statusCode)
        await text(answer)
      }
    }
    const more = async (count: number) => {
      const before = handled.size
      await expect.poll(() => handled.size).toBeGreaterThan(before + count)
    }
    const senders = Array.from({ length: 20 }, sender)
    await more(200)
    await first.close()
    await more(200)
    const third = await startProcess(ports.addon)
    await more(50) // those that the ended process did not accept are still in transit to the other
    await second.close()
    await more(200)
    over = true
    await Promise.all(senders)
    await third.close()

    expect(by).toEqual(new Set([ports.addon, ports.secondAddon]))
    expect([...statuses].filter(([, status]) => status !== 204)).toEqual([])
    expect([...statuses.keys()].filter((said) => handled.get(said) !== 1)).toEqual([])
  }, 60_000)
})
