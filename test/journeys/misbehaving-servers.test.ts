import { once } from 'node:events'
import { createServer, type Server as HttpServer } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import nock from 'nock'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { OperationId } from '../../src/api/operations/index.ts'
import { createBudget } from '../../src/client/limits.ts'
import type { CallParameters } from '../../src/client/request.ts'
import { createOutbound, type Outbound } from '../../src/common/outbound.ts'
import { type AccessTokens, createAccessTokens } from '../../src/installations/access-token.ts'
import { tokenKey } from '../../src/installations/store-keys.ts'
import { createMemoryStore } from '../../src/store/memory/memory.ts'
import { createSealing } from '../../src/store/sealing.ts'
import { caller, credentials, failure, room17, secret, shown } from '../client/support.ts'

// nock answers in place of the network, so that what happens on the way never happens. Here are real connections.
nock.restore()

const token = 'kept-to-ourselves-token'
/** Milliseconds given to a server that does not answer. */
const timeout = 200
/** Milliseconds given to one that does: more than a busy machine needs. */
const ample = 20_000
const hello = { id_or_name: 17, message: 'Hello' }
const closing: (() => unknown)[] = []

beforeEach(() => {
  vi.spyOn(Math, 'random').mockReturnValue(0) // the shortest pauses between attempts
})
afterEach(async () => {
  vi.restoreAllMocks()
  vi.useRealTimers()
  for (const close of closing.splice(0)) await close()
})

async function portOf(server: Server | HttpServer): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port // it listens on a port, not on a pipe
}

function outboundTo(): Outbound {
  const outbound = createOutbound({ loopback: true })
  closing.push(() => outbound.close())
  return outbound
}

/** What is done with a connection on which a request came. */
type Misbehaviour = (socket: Socket) => void

