import { describe, expect, test } from 'vitest'
import { createDeliveryHistory } from '../../../src/server/addons/delivery-history.ts'
import { silent } from '../../../src/server/log.ts'
import type { RoomRecord, WebhookRecord } from '../../../src/server/state/records.ts'
import { visit } from '../chat-page/visitors.ts'
import {
  accessToken,
  call,
  declare,
  hook,
  inline,
  installOverHttp,
  refusal,
  signedBy,
  startAddon,
  startServer,
} from '../support.ts'
import { admin, installWebhook } from './support.ts'

test('deliveries are listed newest first, with the request, the answer and the duration', async () => {
  const server = await startServer()
  const { addon, record } = await installWebhook(server)
  addon.respond = () => ({ ...inline({ message: 'pong' }), status: 201 })
  await server.say('Lobby', 'alice', 'first')
  await server.say('Lobby', 'alice', 'second')
  await server.idle()
  const { status, body } = await admin(server, 'GET', '/deliveries')
  expect(status).toBe(200)
  expect(body.items.map((one: { id: number }) => one.id)).toEqual([2, 1])
  const sent = addon.to('/hook')[1]
  expect(body.items[0]).toEqual({
    id: 2,
    at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    event: 'room_message',
    webhookId: expect.any(Number),
    oauthId: record.oauthId,
    roomId: 1,
    url: `${new URL(addon.url).host}/hook`,
    status: 201,
    duration: expect.any(Number),
    error: null,
    replied: true,
    redeliveryOf: null,
    request: {
      headers: { 'content-type': 'application/json', authorization: 'JWT [signed request]' },
      claims: sent && signedBy(sent, record.oauthSecret),
      body: sent?.body,
    },
    response: {
      headers: { 'content-type': 'application/json' },
      body: '{"message":"pong"}',
    },
  })
  const text = JSON.stringify(body)
  expect(text).not.toContain('hidden-in-the-query')
  expect(text).not.toContain(String(sent?.headers.authorization).split('.')[2])
  expect((await admin(server, 'GET', '/deliveries/1')).body).toEqual(body.items[1])
  const messages = async (query: string) =>
    (await admin(server, 'GET', `/deliveries?${query}`)).body.items.map(
      // biome-ignore lint/suspicious/noExplicitAny: tests read any answer
      (one: any) => one.request.body.item.message.message,
    )
  expect(await messages('limit=1')).toEqual(['second'])
  expect(await messages('event=room_enter')).toEqual([])
  expect(await messages(`oauthId=${record.oauthId}&failed=false&roomId=1`)).toEqual(['second', 'first'])
  expect(await messages('failed=true')).toEqual([])
})

test('a delivery is repeated with a new signature, and its answer is posted to the room', async () => {
  const server = await startServer()
  const { addon, record } = await installWebhook(server)
  addon.respond = () => ({ status: 500, headers: { 'content-type': 'text/plain' }, body: 'out of dice' })
  await server.say('Lobby', 'alice', '/roll')
  await server.idle()
  expect((await admin(server, 'GET', '/deliveries?failed=true')).body.items).toMatchObject([
    { id: 1, status: 500, error: 'answered 500', response: { body: 'out of dice' } },
  ])
  addon.respond = () => inline({ message: 'rolled 7' })
  const again = await admin(server, 'POST', '/deliveries/1/redeliver')
  expect(again.status).toBe(201)
  expect(again.body).toMatchObject({ id: 2, redeliveryOf: 1, status: 200, error: null, replied: true })
  const [first, second] = addon.to('/hook')
  expect(second?.body).toEqual(first?.body)
  const claims = [first, second].map((one) => one && signedBy(one, record.oauthSecret))
  expect(claims[1]).toMatchObject({ iss: record.oauthId, sub: '2', context: { room_id: 1 } })
  expect(claims[1]?.['jti']).not.toBe(claims[0]?.['jti'])
  expect(server.history('Lobby').map(({ message }) => message)).toEqual(['/roll', 'rolled 7'])
})

test('a skipped delivery can be repeated, and one whose webhook is gone cannot', async () => {
  const server = await startServer()
  const { addon, record } = await installWebhook(server)
  addon.respond = () => ({ status: 500 })
  for (let count = 0; count < 11; count += 1) await server.say('Lobby', 'alice', `message ${count}`)
  await server.idle()
  const [skipped] = (await admin(server, 'GET', '/deliveries?limit=1')).body.items
  expect(skipped).toMatchObject({ status: null, error: 'skipped: the add-on failed many times in a row' })
  addon.respond = () => undefined
  expect((await admin(server, 'POST', `/deliveries/${skipped.id}/redeliver`)).body).toMatchObject({
    status: 200,
  })
  expect(addon.to('/hook').at(-1)?.body.item.message.message).toBe('message 10')
  await server.say('Lobby', 'alice', 'well again') // one success ends the pause
  await server.idle()
  expect(addon.to('/hook').at(-1)?.body.item.message.message).toBe('well again')

  await server.uninstall(record.oauthId)
  expect(refusal(await admin(server, 'POST', `/deliveries/${skipped.id}/redeliver`))).toEqual([
    409,
    `The webhook of delivery ${skipped.id} is gone`,
  ])
  for (const [method, path] of [
    ['GET', '/deliveries/999'],
    ['POST', '/deliveries/abc/redeliver'],
  ] as const)
    expect((await admin(server, method, path)).status).toBe(404)
})

