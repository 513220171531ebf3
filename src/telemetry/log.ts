import { type Logger, pino, stdSerializers } from 'pino'
import { readLogLevel } from '../common/environment.ts'
import { readableError, redact } from '../common/redaction.ts'

export type { Logger } from 'pino'

/**
 * The default logger of an add-on: pino, with JSON lines on standard output, and the level in `LOG_LEVEL`
 * or `info`. Logs a warning if `LOG_LEVEL` is not a level. Secrets are replaced at any depth, and errors are
 * logged without requests and headers, since authors log contexts, errors and request options.
 */
export function createLog(): Logger {
  const { level, warning } = readLogLevel('LOG_LEVEL', process.env['LOG_LEVEL'], 'info')
  const log = pino({
    level,
    serializers: { err: serialized },
    formatters: { log: redactMembers },
    hooks: {
      logMethod([first, ...rest], method) {
        // For `log.error(error)`, the message of the error becomes the message of the line.
        const about: unknown = first
        method.apply(this, [about instanceof Error ? readableError(about) : first, ...rest] as never)
      },
    },
  })
  // Children inherit the formatter, but pino does not apply it to their bindings.
  const { child } = log
  log.child = function (this: Logger, bindings: Record<string, unknown>, ...rest: unknown[]) {
    return Reflect.apply(child, this, [redactMembers(bindings), ...rest])
  } as typeof child
  if (warning !== undefined) log.warn(warning)
  return log
}

const serialized = (error: unknown): unknown =>
  typeof error === 'object' && error !== null ? stdSerializers.err(readableError(error)) : redact(error)

/** `err` has a serializer of its own. */
function redactMembers({ err, ...members }: Record<string, unknown>): Record<string, unknown> {
  const copied = redact(members) as Record<string, unknown> // the copy of an object is an object
  return err === undefined ? copied : { ...copied, err }
}

/** A logger without output. */
export const silent = (): Logger => pino({ level: 'silent' })

/**
 * Logs a value thrown by the author's code, with any logger. It may be anything: an error whose members
 * throw when they are read would otherwise end the process from inside the logger, and an HTTP client's error
 * would show the request.
 */
export function logError(log: Logger, error: unknown, message: string, more: object = {}): void {
  try {
    log.error({ ...more, err: readableError(error) }, message)
  } catch {
    log.error(more, `${message}, with something that cannot be read`)
  }
}
