import type { Scope } from './api/scopes.ts'

/** Codes of all errors an add-on author can meet. Each has an entry in `docs/reference/errors.md`. */
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

export type ErrorCode = (typeof errorCodes)[number]

interface Cause {
  readonly cause?: unknown
}

/** What all errors of this package have in common: a stable `code`, and a message made for people. */
export abstract class HipChatAddonError extends Error {
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

/** The store could not be reached or refused; the message names it. */
export class StoreError extends HipChatAddonError {
  readonly code = 'ERR_STORE'
}

/**
 * An installation, update or removal was not accepted. The message is what the administrator gets to read, `status`
 * the HTTP status it is sent with.
 */
export class InstallationRefusedError extends HipChatAddonError {
  readonly code = 'ERR_INSTALLATION_REFUSED'
  readonly status: number

  constructor(status: number, message: string, options?: Cause) {
    super(message, options)
    this.status = status
  }
}

/** Which part of a signed request can be wrong. Each has an entry in `docs/reference/errors.md`. */
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

/** Which part of a signed request was wrong. */
export type SignedRequestFault = (typeof signedRequestFaults)[number]

/** A webhook or page request, or a session of a page, that is forged, stale or damaged. Logged; the caller gets a neutral text and 401. */
export class SignedRequestError extends HipChatAddonError {
  readonly code = 'ERR_SIGNED_REQUEST'
  readonly fault: SignedRequestFault

  constructor(fault: SignedRequestFault, message: string, options?: Cause) {
    super(message, options)
    this.fault = fault
  }
}

/**
 * No access token could be had. `status` is the token endpoint's answer, if there was one: 401 means that HipChat does
 * not know these credentials (any more).
 */
export class AccessTokenError extends HipChatAddonError {
  readonly code = 'ERR_ACCESS_TOKEN'
  readonly status: number | undefined

  constructor(message: string, options: Cause & { readonly status?: number } = {}) {
    super(message, options)
    this.status = options.status
  }
}

/** A call needs a scope that this installation was not granted. Nothing was sent. */
export class MissingScopeError extends HipChatAddonError {
  readonly code = 'ERR_MISSING_SCOPE'
  /** Any one of these would do. */
  readonly needed: readonly Scope[]
  readonly granted: readonly Scope[]

  constructor(message: string, needed: readonly Scope[], granted: readonly Scope[]) {
    super(message)
    this.needed = needed
    this.granted = granted
  }
}

/** A call that a room installation may not make: it is about the group, or about another room. Nothing was sent. */
export class RoomInstallationError extends HipChatAddonError {
  readonly code = 'ERR_ROOM_INSTALLATION'
}

/** A handler took longer than `handlerTimeout`: nobody waits for it any more, and its `signal` is aborted. */
export class HandlerTimeoutError extends HipChatAddonError {
  readonly code = 'ERR_HANDLER_TIMEOUT'
}

/** HipChat refused a call. */
export class ApiError extends HipChatAddonError {
  readonly code = 'ERR_API'
  readonly status: number
  /** Id of the operation, such as `sendRoomNotification`. */
  readonly operation: string
  /** HipChat's own words. Its wording changed over the years: show it, never compare it. */
  readonly reason: string
  /** The offending member of the body, if HipChat named one. */
  readonly field: string | undefined

  constructor(operation: string, status: number, reason: string, field: string | undefined) {
    super(`${operation}: HipChat answered ${status}${field ? ` for the field ${field}` : ''}: ${reason}`)
    this.operation = operation
    this.status = status
    this.reason = reason
    this.field = field
  }
}

/** An allowance is used up and comes back later than the call may wait. */
export class RateLimitError extends HipChatAddonError {
  readonly code = 'ERR_RATE_LIMIT'
  readonly operation: string
  /** `api`: calls per access token. `flood`: messages per room. */
  readonly limit: 'api' | 'flood'
  /** When the allowance is renewed. */
  readonly resetAt: Date

  constructor(operation: string, limit: 'api' | 'flood', resetAt: Date) {
    const what = limit === 'api' ? 'calls' : 'messages to this room'
    super(`${operation}: no more ${what} are allowed until ${resetAt.toISOString()}`)
    this.operation = operation
    this.limit = limit
    this.resetAt = resetAt
  }
}

/** HipChat could not be reached, broke off, or took too long. Whether a message was posted is not known. */
export class NetworkError extends HipChatAddonError {
  readonly code = 'ERR_NETWORK'
}

/** HipChat answered with success, but not with what the operation answers with. */
export class UnexpectedAnswerError extends HipChatAddonError {
  readonly code = 'ERR_UNEXPECTED_ANSWER'
}

/** The message of whatever was thrown, for putting into another message. */
export function messageOf(error: unknown): string {
  try {
    return error instanceof Error ? error.message : String(error)
  } catch {
    return 'something that cannot be read' // thrown by somebody's getter or toString
  }
}
