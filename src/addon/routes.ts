import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import Koa, { type Context, type Middleware, type Next } from 'koa'
import { readJson } from '../common/body.ts'
import { html } from '../common/html.ts'
import { InstallationRefusedError, SignedRequestError } from '../errors.ts'
import type { Installing } from '../installations/install.ts'
import { isOauthId } from '../installations/installation.ts'
import { findToken, type SignedRequest, verifySignedRequest } from '../installations/signed-request.ts'
import { paths } from '../paths.ts'
import type { Store } from '../store/index.ts'
import { observeDelivery, resultOf } from '../telemetry/delivery-observer.ts'
import { logError } from '../telemetry/log.ts'
import type { DeliveryOutcome } from '../telemetry/observer.ts'
import type { Core } from './core.ts'
import { type Receiving, receive, type Webhook } from './deliveries/receive.ts'
import { descriptorPage, pagePolicy, type ServedDescriptor } from './descriptor.ts'
import { belowBase, logRefusal, queryOf, refusalOf } from './requests.ts'

const { HttpError } = Koa

type Act = (body: unknown) => Promise<unknown>

/** The parts that the routes need. */
export interface Routed {
  readonly core: Core
  readonly installing: Installing
  readonly receiving: Receiving
  readonly webhooks: ReadonlyMap<string, Webhook>
  /** Path of `baseUrl`, without a trailing slash. A proxy may or may not have removed it from requests. */
  basePath(): string
  descriptor(): ServedDescriptor
}

const RECORD_LIMIT = 64 * 1024
const RECORD_TIMEOUT = 3_000

/**
 * Handles deliveries itself and passes all other requests to Koa. Nearly all requests to an add-on are
 * deliveries, which need nothing from Koa, and Koa would take a third of the time of each.
 */
export function createListener(routed: Routed, koa: RequestListener): RequestListener {
  return (request, response) => {
    const url = request.url ?? '/'
    const end = url.indexOf('?')
    const path = belowBase(end < 0 ? url : url.slice(0, end), routed)
    if (request.method !== 'POST' || !path.startsWith(paths.webhook)) return koa(request, response)
    const query = end < 0 ? undefined : new URLSearchParams(url.slice(end))
    const key = path.slice(paths.webhook.length)
    const work = () => deliver(request, response, routed, key, query)
    const observer = routed.core.observing()
    void (observer ? observeDelivery(observer, routed.webhooks.get(key), request, work) : work())
  }
}

async function deliver(
  request: IncomingMessage,
  response: ServerResponse,
  routed: Routed,
  key: string,
  query: URLSearchParams | undefined,
): Promise<DeliveryOutcome> {
  try {
    const answer = await receive(routed.webhooks.get(key), request, query, routed.receiving)
    const { status, body } = answer
    // HipChat posts any JSON object with a `message` into the room, so only a reply is sent as JSON.
    if (typeof body === 'object') send(response, status, 'application/json', JSON.stringify(body))
    else send(response, status, 'text/plain', body)
    return answer
  } catch (error) {
    const { status, text, headers } = refusalOf(error, routed.core, `${paths.webhook}${key}`)
    send(response, status, 'text/plain', text, headers)
    return { status, result: resultOf(error) }
  }
}

function send(
  response: ServerResponse,
  status: number,
  type: string,
  body: string | undefined,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (body === undefined) response.writeHead(status, headers).end()
  else
    response
      .writeHead(status, {
        ...headers,
        'content-type': `${type}; charset=utf-8`,
        'content-length': Buffer.byteLength(body),
      })
      .end(body)
}

/** The add-on's other routes, as one Koa middleware. */
export function createRoutes(routed: Routed): Middleware {
  return async (ctx, next) => {
    try {
      await other(ctx, routed, belowBase(ctx.path, routed), next)
    } catch (error) {
      answerError(ctx, routed, error)
    }
  }
}

async function other(ctx: Context, routed: Routed, path: string, next: Next): Promise<unknown> {
  const { method } = ctx
  const reads = method === 'GET' || method === 'HEAD'
  const get = method === 'GET' // a HEAD request must not change anything
  const browser = routed.core.settings.options.installation === 'browser'
  if (method === 'DELETE' && !browser && path.startsWith(`${paths.installable}/`))
    return uninstall(ctx, routed, path.slice(paths.installable.length + 1))
  switch (path) {
    case '/':
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
      return get && browser ? byBrowser(ctx, routed, (body) => routed.installing.install(body)) : next()
    case paths.browserUpdated:
      return get && browser
        ? byBrowser(ctx, routed, (body) => routed.installing.update(body, undefined))
        : next()
    case paths.browserUninstalled:
      return get && browser
        ? byBrowser(ctx, routed, (body) => routed.installing.uninstallByDocument(body))
        : next()
    default:
      return next()
  }
}

