import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { Counter, Registry } from 'prom-client'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type AddonOptions, createAddon, StoreError } from '../../src/index.ts'
import { createMemoryStore } from '../../src/store/index.ts'
import { json, startImpostor } from '../addon/impostor.ts'
import { gate } from '../gate.ts'
import { CarelessError } from '../leaks/planted.ts'
import { freePort } from '../ports.ts'
import { delivered, sign, startWorld, type TestHandler, testOptions, type WorldOptions } from '../support.ts'

type Labels = Readonly<Record<string, string>>

/** Reads a metrics page: the sum of a series' samples with these labels, `undefined` if there are none. */
function read(text: string) {
  const samples = [...text.matchAll(/^(\w+)(?:\{(.*)\})? (\S+)$/gm)].map(([, name, labels = '', value]) => ({
    name: `${name}`.replace(/^hipchat_addon_/, ''),
    labels: Object.fromEntries(
      [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key, value]),
    ),
    value: Number(value),
  }))
  return (name: string, labels: Labels = {}): number | undefined => {
    const found = samples.filter(
      (sample) =>
        sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
    )
    return found.length === 0 ? undefined : found.reduce((sum, { value }) => sum + value, 0)
  }
}

const scrape = async (url: string) => read(await (await fetch(url)).text())

/** An installed add-on with metrics and one handler, and a function that delivers to it without the server. */
async function measured(handler: TestHandler, options: WorldOptions = {}) {
  const world = await startWorld(
    (it) => {
      it.webhook('room_message', { key: 'hook' }, handler)
      it.webhook('room_message', { key: 'picky', pattern: /^picky/ }, handler)
      it.webhook('room_notification', { key: 'heard' }, () => {})
    },
    { ...options, addon: { metrics: true, ...options.addon } },
  )
  const { installation, secret } = await world.install()
  const { oauthId } = installation
  const token = () => sign(oauthId, secret)
  return {
    ...world,
    installation,
    secret,
    token,
    deliver: (key = 'hook', body: unknown = delivered(oauthId, 1, 'hello'), signed = token()) =>
      fetch(`${world.url}/webhook/${key}`, {
        method: 'POST',
        headers: { authorization: `JWT ${signed}` },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    metrics: () => scrape(`${world.url}/metrics`),
  }
}

/** Fails if something is listening on a port. */
async function expectClosed(port: number, host: string): Promise<void> {
  const connected = once(connect(port, host), 'connect')
  await expect(connected).rejects.toMatchObject({ code: 'ECONNREFUSED' })
}

describe('the metrics page', () => {
  it('does not exist by default', async () => {
    const { url } = await startWorld(() => {})
    expect((await fetch(`${url}/metrics`)).status).toBe(404)
    const off = await startWorld(() => {}, { addon: { metrics: false } })
    expect((await fetch(`${off.url}/metrics`)).status).toBe(404)
  })

  it('is at /metrics in the format of Prometheus, for GET and HEAD', async () => {
    const { url } = await startWorld(() => {}, { addon: { metrics: true } })
    const answer = await fetch(`${url}/metrics`)
    expect([answer.status, answer.headers.get('content-type'), answer.headers.get('cache-control')]).toEqual([
      200,
      Registry.PROMETHEUS_CONTENT_TYPE,
      'no-store',
    ])
    expect(await answer.text()).toContain('# TYPE hipchat_addon_deliveries_total counter')
    expect((await fetch(`${url}/metrics`, { method: 'HEAD' })).status).toBe(200)
    expect((await fetch(`${url}/metrics`, { method: 'POST' })).status).toBe(404)
  })

  it('is at a configured path, with or without the path of the base address', async () => {
    const port = await freePort()
    const addon = createAddon({
      ...testOptions,
      store: 'memory:',
      baseUrl: `http://localhost:${port}/tools`,
      metrics: { path: '/internal/metrics' },
    })
    onTestFinished(() => addon.close())
    await addon.listen(port)
    const statuses = ['/tools/internal/metrics', '/internal/metrics', '/metrics'].map(
      async (path) => (await fetch(`http://localhost:${port}${path}`)).status,
    )
    expect(await Promise.all(statuses)).toEqual([200, 200, 404])
  })

  it('has a configured port of its own, which close() closes', async () => {
    const addon = createAddon({ ...testOptions, store: 'memory:', metrics: { port: 0, path: '/m' } })
    const { port, metricsPort = 0 } = await addon.listen()
    const page = `http://127.0.0.1:${metricsPort}/m`
    expect((await scrape(page))('deliveries_running')).toBe(0)
    expect((await fetch(`http://127.0.0.1:${metricsPort}/healthz`)).status).toBe(404)
    expect((await fetch(`http://localhost:${port}/m`)).status).toBe(404)
    await addon.close()
    await expectClosed(metricsPort, '127.0.0.1')
  })

  it('on a port that is taken makes listen() reject and close everything, and listen() can be called again', async () => {
    const first = createAddon({ ...testOptions, store: 'memory:', metrics: { port: 0 } })
    const { metricsPort = 0 } = await first.listen()
    const port = await freePort()
    const second = createAddon({ ...testOptions, store: 'memory:', metrics: { port: metricsPort } })
    onTestFinished(() => second.close())
    await expect(second.listen(port)).rejects.toMatchObject({
      code: 'ERR_CONFIGURATION',
      message: `metrics: port ${metricsPort} of 127.0.0.1 is taken by another process`,
    })
    await expectClosed(port, 'localhost')
    await first.close()
    expect(await second.listen(port)).toMatchObject({ port, metricsPort })
  })

  it('is closed again when the add-on cannot listen', async () => {
    const first = createAddon({ ...testOptions, store: 'memory:' })
    onTestFinished(() => first.close())
    const { port } = await first.listen()
    const own = await freePort()
    const second = createAddon({ ...testOptions, store: 'memory:', metrics: { port: own } })
    onTestFinished(() => second.close())
    await expect(second.listen(port)).rejects.toMatchObject({ code: 'ERR_CONFIGURATION' })
    await expectClosed(own, '127.0.0.1')
  })

  it('shows the author’s own registry too, and can be served by the author', async () => {
    const registry = new Registry()
    new Counter({ name: 'rolls_total', help: 'Dice rolled.', registers: [registry] }).inc(3)
    const { url } = await startWorld(() => {}, { addon: { metrics: { registry } } })
    const text = await (await fetch(`${url}/metrics`)).text()
    expect(text).toContain('rolls_total 3')
    expect(text).toContain('hipchat_addon_deliveries_running 0')

    const own = new Registry()
    const without = await startWorld(() => {}, { addon: { metrics: { registry: own, path: false } } })
    expect((await fetch(`${without.url}/metrics`)).status).toBe(404)
    expect(await own.metrics()).toContain('hipchat_addon_deliveries_running 0')
  })

  it('is answered with 500 if its registry fails, and the add-on continues', async () => {
    const registry = new Registry()
    new Counter({
      name: 'broken_total',
      help: 'Fails.',
      registers: [registry],
      collect: () => Promise.reject(new Error('the database is away')),
    })
    const { url } = await startWorld(() => {}, { addon: { metrics: { registry } } })
    const answer = await fetch(`${url}/metrics`)
    expect([answer.status, await answer.text()]).toEqual([500, 'The add-on failed.'])
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
  })
})

describe('two add-ons in one process', () => {
  it('count separately', async () => {
    const one = await measured(() => {})
    const other = await measured(() => {})
    await one.deliver()
    expect((await one.metrics())('deliveries_total', { result: 'handled' })).toBe(1)
    expect((await other.metrics())('deliveries_total', { result: 'handled' })).toBeUndefined()
  })

  it('cannot share a registry', () => {
    const registry = new Registry()
    createAddon({ ...testOptions, store: 'memory:', metrics: { registry } })
    expect(() => createAddon({ ...testOptions, store: 'memory:', metrics: { registry } })).toThrow(
      expect.objectContaining({
        code: 'ERR_CONFIGURATION',
        message:
          'createAddon: metrics.registry already has hipchat_addon_deliveries_total; give each add-on a registry of its own',
      }),
    )
  })
})

describe('the option metrics', () => {
  it.each<[unknown, string | RegExp]>([
    [
      'yes',
      'createAddon: expected metrics to be true, false or an object with the options path, port, host, registry; got string',
    ],
    [[], /expected metrics to be true, false or an object with the options .*; got array$/],
    [
      { colour: 'red' },
      'createAddon: metrics.colour is not a known option; expected one of path, port, host, registry',
    ],
    [{ path: 7 }, 'createAddon: expected metrics.path to be a path such as /metrics, or false; got number'],
    [
      { path: 'metrics' },
      'createAddon: expected metrics.path to be a path such as /internal/metrics; got "metrics"',
    ],
    [{ path: '/m?x=1' }, /expected metrics.path to be a path such as .*; got "\/m\?x=1"$/],
    [{ path: '/healthz' }, 'createAddon: metrics.path /healthz is already a route of the add-on'],
    [{ path: '/' }, /metrics.path \/ is already a route of the add-on/],
    [{ path: '/webhook/metrics' }, /metrics.path \/webhook\/metrics is already a route/],
    [{ port: 70_000 }, 'createAddon: expected metrics.port to be a port from 0 to 65535; got 70000'],
    [{ port: '9100' }, /expected metrics.port to be a port from 0 to 65535; got 9100$/],
    [{ port: 9100, host: '' }, 'createAddon: expected metrics.host to be a non-empty string; got string'],
    [{ host: '127.0.0.1' }, 'createAddon: metrics.host requires metrics.port; set both or neither'],
    [{ registry: {} }, 'createAddon: expected metrics.registry to be a Registry of prom-client; got object'],
    [{ path: false }, /with metrics.path false there is no page; set the metrics.registry/],
    [{ path: false, registry: new Registry(), port: 9100 }, /with metrics.path false there is no page/],
  ])('%j is refused by name', (metrics, message) => {
    const options = { ...testOptions, store: 'memory:', metrics } as AddonOptions // what plain JavaScript may give
    expect(() => createAddon(options)).toThrow(
      expect.objectContaining({
        code: 'ERR_CONFIGURATION',
        message: typeof message === 'string' ? message : expect.stringMatching(message),
      }),
    )
  })

  it('can name a taken path on a port of its own', () => {
    createAddon({ ...testOptions, store: 'memory:', metrics: { port: 0, path: '/' } })
  })

  it('with a port is refused by callback(), which opens no port', () => {
    const addon = createAddon({
      ...testOptions,
      store: 'memory:',
      baseUrl: 'http://localhost:1',
      metrics: { port: 9100 },
    })
    expect(() => addon.callback()).toThrow(
      expect.objectContaining({
        code: 'ERR_CONFIGURATION',
        message:
          'callback: only listen() opens metrics.port; leave it out to serve the metrics as a route of the add-on',
      }),
    )
  })
})

describe('prom-client', () => {
  /** The output of a program in a new process, in which nothing is loaded yet. */
  function run(program: string): unknown {
    const source = fileURLToPath(new URL('../../src/index.ts', import.meta.url))
    const given = `
      import Module, { createRequire } from 'node:module'
      const loaded = (name) => Object.keys(createRequire(${JSON.stringify(source)}).cache).some((file) => file.includes('/' + name + '/'))
      const options = { key: 'k', name: 'n', description: 'd', scopes: [], store: 'memory:', log: false }
      const { createAddon } = await import(${JSON.stringify(source)})
      ${program}`
    return JSON.parse(
      execFileSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', given], {
        encoding: 'utf8',
      }),
    )
  }

  it('is named if it is not installed, with what to do', () => {
    const refusal = run(`
      const resolve = Module._resolveFilename
      Module._resolveFilename = function (name, ...rest) {
        if (name === 'prom-client') throw Object.assign(new Error('no prom-client'), { code: 'MODULE_NOT_FOUND' })
        return resolve.call(this, name, ...rest)
      }
      try { createAddon({ ...options, metrics: true }) }
      catch ({ code, message }) { console.log(JSON.stringify({ code, message })) }`)
    expect(refusal).toEqual({
      code: 'ERR_CONFIGURATION',
      message:
        'createAddon: metrics requires the package prom-client, which is not installed: npm install prom-client',
    })
  })

  it('is only loaded for metrics, and OpenTelemetry only if it is registered', () => {
    const loaded = run(`
      const before = createAddon(options)
      await before.listen()
      await before.close()
      const plain = [loaded('prom-client'), loaded('@opentelemetry/api')]
      createAddon({ ...options, metrics: true })
      console.log(JSON.stringify([...plain, loaded('prom-client')]))`)
    expect(loaded).toEqual([false, false, true])
  })
})

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
