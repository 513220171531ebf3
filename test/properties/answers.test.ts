import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ApiError, createPersonalClient, HipChatAddonError } from '../../src/index.ts'
import { planted } from '../leaks/planted.ts'
import { fc } from './runs.ts'

/** The server's next answer; it may repeat the request. */
let next: { readonly status: number; readonly body: Uint8Array } = { status: 200, body: new Uint8Array() }

const server = createServer((request, response) => {
  request.resume()
  response.writeHead(next.status, { 'content-type': 'application/json' }).end(next.body)
})

const token = planted('token')

let client: ReturnType<typeof createPersonalClient>

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // it listens on a port
  client = createPersonalClient({ apiUrl: `http://127.0.0.1:${port}/echo/v2`, token })
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

async function answered(status: number, body: string | Uint8Array): Promise<unknown> {
  next = { status, body: Buffer.from(body) }
  const said = client.sendRoomNotification({ id_or_name: 1, message: 'x' })
  return said.catch((error: unknown) => error)
}

// The statuses that are neither retried nor waited for.
const statuses = fc.constantFrom(400, 401, 403, 404, 405, 409, 413, 415, 422, 500, 502, 503)

const message = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string().map((text) => `${text}${token}`),
  fc.jsonValue(),
)

const envelope = fc.record(
  {
    error: fc.oneof(
      fc.record(
        { code: fc.jsonValue(), type: fc.jsonValue(), message, field: message },
        { requiredKeys: [] },
      ),
      fc.jsonValue(),
    ),
  },
  { requiredKeys: [] },
)

describe('an error answer', () => {
  it('of any bytes is an ApiError with its status', () =>
    fc.assert(
      fc.asyncProperty(statuses, fc.uint8Array({ maxLength: 300 }), async (status, body) => {
        const error = await answered(status, body)
        expect(error).toBeInstanceOf(ApiError)
        expect(error).toMatchObject({ status, operation: 'sendRoomNotification' })
      }),
    ))

  it('of any JSON has the reason and the field if they are strings, up to five hundred characters of each, and no token', () =>
    fc.assert(
      fc.asyncProperty(statuses, fc.oneof(envelope, fc.jsonValue()), async (status, body) => {
        const error = await answered(status, JSON.stringify(body))
        expect(error).toBeInstanceOf(ApiError)
        const { error: said } = JSON.parse(JSON.stringify({ ...(body as object | null) })) as {
          error?: unknown
        }
        const told = (typeof said === 'object' && said !== null ? said : {}) as Record<string, unknown>
        const text = (value: unknown) =>
          typeof value === 'string' && value !== ''
            ? toWire(value).replaceAll(token, '[token]').slice(0, 500)
            : undefined
        expect(error).toMatchObject({
          reason: text(told['message']) ?? `status ${status} without an explanation`,
          field: text(told['field']),
        })
        expect(inspect(error)).not.toContain(token)
      }),
    ))
})

describe('a successful answer', () => {
  it('of any bytes is the result, or one of our errors without the token', () =>
    fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.constant(Buffer.from(token))),
        async (body) => {
          next = { status: 200, body }
          const outcome: unknown = await client.getRoom({ id_or_name: 1 }).catch((error: unknown) => error)
          expect(outcome).toBeInstanceOf(HipChatAddonError)
          expect(outcome).toMatchObject({ code: 'ERR_UNEXPECTED_ANSWER' })
          expect(inspect(outcome)).not.toContain(token)
        },
      ),
    ))
})

/** A string as it arrives: lone surrogates are replaced. */
const toWire = (text: string): string =>
  JSON.parse(Buffer.from(JSON.stringify(text)).toString('utf8')) as string
