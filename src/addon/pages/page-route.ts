import { Readable } from 'node:stream'
import type { Context, Middleware } from 'koa'
import { BodyRefusedError, readBody } from '../../common/body.ts'
import { Html } from '../../common/html.ts'
import type { Outbound } from '../../common/outbound.ts'
import { typeName } from '../../common/validate.ts'
import { unreadableField } from '../../common/well-formed.ts'
import { ConfigurationError, HandlerTimeoutError, SignedRequestError, StoreError } from '../../errors.ts'
import type { Installation } from '../../installations/installation.ts'
import type { Installations } from '../../installations/installation-records.ts'
import type { InstallationServices } from '../../installations/services.ts'
import {
  stillInstalled,
  tokenInHeader,
  tokenInQuery,
  verifySignedRequest,
} from '../../installations/signed-request.ts'
import type { Logger } from '../../telemetry/log.ts'
import type { Observing } from '../../telemetry/observer.ts'
import type { TaskQueue, Turn } from '../deliveries/task-queue.ts'
import { unlessEndless } from '../deliveries/time-limit.ts'
import { belowBase, queryOf, refusalOf } from '../requests.ts'
import { groupRefusal } from './administrator.ts'
import {
  allowedOrigins,
  drawPage,
  isPageParts,
  noticePage,
  originsOf,
  serverOf,
  type Theme,
  withAllowedHomepage,
} from './page.ts'
import type { AnonymousContext, PageContext, PageReturned } from './page-context.ts'
import { readSession, type Session, sessionOf, sessionToken } from './session.ts'
import type { FormContext, ShownPage } from './shown-page.ts'
import { anonymousContext, type FailedContext, parametersOf, viewContext } from './view-context.ts'

/** What the route of pages needs. */
export interface PageRouteParts {
  readonly resolved: {
    readonly options: {
      readonly name: string
      readonly allowedHosts?: readonly string[] | undefined
      readonly allowHttp?: readonly string[] | undefined
    }
    readonly loopback: boolean
    readonly handlerTimeout: number
  }
  /** Pages, by path below the base address. */
  readonly pages: ReadonlyMap<string, ShownPage>
  readonly installations: Installations
  readonly outbound: Outbound
  readonly log: Logger
  readonly observing: Observing
  servicesOf(installation: Installation): InstallationServices
  readonly tasks: TaskQueue
  basePath(): string
  onError(error: unknown, context: FailedContext): Promise<void>
}

/** A requested page, with its session. */
interface Asked {
  readonly page: ShownPage
  readonly session: Session | undefined
  readonly theme: Theme
  readonly context: FailedContext
  readonly turn: Turn
  handle(): Promise<PageReturned>
}

/** The answer for a page, in the form of Koa. */
interface PageAnswer {
  readonly status?: number | undefined
  readonly type?: string
  readonly body: string | Readable | ReadableStream | Response | undefined
}

const longestForm = 256 * 1024
const formTimeout = 10_000

/** Serves the pages of an add-on: panels, dialogs, external pages, and the configuration and admin page. */
export function createPageRoute(parts: PageRouteParts): Middleware {
  const { options, loopback } = parts.resolved
  const anybody = allowedOrigins(options.allowedHosts, loopback, options.allowHttp)

  return async (ctx, next) => {
    const page = parts.pages.get(belowBase(ctx.path, parts))
    if (!page) return next()
    ctx.set('Referrer-Policy', 'no-referrer') // its address holds the signed request
    ctx.set('Cache-Control', 'no-store')
    ctx.set('X-Content-Type-Options', 'nosniff')
    // Until the installation is known, and for error pages.
    frame(ctx, page, anybody)
    const methods = page.form ? ['GET', 'HEAD', 'POST'] : ['GET', 'HEAD']
    if (!methods.includes(ctx.method)) {
      ctx.set('Allow', methods.join(', '))
      return notice(ctx, 405, 'That is not possible here', 'This page can only be viewed.')
    }
    try {
      await show(ctx, page, parts)
    } catch (error) {
      refuse(ctx, error, parts)
    }
  }
}

