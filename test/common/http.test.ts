import dns from 'node:dns'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { inspect } from 'node:util'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { ExchangeFailedError, exchange, parseJson } from '../../src/common/http.ts'
import { createOutbound, OutboundRefusedError } from '../../src/common/outbound.ts'

const outbound = createOutbound({ loopback: true })
let server: Server
let base = ''
let answer: RequestListener
let requests: IncomingMessage[] = []

beforeAll(async () => {
  server = createServer((request, response) => {
    requests.push(request)
    answer(request, response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (typeof address === 'object') base = `http://127.0.0.1:${address?.port}`
})
beforeEach(() => {
  requests = []
})
afterAll(() => {
  outbound.close()
  server.closeAllConnections()
  server.close()
})

const fetchIt = (more: Partial<Parameters<typeof exchange>[0]> = {}) =>
  exchange({ method: 'GET', url: `${base}/`, outbound, timeout: 5000, ...more })

it('an exchange sends method, headers and body, and any status is an answer', async () => {
  let received = ''
  answer = (request, response) => {
    request.on('data', (part) => {
      received += part
    })
    request.on('end', () => response.writeHead(503, { 'x-a': 'b' }).end('ünavailable'))
  }
  const result = await fetchIt({ method: 'POST', body: '{"a":1}', headers: { 'x-c': 'd' } })
  expect(result).toMatchObject({ status: 503, body: 'ünavailable', headers: { 'x-a': 'b' } })
  expect(received).toBe('{"a":1}')
  expect(requests.length).toBe(1)
  expect(requests[0]?.method).toBe('POST')
  expect(requests[0]?.headers).toMatchObject({ 'x-c': 'd', 'accept-encoding': 'identity' })
})

it('a redirect is not followed', async () => {
  answer = (_, response) => response.writeHead(302, { location: '/elsewhere' }).end('moved')
  expect(await fetchIt()).toMatchObject({ status: 302, headers: { location: '/elsewhere' } })
  expect(requests.length).toBe(1)
})

it('an answer that is compressed anyway is not decompressed', async () => {
  const bomb = gzipSync(Buffer.alloc(1_000_000))
  answer = (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb)
  const result = await fetchIt({ maxBytes: 10_000 })
  expect(result.body.length).toBeLessThan(10_000)
  expect(parseJson(result.body)).toBeUndefined()
})

it('an answer of exactly the allowed length is accepted, a longer one is not', async () => {
  answer = (_, response) => response.end('x'.repeat(2000))
  expect((await fetchIt({ maxBytes: 2000 })).body.length).toBe(2000)
  await expect(fetchIt({ maxBytes: 1999 })).rejects.toThrow(
    /^127.0.0.1:\d+ answered with more than 1999 bytes$/,
  )
})

it('an endless answer is cut off instead of collected', async () => {
  let sent = 0
  let closed: Promise<unknown> = Promise.resolve()
  answer = (_, response) => {
    closed = once(response, 'close')
    const more = (): void => {
      while (!response.destroyed && response.write('x'.repeat(16 * 1024))) sent += 16 * 1024
    }
    response.on('drain', more)
    more()
  }
  await expect(fetchIt({ maxBytes: 100_000 })).rejects.toThrow(/more than 100000 bytes/)
  await closed
  expect(sent).toBeLessThan(50_000_000)
})

it('a server that hangs, before or during its answer, causes a timeout', async () => {
  const late = {
    code: 'ERR_EXCHANGE_FAILED',
    reason: 'ETIMEDOUT',
    message: expect.stringMatching(/^127.0.0.1:\d+ did not answer within 100 ms$/),
  }
  answer = () => {}
  await expect(fetchIt({ timeout: 100 })).rejects.toMatchObject(late)
  answer = (_, response) => response.write('begun')
  await expect(fetchIt({ timeout: 100 })).rejects.toMatchObject(late)
})

it('a failed exchange is not retried', async () => {
  answer = (request) => request.socket.destroy()
  await expect(fetchIt()).rejects.toThrow(/could not be reached/)
  expect(requests.length).toBe(1)
})

it('an error contains nothing of the request', async () => {
  answer = (request) => request.socket.destroy()
  const headers = { authorization: 'Bearer geheim' }
  const error = await fetchIt({ headers, body: 'geheim', method: 'POST' }).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(ExchangeFailedError)
  expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('geheim')
})

it('a name that resolves to a private address is refused as such, not as a failure of the network', async () => {
  const found = [{ address: '10.0.0.1', family: 4 }]
  const stub = (_: string, __: unknown, callback: (error: null, addresses: typeof found) => void): void =>
    callback(null, found)
  // The signature has many overloads; the rules call the one with `all`.
  const spy = vi.spyOn(dns, 'lookup').mockImplementation(stub as unknown as typeof dns.lookup)
  const open = createOutbound()
  await expect(fetchIt({ url: 'https://rebound.example/', outbound: open })).rejects.toBeInstanceOf(
    OutboundRefusedError,
  )
  spy.mockRestore()
  open.close()
})

it('an exchange ends when its signal is aborted', async () => {
  const controller = new AbortController()
  answer = () => controller.abort()
  await expect(fetchIt({ signal: controller.signal })).rejects.toMatchObject({ name: 'AbortError' })
})

it('a refused URL is not fetched', async () => {
  await expect(fetchIt({ outbound: createOutbound() })).rejects.toBeInstanceOf(OutboundRefusedError)
  await expect(fetchIt({ url: 'http://user:pw@127.0.0.1/' })).rejects.toBeInstanceOf(OutboundRefusedError)
  expect(requests.length).toBe(0)
})

it('parseJson returns undefined for a text that is not JSON', () => {
  expect(parseJson('{"a":1}')).toEqual({ a: 1 })
  expect(parseJson('<html>')).toBeUndefined()
})
