import type { Context, Middleware } from 'koa'
import { paths } from '../paths.ts'
import type { Store } from '../store/index.ts'
import { type Logger, logError } from '../telemetry/log.ts'
import { descriptorPage, pagePolicy, type ServedDescriptor } from './descriptor.ts'
import { answerText, belowBase } from './requests.ts'

/** What the routes of the add-on itself need. */
export interface RoutesParts {
  readonly store: Store
  readonly log: Logger
  /** Path of `baseUrl`, without a trailing slash. */
  basePath(): string
  descriptor(): ServedDescriptor
}

type Route = (ctx: Context, parts: RoutesParts) => void | Promise<void>

const routes: ReadonlyMap<string, Route> = new Map<string, Route>([
  ['/', serveDescriptor],
  [paths.descriptor, serveDescriptor],
  [paths.health, (ctx) => answerText(ctx, 200, 'ok')],
  [paths.ready, answerReady],
])

/** Serves the descriptor, `/healthz` and `/readyz`. */
export function createRoutes(parts: RoutesParts): Middleware {
  return async (ctx, next) => {
    const route = routes.get(belowBase(ctx.path, parts))
    return route && (ctx.method === 'GET' || ctx.method === 'HEAD') ? route(ctx, parts) : next()
  }
}

function serveDescriptor(ctx: Context, { descriptor }: RoutesParts): void {
  const served = descriptor()
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

async function answerReady(ctx: Context, { store, log }: RoutesParts): Promise<void> {
  try {
    await ping(store)
    answerText(ctx, 200, 'ready')
  } catch (error) {
    logError(log, error, 'not ready')
    answerText(ctx, 503, `the store does not answer: ${store.name}`)
  }
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
