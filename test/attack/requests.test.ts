import { describe, expect, it } from 'vitest'
import { raw, request } from './raw.ts'
import { type Attack, startTarget, type Target, withstand } from './target.ts'

/** A delivery that would be handled in a valid request; `lines` are added to its headers. */
const around = (target: Target, first: string, ...lines: string[]): string =>
  [
    first,
    'Host: addon',
    `Authorization: JWT ${target.valid()}`,
    'Content-Type: application/json',
    ...lines,
    'Connection: close',
    '',
    '',
  ].join('\r\n')

const post = 'POST /webhook/hook HTTP/1.1'

/** A second request after the first, for a server that finds the end of the first one elsewhere. */
const second = ({ oauthId }: Target): string =>
  `DELETE /installable/${oauthId} HTTP/1.1\r\nHost: addon\r\n\r\n`

/** Requests whose end a proxy and the add-on may find in different places. */
const smuggled: readonly (readonly [
  name: string,
  head: readonly string[],
  body?: (target: Target) => string,
])[] = [
  ['Content-Length and Transfer-Encoding', ['Content-Length: 6', 'Transfer-Encoding: chunked']],
  ['Transfer-Encoding and Content-Length', ['Transfer-Encoding: chunked', 'Content-Length: 6']],
  ['two Content-Lengths', ['Content-Length: 5', 'Content-Length: 600']],
  ['two Content-Lengths in one header', ['Content-Length: 5, 600']],
  ['a Content-Length with a sign', ['Content-Length: +5']],
  ['a Content-Length in hex', ['Content-Length: 0x5']],
  ['a negative Content-Length', ['Content-Length: -1']],
  ['a space before the colon', ['Transfer-Encoding : chunked']],
  ['an unknown Transfer-Encoding', ['Transfer-Encoding: xchunked']],
  ['Transfer-Encoding twice', ['Transfer-Encoding: chunked', 'Transfer-Encoding: identity']],
  ['Transfer-Encoding over two lines', ['Transfer-Encoding:', ' chunked']],
  ['a null byte in a header', ['Content-Length: 5', 'X-Odd: a\u0000b']],
  ['a lone carriage return in a header', ['Content-Length: 5', 'X-Odd: a\rTransfer-Encoding: chunked']],
  ['a header without a name', ['Content-Length: 5', ': x']],
]

