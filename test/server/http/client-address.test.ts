import type { IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import { parseRange } from '../../../src/common/ranges.ts'
import { createAddressOf } from '../../../src/server/http/client-address.ts'
import { createHipChatServer } from '../../../src/server/index.ts'
import { startServer } from '../support.ts'

/** The caller's address when these proxies are trusted. */
function callerOf(trusted: readonly string[], from: string | undefined, forwarded?: string): string {
  const ranges = trusted.map(parseRange).filter((range) => range !== undefined)
  expect(ranges).toHaveLength(trusted.length)
  return createAddressOf(ranges)({
    socket: { remoteAddress: from },
    headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
  } as unknown as IncomingMessage)
}

const proxy = '127.0.0.1'

test.each<[string, string[], string | undefined, string | undefined, string]>([
  ['no proxy is trusted: anyone can send the header', [], proxy, '203.0.113.9', proxy],
  ['the request comes from an untrusted proxy', [proxy], '198.51.100.7', '203.0.113.9', '198.51.100.7'],
  ['a trusted proxy reports the address', [proxy], proxy, '203.0.113.9', '203.0.113.9'],
  [
    'the caller sent an address of their own before that',
    [proxy],
    proxy,
    '203.0.113.9, 198.51.100.7',
    '198.51.100.7',
  ],
  [
    'two proxies are in a row',
    [proxy, '10.0.0.0/8'],
    proxy,
    '203.0.113.9,198.51.100.7 , 10.1.2.3',
    '198.51.100.7',
  ],
  ['all proxies are trusted', ['10.0.0.0/8'], '10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
  ['there is no header', [proxy], proxy, undefined, proxy],
  ['the header is empty', [proxy], proxy, '', proxy],
  ['the header contains something other than addresses', [proxy], proxy, '203.0.113.9, unknown', proxy],
  ['IPv4 is mapped into IPv6', [proxy], '::ffff:127.0.0.1', '2001:db8::1', '2001:db8::1'],
  ['the trusted range is IPv6', ['2001:db8::/32'], '2001:db8::5', '203.0.113.9', '203.0.113.9'],
  ['the connection is gone', [proxy], undefined, '203.0.113.9', 'unknown'],
])('the caller’s address is found when %s', (_, trusted, from, forwarded, expected) => {
  expect(callerOf(trusted, from, forwarded)).toBe(expected)
})

test('behind a trusted proxy each caller has their own rate limit', async () => {
  const server = await startServer({ limits: {}, trustedProxies: [proxy] })
  const left = async (caller: string) => {
    const answer = await fetch(`${server.url}/v2/room`, { headers: { 'x-forwarded-for': caller } })
    expect(answer.status).toBe(401)
    return Number(answer.headers.get('x-ratelimit-remaining'))
  }
  const first = await left('203.0.113.9')
  expect(await left('203.0.113.9')).toBe(first - 1)
  expect(await left('198.51.100.7')).toBe(first)
})

test.each([[['localhost']], [['10.0.0.0/33']], [['10.0.0']], [['2001:db8::/129']], [[7]], ['127.0.0.1']])(
  'proxies given as %j are refused by name',
  (trustedProxies) => {
    expect(() => createHipChatServer({ trustedProxies } as object)).toThrow(
      /^expected trustedProxies(\.0 to be an address or a range such as 127\.0\.0\.1| to be a list of addresses)/,
    )
  },
)
