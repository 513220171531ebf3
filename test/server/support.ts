import { createHmac } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished } from 'vitest'
import { errorAnswer } from '../../src/api/error-answer.ts'
import { validate } from '../../src/common/validate.ts'
import { createHipChatServer, type HipChatServer, type ServerOptions } from '../../src/server/index.ts'

/** A listening server on a free port, every answer checked against the table, closed when the test is over. */
export async function startServer(options: ServerOptions = {}): Promise<HipChatServer> {
  const server = createHipChatServer({ port: 0, limits: false, checkResponses: true, ...options })
  await server.listen()
  onTestFinished(() => server.close())
  return server
}

export interface Answered {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: tests read any answer
  readonly body: any
}

export interface CallOptions {
  readonly token?: string
  readonly json?: unknown
  readonly body?: string | Uint8Array
  readonly headers?: Record<string, string>
}

/** One call over HTTP: path below /v2, or a whole address. Refusals are checked for their form. */
export async function call(
  server: HipChatServer,
  method: string,
  path: string,
  options: CallOptions = {},
): Promise<Answered> {
  const body = options.json === undefined ? options.body : JSON.stringify(options.json)
  const response = await fetch(path.startsWith('http') ? path : server.apiUrl + path, {
    method,
    headers: {
      ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
      ...(options.json === undefined ? {} : { 'content-type': 'application/json' }),
      ...options.headers,
    },
    ...(body === undefined ? {} : { body }),
  })
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.includes('json')
  const answer = text && isJson ? JSON.parse(text) : text
  // Results are checked by the server itself; refusals are made elsewhere.
  if (response.status >= 400 && method !== 'HEAD')
    expect(validate(errorAnswer, answer), `refusal of ${method} ${path}`).toMatchObject({ ok: true })
  return { status: response.status, headers: response.headers, body: answer }
}

/** Like `call`, with the administrator's token. */
export const adminCall = (
  server: HipChatServer,
  method: string,
  path: string,
  options: CallOptions = {},
): Promise<Answered> => call(server, method, path, { token: server.adminToken, ...options })

export interface AddonCall {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  // biome-ignore lint/suspicious/noExplicitAny: tests read any answer
  readonly body: any
}

export interface Reply {
  readonly status?: number
  readonly headers?: Record<string, string>
  readonly body?: string | Buffer
}

export type Responder = (call: AddonCall) => Reply | undefined | Promise<Reply | undefined>

export interface Addon {
  readonly url: string
  readonly calls: AddonCall[]
  /** Decides the answer to everything except the descriptor; an empty 200 when it returns none. */
  respond: Responder
  descriptor: Record<string, unknown>
  /** Calls to one path, query left out. */
  to(path: string): AddonCall[]
}

/** A minimal add-on: serves a descriptor, records calls, and answers what the test decides. */
export async function startAddon(capabilities: Record<string, unknown> = {}): Promise<Addon> {
  const http = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request) text += chunk
    const path = request.url ?? '/'
    if (path === '/descriptor') {
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify(addon.descriptor))
      return
    }
    const received: AddonCall = {
      method: request.method ?? '',
      path,
      headers: request.headers,
      body: text ? JSON.parse(text) : undefined,
    }
    addon.calls.push(received)
    const reply = (await addon.respond(received)) ?? {}
    response.writeHead(reply.status ?? 200, reply.headers)
    response.end(reply.body)
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  const addon: Addon = {
    url,
    calls: [],
    respond: () => undefined,
    descriptor: {
      key: 'com.example.dice',
      name: 'Dice',
      description: 'Rolls dice',
      links: { self: `${url}/descriptor` },
      capabilities: {
        installable: { callbackUrl: `${url}/installed` },
        hipchatApiConsumer: { scopes: ['send_notification'] },
        ...capabilities,
      },
    },
    to: (path) => addon.calls.filter((one) => one.path.split('?')[0] === path),
  }
  onTestFinished(() => {
    http.closeAllConnections()
    http.close()
  })
  return addon
}

