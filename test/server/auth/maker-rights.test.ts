import { describe, expect, it, test } from 'vitest'
import { type Scope, scopeNames } from '../../../src/api/scopes.ts'
import type { HipChatServer } from '../../../src/server/index.ts'
import { planted } from '../../leaks/planted.ts'
import { codeFor, exchangeCode, installConsenting, startConsent } from '../consent-support.ts'
import {
  accessToken,
  adminCall,
  call,
  declare,
  hook,
  installOverHttp,
  refusal,
  startAddon,
  startServer,
  tokenCall,
} from '../support.ts'

const seed = {
  users: [
    { name: 'Ada', mentionName: 'ada', isAdmin: true },
    { name: 'Bob', mentionName: 'bob' },
  ],
  rooms: [
    { name: 'Lobby', owner: 'bob', participants: ['bob'] },
    { name: 'Back office', privacy: 'private' as const, owner: 'ada', members: ['bob'] },
  ],
}

/** The descriptor of a user's own add-on in a `data:` address. */
const dataUrl = (scopes: readonly Scope[], webhook: readonly object[] = [], key = 'com.example.own') =>
  `data:application/json,${encodeURIComponent(
    JSON.stringify({
      key,
      name: 'Own',
      description: 'Made for this',
      links: { self: 'https://addon.example/descriptor' },
      capabilities: { hipchatApiConsumer: { scopes }, webhook },
    }),
  )}`

const asAda = (server: HipChatServer, scopes: readonly Scope[]) =>
  server.createToken({ user: 'ada', scopes: [...scopes] })

const lacks = (scope: string) => `The add-on may do more than you: your token lacks the scope ${scope}`
const tellsMore = (event: string, scope = 'view_messages') =>
  `A webhook for ${event} contains more than you may see: it requires the scope ${scope}`

