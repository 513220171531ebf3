import type { IncomingMessage } from 'node:http'
import getRawBody from 'raw-body'

/** A request body was refused. */
export class BodyRefusedError extends Error {
  readonly code = 'ERR_BODY_REFUSED'
  override name = 'BodyRefusedError'
  /** HTTP status for the answer. */
  readonly status: 400 | 408 | 413 | 415 | 500

  constructor(status: BodyRefusedError['status'], message: string) {
    super(message)
    this.status = status
  }
}

/**
 * Reads a request body: at most `limit` bytes, within `timeout` milliseconds, uncompressed.
 *
 * Node's own request timeout is five minutes, and the author's own server may have none: a body that arrives slowly must
 * not hold a connection that long.
 *
 * @throws {BodyRefusedError}
 */
export async function readBytes(request: IncomingMessage, limit: number, timeout: number): Promise<Buffer> {
  refuseConsumed(request)
  const encoding = request.headers['content-encoding']
  if (encoding && encoding !== 'identity')
    throw new BodyRefusedError(415, `expected an uncompressed body, got content-encoding ${encoding}`)
  const length = request.headers['content-length'] ?? null
  return await new Promise<Buffer>((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new BodyRefusedError(408, `the body did not arrive within ${timeout} ms`)),
      timeout,
    )
    getRawBody(request, { limit, length }, (error, body) => {
      clearTimeout(timer)
      if (!error) resolve(body)
      else if (error.type === 'entity.too.large')
        reject(new BodyRefusedError(413, `the body is longer than ${limit} bytes`))
      else reject(new BodyRefusedError(400, 'the body could not be read: it broke off'))
    })
  })
}

/**
 * Refuses a request whose body an earlier middleware has read. Waiting for the body would end in a timeout, and the
 * result of that middleware (`request.body`) is not what was sent.
 */
function refuseConsumed(request: IncomingMessage): void {
  // A stream with an encoding returns strings, from which the bytes cannot be restored.
  if (!request.readableDidRead && !request.readableEnded && request.readableEncoding === null) return
  const parsed = 'body' in request && request.body !== undefined ? ', and left it in request.body' : ''
  throw new BodyRefusedError(
    500,
    `the body was read before it got here${parsed}: an earlier middleware (such as express.json() or koa-body) has consumed it; mount this before that middleware, or limit that middleware to paths of its own`,
  )
}

/** Decodes a body with this `Content-Type`. Throws {@link BodyRefusedError} for anything but UTF-8. */
export function textOf(bytes: Uint8Array, contentType: string | undefined): string {
  const charset = /;\s*charset=["']?([^\s;"']+)/i.exec(contentType ?? '')?.[1]
  if (charset && !/^(utf-?8|us-ascii)$/i.test(charset))
    throw new BodyRefusedError(415, `expected the charset utf-8, got ${charset}`)
  try {
    return utf8.decode(bytes)
  } catch {
    throw new BodyRefusedError(400, 'the body could not be read: it is not UTF-8')
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Reads a request body as text, with the limits of {@link readBytes}. */
export async function readBody(request: IncomingMessage, limit: number, timeout: number): Promise<string> {
  return textOf(await readBytes(request, limit, timeout), request.headers['content-type'])
}

/** Reads a JSON body, with the limits of {@link readBytes}. An empty body is refused, since it is not JSON. */
export async function readJson(request: IncomingMessage, limit: number, timeout: number): Promise<unknown> {
  return parseBody(await readBody(request, limit, timeout))
}

/** Parses a JSON body. Throws {@link BodyRefusedError} for anything else. */
export function parseBody(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new BodyRefusedError(
      400,
      text ? 'the body is not valid JSON' : 'expected a JSON body, got an empty one',
    )
  }
}