test('a secret in the answer of an add-on is not shown', async () => {
  const server = await startServer()
  const { addon } = await installWebhook(server, '/echo/hook')
  addon.respond = ({ headers }) => ({
    status: 400,
    headers: { 'content-type': 'text/plain', 'set-cookie': 'session=of-the-add-on' },
    body: `bad ${headers.authorization}; ${'x'.repeat(10_000)}`,
  })
  await server.say('Lobby', 'alice', 'hi')
  await server.idle()
  const { response } = (await admin(server, 'GET', '/deliveries/1')).body
  expect(response.body).toMatch(/^bad JWT \[signed request\]; x+…$/)
  expect(response.body).toHaveLength(4097)
  expect(Object.keys(response.headers)).toEqual(['content-type'])
})

test('only administrators of the group see deliveries, and without the content of rooms closed to them', async () => {
  const server = await startServer()
  const addon = await startAddon()
  declare(addon, { webhook: hook(addon) })
  await installOverHttp(server, addon)
  await server.say('Back office', 'alice', 'between us')
  await server.idle()
  expect((await admin(server, 'GET', '/deliveries/1')).body.request.body.item.message.message).toBe(
    'between us',
  )
  const closed = await call(server, 'PUT', '/room/Back%20office', {
    token: await server.createToken({ user: 'alice' }),
    json: { privacy: 'private', delegate_admin_visibility: false },
  })
  expect(closed.status).toBe(204)
  expect((await admin(server, 'GET', '/deliveries/1')).body).toMatchObject({ request: null, response: null })

  const bob = await server.createToken({ user: 'bob' })
  const tokens: [string | undefined, number][] = [
    [undefined, 401],
    ['wrong', 401],
    [bob, 403],
    [await server.createToken({ user: 'admin', scopes: ['view_group'] }), 403],
    [await server.createToken({ room: 'Lobby' }), 403],
  ]
  for (const [token, status] of tokens)
    for (const [method, path] of [
      ['GET', '/deliveries'],
      ['GET', '/deliveries/1'],
      ['POST', '/deliveries/1/redeliver'],
      ['GET', '/installations'],
      ['GET', '/installations/anything'],
      ['POST', '/proposal'],
      ['POST', '/trigger'],
    ] as const) {
      const json = { url: `${addon.url}/descriptor`, event: 'room_message', room_id: 'Lobby' }
      const options = { ...(token === undefined ? {} : { token }), json }
      const answer = await call(server, method, `${server.url}/admin${path}`, {
        ...options,
        ...(method === 'GET' ? { json: undefined } : {}),
      })
      expect([method, path, answer.status]).toEqual([method, path, status])
    }
  expect((await admin(server, 'GET', '/elsewhere')).status).toBe(404)
  expect((await admin(server, 'DELETE', '/deliveries')).status).toBe(405)
})

test('of a deleted room only public content is shown', async () => {
  const server = await startServer()
  const addon = await startAddon()
  declare(addon, { webhook: hook(addon) })
  await installOverHttp(server, addon)
  await server.say('Lobby', 'alice', 'in the open')
  await server.say('Back office', 'alice', 'behind closed originRules')
  await server.idle()
  const bodies = async () =>
    (await admin(server, 'GET', '/deliveries')).body.items.map(
      ({ request }: { request: { body: { item: { message?: { message: string } } } } | null }) =>
        request?.body.item.message?.message,
    )
  expect(await bodies()).toEqual(['behind closed originRules', 'in the open'])
  for (const room of ['Back%20office', 'Lobby'])
    await call(server, 'DELETE', `/room/${room}`, { token: server.adminToken })
  await server.idle()
  expect(await bodies()).toEqual([undefined, 'in the open'])
  const [hidden] = (await admin(server, 'GET', '/deliveries')).body.items
  expect((await admin(server, 'GET', `/deliveries/${hidden.id}`)).body).toMatchObject({
    request: null,
    response: null,
  })
  expect((await admin(server, 'POST', `/deliveries/${hidden.id}/redeliver`)).status).toBe(409)
})

