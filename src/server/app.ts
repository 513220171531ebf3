import Koa from 'koa'
import { type Operation, wrapped } from '../api/operation.ts'
import { BodyRefusedError, readBody, readBytes } from '../common/body.ts'
import { readableError } from '../common/redaction.ts'
import { reasonNotCalled } from './addons/network.ts'
import { apis, type Base } from './apis.ts'
import { addressIdentity, type Counted, createAllowances } from './auth/allowances.ts'
import { checkOwnRoom, createAuthority, type Request, requirePage } from './auth/authority.ts'
import { authenticate, type Credentials, type Session } from './auth/callers.ts'
import { type ConsentAnswer, createConsent } from './auth/consent.ts'
import { consentPath } from './auth/consent-page.ts'
import { fileAt } from './chat/files.ts'
import { pictureAt } from './chat/pictures.ts'
import { assetAt } from './chat-page/assets.ts'
import type { PageContext } from './chat-page/context.ts'
import { updatesPath } from './chat-page/events.ts'
import { limitedTo } from './context.ts'
import { badRequest, CallRefusedError, envelope, reason } from './errors.ts'
import { byteRangeOf } from './http/byte-range.ts'
import { classicDefaults, classicForm, classicStatus, type IsClassic } from './http/classic.ts'
import type { AddressOf } from './http/client-address.ts'
import { crossOriginHeaders, preflightHeaders } from './http/cross-origin.ts'
import { type Page, pageAt } from './http/html-page.ts'
import { descriptionAt } from './http/openapi.ts'
import { checkFields, longestBody, parseBody, parsePath, parseQuery } from './http/parsing.ts'
import type { Counter, Limits } from './http/rate-limits.ts'
import { checkHost, checkOrigin, originAsked } from './http/request-origin.ts'
import { checkResult } from './http/result-check.ts'
import type { Route } from './http/routes.ts'
import type { Sending } from './http/transfers.ts'
import type { Log } from './log.ts'
import { inMemory, pieceLength } from './state/blobs.ts'

/** What {@link createApp} is made from. */
export interface AppOptions {
  readonly context: PageContext
  readonly limits: Limits
  readonly calls: Counter
  readonly messages: Counter
  readonly log: Log
  readonly allowedOrigins: readonly string[]
  readonly addressOf: AddressOf
  /** The server listens on a loopback address, so it also answers to loopback host names. */
  readonly local: boolean
  readonly otherUrls: readonly string[]
  readonly hasPublicUrl: boolean
  readonly checkResponses: boolean
  readonly isClassic: IsClassic
  /** Whether the server is closing: then connections are not kept alive. */
  closing(): boolean
}

// Node's own limit is one minute.
const bodyTimeout = 30_000
const uploadTimeout = 55_000
const longestForm = 64 * 1024

