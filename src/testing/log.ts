import { type Logger, pino } from 'pino'

/** A line of the add-on's log. */
export interface LogLine {
  /** How serious it is; `trace` is the least. */
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal'
  /** The line without its members. */
  readonly message: string
  /** The error that the line is about, such as one that a handler threw. */
  readonly err?: { readonly type: string; readonly message: string; readonly stack: string }
  /** Other members of the line, such as `event`, `room` and `status` of a delivery. */
  readonly [member: string]: unknown
}

/** Creates a logger whose lines are kept and not printed. */
export function createTestLog(): { readonly logger: Logger; readonly lines: readonly LogLine[] } {
  const lines: LogLine[] = []
  const logger = pino(
    {
      level: 'info',
      base: null,
      timestamp: false,
      messageKey: 'message',
      formatters: { level: (level) => ({ level }) },
    },
    { write: (line) => void lines.push(JSON.parse(line) as LogLine) }, // as the options above have it
  )
  return { logger, lines }
}
