import type { RequestListener } from 'node:http'
import Router from '@koa/router'
import Koa from 'koa'
import type { Descriptor } from '../api/descriptor.ts'
import type { EventName } from '../api/events.ts'
import type { Scope } from '../api/scopes.ts'
import { createAccessTokens } from '../client/access-token.ts'
import type { Client, Room } from '../client/client.ts'
import { createOutbound } from '../common/outbound.ts'
import { typeName } from '../common/validate.ts'
import { ConfigurationError } from '../errors.ts'
import { createInstallations, type Installation } from '../installation.ts'
import { type Observer, observed, together } from '../observer.ts'
import { createSealing, openStore, scopeStore } from '../store/index.ts'
import { watchStore } from '../store/watched.ts'
import type {
  CommandContext,
  EventContext,
  Handler,
  HookContext,
  Middleware,
  ReplacedContext,
} from './context.ts'
import { type Core, type Facade, facadeOf, type Hook, type Hooks } from './core.ts'
import { createDescriptor, type ServedDescriptor } from './descriptor.ts'
import { createInstalling } from './installing.ts'
import { type Listening, listenOn } from './listening.ts'
import { createLog, logError, silent } from './log.ts'
import { createMetrics } from './metrics.ts'
import { createMetricsPage } from './metrics-page.ts'
import { type AddonOptions, readOptions } from './options.ts'
import { paths } from './paths.ts'
import type { CommandOptions, WebhookOptions } from './registration.ts'
import { createRegistry, expectFunction } from './registry.ts'
import { createListener, createRoutes, type Routed } from './routes.ts'
import { createRunning } from './running.ts'
import { createTracing } from './tracing.ts'
import type { Values } from './values.ts'
import type { Webhook } from './webhook.ts'

const { HttpError } = Koa

/** A registered webhook. */
export interface RegisteredWebhook {
  readonly key: string
  /** Where its deliveries go. Throws before the base address is known. */
  readonly url: string
}

/** Lifecycle hooks and what they get. */
export interface HookContexts<S extends Scope> {
  /** The add-on was installed. The credentials work already: post a greeting. A failure refuses the installation. */
  installed: HookContext<S>
  /** The installation was updated to the current descriptor, with what was approved now. A failure refuses the update. */
  updated: HookContext<S>
  /** The add-on was removed. Its credentials no longer work; its values go after this. */
  uninstalled: HookContext<S>
  /** A new installation takes the place of an older one in the same room or group; runs before `installed`. */
  replaced: ReplacedContext<S>
}

/** An add-on: registers handlers, serves their webhooks, keeps its installations. */
export interface Addon<S extends Scope = Scope> {
  /** Handles an event. The handler is typed by it. */
  webhook<E extends EventName>(event: E, handler: Handler<EventContext<E, S>>): RegisteredWebhook
  webhook<E extends EventName>(
    event: E,
    options: WebhookOptions,
    handler: Handler<EventContext<E, S>>,
  ): RegisteredWebhook
  /**
   * Handles a slash command: `/name <required> [optional] [rest...]`. `/name help` answers with its usage, and so does
   * a command that lacks an argument.
   */
  command<const Usage extends string>(
    usage: Usage,
    options: CommandOptions,
    handler: Handler<CommandContext<Usage, S>>,
  ): RegisteredWebhook
  command<const Usage extends string>(
    usage: Usage,
    handler: Handler<CommandContext<Usage, S>>,
  ): RegisteredWebhook
  /** Runs around every webhook and command handler, in the order of registration. */
  use(middleware: Middleware<S>): this
  /** Runs at a turn in an installation's life; several run in the order of registration. */
  on<H extends keyof HookContexts<S>>(hook: H, handler: (context: HookContexts<S>[H]) => unknown): this
  /** Gets what handlers throw, with the context. Default: the log. */
  onError(handler: (error: unknown, context: EventContext<EventName, S>) => unknown): this
  /** The author's own Koa routes. They are not signed by anybody. */
  readonly router: Router
  /** All installations, in no particular order. */
  installations(): AsyncIterable<Installation>
  /** One installation by its `oauthId`. */
  installation(oauthId: string): Promise<Installation | undefined>
  /** HipChat's API as an installation, outside of a handler. */
  client(installation: Installation): Client<S>
  /** A room of an installation; of a global one the room has to be named. */
  room(installation: Installation, roomId?: number): Room<S>
  /** What is kept for an installation. */
  store(installation: Installation): Values
  /** The descriptor, derived from options and registrations. Needs the base address to be known. */
  readonly descriptor: Descriptor
  /** For any Node HTTP server. Registrations end here. `baseUrl` has to be given. */
  callback(): RequestListener
  /**
   * Serves the add-on. Resolves when it listens, with its address; rejects when it cannot. Port 0 takes any free one.
   * `host` defaults to `localhost` for an add-on whose base address is a loopback one, and to all interfaces otherwise.
   */
  listen(
    port?: number,
    host?: string,
  ): Promise<{
    readonly port: number
    readonly url: string
    /** Where the metrics are, if they have a port of their own. */
    readonly metricsPort?: number
  }>
  /**
   * Takes nothing more on, waits for running handlers (`closeTimeout`), aborts what is left, and closes the store.
   * Rejects when the store cannot be closed.
   */
  close(): Promise<void>
}

