import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, test } from 'vitest'
import { createHipChatServer, type HipChatServer } from '../../src/server/index.ts'
import { planted } from '../leaks/planted.ts'
import {
  codeFor,
  exchangeCode,
  installConsenting,
  password,
  startConsent,
} from '../server/consent-support.ts'
import {
  type Addon,
  accessToken,
  adminCall,
  call,
  declare,
  hook,
  installOverHttp,
  refusal,
  startAddon,
  startServer,
} from '../server/support.ts'

const over = [401, 'Invalid OAuth session']

/** An add-on that Alice, an administrator, lets act in her name. It creates a webhook of hers in the private room. */
async function withDelegatedWebhook() {
  const { server, addon, client: first } = await startConsent()
  await adminCall(server, 'PUT', '/user/@alice', { json: { is_group_admin: true } })
  await server.uninstall(first.oauthId)
  const client = await installConsenting(server, addon, {
    hipchatApiConsumer: { scopes: ['admin_room', 'view_messages', 'view_room'] },
  })
  const tokens = (await exchangeCode(server, client, { code: await codeFor(server, client.oauthId) })).body
  const made = await makeHook(server, tokens.access_token, addon)
  expect(made.status).toBe(201)
  return { server, addon, client, tokens, webhook: made.body.id as string }
}

const makeHook = (server: HipChatServer, token: string, addon: Addon, room = 'Lobby') =>
  call(server, 'POST', `/room/${encodeURIComponent(room)}/webhook`, {
    token,
    json: { url: `${addon.url}/mine`, event: 'room_message' },
  })

/** Number of deliveries of a new message to a user's webhook. */
async function heard(server: HipChatServer, addon: Addon, room = 'Lobby'): Promise<number> {
  const before = addon.to('/mine').length
  await server.say(room, 'admin', 'Is anybody there?')
  await server.idle()
  return addon.to('/mine').length - before
}

describe('a webhook created with a user’s permission', () => {
  it.each<[how: string, end: (made: Awaited<ReturnType<typeof withDelegatedWebhook>>) => Promise<unknown>]>([
    [
      'is revoked',
      ({ server, tokens }) =>
        call(server, 'DELETE', `/oauth/token/${tokens.access_token}`, { token: tokens.access_token }),
    ],
    ['ends with the add-on', ({ server, client }) => server.uninstall(client.oauthId)],
    [
      'ends with the password',
      ({ server }) =>
        adminCall(server, 'PUT', '/user/@alice', { json: { password: planted('the-next-one') } }),
    ],
    ['ends with the user', ({ server }) => adminCall(server, 'DELETE', '/user/@alice')],
    [
      'ends with the right to run the room',
      ({ server }) => adminCall(server, 'PUT', '/user/@alice', { json: { is_group_admin: false } }),
    ],
  ])('delivers nothing once the permission %s', async (_, end) => {
    const made = await withDelegatedWebhook()
    const { server, addon } = made
    expect(await heard(server, addon)).toBe(1)
    await end(made)
    expect(await heard(server, addon)).toBe(0)
  })

  it('outlives the renewal of its token, and ends with the last token', async () => {
    const { server, addon, client, tokens } = await withDelegatedWebhook()
    const renewed = await call(server, 'POST', '/oauth/token', {
      json: { grant_type: 'refresh_token', refresh_token: tokens.refresh_token },
      headers: { authorization: `Basic ${btoa(`${client.oauthId}:${client.oauthSecret}`)}` },
    })
    expect(renewed.status).toBe(200)
    expect(await heard(server, addon)).toBe(1)
    const { access_token: token } = renewed.body
    await call(server, 'DELETE', `/oauth/token/${token}`, { token })
    expect(await heard(server, addon)).toBe(0)
    expect((await adminCall(server, 'GET', '/session')).body.items).toEqual([])
  })

  it('is removed from the list, and no longer counts', async () => {
    const { server, client, webhook } = await withDelegatedWebhook()
    await server.uninstall(client.oauthId)
    const token = await server.createToken({ user: 'alice' })
    const listed = await call(server, 'GET', '/room/Lobby/webhook', { token })
    expect(listed.body.items).toEqual([])
    expect((await call(server, 'GET', `/room/Lobby/webhook/${webhook}`, { token })).status).toBe(404)
  })
})