const json = (body: unknown, ...headers: string[]): string => {
  const text = JSON.stringify(body)
  const all = [
    'HTTP/1.1 200 OK',
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(text)}`,
  ]
  return `${[...all, ...headers].join('\r\n')}\r\n\r\n${text}`
}

const endless = (socket: Socket, part: string, pause: number): void => {
  const timer = setInterval(() => socket.write(part), pause)
  socket.once('close', () => clearInterval(timer))
}

const page = '<html><h1>Sign in to the Wi-Fi</h1></html>'

/**
 * A server that misbehaves for as long as it is told to, and then answers with `good`. Counts the requests that came.
 */
async function startServer(misbehave: Misbehaviour, good: unknown) {
  let misbehaving = true
  const state = { requests: 0 }
  const sockets = new Set<Socket>()
  const server = createTcpServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.once('close', () => sockets.delete(socket))
    socket.on('data', (data) => {
      // Requests are short: each comes in one piece, and begins with its method.
      if (!/^(GET|POST) /.test(data.toString('latin1'))) return
      state.requests += 1
      if (misbehaving) misbehave(socket)
      else socket.write(json(good))
    })
  })
  const port = await portOf(server)
  closing.push(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return {
    port,
    state,
    behave() {
      misbehaving = false
    },
  }
}

interface Expected {
  /** What a read rejects with, and an exchange for a token with it as the reason; none: it is taken as an answer. */
  readonly code?: string
  readonly says?: string
  /** How often a read is sent. */
  readonly reads?: number
}

const hung: Expected = { code: 'ERR_NETWORK', says: `did not answer within ${timeout} ms`, reads: 3 }
const broken: Expected = { code: 'ERR_NETWORK', says: 'could not be reached', reads: 3 }

const misbehaviours: [what: string, does: Misbehaviour, expected: Expected][] = [
  ['sends nothing', () => {}, hung],
  ['sends nothing after the status', (socket) => socket.write('HTTP/1.1 200 OK\r\n'), hung],
  [
    'sends nothing after the headers',
    (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n'),
    hung,
  ],
  [
    'sends nothing after half of the body',
    (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{"id": 17,'),
    hung,
  ],
  [
    'sends an endless body byte by byte',
    (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
      endless(socket, '1\r\n \r\n', 10)
    },
    hung,
  ],
  [
    'sends nothing but promises of an answer',
    (socket) => endless(socket, 'HTTP/1.1 100 Continue\r\n\r\n', 10),
    hung,
  ],
  ['closes the connection', (socket) => socket.end(), broken],
  ['resets the connection', (socket) => socket.resetAndDestroy(), broken],
  [
    'closes the connection during a body of known length',
    (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{"id": 17,'),
    broken,
  ],
  [
    'closes the connection during a chunked body',
    (socket) => socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"id"\r\n'),
    broken,
  ],
  [
    'sends headers without end',
    (socket) => {
      socket.write('HTTP/1.1 200 OK\r\n')
      endless(socket, `X-More: ${'x'.repeat(1024)}\r\n`, 1)
    },
    broken,
  ],
  ['does not speak HTTP', (socket) => socket.write('SSH-2.0-OpenSSH_9.2\r\n'), broken],
  [
    'sends a body that is longer than anybody can use',
    (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
      const part = `40000\r\n${' '.repeat(0x40000)}\r\n`
      for (let sent = 0; sent < 40; sent++) socket.write(part)
    },
    { code: 'ERR_NETWORK', says: 'answered with more than', reads: 3 },
  ],
  [
    'compresses the body against the request',
    (socket) => {
      const body = gzipSync(JSON.stringify(room17))
      socket.write(`HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${body.length}\r\n\r\n`)
      socket.write(body)
    },
    { code: 'ERR_UNEXPECTED_ANSWER', says: 'expected' },
  ],
  [
    'sends a page with status 200',
    (socket) =>
      socket.write(
        `HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: ${page.length}\r\n\r\n${page}`,
      ),
    { code: 'ERR_UNEXPECTED_ANSWER', says: 'expected' },
  ],
  [
    'sends a page with status 502',
    (socket) =>
      socket.write(
        `HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: ${page.length}\r\n\r\n${page}`,
      ),
    { code: 'ERR_API', says: '502', reads: 3 },
  ],
  [
    'sends half of the JSON, and says that it is all',
    (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"id": 17,'),
    { code: 'ERR_UNEXPECTED_ANSWER', says: 'expected' },
  ],
  [
    'sends more than it says',
    (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}{"id": 17, "name": "Lobby"}'),
    broken,
  ],
  [
    'sends everybody to itself again',
    (socket) => socket.write('HTTP/1.1 307 Again\r\nLocation: /v2/room/17\r\nContent-Length: 0\r\n\r\n'),
    { code: 'ERR_UNEXPECTED_ANSWER', says: '307' },
  ],
  [
    'says that nothing has changed',
    (socket) => socket.write('HTTP/1.1 304 Not Modified\r\n\r\n'),
    { code: 'ERR_UNEXPECTED_ANSWER', says: '304' },
  ],
]

describe('a server that', () => {
  it.each(misbehaviours)('%s fails a read in time, and the next one succeeds', async (_, does, expected) => {
    const { port, state, behave } = await startServer(does, room17)
    const outbound = outboundTo()
    const error = await failure(apiCaller(port, patience(expected), outbound)('getRoom', { id_or_name: 17 }))
    expect(error).toMatchObject({
      code: expected.code,
      message: expect.stringContaining(expected.says ?? ''),
    })
    expect(error.message).toMatch(/^getRoom: /)
    expect(state.requests).toBe(expected.reads ?? 1)
    expect(shown(error)).not.toContain(token)
    behave()
    expect(await apiCaller(port, ample, outbound)('getRoom', { id_or_name: 17 })).toEqual(room17)
  })

  // What is to be empty is not looked at: a status of success is all there is to know.
  it.each(misbehaviours.filter(([, , { code }]) => code === 'ERR_NETWORK'))(
    '%s gets a message once, and the error says that its effect is unknown',
    async (_, does, expected) => {
      const { port, state } = await startServer(does, {})
      expect(await failure(apiCaller(port, patience(expected))('sendRoomNotification', hello))).toMatchObject(
        {
          code: 'ERR_NETWORK',
          message: expect.stringMatching(
            / It is not known whether the call took effect, so it was not repeated\.$/,
          ),
        },
      )
      expect(state.requests).toBe(1)
    },
  )

  it.each(misbehaviours)(
    '%s gives no access token, but does so at the next request',
    async (_, does, expected) => {
      const { port, state, behave } = await startServer(does, { access_token: 'T1', expires_in: 3600 })
      const store = createMemoryStore()
      // The same tokens are asked again, and a busy machine is given time for the answer.
      const tokens = createTokens(store, expected === hung ? 1_000 : ample)
      const asking = Array.from({ length: 10 }, () => failure(tokens.get(installed(port))))
      for (const error of await Promise.all(asking)) {
        expect(error['code']).toBe('ERR_ACCESS_TOKEN')
        expect(error.message).toMatch(/^access token for installation a1b2 from 127\.0\.0\.1:\d+: /)
        expect(shown(error)).not.toContain(secret)
      }
      expect(state.requests).toBe(1)
      expect(await store.get(`lock:${tokenKey('a1b2')}`)).toBeUndefined()
      behave()
      expect(await tokens.get(installed(port))).toBe('T1')
    },
  )

  it.each([['text/html'], ['application/json; charset=latin1'], [''], ['nonsense']])(
    'sends JSON as %j is understood: the content says what it is',
    async (type) => {
      const body = JSON.stringify(room17)
      const { port } = await startServer(
        (socket) =>
          socket.write(
            `HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
          ),
        room17,
      )
      expect(await apiCaller(port)('getRoom', { id_or_name: 17 })).toEqual(room17)
    },
  )

  it('sends an informational response first is understood', async () => {
    const { port, state } = await startServer(
      (socket) =>
        socket.write(`HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n${json(room17)}`),
      room17,
    )
    expect(await apiCaller(port)('getRoom', { id_or_name: 17 })).toEqual(room17)
    expect(state.requests).toBe(1)
  })
})

