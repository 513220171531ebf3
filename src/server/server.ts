import Koa from 'koa'
import type { Operation } from '../api/operation.ts'
import { BodyRefusedError, readBody } from '../common/body.ts'
import { validate } from '../common/validate.ts'
import { maySee } from './access.ts'
import type { Context } from './context.ts'
import { checkHost, checkOrigin } from './doors.ts'
import { badRequest, CallRefusedError, envelope, forbidden, reason } from './errors.ts'
import { administrationHandlers } from './handlers/administration.ts'
import { handlers } from './handlers/index.ts'
import { type Allowance, addressKey, type Counter, type Limits, limitHeaders } from './limits.ts'
import type { Log } from './log.ts'
import { pageAt } from './page.ts'
import { longestBody, parseBody, parsePath, parseQuery } from './parsing.ts'
import { pictureAt } from './pictures.ts'
import { type Base, findRoute, type Route } from './routes.ts'
import { authenticate, authenticateClient, type Credentials, type Session } from './session.ts'

export interface AppOptions {
  readonly context: Context
  readonly limits: Limits
  readonly calls: Counter
  readonly messages: Counter
  readonly log: Log
  readonly allowedOrigins: readonly string[]
  /** The server listens on a loopback address: then its loopback names are good too. */
  readonly local: boolean
  readonly checkResponses: boolean
  /** Once true, connections are not kept. */
  closing(): boolean
}

const bodyTimeout = 30_000

