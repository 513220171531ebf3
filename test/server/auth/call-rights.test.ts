import { describe, expect, it, test } from 'vitest'
import type { HipChatServer } from '../../../src/server/index.ts'
import { planted } from '../../leaks/planted.ts'
import { codeFor, exchangeCode, formOf, installConsenting, startConsent } from '../consent-support.ts'
import {
  accessToken,
  adminCall,
  call,
  callWithoutBody,
  declare,
  hook,
  installOverHttp,
  refusal,
  startAddon,
  startServer,
} from '../support.ts'

const over = [401, 'Invalid OAuth session']
const onlyAdmins = [403, 'Only administrators of the group may do this']

/** A server with a second administrator, Ada, and their token. */
async function withAda() {
  const server = await startServer({
    seed: {
      users: [
        { name: 'Ada', mentionName: 'ada', email: 'ada@example.com', isAdmin: true },
        { name: 'Bob', mentionName: 'bob' },
      ],
      rooms: [
        { name: 'Lobby', owner: 'ada', participants: ['bob'] },
        { name: 'Back office', privacy: 'private', owner: 'admin', members: ['bob'] },
      ],
    },
  })
  return {
    server,
    token: await server.createToken({ user: 'ada' }),
    bob: await server.createToken({ user: 'bob' }),
  }
}

const deleted = (server: HipChatServer) => adminCall(server, 'DELETE', '/user/@ada')
const demoted = (server: HipChatServer) =>
  adminCall(server, 'PUT', '/user/@ada', { json: { is_group_admin: false } })

describe('a call whose body arrives while the rights of its caller end', () => {
  const mallory = { name: 'Mallory', email: 'm@example.com', is_group_admin: true }

  it.each([
    ['deleted', deleted, over],
    ['no longer an administrator', demoted, onlyAdmins],
  ])('creates no administrator when the caller is %s', async (_, end, expected) => {
    const { server, token } = await withAda()
    const held = await callWithoutBody(server, 'POST', '/user', { token, json: mallory })
    await end(server)
    expect(refusal((await held.finish()) as never)).toEqual(expected)
    expect((await adminCall(server, 'GET', '/user/m@example.com')).status).toBe(404)
  })

  it('sends nothing to a room that its caller was removed from', async () => {
    const { server, bob } = await withAda()
    const held = await callWithoutBody(server, 'POST', '/room/Back%20office/message', {
      token: bob,
      json: { message: 'Still here' },
    })
    await adminCall(server, 'DELETE', '/room/Back%20office/member/@bob')
    expect(refusal((await held.finish()) as never)).toEqual([404, 'Room Back office not found'])
    expect(server.history('Back office')).toEqual([])
  })

  it('posts nothing with a revoked token, for a removed add-on or without the scope', async () => {
    const server = await startServer()
    const addon = await startAddon({
      installable: { callbackUrl: 'x', updateCallbackUrl: 'x' },
    })
    const installable = { callbackUrl: `${addon.url}/installed`, updateCallbackUrl: `${addon.url}/updated` }
    declare(addon, { installable })
    const installation = await installOverHttp(server, addon, 'Lobby')
    const json = { message: 'Still here' }
    const hold = async () =>
      callWithoutBody(server, 'POST', '/room/Lobby/notification', {
        token: await accessToken(server, installation),
        json,
      })
    const update = (scope: string) => {
      declare(addon, { installable, hipchatApiConsumer: { scopes: [scope] } })
      return installOverHttp(server, addon, 'Lobby')
    }
    const losing = await hold()
    await update('view_room')
    expect((await losing.finish()).status).toBe(401)
    await update('send_notification')
    const removed = await hold()
    await server.uninstall(installation.oauthId)
    expect((await removed.finish()).status).toBe(401)
    expect(server.history('Lobby')).toEqual([])
  })

  it('does not open a room that was made private meanwhile', async () => {
    const { server } = await withAda()
    await adminCall(server, 'POST', '/user', { json: { name: 'Eve', email: 'eve@example.com' } })
    const token = await server.createToken({ user: 'eve@example.com' })
    const held = await callWithoutBody(server, 'PUT', '/room/Lobby/topic', { token, json: { topic: 'Mine' } })
    await adminCall(server, 'PUT', '/room/Lobby', { json: { privacy: 'private' } })
    expect(refusal((await held.finish()) as never)).toEqual([404, 'Room Lobby not found'])
  })
})