it.each(['sendRoomNotification', 'setRoomTopic'] as const)(
  'a call without a connection is known to have had no effect: %s',
  async (operation) => {
    const server = createTcpServer()
    const port = await portOf(server)
    await new Promise((resolve) => server.close(resolve))
    const given = operation === 'setRoomTopic' ? { id_or_name: 17, topic: 'x' } : hello
    expect(await failure(apiCaller(port)(operation, given))).toMatchObject({
      code: 'ERR_NETWORK',
      message: expect.stringMatching(
        /ECONNREFUSED.*\. There was no connection, so the call had no effect\.$/,
      ),
    })
  },
)

const installed = (port: number) => credentials({ tokenUrl: `http://127.0.0.1:${port}/v2/oauth/token` })

const patience = (expected: Expected): number => (expected === hung ? timeout : ample)

const apiCaller = (port: number, timeout = ample, outbound = outboundTo()) =>
  caller({ apiUrl: `http://127.0.0.1:${port}/v2/`, token: async () => token }, { outbound, timeout })

const createTokens = (store = createMemoryStore(), timeout = ample): AccessTokens =>
  createAccessTokens({
    store,
    sealing: createSealing(),
    outbound: outboundTo(),
    timeout,
    mark: async () => {},
    warn: () => {},
  })

/** A HipChat in a storm: what it answers to calls is up to the test; it counts, and gives tokens T1, T2, …. */
async function startStorm(answer: (token: string) => { status: number; headers?: Record<string, string> }) {
  const counts = { calls: 0, exchanges: 0 }
  const server = createServer((request, response) => {
    request.resume().once('end', () => {
      const exchange = request.url === '/v2/oauth/token'
      if (exchange) counts.exchanges += 1
      else counts.calls += 1
      const given = { access_token: `T${counts.exchanges}`, expires_in: 3600 }
      const asked = answer(request.headers.authorization?.replace('Bearer ', '') ?? '')
      const { status, headers } = exchange ? { status: 200, headers: {} } : asked
      // Not all at once, so that some are refused while others are still on their way.
      setTimeout(
        () => response.writeHead(status, headers).end(JSON.stringify(exchange ? given : room17)),
        exchange ? 20 : (counts.calls * 7) % 40,
      )
    })
  })
  const port = await portOf(server)
  closing.push(() => {
    server.closeAllConnections()
    server.close()
  })
  const tokens = createTokens(createMemoryStore(), 5_000)
  const own = installed(port)
  const call = caller(
    {
      apiUrl: `http://127.0.0.1:${port}/v2/`,
      token: () => tokens.get(own),
      renew: (refused) => tokens.renew(own, refused),
      budget: createBudget(0),
    },
    { outbound: outboundTo(), timeout: 5_000 },
  )
  return { counts, call: (id: OperationId, given: CallParameters = {}) => call(id, given) }
}

