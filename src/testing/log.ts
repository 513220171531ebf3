import { type Logger, pino } from 'pino'

/** A line of the add-on's log. */
export interface LogLine {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal'
  readonly message: string
  /** What a handler threw, among others. */
  readonly err?: { readonly type: string; readonly message: string; readonly stack: string }
  /** What else the line says, such as `event`, `room` and `status` of a delivery. */
  readonly [member: string]: unknown
}

/** A log that is kept and not printed, and the logger that writes it. */
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