test('installations are listed with their state', async () => {
  const server = await startServer()
  const { addon, record } = await installWebhook(server)
  addon.respond = () => ({ status: 503 })
  await server.say('Lobby', 'alice', 'hi')
  await server.idle()
  const browser = await startAddon()
  browser.descriptor = { ...browser.descriptor, key: 'com.example.wiki', name: 'Wiki' }
  declare(browser, { installable: { installedUrl: `${browser.url}/welcome` } })
  await server.install(`${browser.url}/descriptor`)
  const { body } = await admin(server, 'GET', '/installations')
  expect(body.items).toEqual([
    {
      oauthId: record.oauthId,
      key: 'com.example.dice',
      name: 'Dice',
      roomId: 1,
      status: 'live',
      scopes: ['send_notification'],
      descriptor: `${addon.url}/descriptor`,
      created: expect.stringMatching(/^\d{4}-/),
      webhooks: 1,
      lastDelivery: { id: 1, at: expect.any(String), error: 'answered 503' },
    },
    expect.objectContaining({ key: 'com.example.wiki', roomId: null, status: 'pending', lastDelivery: null }),
  ])
  expect(JSON.stringify(body)).not.toContain(record.oauthSecret)
})

test('an installation is returned with the descriptor as it was approved', async () => {
  const server = await startServer()
  const { addon, record } = await installWebhook(server)
  const approved = structuredClone(addon.descriptor)
  addon.descriptor = { ...addon.descriptor, name: 'Other dice' }
  const { status, body } = await admin(server, 'GET', `/installations/${record.oauthId}`)
  const { items } = (await admin(server, 'GET', '/installations')).body
  expect([status, body]).toEqual([200, { ...items[0], document: approved }])
  expect(JSON.stringify(body)).not.toContain(record.oauthSecret)
  expect(refusal(await admin(server, 'GET', '/installations/nobody'))).toEqual([
    404,
    'Installation nobody not found',
  ])
})

test('requests and answers are kept only up to a limit', () => {
  const history = createDeliveryHistory(silent)
  const webhook = {
    id: 1,
    url: 'https://example.com/hook',
    event: 'room_message',
    owner: { oauthId: 'o' },
    roomId: 1,
    pattern: null,
    name: null,
    key: 'k',
    authentication: 'none',
    declared: false,
    created: 0,
  } satisfies WebhookRecord
  const room = { id: 1 } as RoomRecord // nothing else of it is read
  const request = { headers: {}, claims: undefined, body: 'x'.repeat(1024 * 1024) }
  for (let index = 0; index < 40; index += 1)
    history.add({ webhook, event: 'room_message', room }, { status: 200, request })
  const sizes = history.list().map((record) => record.request?.body.length ?? 0)
  expect(sizes).toHaveLength(40)
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(16 * 1024 * 1024)
  expect(sizes.at(-1)).toBe(1024 * 1024)
  expect(history.find(1)?.record.request).toBeUndefined()
})

describe('the administration', () => {
  test('only administrators see the secret of an installation and the calls of add-ons', async () => {
    const server = await startServer()
    const addon = await startAddon()
    const { oauthId, oauthSecret } = await installOverHttp(server, addon, 'Lobby')
    const paths = [`/installations/${oauthId}/secret`, '/calls']
    const admin = await visit(server, 'admin')
    const ask = (path: string, token?: string) =>
      call(server, 'GET', `${server.url}/admin${path}`, token === undefined ? {} : { token })
    expect((await ask(paths[0] ?? '', admin.token)).body).toEqual({ oauthSecret })
    expect((await ask('/installations/other/secret', admin.token)).status).toBe(404)
    const alice = await visit(server, 'alice') // owns a room, and no more
    const refused: [string | undefined, number][] = [
      [undefined, 401],
      ['wrong', 401],
      [alice.token, 403],
      [await server.createToken({ user: 'alice' }), 403],
      [await server.createToken({ user: 'admin', scopes: ['view_group'] }), 403],
      [await accessToken(server, { oauthId, oauthSecret }), 403],
    ]
    for (const [token, status] of refused)
      for (const path of paths) expect([path, (await ask(path, token)).status]).toEqual([path, status])
  })

  test('the calls of one add-on are listed alone, newest first, up to the requested number', async () => {
    const server = await startServer()
    const addon = await startAddon()
    const one = await installOverHttp(server, addon, 'Lobby')
    const other = await installOverHttp(server, addon, 'Workshop')
    const token = await accessToken(server, one)
    await accessToken(server, other)
    for (const color of ['red', 'green'])
      await call(server, 'POST', '/room/1/notification', { token, json: { message: 'hi', color } })
    const list = async (query: string) =>
      (await call(server, 'GET', `${server.url}/admin/calls${query}`, { token: server.adminToken })).body
        .items
    const operations = (items: { operation: string }[]) => items.map(({ operation }) => operation)
    expect(operations(await list(`?oauthId=${one.oauthId}`))).toEqual([
      'sendRoomNotification',
      'sendRoomNotification',
      'generateToken',
    ])
    expect(operations(await list('?limit=1'))).toEqual(['sendRoomNotification'])
    expect(await list(`?oauthId=${other.oauthId}`)).toMatchObject([
      { oauth_id: other.oauthId, operation: 'generateToken', method: 'POST', status: 200, error: null },
    ])
    expect(await list('?oauthId=nobody')).toEqual([])
  })
})
