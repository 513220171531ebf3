import { expect } from 'vitest'
import type { HipChatServer, ServerOptions } from '../../src/server/index.ts'
import { planted } from '../leaks/planted.ts'
import {
  type Addon,
  accessToken,
  adminCall,
  hook,
  installOverHttp,
  startAddon,
  startServer,
} from '../server/support.ts'
import { type RawAnswer, raw, request } from './raw.ts'

/** A server with users, an add-on in the Lobby, and the tokens that attackers may have. */
export interface ServerTarget {
  readonly server: HipChatServer
  readonly addon: Addon
  readonly installation: { readonly oauthId: string; readonly oauthSecret: string }
  readonly tokens: {
    /** Bob's token with all scopes; Bob is not an administrator. */
    readonly bob: string
    /** The token of Carol, who cannot see the private room. */
    readonly carol: string
    /** Bob's token with the scope view_group only. */
    readonly viewing: string
    /** Of the Lobby's integration page. */
    readonly lobby: string
    /** Of the add-on, installed in the Lobby. */
    readonly addon: string
  }
  /** A call over a connection of its own; `/v2` is added to a path without it. */
  send(method: string, path: string, options?: SendOptions): Promise<RawAnswer>
}

export interface SendOptions {
  readonly token?: string | undefined
  /** Sent as JSON, unless it is a string or bytes. */
  readonly body?: unknown
  readonly headers?: readonly string[]
}

/** The password of Alice. */
export const password = planted('password-of-alice')

export async function startServerTarget(options: ServerOptions = {}): Promise<ServerTarget> {
  const server = await startServer({
    seed: {
      users: [
        { name: 'Alice Archer', mentionName: 'alice', email: 'alice@example.com', password },
        { name: 'Bob Baker', mentionName: 'bob' },
        { name: 'Carol Cook', mentionName: 'carol' },
      ],
      rooms: [
        { name: 'Lobby', participants: ['alice', 'bob'] },
        { name: 'Workshop' },
        { name: 'Back office', privacy: 'private', owner: 'alice', members: ['bob'] },
      ],
    },
    ...options,
  })
  const addon = await startAddon({
    hipchatApiConsumer: { scopes: ['send_notification', 'view_room', 'admin_room'] },
  })
  addon.descriptor = {
    ...addon.descriptor,
    capabilities: { ...(addon.descriptor['capabilities'] as object), webhook: hook(addon) },
  }
  const installation = await installOverHttp(server, addon, 'Lobby')

  return {
    server,
    addon,
    installation,
    tokens: {
      bob: await server.createToken({ user: 'bob' }),
      carol: await server.createToken({ user: 'carol' }),
      viewing: await server.createToken({ user: 'bob', scopes: ['view_group'] }),
      lobby: await server.createToken({ room: 'Lobby' }),
      addon: await accessToken(server, installation),
    },
    send(method, path, { token, body = '', headers = ['Content-Type: application/json'] } = {}) {
      const bytes = Buffer.isBuffer(body) || typeof body === 'string' ? body : JSON.stringify(body)
      return raw(
        server.url,
        request(
          [
            `${method} ${path.startsWith('/v2') ? '' : '/v2'}${path} HTTP/1.1`,
            `Host: ${new URL(server.url).host}`,
            `Content-Length: ${Buffer.byteLength(bytes)}`,
            ...(token === undefined ? [] : [`Authorization: Bearer ${token}`]),
            ...headers,
          ],
          bytes,
        ),
      )
    },
  }
}

/** The state as far as an administrator can read it. */
async function snapshot({ server, addon, tokens }: ServerTarget): Promise<string> {
  const read = async (path: string, token = server.adminToken) =>
    (await adminCall(server, 'GET', path, { token })).body
  const rooms = await read('/room?include-private=true&include-archived=true&expand=items')
  const ids: number[] = rooms.items.map(({ id }: { id: number }) => id)
  const each = ids.map(async (id) => [
    await read(`/room/${id}`),
    await read(`/room/${id}/statistics`),
    await read(`/room/${id}/webhook`),
    server.history(id),
  ])
  return JSON.stringify(
    {
      rooms,
      each: await Promise.all(each),
      users: await read('/user?include-deleted=true&include-guests=true&expand=items'),
      members: await read('/room/Back%20office/member'),
      sessions: await read('/session'),
      webhooks: await read('/room/Lobby/webhook', tokens.addon),
      installations: server.installations(),
      glances: server.glanceUpdates(),
      redirects: server.redirects(),
      told: addon.calls,
    },
    null,
    1,
  )
}

/** An attack, and its expected outcome. */
export interface ServerAttack {
  readonly name: string
  readonly status: number | readonly (number | undefined)[]
  send(target: ServerTarget): Promise<RawAnswer>
}

/**
 * Attacks, and checks everything that must not happen: a changed state, a secret in the answer, an answer
 * that a browser would run, a polluted prototype, a server that no longer answers.
 */
export async function withstand(target: ServerTarget, { status, send }: ServerAttack): Promise<RawAnswer> {
  const { server, addon, installation, tokens } = target
  const before = await snapshot(target)
  const answer = await send(target)

  expect([status].flat(), answer.text).toContain(answer.status)
  expect(await snapshot(target)).toBe(before)
  expect(answer.text).not.toMatch(/^x-injected/im)
  expect(answer.text.match(/^HTTP\/1\.1 /gm) ?? [], 'answers').toHaveLength(
    answer.status === undefined ? 0 : 1,
  )
  expect(Object.keys(Object.prototype)).toEqual([])
  expect('polluted' in {}).toBe(false)
  for (const secret of [server.adminToken, password, installation.oauthSecret, ...Object.values(tokens)])
    expect(answer.text).not.toContain(secret)

  await server.idle()
  const told = addon.to('/hook').length
  await server.say('Lobby', 'alice', 'hello')
  await server.idle()
  expect(addon.to('/hook'), 'the next message reaches the add-on').toHaveLength(told + 1)
  return answer
}