describe('a storm of 401', () => {
  it('costs one exchange for any number of calls, and two requests for each call', async () => {
    const { counts, call } = await startStorm(() => ({ status: 401 }))
    const calls = Array.from({ length: 50 }, (_, index) =>
      index % 2 ? failure(call('getRoom', { id_or_name: 17 })) : failure(call('sendRoomNotification', hello)),
    )
    for (const error of await Promise.all(calls))
      expect(error).toMatchObject({ code: 'ERR_API', status: 401 })
    expect(counts).toEqual({ exchanges: 2, calls: 100 }) // the first exchange is for the first token
  })

  it('costs one exchange and two requests for each call that comes after another', async () => {
    const { counts, call } = await startStorm(() => ({ status: 401 }))
    for (let number = 1; number <= 5; number++) {
      expect(await failure(call('getRoom', { id_or_name: 17 }))).toMatchObject({ status: 401 })
      expect(counts).toEqual({ exchanges: number + 1, calls: 2 * number })
    }
  })

  it('about one token ends with the next token', async () => {
    const { counts, call } = await startStorm((given) => ({ status: given === 'T1' ? 401 : 200 }))
    const calls = Array.from({ length: 50 }, () => call('getRoom', { id_or_name: 17 }))
    expect(
      new Set(await Promise.all(calls.map((one) => one.then(JSON.stringify as () => string)))).size,
    ).toBe(1)
    expect(counts).toEqual({ exchanges: 2, calls: 100 })
  })
})

describe('a storm of 429', () => {
  it.each([
    ['without headers', {}],
    [
      'with a reset in the year 5000',
      { 'X-FloodControl-Remaining': '0', 'X-FloodControl-Reset': '95617584000' },
    ],
    ['with a reset long ago', { 'X-FloodControl-Remaining': '0', 'X-FloodControl-Reset': '1' }],
  ])('%s is not answered with more calls', async (_, headers) => {
    const { counts, call } = await startStorm(() => ({ status: 429, headers }))
    const first = Array.from({ length: 20 }, () => failure(call('sendRoomNotification', hello)))
    for (const error of await Promise.all(first)) expect(error['code']).toBe('ERR_RATE_LIMIT')
    expect(counts.calls).toBe(20)
    // From now on it is known, and nothing is sent before the allowance is back.
    expect(await failure(call('sendRoomNotification', hello))).toMatchObject({ code: 'ERR_RATE_LIMIT' })
    expect(counts.calls).toBe(20)
  })
})

describe('the lifetime of a token', () => {
  it.each([
    ['behind by a day', -86_400_000],
    ['ahead by a day', 86_400_000],
  ])('is right when our clock is %s', async (_, wrong) => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + wrong })
    const { counts, call } = await startStorm(() => ({ status: 200 }))
    await call('getRoom', { id_or_name: 17 })
    vi.setSystemTime(Date.now() + 3_500_000)
    await call('getRoom', { id_or_name: 17 })
    expect(counts.exchanges).toBe(1)
    vi.setSystemTime(Date.now() + 100_000)
    await call('getRoom', { id_or_name: 17 })
    expect(counts.exchanges).toBe(2)
  })

  it.each([
    ['back', -7_200_000],
    ['forward', 7_200_000],
  ])('matters little when our clock is set %s: a token that is refused is renewed', async (_, step) => {
    vi.useFakeTimers({ toFake: ['Date'] })
    let expired = ''
    const { counts, call } = await startStorm((given) => ({ status: given === expired ? 401 : 200 }))
    await call('getRoom', { id_or_name: 17 })
    vi.setSystemTime(Date.now() + step)
    expired = 'T1'
    expect(await call('getRoom', { id_or_name: 17 })).toEqual(room17)
    expect(counts.exchanges).toBe(2)
  })
})
