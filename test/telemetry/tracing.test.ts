import { createServer, default as http } from 'node:http'
import Module from 'node:module'
import type { AddressInfo } from 'node:net'
import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-node'
import { pino } from 'pino'
import { afterAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { createAddon, InstallationRefusedError } from '../../src/index.ts'
import { createTracing } from '../../src/telemetry/tracing.ts'
import { json, startImpostor } from '../addon/impostor.ts'
import { CarelessError } from '../leaks/planted.ts'
import { delivered, sign, startWorld, type TestHandler, testOptions, type WorldOptions } from '../support.ts'

// As a program's own instrumentation does, before the add-on listens.
const exporter = new InMemorySpanExporter()
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
provider.register()

beforeEach(() => exporter.reset())
afterAll(() => provider.shutdown())

const spans = (): ReadableSpan[] => exporter.getFinishedSpans()

/** The one span of this name. */
function span(name: string): ReadableSpan {
  const found = spans().filter((one) => one.name === name)
  expect(found.map((one) => one.name)).toEqual([name])
  return found[0] ?? expect.fail(`there is no span ${name}`)
}

const idOf = (one: ReadableSpan): string => one.spanContext().spanId
const parentOf = (one: ReadableSpan): string | undefined => one.parentSpanContext?.spanId

/**
 * An installed add-on with one handler, and a function that delivers to it without the server. No spans of
 * these are left.
 */
async function traced(handler: TestHandler, options: WorldOptions = {}) {
  const world = await startWorld(
    (addon) => void addon.webhook('room_message', { key: 'hook' }, handler),
    options,
  )
  const { installation, secret } = await world.install()
  const { oauthId } = installation
  exporter.reset()
  return {
    ...world,
    oauthId,
    secret,
    deliver: (headers: Record<string, string> = {}, text = 'hello', key = 'hook') =>
      fetch(`${world.url}/webhook/${key}`, {
        method: 'POST',
        headers: { authorization: `JWT ${sign(oauthId, secret)}`, ...headers },
        body: JSON.stringify(delivered(oauthId, 1, text)),
      }),
  }
}

const route = 'POST /webhook/{key}'
const token = 'POST /oauth/token'
const getRoom = 'GET /room/{id_or_name}'

describe('the trace of a delivery', () => {
  it('has spans of its handler, the handler’s calls and own spans, and what they need', async () => {
    const { store, oauthId, say, server } = await traced(async ({ room }) => {
      await trace.getTracer('mine').startActiveSpan('rolling dice', async (own) => {
        await room.getRoom()
        own.end()
      })
    })
    await store.delete(`token:${oauthId}`) // as if it had expired
    await say('hello')
    const [delivery, handler, own] = [span(route), span('handle room_message'), span('rolling dice')]
    const [call, exchange] = [span(getRoom), span(token)]
    expect(spans()).toHaveLength(5)
    expect(parentOf(delivery)).toBeUndefined()
    expect(parentOf(handler)).toBe(idOf(delivery))
    expect(parentOf(own)).toBe(idOf(handler))
    expect(parentOf(call)).toBe(idOf(own))
    expect(parentOf(exchange)).toBe(idOf(call))
    expect(new Set(spans().map((one) => one.spanContext().traceId)).size).toBe(1)

    const port = Number(new URL(server.url).port)
    expect([delivery.kind, delivery.attributes]).toEqual([
      SpanKind.SERVER,
      {
        'http.request.method': 'POST',
        'http.route': '/webhook/{key}',
        'http.response.status_code': 204,
        'hipchat.event': 'room_message',
        'hipchat.webhook': 'hook',
        'hipchat.delivery.result': 'handled',
      },
    ])
    expect([handler.kind, handler.attributes]).toEqual([
      SpanKind.INTERNAL,
      {
        'hipchat.event': 'room_message',
        'hipchat.webhook': 'hook',
        'hipchat.installation': oauthId,
        'hipchat.room': 1,
      },
    ])
    expect([call.kind, call.attributes]).toEqual([
      SpanKind.CLIENT,
      {
        'http.request.method': 'GET',
        'url.template': '/room/{id_or_name}',
        'server.address': '127.0.0.1',
        'server.port': port,
        'hipchat.operation': 'getRoom',
        'http.response.status_code': 200,
      },
    ])
    expect([exchange.kind, exchange.attributes]).toEqual([
      SpanKind.CLIENT,
      {
        'http.request.method': 'POST',
        'url.template': '/oauth/token',
        'server.address': '127.0.0.1',
        'server.port': port,
        'hipchat.operation': 'generateToken',
        'http.response.status_code': 200,
      },
    ])
    expect(spans().map(({ status }) => status.code)).toEqual(Array(5).fill(SpanStatusCode.UNSET))
  })

  it('continues the trace that its headers name', async () => {
    const { deliver } = await traced(() => {})
    const [traceId, spanId] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331']
    await deliver({ traceparent: `00-${traceId}-${spanId}-01` })
    expect([span(route).spanContext().traceId, parentOf(span(route))]).toEqual([traceId, spanId])
  })

  it('is part of the request’s span if something instruments the server', async () => {
    const addon = createAddon({ ...testOptions, store: 'memory:', baseUrl: 'http://localhost:1' })
    addon.webhook('room_message', { key: 'hook' }, () => {})
    const listener = addon.callback()
    let outer = ''
    const server = createServer((request, response) =>
      trace.getTracer('http').startActiveSpan('POST', (own) => {
        outer = own.spanContext().spanId
        listener(request, response)
        own.end()
      }),
    )
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(async () => {
      server.closeAllConnections()
      server.close()
      await addon.close()
    })
    const { port } = server.address() as AddressInfo // it listens on a port
    await fetch(`http://127.0.0.1:${port}/webhook/hook`, {
      method: 'POST',
      headers: { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' },
    })
    expect([span(route).kind, parentOf(span(route))]).toEqual([SpanKind.INTERNAL, outer])
  })

  it('is separate from the traces of simultaneous deliveries', async () => {
    const seen: (string | undefined)[] = []
    const { deliver } = await traced(
      async ({ room }) => {
        await Promise.all([room.getRoom(), room.getRoom()])
        seen.push(trace.getActiveSpan()?.spanContext().traceId)
      },
      { addon: { metrics: true } }, // which looks on at the same things
    )
    await Promise.all(['one', 'two', 'three'].map((text) => deliver({}, text)))
    const handlers = spans().filter(({ name }) => name === 'handle room_message')
    const traceOf = (one: ReadableSpan) => one.spanContext().traceId
    expect(new Set(handlers.map(traceOf)).size).toBe(3)
    expect(handlers.map(traceOf).toSorted()).toEqual(seen.toSorted())
    for (const handler of handlers) {
      const calls = spans().filter((one) => one.name === getRoom && traceOf(one) === traceOf(handler))
      expect(calls.map(parentOf)).toEqual([idOf(handler), idOf(handler)])
    }
  })

  it('ends with the acknowledgement, and the handler’s span later', async () => {
    let open = (): void => {}
    const opened = new Promise<void>((resolve) => {
      open = resolve
    })
    const { deliver, server } = await traced(() => opened.then(() => 'late'), {
      addon: { acknowledgeAfter: 5 },
    })
    await deliver()
    expect(spans().map(({ name }) => name)).toEqual([route])
    expect(span(route).attributes['hipchat.delivery.result']).toBe('acknowledged')
    open()
    const said = 'POST /room/{id_or_name}/notification'
    await expect.poll(() => spans().map(({ name }) => name)).toEqual([route, 'handle room_message', said])
    expect([parentOf(span('handle room_message')), parentOf(span(said))]).toEqual([
      idOf(span(route)),
      idOf(span(route)),
    ])
    await server.idle()
  })

  it('marks a refusal, which is not an error of the add-on', async () => {
    const { deliver } = await traced(() => {})
    await deliver({ authorization: 'JWT nonsense' }, 'hello', 'guessed-by-somebody')
    const { attributes, status } = span(route)
    expect(attributes).toEqual({
      'http.request.method': 'POST',
      'http.route': '/webhook/{key}',
      'http.response.status_code': 401,
      'hipchat.delivery.result': 'refused',
    })
    expect(status.code).toBe(SpanStatusCode.UNSET)
  })
})

describe('the span of a failure', () => {
  it('in a handler has an error, and so has the delivery’s, without the message of an unknown error', async () => {
    const { deliver } = await traced(() => {
      throw new TypeError('cannot log in with hunter2')
    })
    await deliver()
    const handler = span('handle room_message')
    expect(handler.status).toEqual({ code: SpanStatusCode.ERROR })
    expect(handler.attributes['error.type']).toBe('TypeError')
    expect(handler.events.map(({ name, attributes }) => [name, attributes])).toEqual([
      ['exception', { 'exception.type': 'TypeError' }],
    ])
    const delivery = span(route)
    expect(delivery.status.code).toBe(SpanStatusCode.ERROR)
    expect(delivery.attributes).toMatchObject({
      'error.type': '500',
      'http.response.status_code': 500,
      'hipchat.delivery.result': 'failed',
    })
  })

  it.each<[string, unknown]>([
    ['whose name is not a class name', 'hunter2'],
    [
      'that cannot be read',
      Object.defineProperty(new Error('x'), 'name', { get: () => expect.fail('read') }),
    ],
    ['whose name is no name', Object.assign(new Error('x'), { name: 'hunter2 was refused' })],
  ])('with an error %s has the type _OTHER', async (_, error) => {
    const { deliver } = await traced(() => {
      throw error
    })
    expect((await deliver()).status).toBe(500)
    expect(span('handle room_message').attributes['error.type']).toBe('_OTHER')
  })

  it('in a call has an error with its code and message, as have its parents until it is caught', async () => {
    const { deliver } = await traced(({ room }) =>
      room.deleteRoomWebhook({ webhook_id: '4711' }).catch(() => 'none such'),
    )
    await deliver()
    const call = span('DELETE /room/{id_or_name}/webhook/{webhook_id}')
    expect(call.attributes).toMatchObject({ 'http.response.status_code': 404, 'error.type': 'ERR_API' })
    expect(call.status).toEqual({
      code: SpanStatusCode.ERROR,
      message: expect.stringMatching(/^deleteRoomWebhook: HipChat answered 404/),
    })
    expect(call.events[0]?.attributes).toMatchObject({ 'exception.type': 'ApiError' })
    expect(span('handle room_message').status.code).toBe(SpanStatusCode.UNSET)
  })

  it('in a repeated call has the number of attempts, and without an answer no status', async () => {
    const impostor = await startImpostor({
      '/v2/room/1': (_, response) => json(response, {}, 500),
      '/v2/room/1/notification': (_, response) => response.destroy(),
    })
    const world = await startWorld(() => {})
    await fetch(`${world.url}/installable`, { method: 'POST', body: JSON.stringify(impostor.record()) })
    const known = (await world.addon.installation('client-1')) ?? expect.fail('not installed')
    const room = world.addon.room({ ...known, scopes: testOptions.scopes })
    await expect(room.getRoom()).rejects.toMatchObject({ status: 500 })
    await expect(room.notify('x')).rejects.toMatchObject({ code: 'ERR_NETWORK' })
    expect(span(getRoom).attributes).toMatchObject({
      'http.response.status_code': 500,
      'http.request.resend_count': 2,
    })
    const { attributes } = span('POST /room/{id_or_name}/notification')
    expect(attributes).toMatchObject({ 'error.type': 'ERR_NETWORK' })
    expect(attributes).not.toHaveProperty('http.response.status_code')
  })
})

describe('the trace of an installation', () => {
  it('has spans of the exchange of credentials and of the hooks’ calls', async () => {
    const { install } = await startWorld((addon) => {
      addon.on('installed', async ({ room }) => {
        await room?.notify('Hello')
      })
    })
    await install()
    const [installing, exchange] = [span('install add-on'), span(token)]
    const greeting = span('POST /room/{id_or_name}/notification')
    expect([parentOf(installing), installing.kind]).toEqual([undefined, SpanKind.INTERNAL])
    expect([parentOf(exchange), parentOf(greeting)]).toEqual([idOf(installing), idOf(installing)])
  })

  it('has an error with the reason if it is refused', async () => {
    const { install } = await startWorld((addon) => {
      addon.on('installed', () => {
        throw new InstallationRefusedError(403, 'Not for you.')
      })
    })
    await expect(install()).rejects.toThrow()
    const { attributes, status } = span('install add-on')
    expect(attributes['error.type']).toBe('ERR_INSTALLATION_REFUSED')
    expect(status).toEqual({ code: SpanStatusCode.ERROR, message: 'Not for you.' })
  })
})

it('no request to HipChat has trace headers, even if something instruments all requests', async () => {
  const carried = new Map<string, unknown>()
  // What an instrumentation of HTTP clients does.
  const request = http.request
  const spy = vi.spyOn(http, 'request').mockImplementation(((...all: Parameters<typeof request>) => {
    const headers: Record<string, string> = {}
    propagation.inject(context.active(), headers)
    const url = all.find((one) => one instanceof URL)
    if (url) carried.set(url.pathname, headers)
    return request(...all)
  }) as typeof request)
  onTestFinished(() => spy.mockRestore())
  const inside: Record<string, string> = {}
  const { deliver } = await traced(async ({ room }) => {
    await room.getRoom()
    propagation.inject(context.active(), inside)
  })
  await deliver()
  expect(inside).toHaveProperty('traceparent') // what the handler itself sends elsewhere goes on with the trace
  for (const path of ['/v2/capabilities', '/v2/oauth/token', '/v2/room/1'])
    expect(carried.get(path), path).toEqual({})
})

it('no span contains a secret, a token or the text of a message', async () => {
  const { deliver, oauthId, secret, store, say } = await traced(async ({ room, message }) => {
    await room.notify(`a private answer to ${message.message}`)
    await room.createRoomWebhook({ url: 'nonsense', event: 'room_message' }).catch(() => {})
    throw new CarelessError(`${message.message} ${secretOfMine}`)
  })
  const secretOfMine = secret
  const signed = sign(oauthId, secret)
  const kept = await store.get(`token:${oauthId}`)
  const access = (JSON.parse(kept ?? '{}') as { token: string }).token // written by the access tokens
  await store.delete(`token:${oauthId}`)
  await deliver({ authorization: `JWT ${signed}` }, 'a private question')
  await deliver({ authorization: `JWT ${signed}x` }, 'a private question')
  await say('a private remark')
  const all = JSON.stringify(
    spans().map(({ name, attributes, events, status, links }) => [name, attributes, events, status, links]),
  )
  expect(spans().length).toBeGreaterThan(5)
  for (const text of [secret, signed, signed.split('.')[2], access, 'private', 'Bearer', 'Basic'])
    expect(all).not.toContain(text)
})

describe('tracing without OpenTelemetry', () => {
  it('makes no spans if no provider was registered before listen()', async () => {
    const registered = Symbol.for('opentelemetry.js.api.1')
    const globals = globalThis as { [registered]?: unknown }
    const kept = globals[registered]
    const restore = () => {
      globals[registered] = kept
    }
    onTestFinished(restore)
    delete globals[registered]
    const { install, say } = await startWorld((addon) => void addon.webhook('room_message', () => 'hi'))
    restore()
    await install()
    expect(await say('hello')).toEqual(['hi'])
    expect(spans()).toEqual([])
  })

  it('logs what to install if the package is not found', () => {
    const internal = Module as unknown as { _resolveFilename(name: string): string } // what `require` goes through
    const resolve = internal._resolveFilename
    const spy = vi.spyOn(internal, '_resolveFilename').mockImplementation(function (this: unknown, ...all) {
      if (all[0] === '@opentelemetry/api') throw new Error('Cannot find module')
      return resolve.apply(this, all)
    })
    onTestFinished(() => spy.mockRestore())
    const lines: string[] = []
    const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) })
    expect(createTracing(log)).toBeUndefined()
    expect(lines.join('')).toContain(
      'no traces: the package @opentelemetry/api was not found: npm install @opentelemetry/api',
    )
  })
})
