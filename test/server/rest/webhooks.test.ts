import { expect, test } from 'vitest'
import {
  accessToken,
  adminCall,
  call,
  declare,
  hook,
  installOverHttp,
  refusal,
  signedBy,
  startAddon,
  startServer,
} from '../support.ts'

test('webhooks made through REST deliver: signed for add-ons, unsigned and without a client for users', async () => {
  const server = await startServer()
  const addon = await startAddon()
  declare(addon, { hipchatApiConsumer: { scopes: ['admin_room'] } })
  const record = await installOverHttp(server, addon, 'Lobby')
  const token = await accessToken(server, record)
  const made = await call(server, 'POST', '/room/1/webhook', {
    token,
    json: { url: `${addon.url}/rest`, event: 'room_message' },
  })
  expect(made.body).toMatchObject({ id: expect.stringMatching(/^\d+$/), authentication: 'jwt' })
  await adminCall(server, 'POST', '/room/1/webhook', {
    json: { url: `${addon.url}/user`, event: 'room_message', pattern: '^!' },
  })
  await server.say('Lobby', 'alice', 'hi')
  await server.say('Lobby', 'alice', '!hi')
  await server.idle()
  const [first] = addon.to('/rest')
  expect(first?.body.webhook_id).toBe(Number(made.body.id))
  expect(first && signedBy(first, record.oauthSecret)).toMatchObject({ iss: record.oauthId })
  const [user, ...others] = addon.to('/user')
  expect(others).toEqual([])
  expect(user?.body).not.toHaveProperty('oauth_client_id')
  expect(user?.headers).not.toHaveProperty('authorization')
})

test('an add-on sees its own webhooks only, has at most ten, and keeps declared ones', async () => {
  const server = await startServer()
  const addon = await startAddon()
  declare(addon, { hipchatApiConsumer: { scopes: ['admin_room'] }, webhook: hook(addon, { name: 'said' }) })
  const token = await accessToken(server, await installOverHttp(server, addon, 'Lobby'))
  const path = '/room/Lobby/webhook'
  const make = (json: object) => call(server, 'POST', path, { token, json })
  for (let index = 0; index < 10; index += 1)
    expect((await make({ url: `${addon.url}/x`, event: 'room_enter' })).status).toBe(201)
  expect(refusal(await make({ url: `${addon.url}/x`, event: 'room_enter' }))).toEqual([
    400,
    'A room takes at most 10 webhooks made through the API',
  ])
  const list = await call(server, 'GET', path, { token })
  expect(list.body.items).toHaveLength(11)
  expect(list.body.items[0]).toMatchObject({ name: 'said', event: 'room_message' })
  expect((await adminCall(server, 'GET', path)).body.items).toEqual([])

  const declared = list.body.items[0].id
  expect(refusal(await call(server, 'DELETE', `${path}/${declared}`, { token }))).toEqual([
    403,
    'This webhook comes from the descriptor of the add-on and cannot be changed or deleted',
  ])
  const own = list.body.items[1].id
  expect((await call(server, 'GET', `${path}/${own}`, { token })).body.id).toBe(own)
  expect((await call(server, 'DELETE', `${path}/${own}`, { token })).status).toBe(204)
  expect(refusal(await call(server, 'DELETE', `${path}/${own}`, { token }))).toEqual([
    404,
    `Webhook ${own} not found`,
  ])
  expect(refusal(await adminCall(server, 'GET', `${path}/${declared}`))).toEqual([
    404,
    `Webhook ${declared} not found`,
  ])
})

test('a webhook that cannot work is refused', async () => {
  const server = await startServer()
  const make = async (json: object) => {
    const { status, body } = await adminCall(server, 'POST', '/room/Lobby/webhook', { json })
    return [status, body.error.message, body.error.field]
  }
  const url = 'http://127.0.0.1:1/'
  expect(await make({ url, event: 'room_message', pattern: '(' })).toEqual([
    400,
    expect.stringContaining('pattern is not a regular expression this server understands'),
    'pattern',
  ])
  expect(await make({ url, event: 'room_message', pattern: '(a)\\1' })).toEqual([
    400,
    'pattern uses a back reference, which is not supported',
    'pattern',
  ])
  expect(await make({ url: 'nowhere', event: 'room_message' })).toEqual([
    400,
    'url: expected an absolute http or https URL, got "nowhere"',
    'url',
  ])
  expect(await make({ url, event: 'room_exploded' })).toEqual([
    400,
    expect.stringContaining('event must be one of room_message'),
    'event',
  ])
  expect(await make({ url, event: 'room_message', authentication: 'jwt' })).toEqual([
    400,
    "authentication must be none: deliveries to a user's webhook have no secret to sign with",
    'authentication',
  ])
})

test('a user’s webhook stops once they can no longer see the room', async () => {
  const server = await startServer({
    seed: {
      users: [{ name: 'Ann', mentionName: 'ann', isAdmin: true }],
      rooms: [{ name: 'Board', privacy: 'private' }],
    },
  })
  const addon = await startAddon()
  const token = await server.createToken({ user: 'ann' })
  const json = { url: `${addon.url}/hook`, event: 'room_message' }
  expect((await call(server, 'POST', '/room/Board/webhook', { token, json })).status).toBe(201)
  await server.say('Board', 'admin', 'while she may')
  await adminCall(server, 'PUT', '/user/@ann', { json: { is_group_admin: false } })
  await server.say('Board', 'admin', 'secret')
  await server.idle()
  expect(addon.to('/hook').map(({ body }) => body.item.message.message)).toEqual(['while she may'])
})

test('a webhook created while the installation is not confirmed waits for the confirmation', async () => {
  const server = await startServer()
  const addon = await startAddon()
  declare(addon, { hipchatApiConsumer: { scopes: ['admin_room'] } })
  addon.respond = async ({ path, body }) => {
    if (path !== '/installed') return undefined
    const token = await accessToken(server, body)
    const json = { url: `${addon.url}/hook`, event: 'room_message' }
    await call(server, 'POST', '/room/Lobby/webhook', { token, json })
    await server.say('Lobby', 'alice', 'before')
    return undefined
  }
  await installOverHttp(server, addon, 'Lobby')
  await server.say('Lobby', 'alice', 'after')
  await server.idle()
  expect(addon.to('/hook').map(({ body }) => body.item.message.message)).toEqual(['after'])
})
