import type { IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import { parseRange } from '../../../src/common/ranges.ts'
import { createAddressOf } from '../../../src/server/http/client-address.ts'
import { createHipChatServer } from '../../../src/server/index.ts'
import { startServer } from '../support.ts'

/** Who makes a request, as far as these proxies are believed. */
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
  ['nobody is trusted: the header is anybody’s word', [], proxy, '203.0.113.9', proxy],
  ['it comes from no trusted proxy', [proxy], '198.51.100.7', '203.0.113.9', '198.51.100.7'],
  ['a trusted proxy tells who asked it', [proxy], proxy, '203.0.113.9', '203.0.113.9'],
  ['what the caller wrote stands before that', [proxy], proxy, '203.0.113.9, 198.51.100.7', '198.51.100.7'],
  [
    'two proxies in a row',
    [proxy, '10.0.0.0/8'],
    proxy,
    '203.0.113.9,198.51.100.7 , 10.1.2.3',
    '198.51.100.7',
  ],
  ['all of them are trusted', ['10.0.0.0/8'], '10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
  ['no header', [proxy], proxy, undefined, proxy],
  ['an empty header', [proxy], proxy, '', proxy],
  ['something else than addresses', [proxy], proxy, '203.0.113.9, unknown', proxy],
  ['IPv4 mapped into IPv6', [proxy], '::ffff:127.0.0.1', '2001:db8::1', '2001:db8::1'],
  ['a range of IPv6', ['2001:db8::/32'], '2001:db8::5', '203.0.113.9', '203.0.113.9'],
  ['a connection that has gone', [proxy], undefined, '203.0.113.9', 'unknown'],
])('the caller, where %s', (_, trusted, from, forwarded, expected) => {
  expect(callerOf(trusted, from, forwarded)).toBe(expected)
})

test('behind a trusted proxy each caller has an allowance of his own', async () => {
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
      /^trustedProxies must (have addresses and ranges such as 127\.0\.0\.1|be a list of addresses)/,
    )
  },
)