describe('an add-on', () => {
  it.each<[name: string, has: Scope[], asks: Scope[], event: string | undefined, words: string]>([
    ['to read', ['admin_room'], ['view_messages'], undefined, lacks('view_messages')],
    ['to be told what is said', ['admin_room'], [], 'room_message', tellsMore('room_message')],
    [
      'to be told who comes',
      ['admin_room', 'send_notification'],
      ['send_notification'],
      'room_enter',
      tellsMore('room_enter', 'view_room or view_group'),
    ],
    [
      'to administer the group',
      ['admin_room', 'view_messages', 'view_room'],
      ['view_messages', 'admin_group'],
      'room_message',
      lacks('admin_group'),
    ],
  ])('is not installed by a user who lacks its rights: %s', async (_, has, asks, event, words) => {
    const server = await startServer({ seed })
    const token = await asAda(server, has)
    const url = dataUrl(asks, event === undefined ? [] : [{ event, url: 'https://addon.example/hook' }])
    const json = { url, room_id: 'Back office' }
    expect(refusal(await call(server, 'POST', '/addon', { token, json }))).toEqual([403, words])
    const proposal = await call(server, 'POST', `${server.url}/admin/proposal`, { token, json })
    expect(refusal(proposal)).toEqual([403, words])
    expect(server.installations()).toEqual([])
    const whole = await asAda(server, [...has, ...asks, 'view_messages', 'view_room'])
    expect((await call(server, 'POST', '/addon', { token: whole, json })).status).toBe(201)
  })

  it('that administers the group is not installed by the owner of a room', async () => {
    const server = await startServer({ seed })
    const page = await server.createPageToken('bob')
    const json = { url: dataUrl(['admin_group']), room_id: 'Lobby' }
    expect(refusal(await call(server, 'POST', '/addon', { token: page, json }))).toEqual([
      403,
      lacks('admin_group'),
    ])
    // nor by one who was an administrator when the token was made
    const token = await asAda(server, ['admin_room', 'admin_group'])
    await adminCall(server, 'PUT', '/user/@ada', { json: { is_group_admin: false } })
    const own = { ...json, room_id: 'Back office' }
    expect(refusal(await call(server, 'POST', '/addon', { token, json: own }))).toEqual([
      403,
      lacks('admin_group'),
    ])
  })

  it('gains no rights by an update from a user with fewer rights', async () => {
    const server = await startServer({ seed })
    await server.install(dataUrl(['view_messages']), { room: 'Back office' })
    const token = await asAda(server, ['admin_room'])
    const update = (url: string) =>
      call(server, 'POST', '/addon', { token, json: { url, room_id: 'Back office' } })
    const listening = [{ event: 'room_message', url: 'https://evil.example/hook' }]
    expect(refusal(await update(dataUrl([], listening)))).toEqual([403, tellsMore('room_message')])
    expect(refusal(await update(dataUrl(['view_messages'])))).toEqual([403, lacks('view_messages')])
    expect(server.installations()).toMatchObject([{ scopes: ['view_messages'] }])
  })

  it('creates no webhook with events that its approver could not see', async () => {
    const server = await startServer({ seed })
    const addon = await startAddon({ hipchatApiConsumer: { scopes: ['admin_room', 'send_notification'] } })
    const install = async (token: string) => {
      const json = { url: `${addon.url}/descriptor`, room_id: 'Back office' }
      expect((await call(server, 'POST', '/addon', { token, json })).status).toBe(201)
      const installation = addon.to('/installed').findLast(({ method }) => method === 'POST')?.body
      return accessToken(server, installation)
    }
    const narrow = await install(await asAda(server, ['admin_room', 'send_notification']))
    for (const event of ['room_message', 'room_notification', 'room_file_upload'])
      for (const [method, path] of [
        ['POST', '/room/Back%20office/webhook'],
        ['PUT', '/room/Back%20office/extension/webhook/mine'],
      ] as const)
        expect(
          refusal(await call(server, method, path, { token: narrow, json: hook(addon, { event }) })),
        ).toEqual([403, tellsMore(event)])
    // HipChat's add-ons got events without a scope of their own for them
    const wide = await install(await server.createPageToken('ada'))
    const json = hook(addon)
    expect((await call(server, 'POST', '/room/Back%20office/webhook', { token: wide, json })).status).toBe(
      201,
    )
  })

  it('of the group sees no room that is closed to the administrator who installed it', async () => {
    const server = await startServer({ seed })
    const closed = {
      name: 'Closed',
      privacy: 'private',
      delegate_admin_visibility: false,
      owner_user_id: '@bob',
    }
    await adminCall(server, 'POST', '/room', { json: closed })
    const addon = await startAddon({
      hipchatApiConsumer: { scopes: ['view_messages', 'view_group', 'send_notification', 'admin_room'] },
    })
    declare(addon, { webhook: hook(addon) })
    const token = await accessToken(server, await installOverHttp(server, addon))
    await server.say('Closed', 'bob', 'among ourselves')
    await server.say('Back office', 'bob', 'with the administrators')
    await server.idle()
    expect(addon.to('/hook').map(({ body }) => body.item.message.message)).toEqual([
      'with the administrators',
    ])
    for (const path of ['/room/Closed', '/room/Closed/history', '/room/Closed/webhook'])
      expect(refusal(await call(server, 'GET', path, { token }))).toEqual([404, 'Room Closed not found'])
    const rooms = await call(server, 'GET', '/room?include-private=true', { token })
    expect(rooms.body.items.map(({ name }: { name: string }) => name)).toEqual(['Lobby', 'Back office'])
    expect((await call(server, 'GET', '/room/Back%20office/history', { token })).status).toBe(200)
    // its members admit an add-on by installing it there
    const bob = await server.createPageToken('bob')
    declare(addon, {
      installable: { callbackUrl: `${addon.url}/installed`, allowGlobal: true, allowRoom: true },
    })
    const json = { url: `${addon.url}/descriptor`, room_id: 'Closed' }
    expect((await call(server, 'POST', '/addon', { token: bob, json })).status).toBe(201)
    const own = await accessToken(server, addon.to('/installed').at(-1)?.body)
    expect((await call(server, 'GET', '/room/Closed/history', { token: own })).body.items).toHaveLength(1)
    // nor can administrators remove it
    const inside = server.installations().find(({ roomId }) => roomId !== undefined)
    const path = `/addon/com.example.dice/installable/${inside?.oauthId}`
    expect((await adminCall(server, 'DELETE', path)).status).toBe(404)
  })
})

describe('a webhook', () => {
  it.each<[event: string, has: Scope, words: string]>([
    ['room_message', 'view_room', tellsMore('room_message')],
    ['room_notification', 'view_group', tellsMore('room_notification')],
    ['room_exit', 'view_messages', tellsMore('room_exit', 'view_room or view_group')],
  ])('of a user contains no more than the token that creates it may see: %s', async (event, has, words) => {
    const server = await startServer({ seed })
    const json = { url: 'http://127.0.0.1:1/hook', event }
    const make = (token: string) => call(server, 'POST', '/room/Back%20office/webhook', { token, json })
    expect(refusal(await make(await asAda(server, ['admin_room', has])))).toEqual([403, words])
    expect((await make(await asAda(server, ['admin_room', 'view_messages', 'view_room']))).status).toBe(201)
  })
})

