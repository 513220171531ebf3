import type { Got, Method } from 'got'
import { type Agents, follow, isUnconnected, type Progress } from './connections.ts'
import { type Outbound, OutboundRefusedError } from './outbound.ts'
import { kibibyte } from './sizes.ts'
import { withoutMark } from './text.ts'

/** A request to send. */
export interface Exchange {
  readonly method: Method
  /** An absolute URL. */
  readonly url: string
  /** The rules and connections to use. */
  readonly outbound: Outbound
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
  /** Milliseconds for the whole exchange. */
  readonly timeout: number
  /** Longest answer accepted, in bytes. Default 256 KiB. */
  readonly maxBytes?: number
  /** Aborts the exchange. */
  readonly signal?: AbortSignal | undefined
}

/** The response to a request. */
export interface HttpResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** Read as UTF-8, also where it is none. */
  readonly body: string
  readonly bytes: Buffer
}

/**
 * An exchange failed: no connection, a broken connection, too slow, or too long. `reason` is Node's or got's code for it
 * (`ECONNREFUSED`, `ETIMEDOUT`, …). This is deliberately not got's own error, which contains the request and its headers.
 */
export class ExchangeFailedError extends Error {
  readonly code = 'ERR_EXCHANGE_FAILED'
  override name = 'ExchangeFailedError'
  readonly reason: string
  /** Whether the request may have reached the other end: false when there was no connection. */
  readonly sent: boolean

  constructor(message: string, reason: string, sent = true) {
    super(message)
    this.reason = reason
    this.sent = sent
  }
}

let loading: Promise<Got> | undefined

/**
 * Runs one HTTP exchange under the outbound rules: no redirects, no decompression (a kilobyte can decompress to a
 * gigabyte), and at most `maxBytes`. Any status is an answer. It throws for a refused URL (`OutboundRefusedError`) or a
 * network failure (`ExchangeFailedError`); an aborted `signal` throws its reason.
 *
 * There are no retries, with one exception: if the peer closed a kept connection while the request was on its way, the
 * connection ends at once without an answer, and the request is sent once more on a new connection.
 */
export async function exchange(request: Exchange): Promise<HttpResponse> {
  const { outbound, timeout, signal } = request
  const url = outbound.check(request.url)
  const send = async (): Promise<HttpResponse> => {
    const started = performance.now()
    try {
      return await attempt(url, request, outbound.agent, timeout)
    } catch (error) {
      const spent = performance.now() - started
      if (!(error instanceof LostOnTheWay) || spent > crossing || signal?.aborted) throw error
      return attempt(url, request, outbound.freshAgent, Math.max(1, timeout - spent))
    }
  }
  return outbound.around ? outbound.around(send) : send()
}

/** Milliseconds within which a connection must end to count as closed before the request: later the peer may have acted. */
const crossing = 2000

/** A kept connection was closed without an answer. */
class LostOnTheWay extends ExchangeFailedError {}

async function attempt(url: URL, request: Exchange, agent: Agents, timeout: number): Promise<HttpResponse> {
  loading ??= import('got').then((module) => module.got) // got takes 100 ms to load, so only when needed
  const got = await loading
  const maxBytes = request.maxBytes ?? 256 * kibibyte
  const pending = got(url, {
    method: request.method,
    headers: { 'accept-encoding': 'identity', ...request.headers },
    ...(request.body === undefined ? {} : { body: request.body }),
    ...(request.signal ? { signal: request.signal } : {}),
    agent,
    timeout: { request: timeout },
    retry: { limit: 0 },
    followRedirect: false,
    throwHttpErrors: false,
    decompress: false,
    responseType: 'buffer',
  })
  let tooLong = false
  let progress = (): Progress => ({ unsecured: false, lost: false })
  pending.on('request', (sending) => {
    progress = follow(sending)
  })
  pending.on('downloadProgress', ({ transferred }) => {
    if (transferred > maxBytes && !tooLong) {
      tooLong = true
      pending.cancel()
    }
  })
  try {
    const response = await pending
    if (response.body.length > maxBytes) tooLong = true
    else {
      const { statusCode: status, headers, body: bytes } = response
      return { status, headers, body: bytes.toString('utf8'), bytes }
    }
  } catch (error) {
    if (!tooLong) throw plain(error, url, request, progress())
  }
  throw new ExchangeFailedError(`${url.host} answered with more than ${maxBytes} bytes`, 'TOO_LONG')
}

function plain(error: unknown, url: URL, request: Exchange, { unsecured, lost }: Progress): unknown {
  if (request.signal?.aborted) return request.signal.reason
  if (!(error instanceof Error)) return error
  if (error.cause instanceof OutboundRefusedError) return error.cause
  const reason = 'code' in error ? String(error.code) : 'UNKNOWN'
  const sent = !unsecured && !isUnconnected(error)
  if (reason === 'ETIMEDOUT')
    return new ExchangeFailedError(`${url.host} did not answer within ${request.timeout} ms`, reason, sent)
  const Failed = lost && (reason === 'ECONNRESET' || reason === 'EPIPE') ? LostOnTheWay : ExchangeFailedError
  return new Failed(`${url.host} could not be reached: ${error.message}`, reason, sent)
}

/** Parses JSON; returns `undefined` for anything else. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(withoutMark(text))
  } catch {
    return undefined
  }
}
