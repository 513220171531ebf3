import { Registry } from 'prom-client'
import { describe, expect, it } from 'vitest'
import { StoreError } from '../../src/index.ts'
import { createMemoryStore } from '../../src/store/index.ts'
import { json, startImpostor } from '../addon/impostor.ts'
import { gate } from '../gate.ts'
import { CarelessError } from '../leaks/planted.ts'
import { delivered, sign, startWorld, testOptions } from '../support.ts'
import { measured, read, scrape } from './metrics.support.ts'

describe('metrics of deliveries', () => {
  it('count them by event and result', async () => {
    const { deliver, metrics, installation, secret, token } = await measured(({ message }) => {
      if (message.message === 'fail') throw new Error('x')
    })
    const { oauthId } = installation
    const once = token()
    await deliver()
    await deliver('hook', delivered(oauthId, 1, 'fail'))
    await deliver('hook', undefined, once)
    await deliver('hook', undefined, once) // a replay
    await deliver('picky')
    await deliver('hook', { ...delivered(oauthId, 1, 'x'), event: 'room_enter' })
    await deliver('nothing')
    await deliver('hook', '{')
    await deliver('hook', {})
    await deliver('hook', undefined, sign(oauthId, 'guessed'))
    await deliver('hook', undefined, sign(oauthId, secret, { exp: 1 }))
    await deliver('nothing', undefined, 'nonsense')
    const value = await metrics()
    const results = ['handled', 'failed', 'replayed', 'unmatched', 'other_event', 'unreadable', 'refused']
    expect(results.map((result) => value('deliveries_total', { event: 'room_message', result }))).toEqual([
      2, 1, 1, 1, 1, 2, 2,
    ])
    expect(value('deliveries_total', { event: 'unknown', result: 'gone' })).toBe(1)
    expect(value('deliveries_total', { event: 'unknown', result: 'refused' })).toBe(1)
    expect(value('deliveries_total')).toBe(12)
    expect(
      ['wrong signature', 'expired', 'malformed'].map((fault) =>
        value('signed_requests_refused_total', { fault }),
      ),
    ).toEqual([1, 1, 1])
  })

  it('count the add-on’s own notifications as own', async () => {
    const { addon, installation, metrics, server } = await measured(() => {})
    await addon.room(installation).notify('hello myself')
    await server.idle()
    expect((await metrics())('deliveries_total', { event: 'room_notification', result: 'own' })).toBe(1)
  })

  it('count a delivery when it ends, and as acknowledged if it is answered before', async () => {
    const { opened, open } = gate()
    const { deliver, metrics } = await measured(() => opened, { addon: { acknowledgeAfter: 5 } })
    expect((await deliver()).status).toBe(204)
    const during = await metrics()
    expect(during('deliveries_acknowledged_total', { event: 'room_message' })).toBe(1)
    expect(during('deliveries_total')).toBeUndefined()
    expect(during('deliveries_running')).toBe(1)
    open()
    await expect
      .poll(async () => (await metrics())('deliveries_total', { event: 'room_message', result: 'handled' }))
      .toBe(1)
    expect((await metrics())('deliveries_running')).toBe(0)
  })

  it('count deliveries above the limit as busy, and those waiting at the end as closing', async () => {
    const { opened, open } = gate()
    const entered = gate()
    const registry = new Registry()
    const { deliver, metrics, addon } = await measured(
      () => {
        entered.open()
        return opened
      },
      { addon: { maxDeliveries: 2, closeTimeout: 5, metrics: { registry } } },
    )
    const first = deliver()
    await entered.opened
    const second = deliver()
    await expect.poll(async () => (await metrics())('deliveries_running')).toBe(2)
    expect((await deliver()).status).toBe(503)
    expect((await metrics())('deliveries_total', { result: 'busy' })).toBe(1)
    const closed = addon.close()
    expect((await second).status).toBe(503)
    open()
    await Promise.all([first, closed])
    expect(read(await registry.metrics())('deliveries_total', { result: 'closing' })).toBe(1)
  })

  it('count failures of the store and of the add-on itself', async () => {
    const memory = createMemoryStore()
    let error: Error = new StoreError('the disk is full')
    const store = {
      ...memory,
      claim: (key: string, ttl: number) =>
        key.includes('jti:') ? Promise.reject(error) : memory.claim(key, ttl),
    }
    const { deliver, metrics } = await measured(() => {}, { addon: { store } })
    expect((await deliver()).status).toBe(503)
    error = new Error('a mistake')
    expect((await deliver()).status).toBe(500)
    const value = await metrics()
    expect(value('deliveries_total', { result: 'store_failed' })).toBe(1)
    expect(value('deliveries_total', { result: 'error' })).toBe(1)
    expect(value('store_errors_total', { verb: 'claim' })).toBe(1)
    expect(value('store_errors_total', { verb: 'get' })).toBe(0)
  })

  it('have a histogram of the duration of handlers, by event and webhook', async () => {
    const { deliver, metrics } = await measured(({ message }) => {
      if (message.message === 'fail') throw new Error('x')
    })
    await deliver()
    await deliver()
    await deliver('picky')
    const value = await metrics()
    const labels = { event: 'room_message', webhook: 'hook' }
    expect(value('handler_duration_seconds_count', labels)).toBe(2)
    expect(value('handler_duration_seconds_bucket', { ...labels, le: '+Inf' })).toBe(2)
    expect(value('handler_duration_seconds_sum', labels)).toBeGreaterThan(0)
    expect(value('handler_duration_seconds_count', { webhook: 'picky' })).toBeUndefined()
  })
})

