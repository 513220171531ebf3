/** Receives one line per request, delivery and installation; any pino logger fits. */
export interface Log {
  info(about: object, message: string): void
  warn(about: object, message: string): void
  error(about: object, message: string): void
}

/** A log that drops everything. */
export const silent: Log = { info() {}, warn() {}, error() {} }
