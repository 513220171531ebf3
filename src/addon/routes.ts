import Koa, { type Context, type Middleware, type Next } from 'koa'
import { BodyRefusedError, readJson } from '../common/body.ts'
import { html } from '../common/html.ts'
import { InstallationRefusedError, messageOf, SignedRequestError, StoreError } from '../errors.ts'
import type { Core } from './core.ts'
import { descriptorPage, pagePolicy, type ServedDescriptor } from './descriptor.ts'
import type { Installing } from './installing.ts'
import { paths } from './paths.ts'
import { findToken, type SignedRequest, verifySignedRequest } from './signed-request.ts'
import { type Receiving, receive, type Webhook } from './webhook.ts'

const { HttpError } = Koa

/** What the routes lead to. */
export interface Routed {
  readonly core: Core
  readonly installing: Installing
  readonly receiving: Receiving
  readonly webhooks: ReadonlyMap<string, Webhook>
  /** Path of `baseUrl`, without a slash at its end; a proxy may have removed it or not. */
  basePath(): string
  descriptor(): ServedDescriptor
}

const RECORD_LIMIT = 64 * 1024
const RECORD_TIMEOUT = 3_000

/** The add-on's own routes as one Koa middleware: deliveries are matched before anything else. */
export function createRoutes(routed: Routed): Middleware {
  return async (ctx, next) => {
    const path = pathOf(ctx, routed)
    try {
      if (path.startsWith(paths.webhook) && ctx.method === 'POST')
        return await deliver(ctx, routed, path.slice(paths.webhook.length))
      return await other(ctx, routed, path, next)
    } catch (error) {
      answerError(ctx, routed, error)
    }
  }
}

function pathOf(ctx: Context, routed: Routed): string {
  const base = routed.basePath()
  return base && ctx.path.startsWith(`${base}/`) ? ctx.path.slice(base.length) : ctx.path
}

async function deliver(ctx: Context, routed: Routed, key: string): Promise<void> {
  const answer = await receive(routed.webhooks.get(key), ctx.req, queryOf(ctx), routed.receiving)
  ctx.status = answer.status
  // HipChat posts any JSON object with a `message` into the room: everything but a reply stays plain text.
  if (answer.body !== undefined) ctx.body = answer.body
}

async function other(ctx: Context, routed: Routed, path: string, next: Next): Promise<unknown> {
  const { method } = ctx
  const reads = method === 'GET' || method === 'HEAD'
  const browser = routed.core.settings.options.installation === 'browser'
  switch (path) {
    case '/':
    case '':
    case paths.descriptor:
      return reads ? serveDescriptor(ctx, routed) : next()
    case paths.health:
      return reads ? answerText(ctx, 200, 'ok') : next()
    case paths.ready:
      return reads ? answerReady(ctx, routed) : next()
    case paths.installable:
      return method === 'POST' && !browser ? install(ctx, routed) : next()
    case paths.updated:
      return method === 'POST' && !browser ? update(ctx, routed) : next()
    case paths.browserInstalled:
      return reads && browser ? byBrowser(ctx, routed, (body) => routed.installing.install(body)) : next()
    case paths.browserUpdated:
      return reads && browser
        ? byBrowser(ctx, routed, (body) => routed.installing.update(body, undefined))
        : next()
    case paths.browserUninstalled:
      return reads && browser ? byBrowser(ctx, routed, routed.installing.uninstallByDocument) : next()
    default:
      if (method === 'DELETE' && !browser && path.startsWith(`${paths.installable}/`))
        return uninstall(ctx, routed, path.slice(paths.installable.length + 1))
      return next()
  }
}

