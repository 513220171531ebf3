import type { Middleware } from 'koa'
import type { Metrics } from '../telemetry/metrics.ts'
import { belowBase } from './requests.ts'

/** Serves an add-on's metrics without authentication. The operator decides who can reach the page. */
export function createMetricsPage(
  metrics: Metrics,
  path: string,
  routed: { basePath(): string },
): Middleware {
  return async (ctx, next) => {
    const reads = ctx.method === 'GET' || ctx.method === 'HEAD'
    if (!reads || belowBase(ctx.path, routed) !== path) return next()
    const { contentType, text } = await metrics.page()
    ctx.set('Cache-Control', 'no-store')
    ctx.set('Content-Type', contentType)
    ctx.body = text
  }
}