/** The HTTP side of the server: operations become routes. The only file that knows Koa. */
export function createApp(options: AppOptions): Koa {
  const { context, log } = options
  const app = new Koa()
  const doors = { ...options, publicUrl: context.publicUrl }
  app.silent = true // everything is caught and logged below

  app.use(async (ctx) => {
    const started = performance.now()
    const call: Call = {
      method: ctx.method,
      ...split(ctx.req.url ?? '/'),
      authorization: ctx.get('authorization') || undefined,
      address: ctx.req.socket.remoteAddress ?? 'unknown',
    }
    if (options.closing()) ctx.set('Connection', 'close')
    ctx.set('X-Content-Type-Options', 'nosniff')
    try {
      checkHost(ctx.get('host'), doors)
      const page = /^(GET|HEAD)$/.test(ctx.method)
        ? (pageAt(call.path, call.query, context.publicUrl()) ?? pictureAt(call.path, context.state))
        : undefined
      if (page) {
        ctx.set(page.headers)
        ctx.body = page.body
      } else {
        checkOrigin(ctx.req, doors)
        ctx.set('Cache-Control', 'no-store')
        await serve(ctx, call)
      }
    } catch (error) {
      refuse(ctx, call, error)
    }
    // The operation and not the path: a path can hold a one-time token.
    log.info(
      {
        method: ctx.method,
        operation: call.route?.id ?? null,
        status: ctx.status,
        ms: Math.round(performance.now() - started),
      },
      'request',
    )
  })

  /** One call from top to bottom. */
  async function serve(ctx: Koa.Context, call: Call): Promise<void> {
    const { base, path } = placeOf(call.path)
    const route = findRoute(call.method, path, base)
    const { operation } = route
    call.route = route
    const session = openSession(operation, call)
    call.session = session
    checkKind(operation, session)
    checkScopes(operation, session)
    const onlyTest = call.query.get('auth_test') === 'true'
    count(ctx, call, route, session, onlyTest)
    if (onlyTest) {
      ctx.status = 202
      ctx.body = {
        success: { code: 202, type: 'Accepted', message: 'This auth_token has access to use this method.' },
      }
      return
    }
    checkOwnRoom(route, session)
    const parameters = { ...parsePath(route.parameters), ...parseQuery(operation, call.query) }
    if (operation.body) {
      const text = await readBody(ctx.req, longestBody, bodyTimeout)
      const secret = operation.tokens.includes('basic')
      // defined one by one: a member called __proto__ stays a member
      for (const [name, value] of Object.entries(
        parseBody(operation.body, ctx.get('content-type') || undefined, text, secret),
      ))
        Object.defineProperty(parameters, name, { value, enumerable: true })
    }
    const result = await handle(base, route.id, parameters, session)
    checkResult(route, result)
    answer(ctx, operation, result)
  }

  function handle(base: Base, id: string, parameters: object, session: Session): unknown {
    const table: object = base === '/admin' ? administrationHandlers : handlers
    // The route is of the table that these handlers serve, one for one; the parameters were validated by the schemas this
    // handler's type comes from.
    const handler = table[id as keyof typeof table] as (...call: [object, Session, Context]) => unknown
    return handler(parameters, session, context)
  }

  function openSession(operation: Operation, call: Call): Session {
    const url = new URL(`${context.publicUrl()}${call.path}`)
    for (const [name, value] of call.query) if (name !== 'auth_token') url.searchParams.append(name, value)
    const about = { address: call.address, url }
    const open = { kind: 'none' as const, scopes: [], identity: addressIdentity(call), ...about }
    if (operation.tokens.length === 0) return open
    if (operation.tokens.includes('basic')) {
      const caller = authenticateClient(context.state, credentialsOf(call))
      // Counted for itself: nobody at the same address, or behind the same proxy, keeps an add-on from its tokens.
      const identity = caller.client ? `client ${caller.client.oauthId}` : open.identity
      return { ...open, ...caller, kind: 'basic', identity }
    }
    return { ...authenticate(context.state, credentialsOf(call)), ...about }
  }

  function checkKind(operation: Operation, { kind }: Session): void {
    if (kind === 'none' || operation.tokens.includes(kind)) return
    throw forbidden(
      `This action cannot be called with ${kindNames[kind]}; it takes ${operation.tokens.map((one) => kindNames[one]).join(' or ')}`,
    )
  }

  function checkScopes(operation: Operation, session: Session): void {
    if (operation.scopes.length === 0) return
    if (operation.scopes.some((scope) => session.scopes.includes(scope))) return
    throw forbidden(
      `This action requires one of the following scopes: [${operation.scopes.map((scope) => `"${scope}"`).join(', ')}]`,
    )
  }

  const limitFor = ({ kind }: Session): number =>
    kind === 'user' || kind === 'personal' ? options.limits.user : options.limits.api

  /** Uses up one unit of each limit the operation counts towards, and tells what is left. */
  function count(ctx: Koa.Context, call: Call, route: Route, session: Session, onlyTest: boolean): void {
    const calls = options.calls.take(session.identity, limitFor(session))
    ctx.set(limitHeaders('X-Ratelimit', calls))
    call.counted = true
    let messages: Allowance | undefined
    if (route.operation.limits.includes('flood')) {
      const key = `${session.identity} ${target(route, session)}`
      const ask = calls.exceeded || onlyTest ? options.messages.peek : options.messages.take
      messages = ask(key, options.limits.flood)
      ctx.set(limitHeaders('X-FloodControl', messages))
    }
    for (const allowance of [calls, messages]) if (allowance?.exceeded) throw tooMany(allowance)
  }

  /**
   * The room or person a message goes to, by id: each name of a room counts towards the same limit. What does not exist
   * counts together with what the caller cannot see; otherwise the figures would tell the two apart.
   */
  function target({ parameters }: Route, session: Session): string {
    const { id_or_name: name, id_or_email: user } = parameters
    if (name === undefined) return `user ${context.state.people.find(user ?? '')?.id}`
    const room = context.state.rooms.find(name)
    return `room ${room && maySee(room, session) ? room.id : undefined}`
  }

  /** Compared by id: the path may name the room. An unknown room gets the same answer, which tells nothing. */
  function checkOwnRoom({ operation, parameters }: Route, session: Session): void {
    if (session.roomId === undefined || !operation.ownRoom) return
    if (context.state.rooms.find(parameters[operation.ownRoom] ?? '')?.id !== session.roomId)
      throw forbidden('This token is bound to another room')
  }

  function checkResult({ id, operation }: Route, result: unknown): void {
    if (!options.checkResponses || operation.result.kind !== 'json') return
    const checked = validate(operation.result.schema, result)
    if (!checked.ok) throw new Error(`${id} would answer with a wrong result: ${checked.problem.message}`)
  }

  function answer(ctx: Koa.Context, operation: Operation, result: unknown): void {
    ctx.status = operation.result.status
    if (operation.result.kind === 'json') ctx.body = result
    else ctx.body = null
    if (operation.result.kind === 'redirect') ctx.set('Location', String(result))
    ctx.status = operation.result.status // Koa turns an empty body into a 204
  }

  function refuse(ctx: Koa.Context, call: Call, error: unknown): void {
    let refused = refusalOf(error)
    if (refused.status === 500)
      log.error({ err: error, operation: call.route?.id ?? null }, 'a request failed')
    if (!call.counted) {
      // Calls without a good token are counted by address: nobody tries tokens without end.
      const { session } = call
      const allowance = session
        ? options.calls.take(session.identity, limitFor(session))
        : options.calls.take(addressIdentity(call), options.limits.api)
      ctx.set(limitHeaders('X-Ratelimit', allowance))
      if (allowance.exceeded) refused = tooMany(allowance)
    }
    ctx.req.resume() // what is left of the body, so that the client gets to read the answer
    ctx.status = refused.status
    ctx.set({ ...refused.headers })
    ctx.type = 'application/json'
    ctx.body = JSON.stringify({ ...envelope(refused), ...oauthDescription(call, refused) })
  }

  return app
}

