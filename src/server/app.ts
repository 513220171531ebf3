import Koa from 'koa'
import { readableError } from '../common/redaction.ts'
import { reasonNotCalled } from './addons/unreachable-texts.ts'
import { createConsent } from './auth/consent.ts'
import { consentPath } from './auth/consent-page.ts'
import { createAllowances } from './auth/rate-limits.ts'
import type { PageContext } from './chat-page/context.ts'
import type { IsClassic } from './http/classic.ts'
import type { AddressOf } from './http/client-address.ts'
import { crossOriginHeaders, preflightHeaders } from './http/cross-origin.ts'
import { checkHost, checkOrigin } from './http/request-origin.ts'
import type { Counter, Limits } from './http/window-counter.ts'
import type { Log } from './log.ts'
import { createApiCalls, logApiCall } from './requests/api-call.ts'
import { applyCount, type Call, callFrom } from './requests/call.ts'
import { serveConsent } from './requests/consent.ts'
import { pageFor, sendPage } from './requests/page.ts'
import { refusalBody, refusalOf } from './requests/refusal.ts'
import { openUpdates, updatesAt } from './requests/updates.ts'

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

/** The HTTP side of the server: answers each request with a page, the result of a call, or a refusal. */
export function createApp(options: AppOptions): Koa {
  const { context, log } = options
  const { state, feed, transfers } = context
  const app = new Koa()
  const originRules = { ...options, publicUrl: context.publicUrl }
  const consent = createConsent(context, log)
  const allowances = createAllowances({ ...options, state })
  const serveApiCall = createApiCalls({ ...options, allowances, originRules })
  app.silent = true // everything is caught and logged below

  app.use(async (ctx) => {
    const started = performance.now()
    const call = callFrom(ctx, options.addressOf(ctx.req))
    if (options.closing()) ctx.set('Connection', 'close')
    ctx.set('X-Content-Type-Options', 'nosniff')
    try {
      checkHost(ctx.get('host'), originRules)
      ctx.set(crossOriginHeaders(call.path, ctx.req.headers))
      const preflight = preflightHeaders(ctx.method, call.path, ctx.req.headers)
      const page = /^(GET|HEAD)$/.test(ctx.method) ? pageFor(call, state, context.publicUrl()) : undefined
      if (preflight) {
        applyCount(ctx, call, allowances.ofPage(call.address))
        ctx.set(preflight)
        ctx.status = 204
      } else if (page) {
        applyCount(ctx, call, allowances.ofPage(call.address))
        sendPage(ctx, call, page, transfers)
      } else {
        checkOrigin(ctx.req, originRules)
        ctx.set('Cache-Control', 'no-store')
        if (call.path === consentPath) await serveConsent(ctx, call, consent, allowances)
        else if (call.path === updatesAt) openUpdates(ctx, call, { state, feed }, allowances)
        else await serveApiCall(ctx, call)
      }
    } catch (error) {
      refuse(ctx, call, error)
    }
    if (call.path !== updatesAt) transfers.watch(ctx.res)
    const duration = Math.round(performance.now() - started)
    logApiCall(call, ctx.status, duration, context.calls)
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

  function refuse(ctx: Koa.Context, call: Call, error: unknown): void {
    let refused = refusalOf(error)
    if (refused.status === 500)
      log.error({ err: readableError(error), operation: call.route?.id ?? null }, 'a request failed')
    const notCalled = reasonNotCalled(refused.cause)
    if (notCalled !== undefined)
      log.warn({ operation: call.route?.id ?? null, reason: notCalled }, 'an address was not called')
    if (!call.counted) {
      const counted = allowances.ofRefusal(call.route, call.caller, call.address)
      ctx.set({ ...counted.headers })
      refused = counted.refused ?? refused
    }
    call.error = refused.message
    ctx.req.resume() // reads the rest of the body, so that the client gets to read the answer
    ctx.status = refused.status
    ctx.set({ ...refused.headers })
    ctx.type = 'application/json'
    ctx.body = refusalBody(call.route, refused)
  }

  return app
}