function serveDescriptor(ctx: Context, routed: Routed): void {
  const served = routed.descriptor()
  ctx.set('Vary', 'Accept')
  ctx.set('ETag', served.etag)
  ctx.set('Cache-Control', 'no-cache')
  // Servers sent any or no Accept header: they get JSON, and only clients that prefer HTML get the page.
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

const pings = new WeakMap<Store, Promise<void>>()

/** Pings the store. Simultaneous callers share one ping. */
function ping(store: Store): Promise<void> {
  let pinging = pings.get(store)
  if (!pinging) {
    pinging = store.ping().finally(() => pings.delete(store))
    pings.set(store, pinging)
  }
  return pinging
}

async function answerReady(ctx: Context, routed: Routed): Promise<void> {
  try {
    await ping(routed.core.store)
    answerText(ctx, 200, 'ready')
  } catch (error) {
    logError(routed.core.log, error, 'not ready')
    answerText(ctx, 503, `the store does not answer: ${routed.core.store.name}`)
  }
}

/** Runs work that changes an installation, so that `close()` waits for it. */
function change<T>({ receiving: { tasks } }: Routed, work: () => Promise<T>): Promise<T> {
  if (tasks.accepting === 'closing') throw new InstallationRefusedError(503, 'The add-on is closing.')
  return tasks.follow(work())
}

async function install(ctx: Context, routed: Routed): Promise<void> {
  const body = await readJson(ctx.req, RECORD_LIMIT, RECORD_TIMEOUT)
  await change(routed, () => routed.installing.install(body))
  answerText(ctx, 200, 'installed')
}

async function update(ctx: Context, routed: Routed): Promise<void> {
  const signed = await signedIfAny(ctx, routed)
  const body = await readJson(ctx.req, RECORD_LIMIT, RECORD_TIMEOUT)
  await change(routed, () => routed.installing.update(body, signed))
  answerText(ctx, 200, 'updated')
}

async function uninstall(ctx: Context, routed: Routed, segment: string): Promise<void> {
  const oauthId = decode(segment)
  if (!oauthId || !isOauthId(oauthId))
    throw new InstallationRefusedError(404, 'There is no such installation.')
  const signed = await signedIfAny(ctx, routed)
  await change(routed, () => routed.installing.uninstall(oauthId, signed))
  ctx.status = 204
}

/** HipChat did not sign these requests. If a server does, the signature must be valid. */
async function signedIfAny(ctx: Context, { core }: Routed): Promise<SignedRequest | undefined> {
  try {
    findToken(ctx.req, queryOf(ctx))
  } catch (error) {
    if (error instanceof SignedRequestError && error.fault === 'none') return undefined
  }
  return verifySignedRequest(ctx.req, queryOf(ctx), core.installations)
}

/**
 * The administrator's browser brings a one-time address. Fetches its document, acts on it, and redirects the
 * browser.
 */
async function byBrowser(ctx: Context, routed: Routed, act: Act): Promise<void> {
  const { core, installing } = routed
  ctx.set('Referrer-Policy', 'no-referrer')
  ctx.set('Cache-Control', 'no-store')
  try {
    const query = queryOf(ctx)
    const installable = one(query, 'installable_url')
    const redirect = redirectOf(query, core)
    await change(routed, async () => act(await installing.fetchInstallable(installable)))
    ctx.redirect(redirect)
  } catch (error) {
    if (!(error instanceof InstallationRefusedError)) throw error
    logRefusal(core, error)
    ctx.status = error.status
    ctx.type = 'html'
    ctx.set('Content-Security-Policy', "default-src 'none'")
    ctx.body =
      html`<!doctype html><meta charset="utf-8"><title>Not installed</title><h1>That did not work</h1>
<p>${error.message}</p><p>Go back and try again, or ask the operator of the add-on.</p>`.toString()
  }
}

/**
 * The address to redirect the browser to, normalised as it was checked: browsers may read unusual spellings
 * differently.
 */
function redirectOf(query: URLSearchParams, { outbound }: Core): string {
  try {
    return outbound.check(one(query, 'redirect_url')).href
  } catch (error) {
    if (error instanceof InstallationRefusedError) throw error
    throw new InstallationRefusedError(400, 'redirect_url is not on an allowed server.', {
      cause: error,
    })
  }
}

function one(query: URLSearchParams, name: string): string {
  const values = query.getAll(name)
  const value = values[0]
  if (values.length === 1 && value) return value
  throw new InstallationRefusedError(400, `Expected exactly one parameter ${name}.`)
}

function answerError(ctx: Context, { core }: Routed, error: unknown): void {
  if (ctx.headerSent || ctx.res.writableEnded) {
    logError(core.log, error, 'a request failed after its answer had started', { path: ctx.path })
    return
  }
  if (error instanceof HttpError) throw error // thrown by the author's own route, for Koa to answer
  const { status, text, headers } = refusalOf(error, core, ctx.path)
  ctx.set({ ...headers })
  answerText(ctx, status, text)
}

function answerText(ctx: Context, status: number, text: string): void {
  ctx.status = status
  ctx.type = 'text'
  ctx.body = text
}

function decode(segment: string): string | undefined {
  if (segment.includes('/')) return undefined
  try {
    return decodeURIComponent(segment)
  } catch {
    return undefined
  }
}
