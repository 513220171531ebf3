import type { Scope } from './api/scopes.ts'

/** The codes of all errors that this package throws or logs. Each has an entry in `docs/reference/errors.md`. */
export const errorCodes = [
  'ERR_ACCESS_TOKEN',
  'ERR_API',
  'ERR_CONFIGURATION',
  'ERR_HANDLER_TIMEOUT',
  'ERR_INSTALLATION_REFUSED',
  'ERR_MISSING_SCOPE',
  'ERR_NETWORK',
  'ERR_RATE_LIMIT',
  'ERR_ROOM_INSTALLATION',
  'ERR_SIGNED_REQUEST',
  'ERR_STORE',
  'ERR_UNEXPECTED_ANSWER',
] as const

/** The stable `code` of an error, for programs to compare. */
export type ErrorCode = (typeof errorCodes)[number]

interface Cause {
  readonly cause?: unknown
}

/** The base class of all errors of this package: a stable `code`, and a message for people. */
export abstract class HipChatAddonError extends Error {
  /** Stays the same across versions; the message may change. */
  abstract readonly code: ErrorCode

  constructor(message: string, options?: Cause) {
    super(message, options)
    Object.defineProperty(this, 'name', { value: new.target.name, configurable: true })
  }
}

/** An option, a registration or a call that the add-on's author got wrong. Nothing was sent. */
export class ConfigurationError extends HipChatAddonError {
  readonly code = 'ERR_CONFIGURATION'
}

/** The store could not be reached, or it refused the operation. The message names the store. */
export class StoreError extends HipChatAddonError {
  readonly code = 'ERR_STORE'
}

/**
 * The add-on did not accept an installation, update or removal. The message is shown to the administrator; `status` is
 * the HTTP status of the answer.
 */
export class InstallationRefusedError extends HipChatAddonError {
  readonly code = 'ERR_INSTALLATION_REFUSED'
  /** HTTP status that the server or the browser gets. */
  readonly status: number

  constructor(status: number, message: string, options?: Cause) {
    super(message, options)
    this.status = status
  }
}

/** The faults that a signed request can have. Each has an entry in `docs/reference/errors.md`. */
export const signedRequestFaults = [
  'none',
  'malformed',
  'unknown issuer',
  'wrong signature',
  'expired',
  'clock ahead',
  'wrong room',
  'wrong client',
  'wrong sender',
] as const

/** The fault of a signed request; `none` means that there was no signed request at all. */
export type SignedRequestFault = (typeof signedRequestFaults)[number]

/**
 * A webhook delivery, page request or page session is forged, stale or damaged. It is logged; the caller gets a neutral
 * message and 401.
 */
export class SignedRequestError extends HipChatAddonError {
  readonly code = 'ERR_SIGNED_REQUEST'
  /** The check that failed. */
  readonly fault: SignedRequestFault

  constructor(fault: SignedRequestFault, message: string, options?: Cause) {
    super(message, options)
    this.fault = fault
  }
}

/**
 * The add-on could not get an access token. A `status` of 401 means that HipChat does not know these credentials, or no
 * longer does.
 */
export class AccessTokenError extends HipChatAddonError {
  readonly code = 'ERR_ACCESS_TOKEN'
  /** HTTP status of the token endpoint's answer; `undefined` if there was no answer. */
  readonly status: number | undefined

  constructor(message: string, options: Cause & { readonly status?: number } = {}) {
    super(message, options)
    this.status = options.status
  }
}

/** A call needs a scope that this installation was not granted. Nothing was sent. */
export class MissingScopeError extends HipChatAddonError {
  readonly code = 'ERR_MISSING_SCOPE'
  /** Any one of these scopes is enough. */
  readonly needed: readonly Scope[]
  /** The scopes that the installation has. */
  readonly granted: readonly Scope[]

  constructor(message: string, needed: readonly Scope[], granted: readonly Scope[]) {
    super(message)
    this.needed = needed
    this.granted = granted
  }
}

/** A room installation may not make this call, which concerns the group or another room. Nothing was sent. */
export class RoomInstallationError extends HipChatAddonError {
  readonly code = 'ERR_ROOM_INSTALLATION'
}

/** A handler took longer than `handlerTimeout`. The add-on no longer waits for it, and its `signal` is aborted. */
export class HandlerTimeoutError extends HipChatAddonError {
  readonly code = 'ERR_HANDLER_TIMEOUT'
}

/** HipChat refused a call. */
export class ApiError extends HipChatAddonError {
  readonly code = 'ERR_API'
  /** HTTP status of the answer. */
  readonly status: number
  /** Id of the operation, such as `sendRoomNotification`. */
  readonly operation: string
  /** HipChat's own message. Its wording changed over the years: show it, but never compare it. */
  readonly reason: string
  /** The member of the body that was wrong, if HipChat named one. */
  readonly field: string | undefined

  constructor(operation: string, status: number, reason: string, field: string | undefined) {
    super(`${operation}: HipChat answered ${status}${field ? ` for the field ${field}` : ''}: ${reason}`)
    this.operation = operation
    this.status = status
    this.reason = reason
    this.field = field
  }
}

/** A rate limit is used up, and it is renewed later than the call may wait. */
export class RateLimitError extends HipChatAddonError {
  readonly code = 'ERR_RATE_LIMIT'
  /** Id of the operation, such as `sendRoomNotification`. */
  readonly operation: string
  /** `api`: calls per access token. `flood`: messages per room. */
  readonly limit: 'api' | 'flood'
  /** When calls are allowed again. */
  readonly resetAt: Date

  constructor(operation: string, limit: 'api' | 'flood', resetAt: Date) {
    const what = limit === 'api' ? 'calls' : 'messages to this room'
    super(`${operation}: no more ${what} are allowed until ${resetAt.toISOString()}`)
    this.operation = operation
    this.limit = limit
    this.resetAt = resetAt
  }
}

/**
 * HipChat could not be reached, closed the connection, or took too long. A message may or may not have been posted.
 */
export class NetworkError extends HipChatAddonError {
  readonly code = 'ERR_NETWORK'
}

/** HipChat reported success, but the body is not what the operation returns. */
export class UnexpectedAnswerError extends HipChatAddonError {
  readonly code = 'ERR_UNEXPECTED_ANSWER'
}

/** The message of any thrown value, for use in another message. */
export function messageOf(error: unknown): string {
  try {
    return error instanceof Error ? error.message : String(error)
  } catch {
    return 'something that cannot be read' // its getter or toString throws
  }
}