test('a webhook created with a personal token ends with the token, and when its user cannot see the room', async () => {
  const server = await startServer()
  const addon = await startAddon()
  await adminCall(server, 'PUT', '/room/3', { json: { owner: { id: 3 } } })
  const page = await server.createPageToken('bob')
  const made = await call(server, 'POST', `${server.url}/page/tokens`, {
    token: page,
    json: { label: 'mine' },
  })
  expect((await makeHook(server, made.body.token, addon, 'Back office')).status).toBe(201)
  expect(await heard(server, addon, 'Back office')).toBe(1)
  await call(server, 'DELETE', `${server.url}/page/tokens/${made.body.id}`, { token: page })
  expect(await heard(server, addon, 'Back office')).toBe(0)

  const token = await server.createToken({ user: 'bob' })
  expect((await makeHook(server, token, addon, 'Back office')).status).toBe(201)
  expect(await heard(server, addon, 'Back office')).toBe(1)
  await adminCall(server, 'PUT', '/room/3', { json: { owner: { id: 2 } } })
  expect(await heard(server, addon, 'Back office')).toBe(0)
})

test('what was made with the server’s own token remains after a restart with another one', async () => {
  const data = await mkdtemp(join(tmpdir(), 'endings-'))
  onTestFinished(() => rm(data, { recursive: true, force: true }))
  const addon = await startAddon()
  const before = createHipChatServer({ port: 0, data })
  await before.listen()
  const hook = await makeHook(before, before.adminToken, addon)
  const made = await call(before, 'POST', '/oauth/token', {
    token: before.adminToken,
    json: { grant_type: 'personal' },
  })
  await before.close()
  const server = await startServer({ data })
  expect(server.adminToken).not.toBe(before.adminToken)
  expect(await heard(server, addon)).toBe(1)
  const token: string = made.body.access_token
  expect((await call(server, 'GET', `/room/Lobby/webhook/${hook.body.id}`, { token })).status).toBe(200)
})

test('a queued delivery is not made to a user who can no longer see the room', async () => {
  const server = await startServer()
  const addon = await startAddon()
  await adminCall(server, 'PUT', '/room/3/member/@bob', { json: { room_roles: ['room_admin'] } })
  const token = await server.createToken({ user: 'bob' })
  expect((await makeHook(server, token, addon, 'Back office')).status).toBe(201)
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  addon.respond = async () => {
    await held
    return undefined
  }
  await server.say('Back office', 'alice', 'first')
  await server.say('Back office', 'alice', 'second')
  await adminCall(server, 'DELETE', '/room/3/member/@bob')
  release()
  await server.idle()
  expect(addon.to('/mine')).toHaveLength(1)
})

