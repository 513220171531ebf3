import type { IncomingMessage } from 'node:http'
import { BodyRefusedError, readBody, readJson as readJsonBody } from '../common/body.ts'
import { type Checks, expecting } from '../common/checks.ts'
import { checkOptions } from '../option-checks.ts'

/** Options of {@link readText}. */
export interface BodyOptions {
  /** Longest accepted body, in bytes. Default 256 KiB. A longer one is answered with 413. */
  readonly limit?: number
  /** Milliseconds within which the body must arrive. Default 10,000. A slower one is answered with 408. */
  readonly timeout?: number
}

/** Options of {@link readJson}. */
export interface JsonOptions<T> extends BodyOptions {
  /** A type guard for the body. A body that it rejects is answered with 400. Default: any JSON is accepted. */
  readonly accept?: (body: unknown) => body is T
}

// The defaults, in bytes and milliseconds.
const longest = 256 * 1024
const slowest = 10_000

/** Has the request: a Koa context. */
type Asked = { readonly req: IncomingMessage }

/**
 * Reads the body of a request to one of your own routes as text: UTF-8, not compressed, within a size and
 * time limit. Its errors are answered with 400, 408, 413 or 415, unless your middleware catches them. Throws
 * a {@link ConfigurationError} for an invalid option.
 *
 * @example
 * addon.router.post('/note', async (ctx) => {
 *   const note = await readText(ctx, { limit: 1_000 })
 * })
 */
export function readText({ req }: Asked, options: BodyOptions = {}): Promise<string> {
  checkOptions<BodyOptions>('readText', options, textChecks)
  const { limit = longest, timeout = slowest } = options
  return readBody(req, limit, timeout)
}

/**
 * Reads the body of a request to one of your own routes as JSON, with the limits and errors of {@link
 * readText}. The result is `unknown`, unless you validate it with `accept`, which gives it a type.
 *
 * @example
 * addon.router.post('/build', async (ctx) => {
 *   const build = await readJson(ctx, { accept: isBuild })
 * })
 */
export async function readJson<T = unknown>({ req }: Asked, options: JsonOptions<T> = {}): Promise<T> {
  checkOptions<JsonOptions<unknown>>('readJson', options, jsonChecks)
  const { limit = longest, timeout = slowest, accept } = options
  const body = await readJsonBody(req, limit, timeout)
  if (accept && !accept(body)) throw new BodyRefusedError(400, 'the body is not what is expected here')
  return body as T // as `accept` found; without it T is unknown, or what the author claims
}

const aboveZero = expecting('a number above 0', (value) => typeof value === 'number' && value > 0)

const textChecks: Checks<BodyOptions> = { limit: aboveZero, timeout: aboveZero }
const jsonChecks: Checks<JsonOptions<unknown>> = {
  ...textChecks,
  accept: expecting('a function of the body', (value) => typeof value === 'function'),
}