/** The HTTP side of the server: turns operations into routes. The only file that uses Koa. */
export function createApp(options: AppOptions): Koa {
  const { context, log } = options
  const app = new Koa()
  const originRules = { ...options, publicUrl: context.publicUrl }
  const consent = createConsent(context, log)
  const allowances = createAllowances({ ...options, state: context.state })
  const authority = createAuthority(context.state)
  app.silent = true // everything is caught and logged below

  app.use(async (ctx) => {
    const started = performance.now()
    const call: Call = {
      method: ctx.method,
      ...split(ctx.req.url ?? '/'),
      authorization: ctx.get('authorization') || undefined,
      address: options.addressOf(ctx.req),
    }
    if (options.closing()) ctx.set('Connection', 'close')
    ctx.set('X-Content-Type-Options', 'nosniff')
    try {
      checkHost(ctx.get('host'), originRules)
      ctx.set(crossOriginHeaders(call.path, ctx.req.headers))
      const preflight = preflightHeaders(ctx.method, call.path, ctx.req.headers)
      const page = /^(GET|HEAD)$/.test(ctx.method) ? pageFor(call) : undefined
      if (preflight) {
        tell(ctx, call, allowances.ofPage(call.address))
        ctx.set(preflight)
        ctx.status = 204
      } else if (page) {
        tell(ctx, call, allowances.ofPage(call.address))
        showPage(ctx, call, page)
      } else {
        checkOrigin(ctx.req, originRules)
        ctx.set('Cache-Control', 'no-store')
        if (call.path === consentPath) await askConsent(ctx, call)
        else if (call.path === updatesAt) openUpdates(ctx, call)
        else await serve(ctx, call)
      }
    } catch (error) {
      refuse(ctx, call, error)
    }
    if (call.path !== updatesAt) context.transfers.watch(ctx.res)
    const duration = Math.round(performance.now() - started)
    noteCall(call, ctx.status, duration)
    // The operation instead of the path: a path can contain a one-time token.
    log.info(
      {
        method: ctx.method,
        operation: call.route?.id ?? null,
        status: ctx.status,
        ms: duration,
      },
      'request',
    )
  })

  /** Pages that anyone who knows their address may read. */
  const pageFor = ({ path, query }: Call): Page | undefined =>
    assetAt(path) ??
    pageAt(path, query, context.publicUrl(), assetAt('/') !== undefined) ??
    pictureAt(path, context.state) ??
    fileAt(path, context.state) ??
    descriptionAt(path)

  /** Sends a page that is the same for every caller: all of it, a range, or 304 when it has not changed. */
  function showPage(ctx: Koa.Context, call: Call, { headers, body }: Page): void {
    const caller = addressIdentity(call.address)
    context.transfers.check(caller)
    const bytes = typeof body === 'object' && 'read' in body ? body : inMemory(Buffer.from(body))
    ctx.set({ ...headers, 'Accept-Ranges': 'bytes' })
    ctx.status = 200
    if (ctx.fresh) {
      ctx.status = 304
      return
    }
    const unchanged = [ctx.response.get('etag'), ''].includes(ctx.get('if-range'))
    const range = unchanged && ctx.method === 'GET' ? byteRangeOf(ctx.get('range'), bytes.size) : undefined
    if (range === 'unsatisfiable')
      throw new CallRefusedError(416, `There are ${bytes.size} bytes, expected a range within them`, {
        headers: { 'Content-Range': `bytes */${bytes.size}` },
      })
    if (range) {
      ctx.status = 206
      ctx.set('Content-Range', `bytes ${range.from}-${range.to - 1}/${bytes.size}`)
    }
    sendBytes(ctx, { caller, bytes, held: pieceLength, ...(range ?? { from: 0, to: bytes.size }) })
  }

  /** Sends small bodies at once, and large ones as fast as the client reads them. */
  function sendBytes(ctx: Koa.Context, sending: Omit<Sending, 'response'>): void {
    const { bytes, from, to } = sending
    const length = to - from
    if (ctx.method === 'HEAD') ctx.body = ''
    else if (length <= pieceLength) ctx.body = Buffer.concat([...bytes.read(from, to)])
    else ctx.body = context.transfers.send({ ...sending, response: ctx.res })
    ctx.length = length
  }

  /** Serves one call, from top to bottom. */
  async function serve(ctx: Koa.Context, call: Call): Promise<void> {
    const { base, path } = placeOf(call.path)
    const route = apis[base].router.find(call.method, path)
    const { operation } = route
    call.route = route
    const request = requestOf(call, route, base)
    const session = authority.open(request)
    call.session = session
    authority.admit(request, session)
    const onlyTest = call.query.get('auth_test') === 'true'
    tell(ctx, call, allowances.ofCall(route, session, onlyTest))
    if (onlyTest) {
      ctx.status = 202
      ctx.body = {
        success: { code: 202, type: 'Accepted', message: 'This auth_token has access to use this method.' },
      }
      return
    }
    if (base === '/v2') await context.faults.meet(route.id, () => ctx.req.socket.destroy())
    checkOwnRoom(route, session, context.state)
    const classic = options.isClassic(session.holder)
    const defaults = classic ? classicDefaults(route.id) : {}
    checkFields(call.search)
    const parameters = {
      ...defaults,
      ...parsePath(route.parameters),
      ...parseQuery(operation, call.query, defaults),
    }
    const release = holdBody(ctx, operation, session)
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
      const current = session.renew()
      const result = await handle(ctx, base, route.id, parameters, current)
      // Long lists yield to other calls while they are read: the caller must still have the right to see the
      // result.
      if (operation.method === 'GET') current.renew()
      answer(ctx, route, session, result, classic)
    } finally {
      release()
    }
  }

  /** Counts the body as held until the call is over; refuses a caller for whom too many bytes are held. */
  function holdBody(ctx: Koa.Context, operation: Operation, session: Session): () => void {
    const longest = longestBody(operation)
    return context.transfers.hold(callerOf(session), Math.min(ctx.request.length ?? longest, longest))
  }

  /** Serves the consent page and its form. */
  async function askConsent(ctx: Koa.Context, call: Call): Promise<void> {
    if (!/^(GET|HEAD|POST)$/.test(call.method))
      throw new CallRefusedError(405, `This page takes GET and POST, not ${call.method}`, {
        headers: { Allow: 'GET, POST' },
      })
    tell(ctx, call, allowances.ofAddress(call.address))
    checkFields(call.search)
    const found =
      call.method === 'POST'
        ? await consent.decide(await readForm(ctx), call.address)
        : await consent.ask(call.query)
    showConsent(ctx, found)
  }

  function showConsent(ctx: Koa.Context, found: ConsentAnswer): void {
    if ('redirect' in found) {
      ctx.status = 303 // 303 makes the browser follow with a GET
      ctx.set({ Location: found.redirect, 'Referrer-Policy': 'no-referrer' })
      ctx.body = ''
      return
    }
    ctx.status = found.status
    ctx.set({ ...found.page.headers, ...found.headers })
    ctx.body = found.page.body
  }

  async function readForm(ctx: Koa.Context): Promise<URLSearchParams> {
    if (!ctx.is('application/x-www-form-urlencoded'))
      throw new CallRefusedError(415, 'This page takes application/x-www-form-urlencoded')
    const text = await readBody(ctx.req, longestForm, bodyTimeout)
    checkFields(text)
    return new URLSearchParams(text)
  }

  function handle(ctx: Koa.Context, base: Base, id: string, parameters: object, session: Session): unknown {
    const table: object = apis[base].handlers
    // The route comes from the table that these handlers serve, one handler for each operation; its parameters were
    // validated by the schemas that the handler's type is inferred from.
    const handler = table[id as keyof typeof table] as (...call: [object, Session, PageContext]) => unknown
    const asked = { ...context, publicUrl: () => originAsked(ctx.get('host'), originRules) }
    const limited = limitedTo(session, asked)
    return context.delivery.actAs(actorOf(session), () => handler(parameters, session, limited))
  }

  function requestOf(call: Call, route: Route, base: Base): Request {
    const url = new URL(`${context.publicUrl()}${call.path}`)
    for (const [name, value] of call.query) if (name !== 'auth_token') url.searchParams.append(name, value)
    const { address } = call
    return { route, isOfPage: base === '/page', credentials: credentialsOf(call), address, url }
  }

  /** Streams changes to an open chat page until the page is closed, the user signs out, or the server closes. */
  function openUpdates(ctx: Koa.Context, call: Call): void {
    if (call.method !== 'GET')
      throw new CallRefusedError(405, `This resource takes GET, not ${call.method}`, {
        headers: { Allow: 'GET' },
      })
    // Never from the query string, which ends up in logs.
    const session = authenticate(context.state, { ...credentialsOf(call), queryToken: undefined })
    requirePage(session)
    const { tokenHash = '' } = session
    tell(ctx, call, allowances.ofListener(session))
    ctx.set({ 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' })
    ctx.body = context.feed.open(call.query.get('after') ?? undefined, {
      tokenHash,
      look() {
        const { expires = null, userId = null } = context.state.tokens.get(tokenHash) ?? {}
        const user = userId === null ? undefined : context.state.people.get(userId)
        return user && !user.isDeleted && (expires === null || expires > Date.now())
          ? { user, expires }
          : undefined
      },
    })
  }

  /** Adds the rate limit headers, whether or not the call succeeds. */
  function tell(ctx: Koa.Context, call: Call, { headers, refused }: Counted): void {
    ctx.set({ ...headers })
    call.counted = true
    if (refused) throw refused
  }

  function answer(ctx: Koa.Context, route: Route, session: Session, result: unknown, classic: boolean): void {
    const { kind, status: standard } = route.operation.result
    const status = classic ? classicStatus(route.id, standard) : standard
    // The table describes standard mode only.
    if (options.checkResponses) checkResult(route.id, route.operation, result)
    const body = classic ? classicForm(result) : result
    ctx.status = status
    if (kind === 'json') {
      const bytes = Buffer.from(JSON.stringify(wrapped(route.operation.result, body)))
      ctx.type = 'json'
      sendBytes(ctx, {
        caller: callerOf(session),
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

  /** Logs an add-on's call for the chat page. */
  function noteCall({ method, route, session, error }: Call, status: number, duration: number): void {
    const holder = session?.holder ?? session?.client
    if (!route || !holder) return
    context.calls.add({
      oauth_id: holder.oauthId,
      method,
      path: openPath(route),
      operation: route.id,
      status,
      duration,
      error: error ?? null,
    })
  }

  function refuse(ctx: Koa.Context, call: Call, error: unknown): void {
    let refused = refusalOf(error)
    if (refused.status === 500)
      log.error({ err: readableError(error), operation: call.route?.id ?? null }, 'a request failed')
    const notCalled = reasonNotCalled(refused.cause)
    if (notCalled !== undefined)
      log.warn({ operation: call.route?.id ?? null, reason: notCalled }, 'an address was not called')
    if (!call.counted) {
      const counted = allowances.ofRefusal(call.route, call.session, call.address)
      ctx.set({ ...counted.headers })
      refused = counted.refused ?? refused
    }
    call.error = refused.message
    ctx.req.resume() // reads the rest of the body, so that the client gets to read the answer
    ctx.status = refused.status
    ctx.set({ ...refused.headers })
    ctx.type = 'application/json'
    ctx.body = JSON.stringify({ ...envelope(refused), ...oauthDescription(call, refused) })
  }

  return app
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

const updatesAt = `/page${updatesPath}`

interface Call {
  readonly method: string
  readonly path: string
  /** The query string as it was sent, with its question mark. */
  readonly search: string
  readonly query: URLSearchParams
  readonly authorization: string | undefined
  readonly address: string
  route?: Route
  session?: Session
  counted?: boolean
  /** Message of the refusal, if the call was refused. */
  error?: string
}

/** The path of a call, without the tokens that some paths contain. */
const openPath = ({ operation, parameters }: Route): string =>
  operation.path.replace(/\{(\w+)\}/g, (_, name: string) =>
    /token$/.test(name) ? '…' : encodeURIComponent(parameters[name] ?? ''),
  )

/** Owner of the webhooks that the call may be an answer to. People on the chat page do not answer deliveries. */
const actorOf = ({ client, holder, user, page }: Session): string | undefined =>
  (holder ?? client)?.oauthId ?? (user && !page ? `user ${user.id}` : undefined)

/** Key that held bytes are counted by: all tokens of one person, or of one installation, share it. */
const callerOf = ({ user, client, identity }: Session): string =>
  user ? `user ${user.id}` : client ? `client ${client.oauthId}` : identity

const credentialsOf = ({ authorization, query }: Call): Credentials => ({
  authorization,
  queryToken: query.get('auth_token') ?? undefined,
})

function split(target: string): Pick<Call, 'path' | 'search' | 'query'> {
  const at = target.indexOf('?')
  const path = at < 0 ? target : target.slice(0, at)
  const search = at < 0 ? '' : target.slice(at)
  return {
    path: `/${path.split('/').filter(Boolean).join('/')}`,
    search,
    query: new URLSearchParams(search),
  }
}

function placeOf(path: string): { base: Base; path: string } {
  for (const base of ['/v2', '/admin', '/page'] as const)
    if (path === base || path.startsWith(`${base}/`)) return { base, path: path.slice(base.length) }
  throw new CallRefusedError(404, 'There is nothing here; the API is below /v2')
}

function refusalOf(error: unknown): CallRefusedError {
  if (error instanceof CallRefusedError) return error
  if (error instanceof BodyRefusedError) {
    const text = error.message.charAt(0).toUpperCase() + error.message.slice(1)
    return error.status === 400 ? badRequest(text) : new CallRefusedError(error.status, text)
  }
  return new CallRefusedError(500, reason(500))
}

/** The token endpoint also sends OAuth 2's error code, which its clients look for. */
function oauthDescription({ route }: Call, refused: CallRefusedError): { error_description?: string } {
  if (!route?.operation.tokens.includes('basic')) return {}
  if (!refused.oauthCode && refused.status !== 400) return {}
  const { field, validation } = refused.details
  const derived =
    field === 'grant_type' && validation === 'enum' ? 'unsupported_grant_type' : 'invalid_request'
  return { error_description: refused.oauthCode ?? derived }
}
