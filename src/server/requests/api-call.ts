import type Koa from 'koa'
import { type Operation, wrapped } from '../../api/operation.ts'
import { readBytes } from '../../common/body.ts'
import type { ApiCallLog } from '../addons/api-call-log.ts'
import { apis, type Base } from '../apis.ts'
import { checkOwnRoom, createAuthority, type Request } from '../auth/call-rights.ts'
import type { Caller } from '../auth/callers.ts'
import type { Allowances } from '../auth/rate-limits.ts'
import type { PageContext } from '../chat-page/context.ts'
import { limitedTo } from '../context.ts'
import { CallRefusedError } from '../errors.ts'
import { classicDefaults, classicForm, classicStatus, type IsClassic } from '../http/classic.ts'
import {
  bodyTimeout,
  checkFields,
  longestBody,
  parseBody,
  parsePath,
  parseQuery,
  uploadTimeout,
} from '../http/parsing.ts'
import { type OriginRules, originAsked } from '../http/request-origin.ts'
import { checkResult } from '../http/result-check.ts'
import type { Route } from '../http/routes.ts'
import { inMemory } from '../state/blobs.ts'
import { sendBytes } from './bytes.ts'
import { applyCount, type Call, credentialsOf } from './call.ts'

/** What {@link createApiCalls} works with. */
export interface ApiCallOptions {
  readonly context: PageContext
  readonly allowances: Allowances
  readonly originRules: OriginRules
  readonly isClassic: IsClassic
  /** Whether every result is checked against the table of operations. */
  readonly checkResponses: boolean
}

/** Serves the calls of the REST API, the administration and the chat page. */
export function createApiCalls({
  context,
  allowances,
  originRules,
  isClassic,
  checkResponses,
}: ApiCallOptions): (ctx: Koa.Context, call: Call) => Promise<void> {
  const authority = createAuthority(context.state)

  return async function serve(ctx: Koa.Context, call: Call): Promise<void> {
    const { base, path } = placeOf(call.path)
    const route = apis[base].router.find(call.method, path)
    const { operation } = route
    call.route = route
    const request = requestOf(call, route, base)
    const caller = authority.open(request)
    call.caller = caller
    authority.admit(request, caller)
    const onlyTest = call.query.get('auth_test') === 'true'
    applyCount(ctx, call, allowances.ofCall(route, caller, onlyTest))
    if (onlyTest) {
      ctx.status = 202
      ctx.body = {
        success: { code: 202, type: 'Accepted', message: 'This auth_token has access to use this method.' },
      }
      return
    }
    if (base === '/v2') await context.faults.meet(route.id, () => ctx.req.socket.destroy())
    checkOwnRoom(route, caller, context.state)
    const classic = isClassic(caller.holder)
    const defaults = classic ? classicDefaults(route.id) : {}
    checkFields(call.search)
    const parameters = {
      ...defaults,
      ...parsePath(route.parameters),
      ...parseQuery(operation, call.query, defaults),
    }
    const release = holdBody(ctx, operation, caller)
    try {
      if (operation.body) {
        const { type } = operation.body
        const timeout = type === 'multipart/related' ? uploadTimeout : bodyTimeout
        const bytes = await readBytes(ctx.req, longestBody(operation), timeout)
        const secret = operation.tokens.includes('basic')
        // Defined one by one: an assignment would lose a member called __proto__.
        for (const [name, value] of Object.entries(
          parseBody(operation.body, ctx.get('content-type') || undefined, bytes, secret),
        ))
          Object.defineProperty(parameters, name, { value, enumerable: true })
      }
      // Checked again: the caller's rights may have ended while the body was arriving.
      const current = caller.renew()
      const result = await handle(ctx, base, route.id, parameters, current)
      // Long lists yield to other calls while they are read: the caller must still have the right to see the
      // result.
      if (operation.method === 'GET') current.renew()
      answer(ctx, route, caller, result, classic)
    } finally {
      release()
    }
  }

  /** Counts the body as held until the call is over; refuses a caller for whom too many bytes are held. */
  function holdBody(ctx: Koa.Context, operation: Operation, caller: Caller): () => void {
    const longest = longestBody(operation)
    return context.transfers.hold(callerOf(caller), Math.min(ctx.request.length ?? longest, longest))
  }

  function handle(ctx: Koa.Context, base: Base, id: string, parameters: object, caller: Caller): unknown {
    const table: object = apis[base].handlers
    // The route comes from the table that these handlers serve, one handler for each operation; its parameters were
    // validated by the schemas that the handler's type is inferred from.
    const handler = table[id as keyof typeof table] as (...call: [object, Caller, PageContext]) => unknown
    const asked = { ...context, publicUrl: () => originAsked(ctx.get('host'), originRules) }
    const limited = limitedTo(caller, asked)
    return context.delivery.actAs(actorOf(caller), () => handler(parameters, caller, limited))
  }

  function requestOf(call: Call, route: Route, base: Base): Request {
    const url = new URL(`${context.publicUrl()}${call.path}`)
    for (const [name, value] of call.query) if (name !== 'auth_token') url.searchParams.append(name, value)
    const { address } = call
    return { route, isOfPage: base === '/page', credentials: credentialsOf(call), address, url }
  }

  function answer(ctx: Koa.Context, route: Route, caller: Caller, result: unknown, classic: boolean): void {
    const { kind, status: standard } = route.operation.result
    const status = classic ? classicStatus(route.id, standard) : standard
    // The table describes standard mode only.
    if (checkResponses) checkResult(route.id, route.operation, result)
    const body = classic ? classicForm(result) : result
    ctx.status = status
    if (kind === 'json') {
      const bytes = Buffer.from(JSON.stringify(wrapped(route.operation.result, body)))
      ctx.type = 'json'
      sendBytes(ctx, context.transfers, {
        caller: callerOf(caller),
        bytes: inMemory(bytes),
        from: 0,
        to: bytes.length,
        held: bytes.length,
      })
    } else {
      if (kind === 'redirect') ctx.set('Location', String(result))
      answerEmpty(ctx, status)
    }
    ctx.status = status // Koa turns an empty body into a 204
  }
}