function serveDescriptor(ctx: Context, routed: Routed): void {
  const served = routed.descriptor()
  ctx.set('Vary', 'Accept')
  ctx.set('ETag', served.etag)
  ctx.set('Cache-Control', 'no-cache')
  // Servers asked with any Accept or none: they get JSON, only who prefers HTML gets the page.
  if (ctx.accepts('json', 'html') === 'html') {
    ctx.set('ETag', served.etag.replace(/"$/, '-html"'))
    ctx.set('Content-Security-Policy', pagePolicy)
    ctx.type = 'html'
    ctx.body = descriptorPage(served).toString()
  } else {
    ctx.type = 'json'
    ctx.body = served.text
  }
  ctx.status = 200
  if (ctx.fresh) ctx.status = 304
}

async function answerReady(ctx: Context, routed: Routed): Promise<void> {
  try {
    await routed.core.store.ping()
    answerText(ctx, 200, 'ready')
  } catch (error) {
    routed.core.log.error({ err: error }, 'not ready')
    answerText(ctx, 503, `the store does not answer: ${routed.core.store.name}`)
  }
}

async function install(ctx: Context, routed: Routed): Promise<void> {
  await routed.installing.install(await readJson(ctx.req, RECORD_LIMIT, RECORD_TIMEOUT))
  answerText(ctx, 200, 'installed')
}

async function update(ctx: Context, routed: Routed): Promise<void> {
  const signed = await signedIfAny(ctx, routed)
  await routed.installing.update(await readJson(ctx.req, RECORD_LIMIT, RECORD_TIMEOUT), signed)
  answerText(ctx, 200, 'updated')
}

async function uninstall(ctx: Context, routed: Routed, segment: string): Promise<void> {
  const oauthId = decode(segment)
  if (!oauthId || oauthId.length > 255)
    throw new InstallationRefusedError(404, 'There is no such installation.')
  await routed.installing.uninstall(oauthId, await signedIfAny(ctx, routed))
  ctx.status = 204
}

/** HipChat did not sign these requests. Where a server does, the signature has to be right. */
async function signedIfAny(ctx: Context, { core }: Routed): Promise<SignedRequest | undefined> {
  try {
    findToken(ctx.req, queryOf(ctx))
  } catch (error) {
    if (error instanceof SignedRequestError && error.fault === 'none') return undefined
  }
  return verifySignedRequest(ctx.req, queryOf(ctx), core.installations)
}

/** The administrator's browser brings a one-time address; we fetch what is there, act, and send him back. */
async function byBrowser(
  ctx: Context,
  { core, installing }: Routed,
  act: (body: unknown) => Promise<unknown>,
): Promise<void> {
  ctx.set('Referrer-Policy', 'no-referrer')
  ctx.set('Cache-Control', 'no-store')
  try {
    const query = queryOf(ctx)
    const installable = one(query, 'installable_url')
    const redirect = one(query, 'redirect_url')
    try {
      core.outbound.check(redirect)
    } catch (error) {
      throw new InstallationRefusedError(400, 'redirect_url does not lead to an allowed server.', {
        cause: error,
      })
    }
    await act(await installing.fetchInstallable(installable))
    ctx.redirect(redirect)
  } catch (error) {
    if (!(error instanceof InstallationRefusedError)) throw error
    logRefusal(core, error)
    ctx.status = error.status
    ctx.type = 'html'
    ctx.set('Content-Security-Policy', "default-src 'none'")
    ctx.body =
      html`<!doctype html><meta charset="utf-8"><title>Not installed</title><h1>That did not work</h1>
<p>${error.message}</p><p>Go back and try again, or ask whoever runs the add-on.</p>`.toString()
  }
}

function one(query: URLSearchParams, name: string): string {
  const values = query.getAll(name)
  const value = values[0]
  if (values.length === 1 && value) return value
  throw new InstallationRefusedError(400, `Expected the parameter ${name} once.`)
}

/** Says no more to the caller than he may know; the log says which part was wrong. */
function answerError(ctx: Context, { core }: Routed, error: unknown): void {
  if (ctx.headerSent || ctx.res.writableEnded) return
  if (error instanceof SignedRequestError) {
    core.log.warn({ fault: error.fault, path: ctx.path }, `refused: ${error.message}`)
    ctx.set('WWW-Authenticate', 'JWT')
    answerText(ctx, 401, 'This request is not signed by a server that this add-on is installed on.')
  } else if (error instanceof InstallationRefusedError) {
    logRefusal(core, error)
    answerText(ctx, error.status, error.message)
  } else if (error instanceof BodyRefusedError) {
    core.log.warn({ path: ctx.path }, `refused: ${error.message}`)
    // The rest of the body is not read: the connection cannot be used for another request.
    ctx.set('Connection', 'close')
    answerText(ctx, error.status, `Refused: ${error.message}.`)
  } else if (error instanceof HttpError) {
    throw error // thrown by the author's own route, for Koa to answer
  } else {
    core.log.error({ err: error, path: ctx.path }, 'a request failed')
    if (error instanceof StoreError) answerText(ctx, 503, 'The add-on cannot reach its store.')
    else answerText(ctx, 500, 'The add-on failed.')
  }
}

function logRefusal({ log }: Core, error: InstallationRefusedError): void {
  const { cause } = error
  log.warn(
    { ...(cause ? { cause: messageOf(cause) } : {}), status: error.status },
    `refused: ${error.message}`,
  )
}

function answerText(ctx: Context, status: number, text: string): void {
  ctx.status = status
  ctx.type = 'text'
  ctx.body = text
}

const queryOf = (ctx: Context): URLSearchParams => new URLSearchParams(ctx.querystring)

function decode(segment: string): string | undefined {
  if (segment.includes('/')) return undefined
  try {
    return decodeURIComponent(segment)
  } catch {
    return undefined
  }
}
