/** Codes of all errors an add-on author can meet. Each has an entry in `docs/reference/errors.md`. */
export type ErrorCode =
  | 'ERR_ACCESS_TOKEN'
  | 'ERR_API'
  | 'ERR_CONFIGURATION'
  | 'ERR_INSTALLATION_REFUSED'
  | 'ERR_MISSING_SCOPE'
  | 'ERR_NETWORK'
  | 'ERR_NOT_INSTALLED'
  | 'ERR_RATE_LIMIT'
  | 'ERR_ROOM_INSTALLATION'
  | 'ERR_SIGNED_REQUEST'
  | 'ERR_STORE'
  | 'ERR_UNEXPECTED_ANSWER'

interface ErrorOptionsWithCause {
  readonly cause?: unknown
}

/** The class all errors of this package have in common: a stable `code`, a message made for people. */
export abstract class HipChatAddonError extends Error {
  abstract readonly code: ErrorCode

  constructor(message: string, options?: ErrorOptionsWithCause) {
    super(message, options)
    Object.defineProperty(this, 'name', { value: new.target.name, configurable: true })
  }
}

/** An option, a registration or a call that the add-on's author got wrong. Nothing was sent. */
export class ConfigurationError extends HipChatAddonError {
  readonly code = 'ERR_CONFIGURATION'
}

/** The store could not be reached or refused; the message names it. */
export class StoreError extends HipChatAddonError {
  readonly code = 'ERR_STORE'
}