describe('metrics of installations', () => {
  it('count each lifecycle change, and each exchange of credentials', async () => {
    const { admin, addon, installation, metrics } = await measured(() => {})
    const installed = await metrics()
    expect(installed('lifecycle_total', { turn: 'installed' })).toBe(1)
    expect(installed('lifecycle_total', { turn: 'updated' })).toBe(0)
    expect(installed('token_exchanges_total', { result: 'granted' })).toBe(1)
    await admin.installAddon({ url: addon.descriptor.links.self, room_id: 'Lobby' })
    expect((await metrics())('lifecycle_total', { turn: 'updated' })).toBe(1)
    await admin.uninstallAddon({ addon_key_or_id: testOptions.key, installable_id: installation.oauthId })
    const removed = await metrics()
    expect(removed('lifecycle_total', { turn: 'uninstalled' })).toBe(1)
    expect(removed('lifecycle_total', { turn: 'installed' })).toBe(1)
  })

  it('count refusals by status, and rejected credentials', async () => {
    const world = await startWorld(() => {}, { addon: { metrics: true, allowGlobal: false } })
    const post = (body: object) =>
      fetch(`${world.url}/installable`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
    const forgetful = await startImpostor({ '/v2/oauth/token': (_, response) => json(response, {}, 401) })
    const broken = await startImpostor({ '/v2/oauth/token': (_, response) => json(response, {}, 500) })
    await post({})
    await post(forgetful.record({ roomId: undefined }))
    await post(forgetful.record())
    await post(broken.record())
    const value = await scrape(`${world.url}/metrics`)
    expect(['400', '403', '502'].map((status) => value('installations_refused_total', { status }))).toEqual([
      2, 1, 1,
    ])
    expect(
      ['granted', 'rejected', 'failed'].map((result) => value('token_exchanges_total', { result })),
    ).toEqual([0, 1, 1])
    expect(value('lifecycle_total', { turn: 'installed' })).toBe(0)
  })
})

describe('metrics of API calls', () => {
  it('count them by operation and status, with their duration', async () => {
    const { addon, installation, metrics } = await measured(() => {}, { addon: { metrics: true } })
    const room = addon.room(installation)
    await room.getRoom()
    await room.notify('hello')
    await expect(room.deleteRoomWebhook({ webhook_id: '4711' })).rejects.toMatchObject({ status: 404 })
    const value = await metrics()
    expect(value('api_calls_total', { operation: 'getRoom', status: '200' })).toBe(1)
    expect(value('api_calls_total', { operation: 'sendRoomNotification', status: '204' })).toBe(1)
    expect(value('api_calls_total', { operation: 'deleteRoomWebhook', status: '404' })).toBe(1)
    expect(value('api_call_duration_seconds_count', { operation: 'getRoom' })).toBe(1)
    expect(value('api_retries_total')).toBeUndefined()
  })

  it('count failures of HipChat, invalid answers and broken connections', async () => {
    let answers = 0
    const impostor = await startImpostor({
      '/v2/room/1': (_, response) => {
        answers += 1
        if (answers === 1) json(response, {}, 503)
        else response.destroy()
      },
      '/v2/room/1/webhook': (_, response) => json(response, {}, 500),
      '/v2/room/1/notification': (_, response) => response.destroy(),
      '/v2/room/1/history': (_, response) => json(response, 'nonsense'),
    })
    const world = await startWorld(() => {}, { addon: { metrics: true } })
    await fetch(`${world.url}/installable`, { method: 'POST', body: JSON.stringify(impostor.record()) })
    const installation = (await world.addon.installation('client-1')) ?? expect.fail('not installed')
    const scopes = testOptions.scopes
    const room = world.addon.room({ ...installation, scopes })
    await expect(room.getRoom()).rejects.toMatchObject({ code: 'ERR_NETWORK' })
    const hook = room.createRoomWebhook({ url: 'https://example.com', event: 'room_enter' })
    await expect(hook).rejects.toMatchObject({ status: 500 })
    await expect(room.notify('x')).rejects.toMatchObject({ code: 'ERR_NETWORK' })
    await expect(room.getRoomHistory()).rejects.toMatchObject({ code: 'ERR_UNEXPECTED_ANSWER' })
    await expect(room.notify('x', { signal: AbortSignal.abort() })).rejects.toThrow()
    const value = await scrape(`${world.url}/metrics`)
    expect(value('api_calls_total', { operation: 'getRoom' })).toBe(1)
    expect(value('api_calls_total', { operation: 'getRoom', status: 'ERR_NETWORK' })).toBe(1)
    expect(value('api_calls_total', { operation: 'createRoomWebhook', status: '500' })).toBe(1)
    expect(value('api_retries_total', { operation: 'getRoom' })).toBe(2)
    expect(value('api_calls_total', { operation: 'sendRoomNotification', status: 'ERR_NETWORK' })).toBe(1)
    expect(value('api_calls_total', { operation: 'sendRoomNotification', status: 'aborted' })).toBe(1)
    expect(value('api_calls_total', { operation: 'getRoomHistory', status: 'ERR_UNEXPECTED_ANSWER' })).toBe(1)
  })

  it('report what is left of the rate limits, and the calls that waited or gave up', async () => {
    const limits = { api: 100, flood: 2, floodWindowSeconds: 2 }
    const { addon, installation, metrics } = await measured(() => {}, {
      server: { limits },
      addon: { metrics: true },
    })
    const room = addon.room(installation)
    for (const text of ['one', 'two', 'three']) await room.notify(text)
    const value = await metrics()
    // A limit of two messages: one is left, none is left, and after the wait one again.
    expect(value('allowance_left_ratio_bucket', { limit: 'flood', le: '0' })).toBe(1)
    expect(value('allowance_left_ratio_bucket', { limit: 'flood', le: '0.5' })).toBe(3)
    expect(value('allowance_left_ratio_bucket', { limit: 'api', le: '0.75' })).toBe(0)
    expect(value('allowance_left_ratio_count', { limit: 'api' })).toBe(3)
    expect(value('allowance_waits_total', { limit: 'flood' })).toBe(1)
    expect(value('allowance_refusals_total', { limit: 'flood' })).toBe(0)

    const hasty = await measured(() => {}, {
      server: { limits: { flood: 1 } },
      addon: { maxRateLimitWait: 0 },
    })
    const there = hasty.addon.room(hasty.installation)
    await there.notify('one')
    await expect(there.notify('two')).rejects.toMatchObject({ code: 'ERR_RATE_LIMIT' })
    const refused = await hasty.metrics()
    expect(refused('allowance_refusals_total', { limit: 'flood' })).toBe(1)
    expect(refused('api_calls_total', { operation: 'sendRoomNotification', status: 'ERR_RATE_LIMIT' })).toBe(
      1,
    )
  })

  it('count refusals with 429', async () => {
    const impostor = await startImpostor({
      '/v2/room/1/notification': (_, response) => json(response, {}, 429),
    })
    const world = await startWorld(() => {}, { addon: { metrics: true, maxRateLimitWait: 0 } })
    await fetch(`${world.url}/installable`, { method: 'POST', body: JSON.stringify(impostor.record()) })
    const installation = (await world.addon.installation('client-1')) ?? expect.fail('not installed')
    await expect(world.addon.room(installation).notify('x')).rejects.toMatchObject({ code: 'ERR_RATE_LIMIT' })
    const value = await scrape(`${world.url}/metrics`)
    expect(value('api_calls_total', { operation: 'sendRoomNotification', status: '429' })).toBe(1)
    expect(value('allowance_refusals_total', { limit: 'flood' })).toBe(1)
  })
})

it('the metrics page has no users, rooms, messages or secrets', async () => {
  const { deliver, installation, secret, token, url, say, store } = await measured(async ({ room }) => {
    await room.notify('a private word')
    throw new CarelessError(secretOfMine)
  })
  const secretOfMine = secret
  const signed = token()
  await deliver('hook', undefined, signed)
  await deliver('hook', undefined, `${signed}x`)
  await deliver(`${installation.oauthId}`)
  await say('a private question')
  const kept = await store.get(`token:${installation.oauthId}`)
  const page = await (await fetch(`${url}/metrics`)).text()
  expect(page).toContain('result="failed"')
  const access = (JSON.parse(kept ?? '{}') as { token: string }).token // written by the access tokens
  for (const text of [secret, signed, access, installation.oauthId, 'private', 'Lobby', 'Alice'])
    expect(page).not.toContain(text)
})
