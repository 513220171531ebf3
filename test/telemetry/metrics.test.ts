import { once } from 'node:events'
import { connect } from 'node:net'
import { Counter, Registry } from 'prom-client'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type AddonOptions, createAddon } from '../../src/index.ts'
import { freePort } from '../ports.ts'
import { startWorld, testOptions } from '../support.ts'
import { measured, scrape } from './metrics.support.ts'

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
      'createAddon: expected metrics to be true, false or an object with the options path, port, host, registry; got "yes"',
    ],
    [[], /expected metrics to be true, false or an object with the options .*; got array$/],
    [
      { colour: 'red' },
      'createAddon: metrics.colour is not a known option; expected one of path, port, host, registry',
    ],
    [
      { path: 7 },
      'createAddon: expected metrics.path to be a path such as /internal/metrics, or false; got 7',
    ],
    [
      { path: 'metrics' },
      'createAddon: expected metrics.path to be a path such as /internal/metrics, or false; got "metrics"',
    ],
    [{ path: '/m?x=1' }, /expected metrics.path to be a path such as .*; got "\/m\?x=1"$/],
    [{ path: '/healthz' }, 'createAddon: metrics.path /healthz is already a route of the add-on'],
    [{ path: '/' }, /metrics.path \/ is already a route of the add-on/],
    [{ path: '/webhook/metrics' }, /metrics.path \/webhook\/metrics is already a route/],
    [{ port: 70_000 }, 'createAddon: expected metrics.port to be a port from 0 to 65535, got 70000'],
    [{ port: '9100' }, /expected metrics.port to be a port from 0 to 65535, got "9100"$/],
    [
      { port: 9100, host: '' },
      'createAddon: expected metrics.host to be a non-empty string, got an empty one',
    ],
    [{ host: '127.0.0.1' }, 'createAddon: metrics.host requires metrics.port; set both or neither'],
    [{ registry: {} }, 'createAddon: expected metrics.registry to be a Registry of prom-client, got object'],
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
