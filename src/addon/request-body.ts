import type { IncomingMessage } from 'node:http'
import { BodyRefusedError, readBody, readJson as readJsonBody } from '../common/body.ts'
import { ConfigurationError } from '../errors.ts'

/** How a body is read. */
export interface BodyOptions {
  /** Longest body taken, in bytes. Default 256 KiB. A longer one is answered with 413. */
  readonly limit?: number
  /** Milliseconds in which it has to arrive. Default 10,000. A slower one is answered with 408. */
  readonly timeout?: number
}

/** How a JSON body is read. */
export interface JsonOptions<T> extends BodyOptions {
  /** Whether it is what the route expects; then it has this type. Another one is answered with 400. */
  readonly accept?: (body: unknown) => body is T
}

/** What holds the request: a Koa context. */
type Asked = { readonly req: IncomingMessage }

/**
 * The text of the body of a request to a route of your own: UTF-8, not compressed, within a limit and a time. What it
 * throws is answered with 400, 408, 413 or 415 where no middleware of yours catches it.
 *
 * @example
 * addon.router.post('/note', async (ctx) => {
 *   const note = await readText(ctx, { limit: 1_000 })
 * })
 */
export function readText({ req }: Asked, options: BodyOptions = {}): Promise<string> {
  const { limit, timeout } = bounds('readText', options)
  return readBody(req, limit, timeout)
}

/**
 * The JSON of the body of a request to a route of your own, under the rules of {@link readText}. It may be anything until
 * you have looked: `accept` does that, and gives it a type.
 *
 * @example
 * addon.router.post('/build', async (ctx) => {
 *   const build = await readJson(ctx, { accept: isBuild })
 * })
 */
export async function readJson<T = unknown>({ req }: Asked, options: JsonOptions<T> = {}): Promise<T> {
  const { limit, timeout } = bounds('readJson', options)
  const { accept } = options
  const body = await readJsonBody(req, limit, timeout)
  if (accept && !accept(body)) throw new BodyRefusedError(400, 'the body is not what is expected here')
  return body as T // as `accept` says; without it T is unknown, or the author's word
}

function bounds(what: string, { limit = 256 * 1024, timeout = 10_000 }: BodyOptions) {
  for (const [name, value] of Object.entries({ limit, timeout }))
    if (typeof value !== 'number' || !(value > 0))
      throw new ConfigurationError(`${what}: expected ${name} to be a number above 0, got ${String(value)}`)
  return { limit, timeout }
}
