import { gzipSync } from 'node:zlib'
import { describe, it } from 'vitest'
import { planted } from '../leaks/planted.ts'
import { mebibytes, raw, request } from './raw.ts'
import { type Attack, startTarget, type Target, withstand } from './target.ts'

const json = 'Content-Type: application/json'

/** A row about the body of a delivery with a valid token. */
type Body = readonly [
  name: string,
  status: number,
  body: (target: Target) => unknown,
  headers?: readonly string[],
]

const bodies: readonly Body[] = [
  ['an empty body', 400, () => ''],
  ['not JSON', 400, () => 'hello'],
  ['JSON cut short', 400, ({ body }) => JSON.stringify(body).slice(0, -1)],
  ['two JSON values', 400, ({ body }) => JSON.stringify(body) + JSON.stringify(body)],
  ['a number', 400, () => '1'],
  ['null', 400, () => 'null'],
  ['a list', 400, ({ body }) => [body]],
  ['lists a hundred thousand deep', 400, () => `${'['.repeat(1e5)}${']'.repeat(1e5)}`],
  [
    'objects twenty thousand deep in the room',
    400,
    ({ body }) =>
      JSON.stringify({ ...body, item: { ...body.item, room: 0 } }).replace(
        '"room":0',
        `"room":${'{"id":'.repeat(2e4)}1${'}'.repeat(2e4)}`,
      ),
  ],
  [
    'everything in __proto__',
    400,
    ({ body }) => `{"__proto__":${JSON.stringify({ ...body, polluted: true })}}`,
  ],
  [
    'the item in __proto__',
    400,
    ({ body }) => `{"event":"room_message","item":{"__proto__":${JSON.stringify(body.item)}}}`,
  ],
  [
    'constructor.prototype',
    400,
    () => '{"constructor":{"prototype":{"polluted":true}},"item":{"room":{"constructor":1}}}',
  ],
  [
    'a room named __proto__',
    401,
    ({ body }) => ({ ...body, item: { ...body.item, room: { id: '__proto__' } } }),
  ],
  ['a room id beyond all numbers', 401, ({ body }) => JSON.stringify(body).replace('"id":1,', '"id":1e999,')],
  ['bytes that are not UTF-8', 400, () => Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d])],
  ['UTF-16', 400, ({ body }) => Buffer.from(JSON.stringify(body), 'utf16le')],
  ['another charset', 415, ({ body }) => body, ['Content-Type: application/json; charset=utf-16']],
  ['an unknown charset', 415, ({ body }) => body, ['Content-Type: application/json; charset="x-bomb"']],
  ['a gzip bomb', 415, () => gzipSync(Buffer.alloc(50 * 1024 * 1024)), [json, 'Content-Encoding: gzip']],
  ['two encodings', 415, ({ body }) => body, [json, 'Content-Encoding: gzip, identity']],
  ['brotli, said twice', 415, ({ body }) => body, ['Content-Encoding: br', 'Content-Encoding: br']],
  ['one byte too many', 413, () => `"${'x'.repeat(256 * 1024 - 1)}"`],
]

const hook = ({ valid }: Target, ...headers: string[]): string[] => [
  'POST /webhook/hook HTTP/1.1',
  'Host: addon',
  `Authorization: JWT ${valid()}`,
  json,
  ...headers,
]

const attacks: readonly Attack[] = [
  {
    name: 'ten megabytes, announced',
    status: 413,
    send: (target) =>
      raw(target.world.url, request(hook(target, `Content-Length: ${10 * 1024 * 1024}`)), ...mebibytes(10)),
  },
  {
    name: 'ten megabytes in chunks',
    status: 413,
    send: (target) =>
      raw(
        target.world.url,
        request(hook(target, 'Transfer-Encoding: chunked')),
        ...mebibytes(10).flatMap((piece) => [`${piece.length.toString(16)}\r\n`, piece, '\r\n']),
      ),
  },
  {
    name: 'ten megabytes for an installation',
    status: 413,
    send: ({ world }) =>
      raw(
        world.url,
        request(['POST /installable HTTP/1.1', 'Host: addon', json, `Content-Length: ${10 * 1024 * 1024}`]),
        ...mebibytes(10),
      ),
  },
  {
    name: 'a chunk as long as memory',
    status: [413, 400],
    send: (target) =>
      raw(
        target.world.url,
        request(hook(target, 'Transfer-Encoding: chunked')),
        'ffffffffffff\r\n',
        ...mebibytes(1),
      ),
  },
  {
    name: 'a chunk of negative length',
    status: 400,
    send: (target) =>
      raw(target.world.url, request(hook(target, 'Transfer-Encoding: chunked'), '-1\r\nx\r\n')),
  },
  {
    name: 'an installation that is not JSON',
    status: 400,
    send: ({ send }) => send('POST', '/installable', 'hello', [json]),
  },
  {
    name: 'an installation in __proto__',
    status: 400,
    send: ({ send, oauthId }) =>
      send('POST', '/installable', `{"__proto__":{"oauthId":"${oauthId}","polluted":true}}`, [json]),
  },
  {
    name: 'an installation in a form',
    status: 400,
    send: ({ send }) =>
      send('POST', '/installable', `oauthId=a&oauthSecret=${planted('form')}`, [
        'Content-Type: application/x-www-form-urlencoded',
      ]),
  },
  {
    name: 'an installation with odd types',
    status: 400,
    send: ({ send }) =>
      send('POST', '/installable', { oauthId: ['a'], oauthSecret: {}, capabilitiesUrl: 7 }, [json]),
  },
]

const deliveries = bodies.map(
  ([name, status, body, headers = [json]]): Attack => ({
    name,
    status,
    send: (target) => target.deliver(target.valid(), body(target), headers),
  }),
)

describe('a delivery with a valid token and as its body', () => {
  it.each(deliveries)('$name', async (attack) => withstand(await startTarget(), attack))
})

describe('a request with', () => {
  it.each(attacks)('$name', async (attack) => withstand(await startTarget(), attack))
})
