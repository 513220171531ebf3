import type { Context, Middleware } from 'koa'
import { SignedRequestError } from '../../errors.ts'
import type { Installation } from '../../installations/installation.ts'
import type { Installations } from '../../installations/installation-records.ts'
import type { InstallationServices } from '../../installations/services.ts'
import type { Logger } from '../../telemetry/log.ts'
import type { Observing } from '../../telemetry/observer.ts'
import { queryOf, refusalOf } from '../requests.ts'
import type { PageContext } from './page-context.ts'
import { sessionOfCall, sessionToken } from './session.ts'
import { viewContext } from './view-context.ts'

/** Header with the page's next token, in the answers to its calls. */
const tokenHeader = 'Session-Token'

interface SessionParts {
  readonly installations: Installations
  servicesOf(installation: Installation): InstallationServices
}

/** Authenticates a page's call to one of the author's routes, and creates its context. */
export async function openSession(ctx: Context, parts: SessionParts): Promise<PageContext> {
  const session = await sessionOfCall(ctx.req, queryOf(ctx), parts.installations)
  // After a day there are no new tokens, and the page must be opened again.
  const token = sessionToken(session)
  if (session.stale) ctx.set(tokenHeader, token)
  const controller = new AbortController()
  ctx.res.once('close', () => controller.abort(new Error('the call is over')))
  const { theme, page } = session
  const services = parts.servicesOf(session.credentials.installation)
  const view = viewContext(services, session, page, {}, controller)
  return Object.assign(view, { theme, sessionToken: token })
}

/** Answers calls without a valid session, so that a page's script can tell the person what to do. */
export function createSessionRefusal(parts: {
  readonly log: Logger
  readonly observing: Observing
}): Middleware {
  return async (ctx, next) => {
    try {
      await next()
    } catch (error) {
      if (!(error instanceof SignedRequestError) || ctx.headerSent) throw error
      const { status, headers } = refusalOf(error, parts, ctx.path)
      const expired = error.fault === 'expired'
      const message = expired
        ? 'The session of this page has expired: open the page again.'
        : 'This call has no valid session of a page of this add-on.'
      ctx.status = status
      ctx.set({ ...headers, 'Cache-Control': 'no-store' })
      ctx.body =
        ctx.accepts('json', 'text') === 'json'
          ? { error: { code: expired ? 'expired' : 'unauthorized', message } }
          : message
    }
  }
}
