import { STATUS_CODES } from 'node:http'
import type { Problem } from '../common/validate.ts'

/** What an error answer contains in addition to status and message. */
export interface ErrorDetails {
  /** Dotted path of the wrong member. */
  readonly field?: string
  /** The violated rule, as a JSON Schema keyword. */
  readonly validation?: string
  readonly expected_type?: unknown
  /** The value received; left out where it may be secret. */
  readonly value?: unknown
}

/** A call that this server refuses: HTTP status, message, and for a wrong body the member that is wrong. */
export class CallRefusedError extends Error {
  readonly code = 'ERR_CALL_REFUSED'
  override name = 'CallRefusedError'
  readonly status: number
  readonly details: ErrorDetails
  readonly headers: Readonly<Record<string, string>>
  /** OAuth 2 error code, for the token endpoint only. */
  readonly oauthCode: string | undefined

  constructor(
    status: number,
    message: string,
    more: {
      details?: ErrorDetails
      headers?: Readonly<Record<string, string>>
      oauthCode?: string
      cause?: unknown
    } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause })
    this.status = status
    this.details = more.details ?? {}
    this.headers = more.headers ?? {}
    this.oauthCode = more.oauthCode
  }
}

/** A refusal of the token endpoint: HipChat's envelope with an OAuth 2 error code. */
export const oauthError = (
  status: number,
  oauthCode: string,
  message: string,
  field?: string,
): CallRefusedError =>
  new CallRefusedError(status, message, {
    oauthCode,
    ...(field ? { details: { field } } : {}),
    ...(status === 401 ? { headers: { 'WWW-Authenticate': 'Basic realm="hipchat"' } } : {}),
  })

/** 400, naming the member or parameter that is wrong. */
export const badRequest = (message: string, field?: string, details: ErrorDetails = {}): CallRefusedError =>
  new CallRefusedError(400, message, { details: field ? { field, ...details } : details })

/** 403: the caller is known, but may not do this. */
export const forbidden = (message: string): CallRefusedError => new CallRefusedError(403, message)

/** 404 in HipChat's wording: `Room nowhere not found`. */
export const notFound = (kind: string, name: string | number): CallRefusedError =>
  new CallRefusedError(404, `${kind} ${name} not found`)

const secretNames = /password|secret|token|code/i
const longestEcho = 2000

/**
 * 400 for a value that does not match its schema. The value is included, as HipChat did, unless it is secret or
 * long.
 */
export function invalid(problem: Problem, secret = false): CallRefusedError {
  const echo =
    !secret &&
    problem.value !== undefined &&
    !secretNames.test(problem.field) &&
    (JSON.stringify(problem.value)?.length ?? 0) <= longestEcho
  return badRequest(problem.message, problem.field || undefined, {
    validation: problem.rule,
    ...(problem.rule === 'type' ? { expected_type: problem.expected } : {}),
    ...(echo ? { value: problem.value } : {}),
  })
}

/**
 * HipChat's error envelope. The members other than code, type and message come from two recorded answers
 * (jenkinsci/hipchat-plugin, issues 39 and 106).
 */
export function envelope(error: CallRefusedError): Record<string, unknown> {
  return {
    error: {
      code: error.status,
      type: reason(error.status),
      message: error.message,
      ...error.details,
    },
  }
}

/** The reason phrase of a status, in HipChat's words. */
export const reason = (status: number): string =>
  status === 413 ? 'Request Entity Too Large' : (STATUS_CODES[status] ?? 'Error')
