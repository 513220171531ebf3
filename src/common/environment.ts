/** The value of an environment variable. One that is empty, or nothing but blanks, is not set. */
export function variable(name: string, env: NodeJS.ProcessEnv = process.env): string | undefined {
  const value = env[name]
  return value === undefined || value.trim() === '' ? undefined : value
}

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]

/** What other programs call the levels of pino. */
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

/** What was asked for, and what is wrong with it if it is no level. */
export interface ReadLogLevel {
  readonly level: LogLevel
  readonly warning?: string
}

/**
 * Reads the level of a log from an environment variable: in any case, in quotes, and under the names that other programs
 * use. What is no level is the default, with a warning for the log.
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
