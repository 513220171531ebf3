import { setTimeout as delay } from 'node:timers/promises'
import { type Operation, parameterNames, unwrapped } from '../api/operation.ts'
import { type OperationId, operations } from '../api/operations/index.ts'
import type { Scope } from '../api/scopes.ts'
import { unknownName } from '../common/checks.ts'
import { Html } from '../common/html.ts'
import { type Exchange, ExchangeFailedError, exchange, type HttpResponse, parseJson } from '../common/http.ts'
import { isRecord } from '../common/is-record.ts'
import { type Outbound, OutboundRefusedError } from '../common/outbound.ts'
import { read } from '../common/tolerant-reading.ts'
import { typeName, validate } from '../common/validate.ts'
import {
  ApiError,
  ConfigurationError,
  MissingScopeError,
  messageOf,
  NetworkError,
  RateLimitError,
  RoomInstallationError,
  UnexpectedAnswerError,
} from '../errors.ts'
import { refuse } from '../option-checks.ts'
import { type CallActivity, type Observing, observed } from '../telemetry/observer.ts'
import { type Encoded, encodeBody } from './body.ts'
import type { Budget } from './limits.ts'

/** The holder of a token, on whose behalf calls are made. */
export interface Authority {
  /** Base address of the REST API, with a slash at the end. */
  readonly apiUrl: string
  /** The granted scopes; `undefined` if they are not known, so that HipChat decides. */
  readonly scopes: readonly Scope[] | undefined
  /** The room that this authority is limited to, if any. */
  readonly roomId: number | undefined
  /** Its name in messages: "installation 2f6c…". */
  readonly name: string
  /** Returns a valid token. */
  token(): Promise<string>
  /** Returns another token after this one was refused with 401; `undefined` if there is no other. */
  renew(refused: string): Promise<string | undefined>
  /** Keeps the rate limits of the token. */
  readonly budget: Budget
}

/** The parameters of a call, under the names they have on the wire. */
export type CallParameters = Readonly<Record<string, unknown>>

/** A finished call, for the log. Never contains its body or its token. */
export interface CallRecord {
  readonly operation: OperationId
  /** HTTP status of the last answer; `undefined` if the last attempt got no answer. */
  readonly status: number | undefined
  /** Duration with all attempts and waits. */
  readonly milliseconds: number
  /** Number of requests sent. */
  readonly attempts: number
  /** Why a part of the answer was left out, if it could not be read. */
  readonly ignored?: string
}

/** The common settings of all calls. */
export interface Calling {
  readonly outbound: Outbound
  /** Milliseconds for one attempt. */
  readonly timeout: number
  /** Called after each call. */
  readonly onCall: (record: CallRecord) => void
  /** Returns the observer. */
  readonly observing?: Observing
  /** Receives each call when it begins; its caller may not await it. */
  readonly onBegin?: (call: Promise<unknown>, operation: OperationId) => void
}

// Only for calls that can be repeated without a second effect, and for temporary failures: two retries in about a second.
const retryDelays = [200, 800]
const passingStatuses = new Set([500, 502, 503, 504])

/**
 * Calls one operation: checks scope and room before anything is sent, waits for the rate limits, sends, renews the token
 * once on 401, retries reads after 5xx and network failures, and turns the answer into the operation's result.
 */
export async function call(
  id: OperationId,
  parameters: CallParameters,
  authority: Authority,
  calling: Calling,
  signal?: AbortSignal,
): Promise<unknown> {
  const operation: Operation = operations[id]
  refuseForbidden(id, operation, parameters, authority)
  const request = prepare(id, operation, parameters, authority)
  const started = performance.now()
  const activity: CallActivity = {
    kind: 'call',
    operation: id,
    method: operation.method,
    path: operation.path,
    server: authority.apiUrl,
    status: undefined,
    attempts: 0,
  }
  let result: Result | undefined
  try {
    result = await observed(calling.observing?.(), activity, () =>
      sendUntilFinal(activity, request, authority, calling, signal),
    )
    return result.value
  } finally {
    const { status, attempts } = activity
    const milliseconds = Math.round(performance.now() - started)
    const ignored = result?.ignored === undefined ? {} : { ignored: result.ignored }
    calling.onCall({ operation: id, status, milliseconds, attempts, ...ignored })
  }
}

interface Result {
  readonly value: unknown
  /** Why a part of the answer is missing in the value. */
  readonly ignored?: string
}

