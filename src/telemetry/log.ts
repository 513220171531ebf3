import { type Logger, pino, stdSerializers } from 'pino'
import { readLogLevel } from '../common/environment.ts'
import { readableError, redact } from '../common/redaction.ts'

export type { Logger } from 'pino'

/**
 * The logger an add-on has when it is given none: pino, JSON lines on standard output, level `info` or what
 * `LOG_LEVEL` says; one line names what is not a level. Members that carry secrets are replaced at any depth, and errors
 * are without requests and headers: authors log contexts, errors and request options.
 */
export function createLog(): Logger {
  const { level, warning } = readLogLevel('LOG_LEVEL', process.env['LOG_LEVEL'], 'info')
  const log = pino({
    level,
    serializers: { err: serialized },
    formatters: { log: redactMembers },
    hooks: {
      logMethod([first, ...rest], method) {
        // The message of an error that is logged by itself becomes that of the line.
        const about: unknown = first
        method.apply(this, [about instanceof Error ? readableError(about) : first, ...rest] as never)
      },
    },
  })
  // Children inherit this; pino formats what they are given for themselves with nothing.
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
  const copied = redact(members) as Record<string, unknown> // the copy of an object is one
  return err === undefined ? copied : { ...copied, err }
}

export const silent = (): Logger => pino({ level: 'silent' })

/**
 * Logs what somebody's code threw, whatever the log is. That may be anything: an error whose members throw when they are
 * read would otherwise end the process from inside the log, and one of an HTTP client show what was sent.
 */
export function logError(log: Logger, error: unknown, message: string, more: object = {}): void {
  try {
    log.error({ ...more, err: readableError(error) }, message)
  } catch {
    log.error(more, `${message}, with something that cannot be read`)
  }
}