describe('rights that end', () => {
  it('while a call is delayed by an injected fault make the call fail', async () => {
    const { server, token } = await withAda()
    server.fail('getRoomHistory', { delay: 200 })
    const late = call(server, 'GET', '/room/Lobby/history', { token })
    await deleted(server)
    expect(refusal(await late)).toEqual(over)
  })

  it('while a password is hashed give access to no account', async () => {
    const { server, token } = await withAda()
    const answers = await Promise.all([
      call(server, 'POST', '/user', {
        token,
        json: { name: 'Mallory', email: 'm@example.com', password: planted('mallory-password') },
      }),
      deleted(server), // needs no hash
    ])
    expect(answers.map(({ status }) => status)).toEqual([401, 204])
    expect((await adminCall(server, 'GET', '/user/m@example.com')).status).toBe(404)
  })

  it('during a sign-in refuse the sign-in', async () => {
    const password = planted('password-of-dora')
    const server = await startServer({ seed: { users: [{ name: 'Dora', mentionName: 'dora', password }] } })
    const json = { grant_type: 'password', username: 'dora', password }
    const answers = await Promise.all([
      call(server, 'POST', '/oauth/token', { json }),
      call(server, 'POST', `${server.url}/page/session`, { json: { username: 'dora', password } }),
      adminCall(server, 'DELETE', '/user/@dora'),
    ])
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 204])
  })

  it.each([
    ['descriptor is fetched', '/descriptor'],
    ['callback is open', '/installed'],
  ])('while an add-on’s %s leave nothing installed', async (_, waiting) => {
    const { server, token } = await withAda()
    const addon = await startAddon()
    const descriptor = { ...addon.descriptor }
    addon.respond = async ({ method, path }) => {
      if (method === 'POST' && path === waiting) await deleted(server)
      if (path !== '/other') return undefined
      if (waiting === '/descriptor') await deleted(server)
      return { headers: { 'content-type': 'application/json' }, body: JSON.stringify(descriptor) }
    }
    const json = { url: `${addon.url}/other`, room_id: 'Lobby' }
    expect(refusal(await call(server, 'POST', '/addon', { token, json }))).toEqual(over)
    expect(server.installations()).toEqual([])
    await server.idle()
    // an add-on that has confirmed is notified of the end
    expect(addon.calls.filter(({ method }) => method === 'DELETE')).toHaveLength(
      waiting === '/installed' ? 1 : 0,
    )
  })

  it('while an update is confirmed leave the installation as it was', async () => {
    const { server, token } = await withAda()
    const addon = await startAddon()
    const installable = { callbackUrl: `${addon.url}/installed`, updateCallbackUrl: `${addon.url}/updated` }
    declare(addon, { installable })
    await installOverHttp(server, addon, 'Lobby')
    declare(addon, { installable, hipchatApiConsumer: { scopes: ['send_notification', 'view_messages'] } })
    addon.respond = async ({ path }) => {
      if (path === '/updated') await deleted(server)
      return undefined
    }
    const json = { url: `${addon.url}/descriptor`, room_id: 'Lobby' }
    expect(refusal(await call(server, 'POST', '/addon', { token, json }))).toEqual(over)
    expect(server.installations()).toMatchObject([{ scopes: ['send_notification'] }])
  })

  it('before the add-on reads the document of an installation in the browser confirm none', async () => {
    const { server, token } = await withAda()
    const addon = await startAddon({ installable: { installedUrl: 'https://addon.example/installed' } })
    const json = { url: `${addon.url}/descriptor`, room_id: 'Lobby' }
    const { body } = await call(server, 'POST', '/addon', { token, json })
    const document = new URL(body.installed_url).searchParams.get('installable_url') ?? ''
    await deleted(server)
    expect(refusal(await call(server, 'GET', document))).toEqual([
      400,
      'The person who approved the installation may no longer install there',
    ])
    expect(server.installations()).toEqual([])
  })

  it('while the consent page is open create no code', async () => {
    const { server, client } = await startConsent()
    const opened = await call(
      server,
      'GET',
      `${server.url}/users/authorize?response_type=code&client_id=${client.oauthId}`,
    )
    const form = new URLSearchParams({
      form: formOf(opened),
      decision: 'allow',
      username: 'alice',
      password: planted('correct horse battery'),
    })
    const [answer] = await Promise.all([
      fetch(`${server.url}/users/authorize`, {
        method: 'POST',
        redirect: 'manual',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: form.toString(),
      }),
      server.uninstall(client.oauthId),
    ])
    expect(answer.headers.get('location') ?? '').not.toContain('code=')
    expect(answer.status).toBe(400)
  })

  it('while an add-on prepares its answer prevent the answer', async () => {
    const server = await startServer()
    const addon = await startAddon()
    declare(addon, { webhook: hook(addon) })
    const { oauthId } = await installOverHttp(server, addon, 'Lobby')
    addon.respond = async ({ path }) => {
      if (path !== '/hook') return undefined
      await server.uninstall(oauthId)
      return { headers: { 'content-type': 'application/json' }, body: '{"message":"Too late"}' }
    }
    await server.say('Lobby', 'alice', 'hello')
    await server.idle()
    expect(server.history('Lobby')).toHaveLength(1)
  })
})