/** Sends until there is a final answer; records the progress in the activity. */
async function sendUntilFinal(
  activity: CallActivity,
  request: Prepared,
  authority: Authority,
  calling: Calling,
  signal: AbortSignal | undefined,
): Promise<Result> {
  const id = activity.operation
  const operation: Operation = operations[id]
  let renewed = false
  let waited = false
  try {
    signal?.throwIfAborted()
    let token = await unlessAborted(authority.token(), signal)
    for (;;) {
      await authority.budget.wait(id, operation, request.room, signal)
      activity.attempts += 1
      activity.status = undefined
      const answer = await exchange(asExchange(request, token, calling, signal)).catch((error: unknown) => {
        if (signal?.aborted) throw error
        if (error instanceof OutboundRefusedError)
          throw new ConfigurationError(`${id}: ${error.message}; nothing was sent`, { cause: error })
        return error instanceof Error ? error : new Error(messageOf(error))
      })
      const pause = operation.method === 'GET' ? retryDelays[activity.attempts - 1] : undefined
      if (answer instanceof Error) {
        if (pause === undefined) throw networkError(id, operation, answer)
        await delay(pause * (0.5 + Math.random()), undefined, signal ? { signal } : {})
        continue
      }
      const { status } = answer
      activity.status = status
      const exhausted = authority.budget.note(operation, request.room, status, answer.headers)
      if (status === 401 && !renewed) {
        renewed = true
        const other = await unlessAborted(authority.renew(token), signal)
        if (other !== undefined) {
          token = other
          continue
        }
      }
      if (exhausted) {
        // A refused call had no effect, so any call may be repeated; but only once, or two clients could wait in turns.
        if (waited) throw new RateLimitError(id, exhausted.limit, new Date(exhausted.resetAt))
        waited = true
        continue
      }
      if (passingStatuses.has(status) && pause !== undefined) {
        await delay(pause * (0.5 + Math.random()), undefined, signal ? { signal } : {})
        continue
      }
      return readAnswer(id, operation, answer, token)
    }
  } catch (error) {
    signal?.throwIfAborted() // always with the signal's own reason
    throw error
  }
}

/** Stops waiting for shared work when the signal is aborted; the work continues for the other callers. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

/** Refuses calls that cannot succeed, with a more helpful message than HipChat's 403. */
function refuseForbidden(
  id: OperationId,
  operation: Operation,
  parameters: CallParameters,
  authority: Authority,
): void {
  const { scopes, roomId, name } = authority
  if (scopes && operation.scopes.length > 0 && !operation.scopes.some((scope) => scopes.includes(scope))) {
    const needed = operation.scopes.join(' or ')
    const granted = scopes.join(', ') || 'no scope'
    throw new MissingScopeError(
      `${id} needs the scope ${needed}; ${name} was approved with ${granted}. Add the scope to the options of createAddon, and update the installation.`,
      operation.scopes,
      scopes,
    )
  }
  if (roomId === undefined) return
  if (operation.tokens.length > 0 && !operation.tokens.includes('addon_room'))
    throw new RoomInstallationError(
      `${id} is not allowed for a room installation: ${name} is limited to room ${roomId}. Install the add-on for the whole group.`,
    )
  const room = operation.ownRoom && parameters[operation.ownRoom]
  // Only ids can be compared here; a name is left to HipChat.
  if (room !== undefined && /^\d+$/.test(String(room)) && Number(room) !== roomId)
    throw new RoomInstallationError(
      `${id} names room ${String(room)}, but ${name} is limited to room ${roomId}`,
    )
}

interface Prepared {
  readonly method: Operation['method']
  readonly url: string
  readonly body: Encoded | undefined
  /** The room or person that a message is sent to: each has its own rate limit. */
  readonly room: string
}

function prepare(
  id: OperationId,
  operation: Operation,
  parameters: CallParameters,
  authority: Authority,
): Prepared {
  const names = parameterNames(operation.path)
  let room = ''
  const path = operation.path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = parameters[name]
    if (!isIdOrName(value))
      throw new ConfigurationError(`${id}: expected ${name} to be an id or a name, got ${typeName(value)}`)
    const segment = encodeSegment(String(value))
    if (segment === undefined)
      throw new ConfigurationError(
        `${id}: ${name} is ${JSON.stringify(value)}, which an address cannot contain; use the id`,
      )
    if (name === 'id_or_name' || name === 'id_or_email') room = String(value)
    return segment
  })

  const query = new URLSearchParams()
  for (const [name, schema] of Object.entries(operation.query ?? {})) {
    const value = parameters[name]
    if (value === undefined) continue
    const checked = validate(schema, value)
    if (!checked.ok)
      throw new ConfigurationError(
        `${id}: ${checked.problem.message.replace('value', name)}; nothing was sent`,
      )
    query.set(name, String(value))
  }

  let body: Encoded | undefined
  const properties = (operation.body?.schema['properties'] ?? {}) as Record<string, unknown> // made by `object`
  const members: Record<string, unknown> = {}
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined)
  const known = [...names, ...Object.keys(operation.query ?? {}), ...Object.keys(properties)]
  refuse(
    id,
    unknownName(
      'parameter',
      given.map(([name]) => name),
      known,
    ),
  )
  for (const [name, value] of given)
    if (Object.hasOwn(properties, name)) members[name] = value instanceof Html ? value.toString() : value
  if (operation.body) {
    const checked = validate(operation.body.schema, members)
    if (!checked.ok) throw new ConfigurationError(`${id}: ${checked.problem.message}; nothing was sent`)
    body = encodeBody(operation.body, members)
    if (!body)
      throw new ConfigurationError(
        `${id}: expected file.content to be a Buffer or another Uint8Array; nothing was sent`,
      )
  }
  const search = query.size > 0 ? `?${query}` : ''
  return {
    method: operation.method,
    url: authority.apiUrl.replace(/\/$/, '') + path + search,
    body,
    room,
  }
}

