import dns from 'node:dns'
import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { pino } from 'pino'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { type AddonOptions, createAddon, html } from '../../src/index.ts'
import { createHipChatServer, type ServerOptions } from '../../src/server/index.ts'
import { planted } from '../leaks/planted.ts'
import { freePort } from '../ports.ts'
import { sign, testOptions } from '../support.ts'

afterEach(() => void vi.restoreAllMocks())

/** Names of containers, as their network resolves them: here all of them are this machine, or an address that a test gives. */
function nameContainers(addresses: Readonly<Record<string, string>>): void {
  const real = dns.lookup
  vi.spyOn(dns, 'lookup').mockImplementation(((...all: Parameters<typeof dns.lookup>) => {
    const address = addresses[all[0]]
    if (address === undefined) return real(...all)
    const done = all.at(-1) as unknown as (error: null, found: object[]) => void // called with the option `all`
    done(null, [{ address, family: 4 }])
  }) as typeof dns.lookup)
}

/** A server that containers call `chat`, and an add-on that they call `addon`, both over plain http. */
async function compose(forAddon: Partial<AddonOptions>, forServer: ServerOptions, addresses = {}) {
  nameContainers({ addon: '127.0.0.1', chat: '127.0.0.1', ...addresses })
  const lines: string[] = []
  const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) })
  const port = await freePort()
  const server = createHipChatServer({
    port,
    publicUrl: `http://chat:${port}`,
    adminToken: planted('a-token-for-the-administrator'),
    seed: {
      users: [{ name: 'Alice', mentionName: 'alice', password: planted('password-of-alice') }],
      rooms: [{ name: 'Lobby', owner: 'alice', participants: ['alice'] }],
    },
    log,
    ...forServer,
  })
  await server.listen()
  const addonPort = await freePort()
  const addon = createAddon({
    ...testOptions,
    store: 'memory:',
    baseUrl: `http://addon:${addonPort}`,
    allowedHosts: ['chat'],
    log,
    ...forAddon,
  })
  addon.command('/where', () => 'here')
  addon.webPanel({ key: 'board', name: 'Board' }, () => html`<p>x</p>`)
  await addon.listen(addonPort, '127.0.0.1')
  onTestFinished(async () => {
    await addon.close()
    await server.close()
  })
  const at = `http://127.0.0.1:${port}`
  /** Calls the server under one of its names. */
  const ask = (path: string, host: string, init: { method?: string; body?: string } = {}) =>
    new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
      const headers = {
        host,
        ...(init.body
          ? { authorization: `Bearer ${server.adminToken}`, 'content-type': 'application/json' }
          : {}),
      }
      request(at + path, { method: init.method ?? 'GET', headers }, (answer) => {
        text(answer).then((body) => resolve({ status: answer.statusCode, body }), reject)
      })
        .on('error', reject)
        .end(init.body)
    })
  const body = JSON.stringify({ url: addon.descriptor.links.self, room_id: 'Lobby' })
  const install = () => ask('/v2/addon', `chat:${port}`, { method: 'POST', body })
  return { server, addon, addonPort, port, ask, install, log: () => lines.join('') }
}

describe('two containers that call each other over plain http', () => {
  it('can be installed if each names the other, and log a warning', async () => {
    const { server, addon, install, port, addonPort, log } = await compose(
      { allowHttp: ['chat'] },
      { allowHttp: ['addon'] },
    )
    expect((await install()).status).toBeLessThan(300)
    await server.say('Lobby', 'alice', '/where')
    await server.idle()
    expect(server.history('Lobby').at(-1)?.message).toBe('here')
    expect(log()).toContain(
      'allowHttp: secrets, tokens and messages are sent to and from chat over plain http',
    )
    expect(log()).toContain('secrets and messages go to these hosts over plain http')
    for await (const { oauthId, capabilitiesUrl } of addon.installations()) {
      expect(capabilitiesUrl).toBe(`http://chat:${port}/v2/capabilities`)
      const page = await fetch(
        `http://127.0.0.1:${addonPort}/page/board?signed_request=${sign(oauthId, 'x')}`,
      )
      expect(page.headers.get('content-security-policy')).toContain('http://chat:*')
    }
  })

  it.each<[string, Partial<AddonOptions>, ServerOptions, RegExp]>([
    ['neither names the other', {}, {}, /^(?!.*127)/],
    ['only the server does', {}, { allowHttp: ['addon'] }, /does not accept installations from this server/],
    ['only the add-on does', { allowHttp: ['chat'] }, {}, /^(?!.*127)/],
    ['a different host is named', { allowHttp: ['chat2'] }, { allowHttp: ['addon'] }, /does not accept/],
    [
      'the host is named, but not in allowedHosts',
      { allowHttp: ['chat'], allowedHosts: ['other'] },
      { allowHttp: ['addon'] },
      /does not accept/,
    ],
  ])('cannot where %s', async (_, forAddon, forServer, reason) => {
    const { install, addon } = await compose(forAddon, forServer)
    const { status, body } = await install()
    expect(status).toBeGreaterThanOrEqual(400)
    expect(body).toMatch(reason)
    for await (const one of addon.installations()) expect(one).toBeUndefined()
  })

  it('cannot call each other if a name resolves to the metadata address of cloud providers', async () => {
    const { install, ask, port } = await compose(
      { allowHttp: ['chat'] },
      { allowHttp: ['addon'] },
      { addon: '169.254.169.254' },
    )
    expect((await install()).status).toBe(400)
    expect((await ask('/v2/capabilities', `chat:${port}`)).status).toBe(200)
  })
})