async function show(ctx: Context, page: ShownPage, parts: PageRouteParts): Promise<void> {
  const { installations, tasks } = parts
  const query = queryOf(ctx)
  const form = ctx.method === 'POST' ? await readForm(ctx) : undefined
  const session =
    page.handler.authentication === 'none'
      ? undefined
      : await authenticate(ctx, page, query, form, installations)
  if (session) frame(ctx, page, originsOf(serverIn(session, parts)))
  if (session && page.group) {
    const refusal = await tasks.follow(groupRefusal(page.group, session, parts))
    if (refusal) return notice(ctx, refusal.status, 'This page is not shown', refusal.text)
    await stillInstalled(session.credentials, installations) // asking the server took time
  }
  if (tasks.accepting !== 'yes') return notice(ctx, 503, 'The add-on is busy', 'Try again in a moment.')
  const answer = await tasks.take((turn) => {
    const asked = ask(page, session, query, turn, parts, form)
    return answerOf(asked, parts)
  })
  if (answer === 'late')
    notice(ctx, 504, 'That took too long', 'The add-on could not show this page in time. Try again later.')
  else if (answer === 'failed')
    notice(ctx, 500, 'That did not work', 'The add-on failed to show this page. Try again later.')
  else send(ctx, answer)
}

/**
 * Authenticates the request by the signed request in its address, or by the session token in the submitted
 * form.
 */
async function authenticate(
  ctx: Context,
  page: ShownPage,
  query: URLSearchParams,
  form: URLSearchParams | undefined,
  installations: Installations,
): Promise<Session> {
  if (!form)
    return sessionOf(await verifySignedRequest(ctx.req, query, installations), page.key, themeOf(query))
  const [token, ...others] = form.getAll('session')
  if (!token) throw new SignedRequestError('none', 'a form without a session token')
  if (others.length > 0 || tokenInQuery(query) !== undefined || tokenInHeader(ctx.req) !== undefined)
    throw new SignedRequestError('malformed', 'a form with a session token, and also another token')
  const session = await readSession(token, installations)
  if (session.page !== page.key)
    throw new SignedRequestError(
      'wrong client',
      `a form with the session token of the page ${session.page.slice(0, 40)}, sent to the page ${page.key}`,
    )
  return session
}

async function readForm(ctx: Context): Promise<URLSearchParams> {
  const text = await readBody(ctx.req, longestForm, formTimeout)
  const field = unreadableField(text)
  if (field !== undefined) throw new BodyRefusedError(400, `${field || 'a field'} is not valid UTF-8`)
  return new URLSearchParams(text)
}

function ask(
  page: ShownPage,
  session: Session | undefined,
  query: URLSearchParams,
  turn: Turn,
  parts: PageRouteParts,
  form: URLSearchParams | undefined,
): Asked {
  const { handler, key } = page
  const parameters = parametersOf(page, query)
  const theme = session?.theme ?? themeOf(query)
  if (handler.authentication === 'none' || !session) {
    const context: AnonymousContext = anonymousContext(parts, key, { theme, parameters }, turn)
    const { handle } = handler as { handle(context: AnonymousContext): PageReturned | Promise<PageReturned> } // checked just above
    return { page, session, theme, context, turn, handle: async () => handle(context) }
  }
  const expired = 'expired' in session && session.expired !== undefined
  let token: string | undefined
  const own = {
    theme,
    get sessionToken() {
      token ??= expired ? '' : sessionToken(session) // an expired session is not renewed
      return token
    },
  }
  const context: PageContext = extend(
    viewContext(parts.servicesOf(session.credentials.installation), session, key, parameters, turn),
    own,
  )
  if (!form || !page.form)
    return { page, session, theme, context, turn, handle: async () => handler.handle(context) }
  const { form: take } = page
  const sent: FormContext = extend(context, { form, expired })
  return { page, session, theme, context: sent, turn, handle: async () => take(sent) }
}

/** Adds members to an object, without calling the getters of either. */
const extend = <T extends object, U extends object>(base: T, more: U): T & U =>
  Object.defineProperties(base, Object.getOwnPropertyDescriptors(more)) as T & U // has the members of both

/** Runs the handler. Reports an error to `onError`. */
async function answerOf(asked: Asked, parts: PageRouteParts): Promise<PageAnswer | 'failed' | 'late'> {
  const { page, turn, context } = asked
  const { tasks, onError } = parts
  const { handlerTimeout } = parts.resolved
  const limited = {
    key: page.key,
    turn,
    context,
    limit: 'handlerTimeout',
    milliseconds: handlerTimeout,
  } as const
  try {
    return render(await unlessEndless(asked.handle(), limited), asked, parts)
  } catch (error) {
    // Not awaited, so that a slow error handler does not delay the page.
    void tasks.follow(onError(error, context))
    return error instanceof HandlerTimeoutError ? 'late' : 'failed'
  }
}

