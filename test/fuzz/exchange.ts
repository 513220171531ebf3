import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { fc } from '../properties/runs.ts'
import { oddStrings } from './values.ts'

/** A request as it is sent. */
export interface FuzzRequest {
  /** Its destination: the name of an operation, or a route. */
  readonly to: string
  readonly method: string
  /** Below the origin, encoded. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer | undefined
}

export interface FuzzAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

/** Sends it over its own connection and reads the whole answer. Rejects if there is none. */
export function send(origin: string, { method, path, headers, body }: FuzzRequest): Promise<FuzzAnswer> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(
      origin + path,
      { method, headers, agent: false, timeout: 20_000 },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text: Buffer.concat(chunks).toString('utf8'),
          }),
        )
      },
    )
    sent.on('timeout', () => sent.destroy(new Error('no answer within 20 seconds')))
    sent.on('error', reject)
    sent.end(body)
  })
}

/** A request in a form that can be sent again: the body as text if it is text. */
export const printed = ({ to, method, path, headers, body }: FuzzRequest): string =>
  [
    `${method} ${path} (${to})`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${/auth/i.test(name) ? '…' : value}`),
    '',
    body === undefined ? '' : body.toString('utf8').slice(0, 2000),
  ].join('\n')

const otherMethods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND']

/** Mostly the method of the route, sometimes another one. */
export const methods = (right: string): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 15, arbitrary: fc.constant(right) },
    { weight: 1, arbitrary: fc.constantFrom(...otherMethods) },
  )

/** One segment of a path, encoded; sometimes incorrectly. */
export function segments(known: readonly string[]): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 10, arbitrary: fc.constantFrom(...known).map(encoded) },
    { weight: 2, arbitrary: fc.constantFrom(...oddStrings).map((text) => encoded(text.slice(0, 500))) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        '%00',
        '%C3%28',
        '%ED%A0%80',
        '%2e%2e',
        '%2F',
        '%',
        '%zz',
        '..',
        '*',
        '~',
        ';a=b',
      ),
    },
  )
}

// through UTF-8, where half characters become U+FFFD: encodeURIComponent throws for them
const encoded = (text: string): string => encodeURIComponent(Buffer.from(text).toString())

/** A body in the format of the content type, or in another one. */
export function bodies(
  values: fc.Arbitrary<unknown>,
  type: string,
): fc.Arbitrary<Pick<FuzzRequest, 'body'> & { readonly type: string | undefined }> {
  const right = values.map((value) => ({ type, body: Buffer.from(textOf(value, type)) }))
  const otherType = fc
    .tuple(
      values,
      fc.constantFrom(
        undefined,
        '',
        'text/plain',
        'application/json; charset=utf-16',
        'application/json; charset="utf-8"',
        'application/x-www-form-urlencoded',
        'multipart/related; boundary=x',
        'multipart/form-data',
        'application/octet-stream',
        'text/html',
      ),
    )
    .map(([value, other]) => ({ type: other, body: Buffer.from(textOf(value, 'application/json')) }))
  const broken = fc
    .tuple(values, fc.nat(200), fc.constantFrom('', '}', ',', '\u0000', '\ufeff', '\ud800'))
    .map(([value, cut, end]) => ({
      type,
      body: Buffer.from(textOf(value, type).slice(0, cut) + end),
    }))
  const bytes = fc.uint8Array({ maxLength: 300 }).map((raw) => ({ type, body: Buffer.from(raw) }))
  const none = fc.constantFrom({ type: undefined, body: undefined }, { type, body: Buffer.alloc(0) })
  return fc.oneof(
    { weight: 14, arbitrary: right },
    { weight: 2, arbitrary: otherType },
    { weight: 1, arbitrary: broken },
    { weight: 1, arbitrary: bytes },
    { weight: 1, arbitrary: none },
  )
}

/** The value in the format of the content type. */
function textOf(value: unknown, type: string): string {
  if (type.startsWith('application/x-www-form-urlencoded') && typeof value === 'object' && value !== null) {
    const form = new URLSearchParams()
    for (const [name, member] of Object.entries(value))
      form.append(name, typeof member === 'string' ? member : (JSON.stringify(member) ?? ''))
    return form.toString()
  }
  if (type.startsWith('multipart/related') && typeof value === 'object' && value !== null)
    return [
      ...Object.entries(value).map(
        ([name, member]) =>
          `--fuzz\r\nContent-Type: ${name === 'file' ? 'image/png' : 'application/json; charset=UTF-8'}\r\n` +
          `Content-Disposition: attachment; name="${name.replace(/["\r\n]/g, '')}"${name === 'file' ? '; filename="a.png"' : ''}\r\n\r\n` +
          `${typeof member === 'string' ? member : JSON.stringify(name === 'file' ? member : { [name]: member })}\r\n`,
      ),
      '--fuzz--\r\n',
    ].join('')
  if (type.startsWith('text/') && typeof value === 'string') return value
  return JSON.stringify(value) ?? ''
}

/** Query parameters; some names occur several times. */
export function queries(parameters: Readonly<Record<string, fc.Arbitrary<unknown>>>): fc.Arbitrary<string> {
  const names = Object.keys(parameters)
  const known = fc.record(parameters, { requiredKeys: [] }).map((values) =>
    Object.entries(values)
      .map(
        ([name, value]) =>
          `${encoded(name)}=${encoded(String(JSON.stringify(value) ?? '').replace(/^"|"$/g, ''))}`,
      )
      .join('&'),
  )
  const odd = fc.constantFrom(
    '',
    'a',
    '=',
    '&&',
    '__proto__=1',
    'x[]=1&x[]=2',
    '%',
    '%ED%A0%80=%00',
    'auth_token=',
    'signed_request=',
  )
  const twice = fc
    .constantFrom(...(names.length === 0 ? ['x'] : names))
    .map((name) => `${encoded(name)}=1&${encoded(name)}=2`)
  return fc
    .oneof({ weight: 10, arbitrary: known }, { weight: 1, arbitrary: odd }, { weight: 1, arbitrary: twice })
    .map((query) => (query === '' ? '' : `?${query}`))
}
