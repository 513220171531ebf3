import { type Logger, pino } from 'pino'
import { readLogLevel } from '../common/environment.ts'

export type { Logger } from 'pino'

// Nothing of ours logs these; authors log contexts, errors and request options, and those may hold them.
const secret = [
  'oauthSecret',
  'secretKey',
  'secret',
  'authorization',
  'access_token',
  'signed_request',
  'auth_token',
]

/**
 * The logger an add-on has when it is given none: pino, JSON lines on standard output, level `info` or what
 * `LOG_LEVEL` says; one line names what is no level. Members that carry secrets are replaced wherever they occur down to the third level.
 */
export function createLog(): Logger {
  const { level, warning } = readLogLevel('LOG_LEVEL', process.env['LOG_LEVEL'], 'info')
  const log = pino({
    level,
    redact: secret.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]),
  })
  if (warning !== undefined) log.warn(warning)
  return log
}

export const silent = (): Logger => pino({ level: 'silent' })

/**
 * Logs what somebody's code threw. That may be anything: an error whose members throw when they are read would
 * otherwise end the process from inside the log.
 */
export function logError(log: Logger, error: unknown, message: string, more: object = {}): void {
  try {
    log.error({ ...more, err: error }, message)
  } catch {
    log.error(more, `${message}, with something that cannot be read`)
  }
}