test('an answer of an add-on is not posted to a room that was closed to it meanwhile', async () => {
  const { server } = await withAda()
  const addon = await startAddon()
  declare(addon, { webhook: hook(addon) })
  await installOverHttp(server, addon)
  addon.respond = async ({ path }) => {
    if (path !== '/hook') return undefined
    await adminCall(server, 'PUT', '/room/Back%20office', { json: { delegate_admin_visibility: false } })
    return { headers: { 'content-type': 'application/json' }, body: '{"message":"Too late"}' }
  }
  await server.say('Back office', 'bob', 'hello')
  await server.idle()
  expect(server.history('Back office')).toHaveLength(1)
  expect(server.deliveries().at(-1)).toMatchObject({
    replied: false,
    notPosted: 'the room is closed to the add-on',
  })
})

test('when a message and the end of a membership arrive at the same moment, the first one counts', async () => {
  const { server, bob } = await withAda()
  const removed = adminCall(server, 'DELETE', '/room/Back%20office/member/@bob')
  const said = Array.from({ length: 20 }, (_, index) =>
    call(server, 'POST', '/room/Back%20office/message', { token: bob, json: { message: String(index) } }),
  )
  expect((await removed).status).toBe(204)
  const taken = (await Promise.all(said)).filter(({ status }) => status < 300).length
  expect(server.history('Back office')).toHaveLength(taken)
  expect((await call(server, 'GET', '/room/Back%20office', { token: bob })).status).toBe(404)
})

test('a code does not give scopes that the add-on lost', async () => {
  const { server, addon, client } = await startConsent()
  const code = await codeFor(server, client.oauthId)
  await installConsenting(server, addon, {
    hipchatApiConsumer: { scopes: ['send_message'] },
    installable: { callbackUrl: `${addon.url}/installed`, updateCallbackUrl: `${addon.url}/updated` },
  })
  expect((await exchangeCode(server, client, { code })).body.scope).toBe('send_message')
})