describe('a token made with another token', () => {
  const seed = { users: [{ name: 'Dora', mentionName: 'dora', password, isAdmin: true }] }
  const grant = (server: HipChatServer, json: object, token?: string) =>
    call(server, 'POST', '/oauth/token', { json, ...(token === undefined ? {} : { token }) })
  const signIn = (server: HipChatServer) =>
    grant(server, { grant_type: 'password', username: 'dora', password })
  const works = async (server: HipChatServer, token: string) =>
    (await call(server, 'GET', `/oauth/token/${token}`, { token })).status === 200

  it('ends with that token, and so does everything made from it', async () => {
    const server = await startServer({ seed: { ...seed, rooms: [{ name: 'Lobby', owner: 'dora' }] } })
    const addon = await startAddon()
    const first: string = (await signIn(server)).body.access_token
    const second: string = (await grant(server, { grant_type: 'personal' }, first)).body.access_token
    const ofRoom: string = (await grant(server, { grant_type: 'room_notification', room_id: '1' }, second))
      .body.access_token
    expect((await makeHook(server, second, addon)).status).toBe(201)
    expect(await Promise.all([first, second, ofRoom].map((token) => works(server, token)))).toEqual([
      true,
      true,
      true,
    ])
    await call(server, 'DELETE', `/oauth/token/${first}`, { token: first })
    expect(await Promise.all([first, second, ofRoom].map((token) => works(server, token)))).toEqual([
      false,
      false,
      false,
    ])
    expect(await heard(server, addon)).toBe(0)
  })

  it('and a password ends with that password, while one made on the page does not', async () => {
    const server = await startServer({ seed: { ...seed, rooms: [{ name: 'Lobby', owner: 'dora' }] } })
    const named = { username: 'dora', password }
    const personal: string = (await grant(server, { grant_type: 'personal', ...named })).body.access_token
    const ofRoom: string = (await grant(server, { grant_type: 'room_notification', room_id: '1', ...named }))
      .body.access_token
    const page = await server.createPageToken('dora')
    const byHand: string = (
      await call(server, 'POST', `${server.url}/page/tokens`, { token: page, json: { label: 'script' } })
    ).body.token
    await adminCall(server, 'PUT', '/user/@dora', { json: { password: planted('the-next-one') } })
    const tokens = [personal, ofRoom, page, byHand]
    expect(await Promise.all(tokens.map((token) => works(server, token)))).toEqual([
      false,
      false,
      false,
      true,
    ])
  })

  it('for a room ends when its maker is deleted or no longer runs the room', async () => {
    const server = await startServer()
    await adminCall(server, 'PUT', '/room/2', { json: { owner: { id: 3 } } })
    const page = await server.createPageToken('bob')
    const make = async () =>
      (await call(server, 'POST', `${server.url}/page/tokens`, { token: page, json: { room_id: 2 } })).body
        .token
    const token: string = await make()
    const post = () => call(server, 'POST', '/room/2/notification', { token, json: { message: 'built' } })
    expect((await post()).status).toBe(204)
    await adminCall(server, 'PUT', '/room/2', { json: { owner: { id: 2 } } })
    expect(refusal(await post())).toEqual(over)
    await adminCall(server, 'PUT', '/room/2', { json: { owner: { id: 3 } } })
    expect((await post()).status).toBe(204)
    await adminCall(server, 'DELETE', '/user/@bob')
    expect(refusal(await post())).toEqual(over)
  })
})

describe('when an installation ends', () => {
  it('its tokens, webhooks, glance updates and permissions of users end', async () => {
    const { server, addon, client } = await startConsent()
    await server.uninstall(client.oauthId)
    const glance = [
      {
        key: 'glance',
        name: { value: 'G' },
        queryUrl: `${addon.url}/glance`,
        icon: { url: `${addon.url}/i`, 'url@2x': `${addon.url}/i` },
      },
    ]
    const next = await installConsenting(server, addon, {
      hipchatApiConsumer: { scopes: ['view_group', 'admin_room'] },
      glance,
    })
    const own = await accessToken(server, next)
    const lent = (await exchangeCode(server, next, { code: await codeFor(server, next.oauthId) })).body
    const update = { glance: [{ key: 'glance', content: { label: { type: 'html', value: 'new' } } }] }
    expect((await call(server, 'POST', '/addon/ui', { token: own, json: update })).status).toBe(204)
    expect(
      (await call(server, 'POST', '/room/Lobby/webhook', { token: own, json: hook(addon) })).status,
    ).toBe(201)
    expect(server.glanceUpdates()).toHaveLength(1)
    await server.uninstall(next.oauthId)
    expect(server.glanceUpdates()).toEqual([])
    for (const token of [own, lent.access_token])
      expect(refusal(await call(server, 'GET', '/emoticon', { token }))).toEqual(over)
    await server.say('Lobby', 'alice', 'hello')
    await server.idle()
    expect(addon.to('/hook')).toEqual([])
  })

  it('or loses admin_room in an update, the webhooks it created through the API end', async () => {
    const server = await startServer()
    const addon = await startAddon()
    const installable = { callbackUrl: `${addon.url}/installed`, updateCallbackUrl: `${addon.url}/updated` }
    declare(addon, { installable, hipchatApiConsumer: { scopes: ['admin_room', 'view_room'] } })
    const token = await accessToken(server, await installOverHttp(server, addon))
    for (const room of ['Lobby', 'Workshop'])
      await call(server, 'POST', `/room/${room}/webhook`, { token, json: hook(addon) })
    declare(addon, { installable, hipchatApiConsumer: { scopes: ['view_room'] } })
    await installOverHttp(server, addon)
    await server.say('Lobby', 'alice', 'hello')
    await server.say('Workshop', 'alice', 'hello')
    await server.idle()
    expect(addon.to('/hook')).toEqual([])
  })
})