/**
 * Creates an add-on. Checks its options and returns; nothing is opened or sent before `listen()` or the first request
 * of `callback()`. Throws a {@link ConfigurationError} that names the option that is wrong.
 *
 * @example
 * const addon = createAddon({ key: 'com.example.echo', name: 'Echo', description: 'Says it again', scopes: ['send_notification'] })
 * addon.command('/echo [words...]', ({ args }) => args.words.join(' '))
 * await addon.listen(3000)
 */
export function createAddon<const S extends Scope>(options: AddonOptions<S>): Addon<S> {
  const settings = readOptions(options as AddonOptions) // an add-on's scopes are scopes
  const sealing = createSealing(options.secretKey)
  const opened = openStore(options.store)
  const running = createRunning(settings.maxDeliveries)
  const metrics = settings.metrics && createMetrics(settings.metrics, () => running.deliveries)
  const watched = metrics
    ? watchStore(opened, (verb) => metrics.observer.happened({ kind: 'store failed', verb }))
    : opened
  const store = scopeStore(watched, `${options.key}:`)
  const log = options.log === false ? silent() : (options.log ?? createLog())
  const outbound = createOutbound({
    hosts: options.allowedHosts ?? [],
    ranges: options.allowedRanges,
    loopback: settings.loopback,
    ca: options.ca,
    around: (work) => observed(observing(), { kind: 'exchange' }, work),
  })
  const hooks: Hooks = { installed: [], updated: [], uninstalled: [], replaced: [] }
  const registry = createRegistry(log)
  const middleware: Middleware[] = []
  const errorHandlers: ((error: unknown, context: EventContext) => unknown)[] = []
  const router = new Router()
  let observer: { readonly settled: Observer | undefined } | undefined
  let baseUrl = settings.baseUrl
  let based: { readonly url: string; readonly path: string } | undefined
  let served: ServedDescriptor | undefined
  let started = false
  let listening: Promise<Listening> | undefined
  let metricsListening: Promise<Listening | undefined> | undefined
  let closing: Promise<void> | undefined

  const installations = createInstallations(store, sealing)
  const core: Core = {
    settings,
    log,
    store,
    outbound,
    hooks,
    observing,
    installations,
    tokens: createAccessTokens({
      store,
      sealing,
      outbound,
      timeout: settings.callTimeout,
      warn: (message, installation) => log.warn({ installation: installation.oauthId }, message),
      mark: (installation, rejected) => installations.mark(installation, rejected),
      observing,
    }),
    calling: {
      outbound,
      timeout: settings.callTimeout,
      onCall: () => {},
      observing,
    },
    facades: new WeakMap(),
    descriptorEtag: () => descriptor().etag,
  }

  const installing = createInstalling(core)

  /** Settled with the start, or with the first call before it: whoever makes traces has to be registered by then. */
  function observing(): Observer | undefined {
    observer ??= { settled: together([createTracing(log), metrics?.observer]) }
    return observer.settled
  }

  /** Path of the base address, worked out once for each: every request asks. */
  function basePath(): string {
    const url = knownBaseUrl()
    if (based?.url !== url) based = { url, path: new URL(url).pathname.replace(/\/$/, '') }
    return based.path
  }

  function knownBaseUrl(): string {
    if (baseUrl === undefined)
      throw new ConfigurationError(
        'the base address is not known yet: give createAddon a baseUrl, or call listen() first',
      )
    return baseUrl
  }

  function descriptor(): ServedDescriptor {
    served ??= createDescriptor(settings.options, knownBaseUrl(), [...registry.webhooks.values()])
    return served
  }

  function registered({ key }: Webhook): RegisteredWebhook {
    served = undefined // somebody may have looked at it already
    return {
      key,
      get url() {
        return `${knownBaseUrl()}${paths.webhook}${key}`
      },
    }
  }

  function facadeFor(what: string, installation: Installation): Facade {
    if (typeof installation !== 'object' || installation === null || !('oauthId' in installation))
      throw new ConfigurationError(
        `${what}: expected an installation, as addon.installations() and await addon.installation(oauthId) give it; came ${typeName(installation)}`,
      )
    return facadeOf(core, installation)
  }

  async function onError(error: unknown, context: EventContext): Promise<void> {
    if (errorHandlers.length === 0) logError(context.log, error, 'the handler failed')
    for (const handler of errorHandlers) {
      try {
        await handler(error, context)
      } catch (second) {
        logError(context.log, error, 'the handler failed')
        logError(context.log, second, 'the error handler failed too')
      }
    }
  }

  function createApp(): Koa {
    const app = new Koa()
    app.on('error', (error: unknown) => {
      // What a route of the author's refuses with `ctx.throw(404)` is an answer, not a fault.
      if (!(error instanceof HttpError && error.expose)) logError(log, error, 'a request failed')
    })
    return app
  }

  /** Opens the port of the metrics, if they have one of their own. */
  async function listenForMetrics(): Promise<Listening | undefined> {
    if (!metrics || settings.metrics?.path === undefined || settings.metrics.port === undefined)
      return undefined
    const { path, port, host } = settings.metrics
    const app = createApp().use(createMetricsPage(metrics, path, { basePath: () => '' }))
    return listenOn(app.callback(), port, host, 'metrics')
  }

  function start(): RequestListener {
    if (!started) {
      if (settings.options.helpCommand) registry.help()
      registry.end()
      served = undefined
      started = true
      const volatile = store.warning
      if (volatile) log.warn(volatile)
      observing()
    }
    const app = createApp()
    const routed: Routed = {
      core,
      installing,
      receiving: { core, running, middleware, onError },
      webhooks: registry.webhooks,
      basePath,
      descriptor,
    }
    app.use(createRoutes(routed))
    if (metrics && settings.metrics?.path !== undefined && settings.metrics.port === undefined)
      app.use(createMetricsPage(metrics, settings.metrics.path, routed))
    app.use(router.routes())
    app.use(router.allowedMethods())
    return createListener(routed, app.callback())
  }

  async function warnOfOldInstallations(): Promise<void> {
    let older = 0
    for await (const installation of core.installations.all())
      if (installation.descriptorEtag !== descriptor().etag) older += 1
    if (older > 0)
      log.warn(
        { installations: older },
        'installations were approved with another descriptor than the one served now: new scopes and webhooks reach them when they are updated',
      )
  }

  const addon: Addon = {
    router,

    webhook: (
      event: EventName,
      second: WebhookOptions | Webhook['handle'],
      third?: Webhook['handle'],
    ): RegisteredWebhook => registered(registry.webhook(event, second, third)),

    command: (
      usage: string,
      second: CommandOptions | Handler<CommandContext>,
      third?: Handler<CommandContext>,
    ): RegisteredWebhook => registered(registry.command(usage, second, third)),

    use(next) {
      registry.refuseLate('middleware')
      expectFunction(next, 'use: expected middleware, a function (context, next) => …')
      middleware.push(next)
      return this
    },

    on(hook, handler) {
      if (!Object.hasOwn(hooks, hook))
        throw new ConfigurationError(
          `on: expected one of ${Object.keys(hooks).join(', ')}, came ${String(hook)}`,
        )
      expectFunction(handler, `on ${hook}: expected a handler`)
      ;(hooks[hook] as Hook<never>[]).push(handler as Hook<never>) // each list holds hooks of its own name only
      return this
    },

    onError(handler) {
      expectFunction(handler, 'onError: expected a handler')
      errorHandlers.push(handler)
      return this
    },

    installations: () => core.installations.all(),
    installation: async (oauthId) => (await core.installations.get(oauthId))?.installation,
    client: (installation) => facadeFor('client', installation).client,
    store: (installation) => facadeFor('store', installation).values,

    room(installation, roomId) {
      const facade = facadeFor('room', installation)
      const id = installation.roomId ?? roomId
      if (id === undefined)
        throw new ConfigurationError(
          `room: ${installation.oauthId} is a global installation, so the room has to be named: addon.room(installation, roomId)`,
        )
      return facade.room(id)
    },

    get descriptor() {
      return descriptor().document
    },

    callback() {
      knownBaseUrl()
      if (settings.metrics?.port !== undefined)
        throw new ConfigurationError(
          'callback: metrics.port is opened by listen() only; leave it out, and the metrics are a route of the add-on',
        )
      const listener = start()
      descriptor() // a wrong one is the author's mistake: now, not at the first installation
      return listener
    },

    async listen(port = 0, host) {
      if (listening) throw new ConfigurationError('listen() was called twice')
      if (closing) throw new ConfigurationError('listen: the add-on has been closed; create another one')
      listening = listenOn(start(), port, host ?? (settings.loopback ? 'localhost' : undefined))
      metricsListening = listenForMetrics()
      metricsListening.catch(() => {}) // asked for below, unless the other port fails
      try {
        const { port } = await listening
        const metricsPort = (await metricsListening)?.port
        baseUrl ??= `http://localhost:${port}`
        descriptor() // a wrong one is the author's mistake: now, not at the first installation
        const resealed = await core.installations.reseal()
        if (resealed > 0) log.info({ installations: resealed }, 'sealed with the first secretKey')
        await warnOfOldInstallations()
        const more = metricsPort === undefined ? {} : { metricsPort }
        log.info({ url: baseUrl, ...more }, 'listening')
        return { port, url: baseUrl, ...more }
      } catch (error) {
        await stopListening()
        await stopMetrics()
        listening = undefined
        baseUrl = settings.baseUrl // the next try may get another port
        served = undefined
        throw error
      }
    },

    close() {
      closing ??= closeAll()
      return closing
    },
  }

  async function closeAll(): Promise<void> {
    await listening?.catch(() => {}) // the server would go on opening
    await stopListening(async () => {
      const aborted = await running.close(settings.closeTimeout)
      if (aborted > 0) log.error({ aborted }, 'handlers were still running and have been aborted')
    })
    await stopMetrics() // after the handlers, so that what they did can still be read
    outbound.close()
    await store.close()
  }

  /** Takes no new connection, waits for what is to end first, and then for the open connections. */
  async function stopListening(first: () => Promise<void> = async () => {}): Promise<void> {
    const server = await listening?.catch(() => undefined) // where it failed there is nothing to stop
    const stopped = server?.stop()
    await first()
    server?.hurry()
    await stopped
  }

  async function stopMetrics(): Promise<void> {
    const server = await metricsListening?.catch(() => undefined)
    const stopped = server?.stop()
    server?.hurry()
    await stopped
  }

  return addon as unknown as Addon<S> // the same object; its type shows what the scopes allow
}