describe('a server with more than one name', () => {
  it('answers to each name, and describes itself with the requested one', async () => {
    const { ask, port } = await compose(
      {},
      { otherUrls: ['http://localhost:9000', 'https://chat.example.net'] },
    )
    for (const [host, origin] of [
      [`chat:${port}`, `http://chat:${port}`],
      ['localhost:9000', 'http://localhost:9000'],
      ['chat.example.net', 'https://chat.example.net'],
      ['CHAT.example.net', 'https://chat.example.net'],
      // For an unknown port it names the public address, as before.
      ['chat:1', `http://chat:${port}`],
    ] as const) {
      const { status, body } = await ask('/v2/capabilities', host)
      expect(status).toBe(200)
      const { links, capabilities } = JSON.parse(body)
      expect(links).toMatchObject({
        self: `${origin}/v2/capabilities`,
        api: `${origin}/v2`,
        homepage: origin,
      })
      expect(capabilities.oauth2Provider.tokenUrl).toBe(`${origin}/v2/oauth/token`)
    }
    expect((await ask('/v2/capabilities', 'evil.example')).status).toBe(403)
    expect((await ask('/v2/capabilities', 'chat.example.net.evil.example')).status).toBe(403)
  })

  it('on this machine alone describes itself with the requested loopback name and port', async () => {
    const server = createHipChatServer({ port: 0 })
    await server.listen()
    onTestFinished(() => server.close())
    const { port } = new URL(server.url)
    const { links } = (await (await fetch(`http://localhost:${port}/v2/capabilities`)).json()) as {
      links: { self: string }
    }
    expect(links.self).toBe(`http://localhost:${port}/v2/capabilities`)
  })

  it('describes itself with its publicUrl to a proxy on this machine that omits the port', async () => {
    const { ask } = await compose({}, { publicUrl: 'http://localhost:9000' })
    for (const host of ['localhost', '127.0.0.1:8080', 'localhost:9000'])
      expect(JSON.parse((await ask('/v2/capabilities', host)).body).links.homepage).toBe(
        'http://localhost:9000',
      )
  })

  it.each<[ServerOptions, RegExp]>([
    [{ otherUrls: ['chat'] }, /^expected otherUrls.0 to be an http or https origin without a path/],
    [{ otherUrls: 'http://chat' as never }, /^expected otherUrls to be a list of origins/],
    [{ allowHttp: ['*.example.com'] }, /expected allowHttp.0 to be a host name such as addon/],
    [{ allowHttp: ['http://addon'] }, /expected allowHttp.0 to be a host name such as addon/],
    [{ allowHttp: ['addon'], outbound: {} }, /^allowHttp must be left out when outbound is given/],
    [{ otherUrls: ['http://chat:8080'] }, /needs credentials/],
  ])('refuses %j', (options, message) => {
    expect(() => createHipChatServer(options)).toThrow(message)
  })

  it('and an add-on both refuse patterns in allowHttp', () => {
    for (const host of ['*.example.net', 'chat:8080', 'http://chat'])
      expect(() => createAddon({ ...testOptions, store: 'memory:', allowHttp: [host] })).toThrow(
        'createAddon: expected allowHttp.0 to be a host name',
      )
  })
})