/** A `room_message` webhook of the add-on, or another one. */
export const hook = (addon: { url: string } | string, more: Record<string, unknown> = {}) => ({
  event: 'room_message',
  url: `${typeof addon === 'string' ? addon : addon.url}/hook`,
  authentication: 'jwt',
  ...more,
})

/** Adds webhooks or other capabilities once the address of the add-on is known. */
export function declare(addon: Addon, capabilities: Record<string, unknown>): void {
  addon.descriptor = {
    ...addon.descriptor,
    capabilities: { ...(addon.descriptor['capabilities'] as object), ...capabilities },
  }
}

/** Reads a signed request with nothing but HMAC, and throws when the signature is not of this secret. */
export function verifyJwt(token: string, secret: string): Record<string, unknown> {
  const [header = '', payload = '', signature = ''] = token.split('.')
  const expected = createHmac('sha256', secret).update(`${header}.${payload}`).digest('base64url')
  if (signature !== expected) throw new Error('the signature is wrong')
  const { alg, typ } = decodePart(header)
  if (alg !== 'HS256' || typ !== 'JWT') throw new Error(`unexpected header ${alg} ${typ}`)
  return decodePart(payload)
}

const decodePart = (part: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))

export const signedBy = ({ headers }: AddonCall, secret: string): Record<string, unknown> =>
  verifyJwt(String(headers.authorization).replace(/^JWT /, ''), secret)

/** An access token for an installation, by its id and secret. */
export async function accessToken(
  server: HipChatServer,
  credentials: { oauthId: string; oauthSecret: string },
  scope?: string,
): Promise<string> {
  const answer = await tokenCall(server, credentials, { scope })
  if (answer.status !== 200) throw new Error(`token call answered ${answer.status}`)
  return answer.body.access_token
}

export function tokenCall(
  server: HipChatServer,
  { oauthId, oauthSecret }: { oauthId: string; oauthSecret: string },
  form: Record<string, string | undefined> = {},
): Promise<Answered> {
  const body = new URLSearchParams({ grant_type: 'client_credentials' })
  for (const [name, value] of Object.entries(form)) if (value !== undefined) body.set(name, value)
  return call(server, 'POST', '/oauth/token', {
    body: body.toString(),
    headers: {
      authorization: `Basic ${Buffer.from(`${oauthId}:${oauthSecret}`).toString('base64')}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
  })
}

/** Installs the add-on over HTTP, and returns the credentials it received. */
export async function installOverHttp(
  server: HipChatServer,
  addon: Addon,
  room?: string | number,
): Promise<{ oauthId: string; oauthSecret: string; roomId?: number }> {
  const answer = await adminCall(server, 'POST', '/addon', {
    json: { url: `${addon.url}/descriptor`, ...(room === undefined ? {} : { room_id: room }) },
  })
  if (answer.status !== 201) throw new Error(`installing answered ${JSON.stringify(answer.body)}`)
  return addon
    .to('/installed')
    .filter((one) => one.method === 'POST')
    .at(-1)?.body
}

/** A notification as an inline answer. */
export const inline = (notification: unknown): Reply => ({
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(notification),
})

/** Status and message of a refusal. */
export const refusal = ({ status, body }: Answered) => [status, body.error?.message]

/** A call whose body is held back: the server has the head, and has authenticated the caller. */
export async function callWithoutBody(
  server: HipChatServer,
  method: string,
  path: string,
  { token, json }: { readonly token: string; readonly json: unknown },
): Promise<{ finish(): Promise<Pick<Answered, 'status' | 'body'>> }> {
  const body = JSON.stringify(json)
  const sending = request(path.startsWith('http') ? path : server.apiUrl + path, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      expect: '100-continue',
    },
  })
  const answered = new Promise<Pick<Answered, 'status' | 'body'>>((resolve, reject) => {
    sending.on('error', reject)
    sending.on('response', async (response) => {
      let text = ''
      for await (const chunk of response) text += chunk
      resolve({ status: response.statusCode ?? 0, body: text ? JSON.parse(text) : text })
    })
  })
  sending.flushHeaders()
  await new Promise((resolve) => sending.once('continue', resolve))
  return {
    finish() {
      sending.end(body)
      return answered
    },
  }
}
