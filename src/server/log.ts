/** Receives one line per request, delivery and installation; any pino logger fits. */
export interface Log {
  /** Something that happens in normal operation. */
  info(about: object, message: string): void
  /** Something that the administrator may have to look at, such as a refused request. */
  warn(about: object, message: string): void
  /** A failure of the server itself. */
  error(about: object, message: string): void
}

/** A log that drops everything. */
export const silent: Log = { info() {}, warn() {}, error() {} }