/**
 * Answers without a body but with a content type: .NET clients read it before they look for a body. Koa removes it
 * from such answers, so this function writes the response itself.
 */
function answerEmpty(ctx: Koa.Context, status: number): void {
  ctx.respond = false
  ctx.status = status
  ctx.type = 'application/json'
  if (status !== 204) ctx.set('Content-Length', '0') // a 204 must not have one
  ctx.res.end()
}

/** Logs a call of an add-on for the chat page. */
export function logApiCall(
  { method, route, caller, error }: Call,
  status: number,
  duration: number,
  calls: ApiCallLog,
): void {
  const holder = caller?.holder ?? caller?.client
  if (!route || !holder) return
  calls.add({
    oauth_id: holder.oauthId,
    method,
    path: openPath(route),
    operation: route.id,
    status,
    duration,
    error: error ?? null,
  })
}

/** The path of a call, without the tokens that some paths contain. */
const openPath = ({ operation, parameters }: Route): string =>
  operation.path.replace(/\{(\w+)\}/g, (_, name: string) =>
    /token$/.test(name) ? '…' : encodeURIComponent(parameters[name] ?? ''),
  )

/** Owner of the webhooks that the call may be an answer to. People on the chat page do not answer deliveries. */
const actorOf = ({ client, holder, user, page }: Caller): string | undefined =>
  (holder ?? client)?.oauthId ?? (user && !page ? `user ${user.id}` : undefined)

/** Key that held bytes are counted by: all tokens of one person, or of one installation, share it. */
const callerOf = ({ user, client, identity }: Caller): string =>
  user ? `user ${user.id}` : client ? `client ${client.oauthId}` : identity

function placeOf(path: string): { base: Base; path: string } {
  for (const base of ['/v2', '/admin', '/page'] as const)
    if (path === base || path.startsWith(`${base}/`)) return { base, path: path.slice(base.length) }
  throw new CallRefusedError(404, 'There is nothing here; the API is below /v2')
}