describe('an account', () => {
  const allButOne = (server: HipChatServer) => asAda(server, ['admin_group', 'view_group', 'view_messages'])
  const words = 'The account may do more than you: your token lacks the scope admin_room'

  it('of an administrator is not created by a caller with fewer rights', async () => {
    const server = await startServer({ seed })
    const token = await allButOne(server)
    const json = { name: 'Mallory', email: 'm@example.com' }
    const make = (more: object) => call(server, 'POST', '/user', { token, json: { ...json, ...more } })
    expect(refusal(await make({ is_group_admin: true }))).toEqual([403, words])
    expect((await make({})).status).toBe(201)
    const promote = await call(server, 'PUT', '/user/m@example.com', {
      token,
      json: { is_group_admin: true },
    })
    expect(refusal(promote)).toEqual([403, words])
    expect((await adminCall(server, 'GET', '/user/m@example.com')).body.is_group_admin).toBe(false)
    const addon = await startAddon({ hipchatApiConsumer: { scopes: ['admin_group'] } })
    const ofAddon = await accessToken(server, await installOverHttp(server, addon))
    const byAddon = await call(server, 'PUT', '/user/@bob', {
      token: ofAddon,
      json: { is_group_admin: true },
    })
    expect(refusal(byAddon)).toEqual([
      403,
      'Making administrators and setting passwords requires a token that no add-on holds',
    ])
  })

  it('is not taken over by setting its password with fewer rights', async () => {
    const server = await startServer({ seed })
    const token = await allButOne(server)
    const json = { password: planted('taken-over-password') }
    for (const who of ['@bob', '@ada'])
      expect(refusal(await call(server, 'PUT', `/user/${who}`, { token, json }))).toEqual([403, words])
    expect((await call(server, 'PUT', '/user/@bob', { token, json: { title: 'Captain' } })).status).toBe(204)
    expect((await adminCall(server, 'PUT', '/user/@bob', { json })).status).toBe(204)
  })
})

test('an add-on installs no add-on and creates no administrator with a token that a user lent to it', async () => {
  const { server, addon, client } = await startConsent()
  await adminCall(server, 'PUT', '/user/@alice', { json: { is_group_admin: true } })
  await server.uninstall(client.oauthId)
  const scopes = [...scopeNames]
  const lentTo = await installConsenting(server, addon, { hipchatApiConsumer: { scopes } })
  const code = await codeFor(server, lentTo.oauthId)
  const token: string = (await exchangeCode(server, lentTo, { code })).body.access_token
  const before = server.installations()
  const json = { url: dataUrl([]), room_id: 'Lobby' }
  const words = [403, 'Installing add-ons requires a token that no add-on holds']
  expect(refusal(await call(server, 'POST', '/addon', { token, json }))).toEqual(words)
  expect(refusal(await call(server, 'POST', `${server.url}/admin/proposal`, { token, json }))).toEqual(words)
  const mallory = { name: 'Mallory', email: 'm@example.com', is_group_admin: true }
  expect((await call(server, 'POST', '/user', { token, json: mallory })).status).toBe(403)
  expect(server.installations()).toEqual(before)
  // With a password, the account would be in the add-on's hands when it is removed.
  const dora = { name: 'Dora', email: 'dora@example.com' }
  const json2 = { ...dora, password: planted('password-of-dora') }
  expect(refusal(await call(server, 'POST', '/user', { token, json: json2 }))).toEqual([
    403,
    'Setting passwords requires a token that no add-on holds',
  ])
  const made = await call(server, 'POST', '/user', { token, json: dora })
  expect([made.status, made.body.password]).toEqual([201, undefined])
  for (const [method, path, what] of everythingTold(lentTo.oauthId))
    expect(refusal(await call(server, method, server.url + path, { token, ...triggerBody(path) }))).toEqual([
      403,
      `${what} requires a token that no add-on holds`,
    ])
})

/** Operations for administrators that require no single scope. */
const everythingTold = (oauthId: string) =>
  [
    ['GET', '/admin/deliveries', 'Looking at deliveries'],
    ['GET', '/admin/deliveries/1', 'Looking at deliveries'],
    ['POST', '/admin/deliveries/1/redeliver', 'Repeating deliveries'],
    ['GET', '/admin/calls', 'Looking at the calls of add-ons'],
    ['GET', `/admin/installations/${oauthId}/secret`, 'Looking at secrets'],
    ['POST', '/admin/trigger', 'Triggering events'],
  ] as const