const attacks: readonly Attack[] = [
  ...smuggled.map(
    ([name, head]): Attack => ({
      name,
      status: 400,
      send: (target) => raw(target.world.url, `${around(target, post, ...head)}0\r\n\r\n${second(target)}`),
    }),
  ),
  {
    name: 'lines that end in a line feed only',
    status: 400,
    send: (target) =>
      raw(
        target.world.url,
        around(target, post, 'Content-Length: 0').replaceAll('\r\n', '\n'),
        second(target),
      ),
  },
  {
    name: 'another protocol',
    status: 400,
    send: ({ world }) => raw(world.url, 'HELO addon\r\n\r\n'),
  },
  {
    name: 'TLS',
    status: 400,
    send: ({ world }) => raw(world.url, Buffer.from('16030100a5010000a10303', 'hex')),
  },
  {
    name: 'HTTP/2 without being asked',
    status: [400, undefined],
    send: ({ world }) => raw(world.url, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  },
  {
    name: 'an unknown method',
    status: 400,
    send: ({ world }) => raw(world.url, request(['HACK /webhook/hook HTTP/1.1', 'Host: addon'])),
  },
  {
    name: 'CONNECT to somewhere else',
    status: [undefined],
    send: ({ world }) => raw(world.url, request(['CONNECT 169.254.169.254:80 HTTP/1.1', 'Host: addon'])),
  },
  {
    name: 'no Host',
    status: 400,
    send: ({ world }) => raw(world.url, request(['GET /healthz HTTP/1.1'])),
  },
  {
    name: 'two Hosts, which are both ignored',
    status: 200,
    send: ({ world }) => raw(world.url, request(['GET /healthz HTTP/1.1', 'Host: a', 'Host: b'])),
  },
  {
    name: 'an absolute target elsewhere, with a valid token',
    status: 404,
    send: (target) => {
      const body = JSON.stringify(target.body)
      const head = around(
        target,
        'POST http://evil.example/webhook/hook HTTP/1.1',
        `Content-Length: ${Buffer.byteLength(body)}`,
      )
      return raw(target.world.url, head + body)
    },
  },
  {
    name: 'an absolute target for a removal',
    status: 403,
    send: ({ send, oauthId }) => send('DELETE', `http://evil.example/installable/${oauthId}`),
  },
  { name: 'a target that is a star', status: 404, send: ({ send }) => send('OPTIONS', '*') },
  {
    name: 'a target with a fragment',
    status: 404,
    send: ({ send }) => send('POST', '/webhook#/installable'),
  },
  {
    name: 'a target with two slashes',
    status: 404,
    send: ({ send, body }) => send('POST', '//webhook/hook', body),
  },
  {
    name: 'a megabyte of headers',
    status: [431, undefined],
    send: ({ world }) =>
      raw(
        world.url,
        'GET / HTTP/1.1\r\nHost: addon\r\n',
        ...Array(16).fill(`X-A: ${'a'.repeat(65_536)}\r\n`),
      ),
  },
  {
    name: 'ten thousand headers',
    status: [431, undefined],
    send: ({ world }) =>
      raw(world.url, 'GET / HTTP/1.1\r\nHost: addon\r\n', 'A: b\r\n'.repeat(10_000), '\r\n'),
  },
  {
    name: 'a target of a megabyte',
    status: [431, undefined],
    send: ({ send }) => send('GET', `/${'a'.repeat(1024 * 1024)}`),
  },
  {
    name: 'a header in the path',
    status: 404,
    send: ({ send }) => send('GET', '/x%0d%0aX-Injected:%201%0d%0a%0d%0a<script>'),
  },
  {
    name: 'a header in the Accept of the descriptor',
    status: 200,
    send: ({ send }) => send('GET', '/', '', ['Accept: text/html;q=1%0d%0aX-Injected: 1']),
  },
  {
    name: 'a forwarded address',
    status: 403,
    send: ({ send, oauthId }) =>
      send('DELETE', `/installable/${oauthId}`, '', [
        'X-Forwarded-For: 127.0.0.1',
        'X-Original-URL: /webhook',
      ]),
  },
  {
    name: 'another method in a header',
    status: 404,
    send: ({ send, oauthId }) =>
      send('POST', `/installable/${oauthId}`, '', ['X-HTTP-Method-Override: DELETE']),
  },
  {
    name: 'a connection upgrade',
    status: 200,
    send: ({ send }) => send('GET', '/healthz', '', ['Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__']),
  },
]

/** Paths outside the routes; requests to those of webhooks have a valid token. */
const paths: readonly (readonly [method: string, path: string, status: number])[] = [
  ['POST', '/webhook%2Fhook', 404],
  ['POST', '/%77ebhook/hook', 404],
  ['POST', '/%2577ebhook/hook', 404],
  ['POST', '/x/../webhook/hook', 404],
  ['POST', '/WEBHOOK/hook', 404],
  ['POST', '/webhook/%68ook', 204],
  ['POST', '/webhook/%2568ook', 204],
  ['POST', '/webhook/../webhook/hook', 204],
  ['POST', '/webhook/..%2fhook', 204],
  ['POST', '/webhook/hook%00', 204],
  ['POST', '/webhook/hook/', 204],
  ['POST', '/webhook/__proto__', 204],
  ['POST', '/webhook/constructor', 204],
  ['POST', '/webhook/hook%0d%0aX-Injected:%201', 204],
  ['POST', '/webhook/', 204],
  ['POST', '/webhook', 404],
  ['GET', '/webhook/hook', 404],
  ['PUT', '/webhook/hook', 404],
  ['DELETE', '/installable/', 404],
  ['DELETE', '/installable/%', 404],
  ['DELETE', '/installable/%ff', 404],
  ['DELETE', '/installable/%00', 404],
  ['DELETE', '/installable/a%20b', 404],
  ['DELETE', '/installable/../installable/x', 404],
  ['DELETE', '/installable/..%2F..%2Fetc%2Fpasswd', 204],
  ['DELETE', '/installable/%252e%252e%252fx', 204],
  ['DELETE', '/installable/__proto__', 204],
  ['DELETE', '/installable/*', 204],
  ['DELETE', '/installable', 404],
  ['GET', '/../../etc/passwd', 404],
  ['GET', '/..%2f..%2fetc%2fpasswd', 404],
  ['GET', '/.hipchat-addon/data.mdb', 404],
  ['GET', '/%2e%2e/package.json', 404],
  ['GET', '/atlassian-connect.json/..%2f', 404],
]

describe('a request with', () => {
  it.each(attacks)('$name', async (attack) => withstand(await startTarget(), attack))
})

describe('a path outside the routes', () => {
  it.each(paths)('%s %s', async (method, path, status) => {
    await withstand(await startTarget(), {
      name: path,
      status,
      async send(target) {
        const signed = path.includes('ebhook') ? [`Authorization: JWT ${target.valid()}`] : []
        const answer = await target.send(method, path, method === 'POST' ? target.body : '', signed)
        expect(answer.text).not.toMatch(/root:|"name"\s*:|<script/)
        return answer
      },
    })
  })
})
