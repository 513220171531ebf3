import type { ServerOptions } from 'node:http'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import { raw } from './raw.ts'
import { startTarget, withstand } from './target.ts'

/** Factor by which Node's own timeouts are shorter here; the test advances those of the add-on. */
const FASTER = 100

const given = vi.hoisted((): ServerOptions[] => [])

vi.mock('node:http', async (original) => {
  const http = await original<typeof import('node:http')>()
  const faster = (options: ServerOptions): ServerOptions => {
    given.push(options)
    const { headersTimeout = 0, requestTimeout = 0, connectionsCheckingInterval = 30_000 } = options
    return {
      ...options,
      headersTimeout: headersTimeout / FASTER,
      requestTimeout: requestTimeout / FASTER,
      connectionsCheckingInterval: connectionsCheckingInterval / FASTER,
    }
  }
  return {
    ...http,
    createServer: (options: ServerOptions, listener: Parameters<typeof http.createServer>[1]) =>
      typeof options === 'function'
        ? http.createServer(options)
        : http.createServer(faster(options), listener),
  }
})

const head = (first: string, ...lines: string[]): string =>
  [first, 'Host: addon', ...lines, '', ''].join('\r\n')

describe('a request that trickles in', () => {
  it('line by line is aborted with 408', async () => {
    await withstand(await startTarget(), {
      name: 'slow headers',
      status: 408,
      send: ({ world }) => raw(world.url, 'POST /webhook/hook HTTP/1.1\r\nHost: addon\r\nX-A: '),
    })
    for (const { headersTimeout = 0, connectionsCheckingInterval = 30_000 } of given)
      expect(connectionsCheckingInterval, 'how often Node looks').toBeLessThan(headersTimeout / 2)
  })

  it('without a single byte is aborted', async () => {
    await withstand(await startTarget(), {
      name: 'nothing at all',
      status: [408, undefined],
      send: ({ world }) => raw(world.url, ''),
    })
  })

  it.each([
    ['a delivery', 10_000, 'POST /webhook/hook HTTP/1.1'],
    ['an installation', 3_000, 'POST /installable HTTP/1.1'],
    ['an update', 3_000, 'POST /installable/updated HTTP/1.1'],
  ])('in the body of %s is aborted after %i ms with 408', async (name, time, first) => {
    const target = await startTarget()
    const token = target.valid(first.includes('updated') ? { sub: undefined } : {})
    const lines = [`Authorization: JWT ${token}`, 'Content-Type: application/json', 'Content-Length: 500']
    await withstand(target, {
      name,
      status: 408,
      async send({ world }) {
        vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
        const timers = vi.spyOn(globalThis, 'setTimeout')
        try {
          const answering = raw(world.url, head(first, ...lines), '{"oauthId":')
          let answered = false
          void answering.then(() => (answered = true))
          // Other parts of the process may set timers too: the body is waited for when there is one of its length.
          while (!timers.mock.calls.some(([, delay]) => delay === time)) await turn()
          vi.advanceTimersByTime(time - 1)
          for (let turns = 0; turns < 10; turns += 1) await turn()
          expect(answered).toBe(false)
          vi.advanceTimersByTime(1)
          return await answering
        } finally {
          timers.mockRestore()
          vi.useRealTimers()
        }
      },
    })
  })

  it('does not delay other requests', async () => {
    const target = await startTarget()
    const slow = Array.from({ length: 200 }, () =>
      raw(target.world.url, 'POST / HTTP/1.1\r\nHost: addon\r\nX: '),
    )
    expect((await target.deliver(target.valid())).status).toBe(204)
    for (const { status } of await Promise.all(slow)) expect(status).toBe(408)
  })
})
