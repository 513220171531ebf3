import type { RequestListener } from 'node:http'
import type Router from '@koa/router'
import Koa, { type Middleware } from 'koa'
import { type Logger, logError } from '../telemetry/log.ts'
import type { Observing } from '../telemetry/observer.ts'
import { answerText, refusalOf } from './requests.ts'

const { HttpError } = Koa

/**
 * Creates a listener from middleware, and the author's own routes after it. Errors are logged, and answered without
 * their details.
 */
export function createApp(
  middleware: readonly Middleware[],
  router: Router | undefined,
  parts: { readonly log: Logger; readonly observing: Observing },
): RequestListener {
  const app = new Koa()
  app.on('error', (error: unknown) => {
    // When the author's route calls `ctx.throw(404)`, that is an answer and not a failure.
    if (!(error instanceof HttpError && error.expose)) logError(parts.log, error, 'a request failed')
  })
  app.use(async (ctx, next) => {
    try {
      await next()
    } catch (error) {
      if (ctx.headerSent || ctx.res.writableEnded) {
        logError(parts.log, error, 'a request failed after its answer had started', { path: ctx.path })
        return
      }
      if (error instanceof HttpError) throw error // thrown by the author's own route, for Koa to answer
      const { status, text, headers } = refusalOf(error, parts, ctx.path)
      ctx.set({ ...headers })
      answerText(ctx, status, text)
    }
  })
  for (const one of middleware) app.use(one)
  if (router) app.use(router.routes()).use(router.allowedMethods())
  return app.callback()
}
