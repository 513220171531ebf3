import type { Context, Middleware } from 'koa'
import type { GlanceContent } from '../../api/glance.ts'
import { toGlanceContent } from '../../client/glance.ts'
import type { Installation } from '../../installations/installation.ts'
import type { Installations } from '../../installations/installation-records.ts'
import type { InstallationServices } from '../../installations/services.ts'
import { verifySignedRequest } from '../../installations/signed-request.ts'
import { paths } from '../../paths.ts'
import type { Logger } from '../../telemetry/log.ts'
import type { Observing } from '../../telemetry/observer.ts'
import type { TaskQueue } from '../deliveries/task-queue.ts'
import { unlessEndless } from '../deliveries/time-limit.ts'
import { belowBase, queryOf, refusalOf } from '../requests.ts'
import { sessionOf } from './session.ts'
import type { Glance } from './shown-page.ts'
import { type FailedContext, parametersOf, viewContext } from './view-context.ts'

/** What the route of glances needs. */
export interface GlanceRouteParts {
  /** Glances with a handler, by key. */
  readonly glances: ReadonlyMap<string, Glance>
  readonly installations: Installations
  readonly tasks: TaskQueue
  /** Milliseconds for the handler. */
  readonly handlerTimeout: number
  readonly log: Logger
  readonly observing: Observing
  servicesOf(installation: Installation): InstallationServices
  basePath(): string
  onError(error: unknown, context: FailedContext): Promise<void>
}

/**
 * Serves the content of glances. Clients ask from pages of the server, and desktop clients without an
 * origin, so every origin may read the answers, also refusals. Nothing here depends on cookies or the origin.
 */
export function createGlanceRoute(parts: GlanceRouteParts): Middleware {
  const { glances } = parts

  return async (ctx, next) => {
    const path = belowBase(ctx.path, parts)
    if (!path.startsWith(paths.glance)) return next()
    ctx.set('Access-Control-Allow-Origin', '*')
    ctx.set('Cache-Control', 'no-store')
    ctx.set('X-Content-Type-Options', 'nosniff')
    if (ctx.method === 'OPTIONS') {
      ctx.set('Access-Control-Allow-Methods', 'GET, HEAD')
      // A client that sends the signed request in the header needs a preflight request.
      ctx.set('Access-Control-Allow-Headers', 'Authorization')
      ctx.set('Access-Control-Max-Age', '86400')
      ctx.status = 204
      return
    }
    if (ctx.method !== 'GET' && ctx.method !== 'HEAD') {
      ctx.set('Allow', 'GET, HEAD, OPTIONS')
      return refuse(ctx, 405, 'A glance only answers GET requests.')
    }
    try {
      await answer(ctx, glances.get(path.slice(paths.glance.length)), parts)
    } catch (error) {
      const { status, text, headers } = refusalOf(error, parts, ctx.path)
      ctx.set({ ...headers })
      refuse(ctx, status, text)
    }
  }
}

async function answer(ctx: Context, glance: Glance | undefined, parts: GlanceRouteParts): Promise<void> {
  const { installations, tasks, handlerTimeout } = parts
  const query = queryOf(ctx)
  const signed = await verifySignedRequest(ctx.req, query, installations)
  if (!glance) return refuse(ctx, 404, 'The add-on no longer has this glance; update the installation.')
  if (tasks.accepting !== 'yes') return refuse(ctx, 503, 'The add-on is busy.')
  const content = await tasks.take(async (turn): Promise<GlanceContent | undefined> => {
    const session = sessionOf(signed, glance.key, 'light')
    const services = parts.servicesOf(signed.credentials.installation)
    const context = viewContext(services, session, glance.key, parametersOf(glance, query), turn)
    const limited = {
      key: glance.key,
      turn,
      context,
      limit: 'handlerTimeout',
      milliseconds: handlerTimeout,
    } as const
    try {
      const shown = await unlessEndless((async () => glance.handle(context))(), limited)
      return toGlanceContent(`glance ${glance.key}`, shown)
    } catch (error) {
      void tasks.follow(parts.onError(error, context)) // not awaited, so that it does not delay the answer
      return undefined
    }
  })
  if (!content) return refuse(ctx, 500, 'The add-on failed.')
  ctx.type = 'json'
  ctx.body = JSON.stringify(content)
}

function refuse(ctx: Context, status: number, text: string): void {
  ctx.status = status
  ctx.type = 'text'
  ctx.body = text
}