const serverIn = ({ credentials }: Session, { outbound }: PageRouteParts) =>
  withAllowedHomepage(credentials.installation, outbound)

function render(
  returned: unknown,
  { page, session, theme, context }: Asked,
  parts: PageRouteParts,
): PageAnswer {
  if (returned === undefined || returned === null) return { body: undefined }
  if (typeof returned === 'string') return { type: 'text/plain; charset=utf-8', body: returned }
  if (returned instanceof Html || isPageParts(returned)) {
    const framed = page.framed && session
    const drawing = {
      title: page.title ?? parts.resolved.options.name,
      theme,
      server: framed ? serverOf(serverIn(session, parts)) : undefined,
      sessionToken: 'sessionToken' in context && context.sessionToken ? context.sessionToken : undefined,
    }
    const status = returned instanceof Html ? 200 : returned.status
    return { status, type: 'text/html; charset=utf-8', body: drawPage(returned, drawing).toString() }
  }
  if (returned instanceof Response) {
    if (returned.status < 200 || returned.bodyUsed)
      throw new ConfigurationError(
        `page ${page.key}: expected a Response that can be sent, got ${returned.bodyUsed ? 'one whose body was read' : 'Response.error()'}`,
      )
    return { body: returned }
  }
  if (returned instanceof Readable || returned instanceof ReadableStream)
    return { type: 'text/html; charset=utf-8', body: returned }
  throw new ConfigurationError(
    `page ${page.key}: expected its handler to return html\`…\`, a string, a Response, a stream or nothing; got ${typeName(returned)}`,
  )
}

function send(ctx: Context, { status = 200, type, body }: PageAnswer): void {
  if (type !== undefined) ctx.set('Content-Type', type)
  if (!(body instanceof Response)) {
    ctx.status = body === undefined ? 204 : status
    ctx.body = body
    return
  }
  const ancestors = ctx.response.get('Content-Security-Policy')
  ctx.body = body
  const own = body.headers.get('content-security-policy')
  if (own !== null)
    ctx.set(
      'Content-Security-Policy',
      /(^|[;,\s])frame-ancestors\s/i.test(own) ? own : `${own.replace(/;\s*$/, '')}; ${ancestors}`,
    )
  // One header for each cookie: Koa joins them into one header, which is not valid.
  const cookies = body.headers.getSetCookie()
  if (cookies.length > 0) ctx.set('Set-Cookie', cookies)
}

function frame(ctx: Context, { framed }: ShownPage, origins: readonly string[]): void {
  const ancestors = framed && origins.length > 0 ? origins.join(' ') : "'none'"
  ctx.set('Content-Security-Policy', `frame-ancestors ${ancestors}`)
}

/**
 * Tells a person why there is no page. Explains what is wrong with a token only if the person can do
 * something about it.
 */
function refuse(ctx: Context, error: unknown, parts: PageRouteParts): void {
  const { status, headers } = refusalOf(error, parts, ctx.path)
  ctx.set({ ...headers })
  if (error instanceof SignedRequestError && error.fault === 'expired')
    notice(ctx, status, 'This page has expired', 'Close it, and open it from the chat again.')
  else if (error instanceof SignedRequestError)
    notice(
      ctx,
      status,
      'Open this page from the chat',
      'It is only for people in a room or group where this add-on is installed. Open it from the chat again.',
    )
  else if (error instanceof StoreError)
    notice(ctx, status, 'The add-on is not available', 'Try again in a moment.')
  else notice(ctx, status, 'That did not work', 'The add-on could not show this page. Try again later.')
}

function notice(ctx: Context, status: number, title: string, text: string): void {
  ctx.status = status
  const policy = ctx.response.get('Content-Security-Policy')
  ctx.set('Content-Security-Policy', `default-src 'none'; style-src 'unsafe-inline'; ${policy}`)
  ctx.set('Content-Type', 'text/html; charset=utf-8')
  ctx.body = noticePage(title, text)
}

const themeOf = (query: URLSearchParams): Theme => (query.get('theme') === 'dark' ? 'dark' : 'light')
