import { expect, test } from 'vitest'
import type { HipChatServer } from '../../../src/server/index.ts'
import {
  type Addon,
  type Answered,
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

/** An installed add-on that may have webhooks, and calls with its token. */
async function installed(server: HipChatServer, room?: string, capabilities?: (addon: Addon) => object) {
  const addon = await startAddon()
  declare(addon, {
    hipchatApiConsumer: { scopes: ['admin_room', 'admin_group', 'send_notification'] },
    ...capabilities?.(addon),
  })
  const credentials = await installOverHttp(server, addon, room)
  const token = await accessToken(server, credentials)
  const request = (method: string, path: string, json?: unknown) =>
    call(server, method, path, { token, ...(json === undefined ? {} : { json }) })
  const hear = async (text = 'hi', where = 'Lobby') => {
    addon.calls.length = 0
    await server.say(where, 'alice', text)
    await server.idle()
    return addon.calls.map(({ path }) => path)
  }
  return { addon, credentials, request, hear }
}

const lobby = '/room/Lobby/extension/webhook'

test('a webhook is put under a key, read, replaced and deleted', async () => {
  const server = await startServer()
  const { addon, request, hear } = await installed(server, 'Lobby')
  const made = await request('PUT', `${lobby}/tea`, {
    url: `${addon.url}/tea`,
    event: 'room_message',
    key: 'x',
  })
  expect(made.status).toBe(201)
  expect(made.body).toMatchObject({
    id: expect.stringMatching(/^\d+$/),
    key: 'tea',
    authentication: 'none',
    links: { self: `${server.apiUrl}/room/1/webhook/${made.body.id}` },
  })
  expect((await request('GET', `${lobby}/tea`)).body).toEqual(made.body)
  expect(await hear()).toEqual(['/tea'])
  expect(addon.calls[0]?.headers).not.toHaveProperty('authorization')
  const again = await request('PUT', `${lobby}/tea`, {
    url: `${addon.url}/cake`,
    event: 'room_message',
    pattern: 'cake',
    name: 'Cake',
    authentication: 'jwt',
  })
  expect(again.body).toMatchObject({
    id: made.body.id,
    url: `${addon.url}/cake`,
    pattern: 'cake',
    name: 'Cake',
  })
  expect((await request('GET', '/room/1/webhook')).body.items).toHaveLength(1)
  expect(await hear('tea')).toEqual([])
  expect(await hear('cake')).toEqual(['/cake'])
  // Of another event it is still the same webhook, and says no more about what was left out.
  const entered = await request('PUT', `${lobby}/tea`, { url: `${addon.url}/in`, event: 'room_enter' })
  expect(entered.body).toMatchObject({ id: made.body.id, event: 'room_enter', pattern: '', name: '' })
  expect(await hear('cake')).toEqual([])
  expect((await request('DELETE', `${lobby}/tea`)).status).toBe(204)
  for (const method of ['GET', 'DELETE'])
    expect(refusal(await request(method, `${lobby}/tea`))).toEqual([404, 'Webhook tea not found'])
})

test('webhooks with a key are signed when requested', async () => {
  const server = await startServer()
  const { addon, credentials, request, hear } = await installed(server, 'Lobby')
  await request('PUT', `${lobby}/tea`, hook(addon))
  await hear()
  const [received] = addon.calls
  expect(received && signedBy(received, credentials.oauthSecret)).toMatchObject({ iss: credentials.oauthId })
})

test('both operations that create webhooks share one store', async () => {
  const server = await startServer()
  const { addon, request, hear } = await installed(server, 'Lobby')
  for (const path of ['/a', '/b'])
    await request('POST', '/room/Lobby/webhook', { url: addon.url + path, event: 'room_message', key: 'old' })
  expect(await hear()).toEqual(['/a', '/b'])
  const { body } = await request('PUT', `${lobby}/old`, { url: `${addon.url}/c`, event: 'room_message' })
  expect(await hear()).toEqual(['/c'])
  expect((await request('DELETE', `/room/1/webhook/${body.id}`)).status).toBe(204)
  expect((await request('GET', `${lobby}/old`)).status).toBe(404)
})

test('a room accepts ten webhooks created through the API, and they can still be replaced', async () => {
  const server = await startServer()
  const { addon, request } = await installed(server, 'Lobby')
  const put = (key: string | number) => request('PUT', `${lobby}/${key}`, hook(addon))
  for (let key = 0; key < 10; key += 1) expect((await put(key)).status).toBe(201)
  const words = [400, 'A room takes at most 10 webhooks made through the API']
  expect(refusal(await put('more'))).toEqual(words)
  expect(refusal(await request('POST', '/room/Lobby/webhook', hook(addon)))).toEqual(words)
  expect((await put(9)).status).toBe(201)
})

test('a webhook of the descriptor is read by its key, and can be neither replaced nor deleted', async () => {
  const server = await startServer()
  const declared = (addon: Addon) => ({ webhook: hook(addon, { key: 'mine' }) })
  const words = [403, 'This webhook comes from the descriptor of the add-on and cannot be changed or deleted']
  for (const room of ['Lobby', undefined]) {
    const { addon, request } = await installed(server, room, declared)
    addon.descriptor = { ...addon.descriptor, key: `com.example.${room}` }
    expect((await request('GET', `${lobby}/mine`)).body).toMatchObject({ key: 'mine', authentication: 'jwt' })
    expect(refusal(await request('PUT', `${lobby}/mine`, hook(addon)))).toEqual(words)
    expect(refusal(await request('DELETE', `${lobby}/mine`))).toEqual(words)
    await server.reset()
  }
})

test('keys are for add-ons in their own rooms, and each add-on has its own', async () => {
  const server = await startServer()
  const one = await installed(server, 'Lobby')
  const other = await installed(server, undefined, () => ({}))
  await one.request('PUT', `${lobby}/tea`, hook(one.addon))
  expect(refusal(await other.request('GET', `${lobby}/tea`))).toEqual([404, 'Webhook tea not found'])
  expect(refusal(await one.request('PUT', '/room/2/extension/webhook/tea', hook(one.addon)))).toEqual([
    403,
    'This token is bound to another room',
  ])
  expect((await adminCall(server, 'PUT', `${lobby}/tea`, { json: hook(one.addon) })).status).toBe(403)
  expect((await one.request('GET', '/extension/webhook/tea')).status).toBe(403)
  const refused = async (key: string, json: object) =>
    refusal(await one.request('PUT', `${lobby}/${key}`, json))
  expect(await refused('x'.repeat(41), hook(one.addon))).toEqual([
    400,
    'key must NOT have more than 40 characters, got 41',
  ])
  expect((await refused('k', hook('http://169.254.1.1')))[0]).toBe(400)
  expect((await refused('k', hook(one.addon, { pattern: '(' })))[0]).toBe(400)
  expect((await refused('k', hook(one.addon, { event: 'room_left' })))[0]).toBe(400)
})

test('a global webhook gets the events of all rooms, next to one of the same key in a room', async () => {
  const server = await startServer()
  const { addon, request, hear } = await installed(server)
  const made = await request('PUT', '/extension/webhook/tea', {
    url: `${addon.url}/all`,
    event: 'room_message',
  })
  expect([made.status, made.body]).toEqual([201, ''])
  expect(await hear('hi', 'Lobby')).toEqual(['/all'])
  expect(await hear('hi', 'Workshop')).toEqual(['/all'])
  const { body } = await request('GET', '/extension/webhook/tea')
  expect(body).toMatchObject({
    key: 'tea',
    url: `${addon.url}/all`,
    links: { self: `${server.apiUrl}/extension/webhook/tea` },
  })
  expect((await request('GET', `${lobby}/tea`)).status).toBe(404)
  await request('PUT', `${lobby}/tea`, { url: `${addon.url}/room`, event: 'room_message' })
  expect(await hear('hi', 'Lobby')).toEqual(['/all', '/room'])
  expect(refusal(await request('DELETE', `/room/1/webhook/${body.id}`))).toEqual([
    403,
    'This webhook is for all rooms: delete it by its key, at /extension/webhook',
  ])
  const listed = (answer: Answered) =>
    answer.body.items.map(({ url }: { url: string }) => new URL(url).pathname)
  expect(listed(await request('GET', '/room/Lobby/webhook'))).toEqual(['/all', '/room'])
  expect((await request('DELETE', '/extension/webhook/tea')).status).toBe(204)
  expect(await hear('hi', 'Lobby')).toEqual(['/room'])
})