test('glance updates are removed with their room or user', async () => {
  const server = await startServer()
  const addon = await startAddon({
    glance: [
      {
        key: 'glance',
        name: { value: 'G' },
        queryUrl: 'http://127.0.0.1:1/glance',
        icon: { url: 'http://127.0.0.1:1/i', 'url@2x': 'http://127.0.0.1:1/i' },
      },
    ],
  })
  const token = await accessToken(server, await installOverHttp(server, addon))
  const json = { glance: [{ key: 'glance', content: { label: { type: 'html', value: 'new' } } }] }
  for (const path of ['/addon/ui', '/addon/ui/room/Workshop', '/addon/ui/user/@bob'])
    expect((await call(server, 'POST', path, { token, json })).status).toBe(204)
  await adminCall(server, 'DELETE', '/room/Workshop')
  expect(server.glanceUpdates()).toMatchObject([{ key: 'glance' }, { userId: 3 }])
  await adminCall(server, 'DELETE', '/user/@bob')
  expect(server.glanceUpdates()).toHaveLength(1)
})

test('an add-on that is removed before its turn is not notified of the deletion of a room', async () => {
  const server = await startServer()
  const addon = await startAddon()
  declare(addon, {
    webhook: [hook(addon), hook(addon, { event: 'room_deleted', url: `${addon.url}/deleted` })],
  })
  const { oauthId } = await installOverHttp(server, addon)
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  addon.respond = async ({ path }) => {
    if (path === '/hook') await held
    return undefined
  }
  await server.say('Lobby', 'alice', 'hello')
  await adminCall(server, 'DELETE', '/room/Lobby')
  await server.uninstall(oauthId)
  release()
  await server.idle()
  expect(addon.to('/hook')).toHaveLength(1)
  expect(addon.to('/deleted')).toEqual([])
})

test('a user who can no longer see a room is no longer in it', async () => {
  const server = await startServer()
  const addon = await startAddon()
  declare(addon, { webhook: hook(addon, { event: 'room_exit' }) })
  await installOverHttp(server, addon, 'Back office')
  const inside = async () =>
    (await adminCall(server, 'GET', '/room/3/participant')).body.items.map(({ id }: { id: number }) => id)
  await adminCall(server, 'PUT', '/user/@carol', { json: { is_group_admin: true } })
  await server.enter('Back office', 'carol')
  expect(await inside()).toEqual([4])
  await adminCall(server, 'PUT', '/user/@carol', { json: { is_group_admin: false } })
  expect(await inside()).toEqual([])

  await adminCall(server, 'PUT', '/user/@carol', { json: { is_group_admin: true } })
  await server.enter('Back office', 'carol')
  await server.enter('Back office', 'bob')
  const token = await server.createToken({ user: 'alice' })
  const closed = { delegate_admin_visibility: false }
  expect((await call(server, 'PUT', '/room/3', { token, json: closed })).status).toBe(204)
  const now = await call(server, 'GET', '/room/3/participant', { token })
  expect(now.body.items.map(({ id }: { id: number }) => id)).toEqual([3])
  await server.idle()
  expect(addon.to('/hook').map(({ body }) => body.item.sender.id)).toEqual([4])
})

test('an add-on sees the sessions that people opened with it, and all sessions with admin_group alone', async () => {
  const { server, addon, client } = await startConsent()
  await exchangeCode(server, client, { code: await codeFor(server, client.oauthId) })
  await server.createPageToken('alice')
  const other = await startAddon()
  other.descriptor = { ...other.descriptor, key: 'com.example.other' }
  declare(other, { hipchatApiConsumer: { scopes: ['view_group'] } })
  const sessions = async (token: string) =>
    (await call(server, 'GET', '/session', { token })).body.items.length
  expect(await sessions(await accessToken(server, await installOverHttp(server, other)))).toBe(0)
  expect(await sessions(await accessToken(server, client))).toBe(2)
  expect(addon.url).not.toBe(other.url)
})