const triggerBody = (path: string) =>
  path === '/admin/trigger' ? { json: { event: 'room_message', room_id: 'Lobby' } } : {}

test('operations without single scopes require an administrator with all scopes', async () => {
  const server = await startServer({ seed })
  const addon = await startAddon()
  declare(addon, { webhook: hook(addon) })
  const { oauthId } = await installOverHttp(server, addon, 'Lobby')
  await server.say('Lobby', 'bob', 'hello')
  await server.idle()
  const narrow = await asAda(server, ['admin_group'])
  const full = await asAda(server, scopeNames)
  for (const [method, path, what] of everythingTold(oauthId)) {
    const refused = await call(server, method, server.url + path, { token: narrow, ...triggerBody(path) })
    expect(refusal(refused)).toEqual([
      403,
      `${what} requires a token with all scopes: yours lacks the scope admin_room`,
    ])
    const served = await call(server, method, server.url + path, { token: full, ...triggerBody(path) })
    expect(served.status, path).toBeLessThan(300)
  }
})

test('a token made by hand has no more rights than the token that makes it', async () => {
  const server = await startServer({ seed })
  const narrow = await asAda(server, ['admin_room', 'view_room'])
  const grant = (json: object) => call(server, 'POST', '/oauth/token', { token: narrow, json })
  expect((await grant({ grant_type: 'personal' })).body.scope).toBe('admin_room view_room')
  for (const [asked, of] of [
    [{ grant_type: 'personal', scope: 'view_messages' }, 'view_messages'],
    [{ grant_type: 'room_notification', room_id: '2' }, 'send_notification'],
    [{ grant_type: 'room_notification', room_id: '2', scope: 'view_messages' }, 'view_messages'],
  ] as const)
    expect(refusal(await grant(asked))).toEqual([400, `The scope ${of} was not granted to this user`])
  const bob = await server.createToken({ user: 'bob', scopes: ['admin_room', 'send_notification'] })
  const foreign = await call(server, 'POST', '/oauth/token', {
    token: bob,
    json: { grant_type: 'room_notification', room_id: '2' },
  })
  expect(refusal(foreign)).toEqual([403, 'Only administrators of the room and of the group may do this'])
})

describe('a signed request that names no room', () => {
  it('is only for administrators of the group, whatever is opened', async () => {
    const server = await startServer({ seed })
    const addon = await startAddon({
      configurable: { url: 'https://addon.example/configure', allowAccessToRoomAdmins: true },
      adminPage: { url: 'https://addon.example/admin' },
      webPanel: [
        {
          key: 'panel',
          name: { value: 'P' },
          url: 'https://addon.example/p',
          location: 'hipchat.sidebar.right',
        },
      ],
      dialog: [{ key: 'dialog', title: { value: 'D' }, url: 'https://addon.example/d' }],
      externalPage: [{ key: 'page', name: { value: 'E' }, url: 'https://addon.example/e' }],
      glance: [
        {
          key: 'glance',
          name: { value: 'G' },
          queryUrl: 'https://addon.example/g',
          icon: { url: 'https://addon.example/i', 'url@2x': 'https://addon.example/i' },
        },
      ],
    })
    const { oauthId } = await installOverHttp(server, addon)
    const open = async (who: string, json: object) =>
      call(server, 'POST', `${server.url}/page/integration/${oauthId}/open`, {
        token: await server.createPageToken(who),
        json,
      })
    const claims = (token: string) =>
      JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { context: object }
    for (const key of ['panel', 'dialog', 'page', 'glance']) {
      expect(refusal(await open('bob', { key }))).toEqual([
        403,
        'Only administrators of the group may open a module outside of a room: give room_id',
      ])
      const inRoom = await open('bob', { key, room_id: 1 })
      expect(claims(inRoom.body.token).context).toMatchObject({ room_id: 1 })
      expect((await open('ada', { key })).status).toBe(200)
    }
    for (const page of ['configurable', 'adminPage']) {
      expect((await open('bob', { page })).status).toBe(403)
      expect((await open('ada', { page })).status).toBe(200)
    }
    expect(
      claims((await open('bob', { page: 'configurable', room_id: 1 })).body.token).context,
    ).toMatchObject({
      room_id: 1,
    })
  })
})

test('an approved installation has the requested scopes, and no token has more', async () => {
  const server = await startServer({ seed })
  const addon = await startAddon()
  const installation = await installOverHttp(server, addon, 'Lobby')
  expect((await tokenCall(server, installation, { scope: 'view_messages' })).status).toBe(400)
})