interface Call {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly authorization: string | undefined
  readonly address: string
  route?: Route
  session?: Session
  counted?: boolean
}

const addressIdentity = ({ address }: Call): string => `address ${addressKey(address)}`

const credentialsOf = ({ authorization, query }: Call): Credentials => ({
  authorization,
  queryToken: query.get('auth_token') ?? undefined,
})

const kindNames: Readonly<Record<Exclude<Session['kind'], 'none'>, string>> = {
  addon_group: "a group installation's token",
  addon_room: "a room installation's token",
  user: "a user's token",
  personal: 'a personal access token',
  room_notification: "a room's notification token",
  basic: 'OAuth client credentials',
}

function split(target: string): { path: string; query: URLSearchParams } {
  const at = target.indexOf('?')
  const path = at < 0 ? target : target.slice(0, at)
  return {
    path: `/${path.split('/').filter(Boolean).join('/')}`,
    query: new URLSearchParams(at < 0 ? '' : target.slice(at)),
  }
}

function placeOf(path: string): { base: Base; path: string } {
  for (const base of ['/v2', '/admin'] as const)
    if (path === base || path.startsWith(`${base}/`)) return { base, path: path.slice(base.length) }
  throw new CallRefusedError(404, 'There is nothing here; the API is below /v2')
}

const tooMany = ({ reset }: Allowance): CallRefusedError =>
  new CallRefusedError(429, 'Rate Limit exceeded', {
    headers: { 'Retry-After': String(Math.max(1, reset - Math.floor(Date.now() / 1000))) },
  })

function refusalOf(error: unknown): CallRefusedError {
  if (error instanceof CallRefusedError) return error
  if (error instanceof BodyRefusedError) {
    const text = error.message.charAt(0).toUpperCase() + error.message.slice(1)
    return error.status === 400 ? badRequest(text) : new CallRefusedError(error.status, text)
  }
  return new CallRefusedError(500, reason(500))
}

/** The token endpoint names OAuth 2's error code besides: its clients look for it. */
function oauthDescription({ route }: Call, refused: CallRefusedError): { error_description?: string } {
  if (!route?.operation.tokens.includes('basic')) return {}
  if (!refused.oauthCode && refused.status !== 400) return {}
  const { field, validation } = refused.details
  const derived =
    field === 'grant_type' && validation === 'enum' ? 'unsupported_grant_type' : 'invalid_request'
  return { error_description: refused.oauthCode ?? derived }
}
