import type { Context, Middleware } from 'koa'
import { readJson } from '../common/body.ts'
import { html } from '../common/html.ts'
import type { Outbound } from '../common/outbound.ts'
import { InstallationRefusedError, SignedRequestError } from '../errors.ts'
import { isOauthId } from '../installations/installation.ts'
import type { Installations } from '../installations/installation-records.ts'
import type { Installing } from '../installations/installing.ts'
import { findToken, type SignedRequest, verifySignedRequest } from '../installations/signed-request.ts'
import { paths } from '../paths.ts'
import type { Logger } from '../telemetry/log.ts'
import type { Observing } from '../telemetry/observer.ts'
import type { TaskQueue } from './deliveries/task-queue.ts'
import { answerText, belowBase, logRefusal, queryOf } from './requests.ts'

/** What the installation routes need. */
export interface InstallationRoutesParts {
  /** Whether the administrator's browser brings installations; otherwise servers do. */
  readonly browser: boolean
  readonly installing: Installing
  readonly installations: Installations
  readonly outbound: Outbound
  readonly tasks: TaskQueue
  readonly log: Logger
  readonly observing: Observing
  /** Path of `baseUrl`, without a trailing slash. */
  basePath(): string
}

const longestRecord = 64 * 1024
const recordTimeout = 3_000

/** Serves the callbacks with which servers, or browsers of administrators, install, update and remove the add-on. */
export function createInstallationRoutes(parts: InstallationRoutesParts): Middleware {
  const { browser, installing, installations, outbound, tasks, log, observing } = parts

  const removal = `DELETE ${paths.installable}/`
  const byServers: Readonly<Record<string, (ctx: Context) => Promise<void>>> = {
    [`POST ${paths.installable}`]: install,
    [`POST ${paths.updated}`]: update,
    [removal]: uninstall,
  }
  // A HEAD request must not change anything.
  const byBrowsers: typeof byServers = {
    [`GET ${paths.browserInstalled}`]: (ctx) => fromBrowser(ctx, installing.install),
    [`GET ${paths.browserUpdated}`]: (ctx) =>
      fromBrowser(ctx, (document) => installing.update(document, undefined)),
    [`GET ${paths.browserUninstalled}`]: (ctx) => fromBrowser(ctx, installing.uninstallByDocument),
  }
  const routes = browser ? byBrowsers : byServers

  async function install(ctx: Context): Promise<void> {
    const body = await readJson(ctx.req, longestRecord, recordTimeout)
    await unlessClosing(() => installing.install(body))
    answerText(ctx, 200, 'installed')
  }

  async function update(ctx: Context): Promise<void> {
    const signed = await signedIfAny(ctx)
    const body = await readJson(ctx.req, longestRecord, recordTimeout)
    await unlessClosing(() => installing.update(body, signed))
    answerText(ctx, 200, 'updated')
  }

  async function uninstall(ctx: Context): Promise<void> {
    const oauthId = decode(belowBase(ctx.path, parts).slice(paths.installable.length + 1))
    if (!oauthId || !isOauthId(oauthId))
      throw new InstallationRefusedError(404, 'There is no such installation.')
    const signed = await signedIfAny(ctx)
    await unlessClosing(() => installing.uninstall(oauthId, signed))
    ctx.status = 204
  }

  /**
   * The administrator's browser brings a one-time address. Fetches its document, acts on it, and redirects the
   * browser.
   */
  async function fromBrowser(ctx: Context, act: (document: unknown) => Promise<unknown>): Promise<void> {
    ctx.set('Referrer-Policy', 'no-referrer')
    ctx.set('Cache-Control', 'no-store')
    try {
      const query = queryOf(ctx)
      const installable = onlyParameter(query, 'installable_url')
      const redirect = redirectOf(query, outbound)
      await unlessClosing(async () => act(await installing.fetchInstallable(installable)))
      ctx.redirect(redirect)
    } catch (error) {
      if (!(error instanceof InstallationRefusedError)) throw error
      logRefusal({ log, observing }, error)
      ctx.status = error.status
      ctx.type = 'html'
      ctx.set('Content-Security-Policy', "default-src 'none'")
      ctx.body =
        html`<!doctype html><meta charset="utf-8"><title>Not installed</title><h1>That did not work</h1>
<p>${error.message}</p><p>Go back and try again, or ask the operator of the add-on.</p>`.toString()
    }
  }

  /** Runs work that changes an installation, so that `close()` waits for it. */
  function unlessClosing<T>(work: () => Promise<T>): Promise<T> {
    if (tasks.accepting === 'closing') throw new InstallationRefusedError(503, 'The add-on is closing.')
    return tasks.follow(work())
  }

  /** HipChat did not sign these requests. If a server does, the signature must be valid. */
  async function signedIfAny(ctx: Context): Promise<SignedRequest | undefined> {
    try {
      findToken(ctx.req, queryOf(ctx))
    } catch (error) {
      if (error instanceof SignedRequestError && error.fault === 'none') return undefined
    }
    return verifySignedRequest(ctx.req, queryOf(ctx), installations)
  }

  return async (ctx, next) => {
    const asked = `${ctx.method} ${belowBase(ctx.path, parts)}`
    const name = asked.startsWith(removal) ? removal : asked
    const route = Object.hasOwn(routes, name) ? routes[name] : undefined
    return route ? route(ctx) : next()
  }
}

/**
 * The address to redirect the browser to, normalised as it was checked: browsers may read unusual spellings
 * differently.
 */
function redirectOf(query: URLSearchParams, outbound: Outbound): string {
  try {
    return outbound.check(onlyParameter(query, 'redirect_url')).href
  } catch (error) {
    if (error instanceof InstallationRefusedError) throw error
    throw new InstallationRefusedError(400, 'redirect_url is not on an allowed server.', {
      cause: error,
    })
  }
}

function onlyParameter(query: URLSearchParams, name: string): string {
  const values = query.getAll(name)
  const value = values[0]
  if (values.length === 1 && value) return value
  throw new InstallationRefusedError(400, `Expected exactly one parameter ${name}.`)
}

function decode(segment: string): string | undefined {
  if (segment.includes('/')) return undefined
  try {
    return decodeURIComponent(segment)
  } catch {
    return undefined
  }
}
