import { pino } from 'pino'
import { expect } from 'vitest'
import { type AddonOptions, html, page } from '../../src/index.ts'
import { type Installation, keyOf } from '../../src/installations/installation.ts'
import { createInstallations } from '../../src/installations/installation-records.ts'
import { createSealing } from '../../src/store/index.ts'
import { planted } from '../leaks/planted.ts'
import { delivered, secretOf, sign, startWorld, type World } from '../support.ts'
import { type RawAnswer, raw, request } from './raw.ts'

/** The host from which a public add-on accepts installations. */
export const allowedHost = 'chat.example.net'

/** Options of an add-on on the open internet. */
export const open: Partial<AddonOptions> = {
  baseUrl: 'https://addon.example.com',
  allowedHosts: [allowedHost, 'localhost'],
}

/** A running add-on that is installed in the Lobby, whose secrets are known to the test. */
export interface Target {
  readonly world: World
  readonly oauthId: string
  readonly secret: string
  readonly roomId: number
  /** How often a handler ran or a hook was called. */
  ran(): number
  /** A signed request like those of the server. */
  valid(claims?: Record<string, unknown>): string
  /** The body of a delivery from Alice, whose id is 2. */
  readonly body: ReturnType<typeof delivered>
  /** A delivery over a connection of its own. */
  deliver(token: string | undefined, body?: unknown, headers?: readonly string[]): Promise<RawAnswer>
  /** Any other request over a connection of its own. */
  send(method: string, path: string, body?: unknown, headers?: readonly string[]): Promise<RawAnswer>
  /** Every key and value of the store. */
  dump(): Promise<string>
  /** All log lines so far. */
  logged(): string
}

/**
 * Starts it: with a server in this process, or, with a public `baseUrl`, with an installation written to its
 * store.
 */
export async function startTarget(options: Partial<AddonOptions> = {}): Promise<Target> {
  const lines: string[] = []
  const log = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) })
  let ran = 0
  const count = (): void => {
    ran += 1
  }
  const world = await startWorld(
    (addon) => {
      addon.webhook('room_message', { key: 'hook' }, count)
      addon.webhook('room_notification', { key: 'notifications' }, count)
      addon.webPanel({ key: 'board', name: 'Board', parameters: { q: 'message.body' } }, ({ parameters }) => {
        count()
        return page(html`<p title="${parameters.q}">${parameters.q}</p>`, { title: parameters.q || 'Board' })
      })
      addon.glance({ key: 'status', name: 'Status', icon: 'https://example.com/i.png' }, () => {
        count()
        return 'fine'
      })
      addon.settings({ fields: { channel: { type: 'text', label: 'Channel' } } }).onSaved(count)
      addon.router.get('/own', async (ctx) => {
        await addon.session(ctx)
        count()
        ctx.body = 'fine'
      })
      for (const hook of ['installed', 'updated', 'uninstalled', 'replaced'] as const) addon.on(hook, count)
    },
    { addon: { log, ...options } },
  )
  const { installation, secret } = await installed(world, options)
  ran = 0
  const { oauthId, roomId = 1 } = installation
  const body = delivered(oauthId, roomId, 'hello')

  function send(method: string, path: string, sent: unknown = '', headers: readonly string[] = []) {
    const bytes = Buffer.isBuffer(sent) || typeof sent === 'string' ? sent : JSON.stringify(sent)
    const length = `Content-Length: ${Buffer.byteLength(bytes)}`
    return raw(world.url, request([`${method} ${path} HTTP/1.1`, 'Host: addon', length, ...headers], bytes))
  }

  return {
    world,
    oauthId,
    secret,
    roomId,
    ran: () => ran,
    valid: (claims = {}) => sign(oauthId, secret, { sub: '2', ...claims }),
    body,
    send,
    deliver: (token, sent = body, headers = ['Content-Type: application/json']) =>
      send('POST', '/webhook/hook', sent, [
        ...(token === undefined ? [] : [`Authorization: JWT ${token}`]),
        ...headers,
      ]),
    async dump() {
      const entries: [string, string][] = []
      for await (const entry of world.memory.entries('')) entries.push(entry)
      return JSON.stringify(entries.sort(), null, 1)
    },
    logged: () => lines.join(''),
  }
}

async function installed(world: World, { baseUrl, installation }: Partial<AddonOptions>) {
  if (baseUrl === undefined && installation !== 'browser') return world.install()
  const secret = planted('secret-of-the-target')
  const installations = createInstallations(world.store, createSealing())
  const record = installationAt(baseUrl === undefined ? world.server.url : `https://${allowedHost}`)
  await installations.add({ installation: record, key: keyOf(secret) })
  await installations.confirm(record)
  return { installation: record, secret }
}

const installationAt = (server: string): Installation => ({
  oauthId: 'client-of-the-target',
  groupId: 1,
  groupName: 'Example',
  roomId: 1,
  capabilitiesUrl: `${server}/v2/capabilities`,
  apiUrl: `${server}/v2/`,
  tokenUrl: `${server}/v2/oauth/token`,
  homepage: undefined,
  scopes: ['send_notification'],
  descriptorEtag: '"1"',
  installedAt: new Date(0),
  updatedAt: new Date(0),
  rejectedSince: undefined,
})

/** An attack, and its expected outcome. */
export interface Attack {
  readonly name: string
  /** The documented status; several where Node may close the connection before the answer is read. */
  readonly status: number | readonly (number | undefined)[]
  /** Runs before the attack, and may change the store; returns the string that `send` needs. */
  prepare?(target: Target): Promise<string>
  send(target: Target, prepared: string): Promise<RawAnswer>
  /** The expected log. */
  readonly log?: RegExp
}

/**
 * Attacks, and checks everything that must not happen: a handler that runs, a changed store, a secret in
 * the answer or the log, a header injected into the answer, a second answer, a polluted prototype, an add-on
 * that no longer answers.
 */
export async function withstand(target: Target, { status, prepare, send, log }: Attack): Promise<void> {
  const prepared = (await prepare?.(target)) ?? ''
  const before = await target.dump()
  const ran = target.ran()
  const answer = await send(target, prepared)

  expect([status].flat(), answer.text).toContain(answer.status)
  expect(target.ran() - ran, 'handlers and hooks that ran').toBe(0)
  expect(await target.dump()).toBe(before)
  expect(answer.text).not.toMatch(/^x-injected/im)
  expect(answer.text.match(/^HTTP\/1\.1 /gm) ?? [], 'answers').toHaveLength(
    answer.status === undefined ? 0 : 1,
  )
  expect(Object.keys(Object.prototype)).toEqual([])
  expect('polluted' in {}).toBe(false)
  if (log) expect(target.logged()).toMatch(log)
  for (const secret of await secretsOf(target)) {
    expect(answer.text).not.toContain(secret)
    expect(target.logged()).not.toContain(secret)
  }

  const genuine = await target.deliver(target.valid())
  expect([genuine.status, target.ran() - ran], 'the next genuine delivery').toEqual([204, 1])
}

/** The credentials of all installations, their access tokens, and the administrator's. */
async function secretsOf({ world, oauthId }: Target): Promise<string[]> {
  const secrets = [world.server.adminToken, await secretOf(world.store, oauthId)]
  for await (const [, value] of world.store.entries('installation:'))
    secrets.push((JSON.parse(value) as { secret: string }).secret) // written by `createInstallations`
  for await (const [, value] of world.store.entries('token:'))
    secrets.push((JSON.parse(value.replace(/^plain:/, '')) as { token: string }).token) // written by `keep`
  return secrets
}