const isIdOrName = (value: unknown): value is string | number =>
  typeof value === 'string' ? value !== '' : Number.isSafeInteger(value)

/**
 * Encodes one segment of a path; returns `undefined` for a string that cannot be one. Every URL parser resolves `.` and
 * `..`, even as `%2E%2E`, so they would reach another operation. Half a surrogate pair has no encoding.
 */
const encodeSegment = (value: string): string | undefined =>
  /^\.{1,2}$/.test(value) || /\p{Surrogate}/u.test(value) ? undefined : encodeURIComponent(value)

function asExchange(
  request: Prepared,
  token: string,
  calling: Calling,
  signal: AbortSignal | undefined,
): Exchange {
  return {
    method: request.method,
    url: request.url,
    outbound: calling.outbound,
    timeout: calling.timeout,
    maxBytes: 8 * 1024 * 1024,
    signal,
    headers: {
      accept: 'application/json',
      authorization: `Bearer ${token}`,
      ...(request.body ? { 'content-type': request.body.contentType } : {}),
    },
    ...(request.body ? { body: request.body.content } : {}),
  }
}

function networkError(id: OperationId, operation: Operation, cause: Error): NetworkError {
  const doubt = operation.method === 'GET' ? '' : ` ${effectOf(cause)}`
  return new NetworkError(`${id}: ${cause.message}.${doubt}`, { cause })
}

const effectOf = (cause: Error): string =>
  cause instanceof ExchangeFailedError && !cause.sent
    ? 'There was no connection, so the call had no effect.'
    : 'It is not known whether the call took effect, so it was not repeated.'

function readAnswer(id: OperationId, operation: Operation, answer: HttpResponse, token: string): Result {
  const { status, body } = answer
  // A server's message may repeat the token, and errors end up in logs.
  const hidden = (text: string): string => text.replaceAll(token, '[token]')
  if (status >= 400) {
    const { reason, field } = readError(body, hidden)
    throw new ApiError(id, status, reason ?? `status ${status} without an explanation`, field)
  }
  const { result } = operation
  if (result.kind === 'redirect') {
    const { location } = answer.headers
    if (status >= 300 && typeof location === 'string') return { value: location }
    throw new UnexpectedAnswerError(`${id}: expected a redirect, got status ${status}`)
  }
  if (status >= 300)
    throw new UnexpectedAnswerError(`${id}: expected status ${result.status}, got the redirect ${status}`)
  if (result.kind === 'empty') return { value: undefined }

  // Without this note, authors would repeat the call.
  const effect = operation.method === 'GET' ? '' : `; the call took effect, since it was answered ${status}`
  const parsed = parseJson(body)
  if (parsed === undefined)
    throw new UnexpectedAnswerError(
      `${id}: expected JSON, got ${JSON.stringify(hidden(body).slice(0, 60))}${effect}`,
    )
  const checked = read(result.schema, unwrapped(result, parsed))
  if (!checked.ok)
    throw new UnexpectedAnswerError(
      `${id}: HipChat's answer is not valid: ${hidden(checked.problem.message)}${effect}`,
    )
  const [first] = checked.ignored
  return { value: checked.value, ...(first ? { ignored: hidden(first.message) } : {}) }
}

/** Reads HipChat's error body; any other body (such as a proxy's HTML page) has no reason. */
function readError(
  body: string,
  hidden: (text: string) => string,
): { reason: string | undefined; field: string | undefined } {
  const parsed = parseJson(body)
  const error = isRecord(parsed) && isRecord(parsed['error']) ? parsed['error'] : {}
  const text = (value: unknown): string | undefined =>
    typeof value === 'string' && value ? hidden(value).slice(0, 500) : undefined
  return { reason: text(error['message']), field: text(error['field']) }
}
