import type { Context } from 'koa'
import { BodyRefusedError } from '../common/body.ts'
import { readableError } from '../common/redaction.ts'
import { InstallationRefusedError, SignedRequestError, StoreError } from '../errors.ts'
import { type Logger, logError } from '../telemetry/log.ts'
import type { Observing } from '../telemetry/observer.ts'

/** The query of a request, in which a parameter may occur several times. */
export const queryOf = (ctx: Context): URLSearchParams => new URLSearchParams(ctx.querystring)

/** The path of a request, without the path of the base address. */
export function belowBase(path: string, routed: { basePath(): string }): string {
  const base = routed.basePath()
  if (!base) return path
  if (path === base) return '/'
  return path.startsWith(`${base}/`) ? path.slice(base.length) : path
}

/** The services that record a refusal. */
interface RefusalParts {
  readonly log: Logger
  readonly observing: Observing
}

interface Refusal {
  readonly status: number
  readonly text: string
  readonly headers?: Readonly<Record<string, string>>
}

/** Turns an error into an answer. The caller learns only what they may know; the log says what was wrong. */
export function refusalOf(error: unknown, parts: RefusalParts, path: string): Refusal {
  if (error instanceof SignedRequestError) {
    parts.observing()?.happened({ kind: 'signed request refused', fault: error.fault })
    parts.log.warn({ fault: error.fault, path }, `refused: ${error.message}`)
    return {
      status: 401,
      text: 'This request is not signed by a server that this add-on is installed on.',
      headers: { 'WWW-Authenticate': 'JWT' },
    }
  }
  if (error instanceof InstallationRefusedError) {
    logRefusal(parts, error)
    return { status: error.status, text: error.message }
  }
  if (error instanceof BodyRefusedError) {
    if (error.status === 500) parts.log.error({ path }, error.message)
    else parts.log.warn({ path }, `refused: ${error.message}`)
    // The rest of the body is not read, so the connection cannot be used for another request.
    return { status: error.status, text: `Refused: ${error.message}.`, headers: { Connection: 'close' } }
  }
  logError(parts.log, error, 'a request failed', { path })
  if (error instanceof StoreError) return { status: 503, text: 'The add-on cannot reach its store.' }
  return { status: 500, text: 'The add-on failed.' }
}

/** Logs and counts a refused installation, update or removal. With 500 or more it is logged as an error, with its cause. */
export function logRefusal({ log, observing }: RefusalParts, error: InstallationRefusedError): void {
  const { cause, status } = error
  observing()?.happened({ kind: 'installation refused', status })
  const refused = `refused: ${error.message}`
  if (status >= 500 && cause !== undefined) logError(log, cause, refused, { status })
  else log.warn({ ...(cause ? { cause: readableError(cause).message } : {}), status }, refused)
}

/** Answers with plain text. */
export function answerText(ctx: Context, status: number, text: string): void {
  ctx.status = status
  ctx.type = 'text'
  ctx.body = text
}
