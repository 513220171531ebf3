/** The value of an environment variable; `undefined` if it is unset, empty, or only whitespace. */
export function variable(name: string, env: NodeJS.ProcessEnv = process.env): string | undefined {
  const value = env[name]
  return value === undefined || value.trim() === '' ? undefined : value
}

/** The levels of pino, and `silent`. */
const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

/** The least severe messages that a log shows. */
export type LogLevel = (typeof logLevels)[number]

/** Names that other programs use for the levels of pino. */
const aliases: Readonly<Record<string, LogLevel>> = {
  all: 'trace',
  verbose: 'debug',
  information: 'info',
  notice: 'info',
  warning: 'warn',
  err: 'error',
  critical: 'fatal',
  off: 'silent',
  none: 'silent',
}

/** A level from an environment variable. */
export interface ReadLogLevel {
  readonly level: LogLevel
  /** Set if the variable is not a level, so that `level` is the default. */
  readonly warning?: string
}

/**
 * Reads a log level from an environment variable. Upper case, quotes, and the names of other programs are accepted. For
 * anything else the result is the default, with a warning for the log.
 */
export function readLogLevel(name: string, given: string | undefined, standard: LogLevel): ReadLogLevel {
  const word = (given ?? '')
    .trim()
    .replace(/^(["'])(.*)\1$/, '$2')
    .trim()
    .toLowerCase()
  if (word === '') return { level: standard }
  const level =
    logLevels.find((one) => one === word) ?? (Object.hasOwn(aliases, word) ? aliases[word] : undefined)
  if (level !== undefined) return { level }
  const shown = JSON.stringify(given?.slice(0, 40))
  return {
    level: standard,
    warning: `${name}: expected one of ${logLevels.join(', ')}, got ${shown}; the level is ${standard}`,
  }
}
