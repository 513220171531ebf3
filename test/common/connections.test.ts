import { createServer, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { type Exchange, ExchangeFailedError, exchange } from '../../src/common/http.ts'
import { createOutbound, type Outbound } from '../../src/common/outbound.ts'
import { farAway, listening } from '../far-away.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

function outboundTo(): Outbound {
  const outbound = createOutbound({ loopback: true })
  closing.push(() => outbound.close())
  return outbound
}

const ok = (...headers: string[]): string =>
  ['HTTP/1.1 200 OK', 'Content-Length: 2', ...headers, '', 'ok'].join('\r\n')

/** A peer that does something with each request that comes whole; counts them, and the connections. */
async function startPeer(answer: (socket: Socket, request: { number: number; onSocket: number }) => void) {
  const state = { bodies: [] as string[], connections: 0 }
  const server = createServer((socket) => {
    state.connections += 1
    let onSocket = 0
    socket.on('data', (data) => {
      onSocket += 1
      state.bodies.push(data.toString('latin1').split('\r\n\r\n')[1] ?? '')
      answer(socket, { number: state.bodies.length, onSocket })
    })
  })
  return { state, port: await listening(server) }
}

function post(port: number, outbound: Outbound, more: Partial<Exchange> = {}) {
  const method = more.method ?? 'POST'
  const body = method === 'GET' ? {} : { body: 'x' }
  return exchange({ url: `http://127.0.0.1:${port}/`, outbound, timeout: 5000, ...body, ...more, method })
}

describe('a request on a kept connection', () => {
  it.each(['POST', 'GET', 'DELETE', 'PUT'] as const)(
    'arrives once when a distant peer closed the connection in the meantime (%s)',
    async (method) => {
      const peer = await startPeer((socket) => {
        socket.write(ok())
        setTimeout(() => socket.destroy(), 100) // while nothing is on the way, as the peer sees it
      })
      const port = await farAway(peer.port, 150)
      const outbound = outboundTo()
      for (const body of ['one', 'two', 'three']) {
        expect(await post(port, outbound, { method, ...(method === 'GET' ? {} : { body }) })).toMatchObject({
          status: 200,
          body: 'ok',
        })
        await wait(30) // the peer closes while the next is on its way
      }
      expect(peer.state.bodies).toHaveLength(3)
    },
  )

  it('is sent only once more when the next connection is closed too', async () => {
    const peer = await startPeer((socket, { number }) => {
      if (number === 1) socket.write(ok())
      else socket.destroy()
    })
    const outbound = outboundTo()
    await post(peer.port, outbound)
    await expect(post(peer.port, outbound)).rejects.toThrow('could not be reached')
    expect([peer.state.bodies.length, peer.state.connections]).toEqual([3, 2])
  })

  it('is not sent again when an answer began', async () => {
    const peer = await startPeer((socket, { number }) => {
      if (number === 1) socket.write(ok())
      else socket.write('HTTP/1.1 2', () => socket.destroy())
    })
    const outbound = outboundTo()
    await post(peer.port, outbound)
    await expect(post(peer.port, outbound)).rejects.toMatchObject({ code: 'ERR_EXCHANGE_FAILED', sent: true })
    expect(peer.state.bodies).toHaveLength(2)
  })

  it('is not sent again when the peer had it for long, since it may have acted', async () => {
    const peer = await startPeer((socket, { number }) => {
      if (number === 1) socket.write(ok())
      else setTimeout(() => socket.destroy(), 2300)
    })
    const outbound = outboundTo()
    await post(peer.port, outbound)
    await expect(post(peer.port, outbound)).rejects.toBeInstanceOf(ExchangeFailedError)
    expect(peer.state.bodies).toHaveLength(2)
  })

  it('is not sent again when it timed out or was aborted', async () => {
    const peer = await startPeer((socket, { number }) => {
      if (number === 1) socket.write(ok())
    })
    const outbound = outboundTo()
    await post(peer.port, outbound)
    await expect(post(peer.port, outbound, { timeout: 100 })).rejects.toThrow('did not answer within 100 ms')
    expect(peer.state.bodies).toHaveLength(2)
  })
})

it('a request on a new connection that the peer closes is not sent again', async () => {
  const peer = await startPeer((socket) => socket.destroy())
  await expect(post(peer.port, outboundTo())).rejects.toMatchObject({ reason: 'ECONNRESET', sent: true })
  expect(peer.state.bodies).toHaveLength(1)
})

describe('an unused connection is closed', () => {
  it('after four seconds, before servers close theirs', { timeout: 20_000 }, async () => {
    const peer = await startPeer((socket) => socket.write(ok()))
    const outbound = outboundTo()
    await post(peer.port, outbound)
    await wait(3000)
    await post(peer.port, outbound)
    expect(peer.state.connections).toBe(1)
    await wait(4400)
    await post(peer.port, outbound)
    expect(peer.state.connections).toBe(2)
  })

  it('a second before the peer says it will, or at once', { timeout: 20_000 }, async () => {
    const said = ['timeout=3', 'timeout=1, max=100', 'max=9, timeout=2']
    for (const hint of said) {
      const peer = await startPeer((socket) => socket.write(ok(`Keep-Alive: ${hint}`)))
      const outbound = outboundTo()
      await post(peer.port, outbound)
      await wait(hint === 'timeout=3' ? 2300 : 1200)
      await post(peer.port, outbound)
      expect([hint, peer.state.connections]).toEqual([hint, 2])
    }
  })

  it('but not while a slow answer is awaited on it', { timeout: 20_000 }, async () => {
    const peer = await startPeer((socket, { number }) => {
      if (number === 1) socket.write(ok())
      else setTimeout(() => socket.write(ok()), 4500)
    })
    const outbound = outboundTo()
    await post(peer.port, outbound, { timeout: 10_000 })
    expect(await post(peer.port, outbound, { timeout: 10_000 })).toMatchObject({ status: 200 })
    expect(peer.state.bodies).toHaveLength(2)
  })
})

describe('it is known that nothing was sent when', () => {
  it('the connection is refused', async () => {
    const server = createServer()
    const port = await listening(server)
    await new Promise((resolve) => server.close(resolve))
    await expect(post(port, outboundTo())).rejects.toMatchObject({ reason: 'ECONNREFUSED', sent: false })
  })

  it('the name cannot be resolved', async () => {
    const url = 'http://nobody.invalid.localhost.invalid/'
    const outbound = createOutbound({ loopback: true, http: true })
    closing.push(() => outbound.close())
    await expect(post(0, outbound, { url })).rejects.toMatchObject({ sent: false })
  })

  it('TLS fails', async () => {
    const peer = await startPeer((socket) => socket.end('no TLS here'))
    const url = `https://127.0.0.1:${peer.port}/`
    await expect(post(0, outboundTo(), { url })).rejects.toMatchObject({ sent: false })
  })
})
