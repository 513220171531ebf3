import { METHODS, type RequestListener } from 'node:http'
import Router from '@koa/router'
import type { Context } from 'koa'
import type { Descriptor } from '../api/descriptor.ts'
import type { EventName } from '../api/events.ts'
import type { Scope } from '../api/scopes.ts'
import type { Client, Room } from '../client/client.ts'
import type { GlanceShown } from '../client/glance.ts'
import type { GlanceAudience } from '../client/glance-updates.ts'
import { typeName } from '../common/validate.ts'
import { ConfigurationError } from '../errors.ts'
import type { HookContext, ReplacedContext } from '../installations/context.ts'
import type { Hook } from '../installations/hooks.ts'
import type { Installation } from '../installations/installation.ts'
import type { InstallationStore } from '../installations/installation-store.ts'
import type { InstallationServices } from '../installations/services.ts'
import { expectFunction } from '../option-checks.ts'
import { paths } from '../paths.ts'
import { createLog, logError, silent } from '../telemetry/log.ts'
import { createObservation } from '../telemetry/observation.ts'
import { createAddress } from './address.ts'
import { createCore } from './core.ts'
import type { CommandContext, EventContext, Handler, Middleware } from './deliveries/context.ts'
import type { Webhook } from './deliveries/receive.ts'
import type { CommandOptions, WebhookOptions } from './deliveries/registration.ts'
import { createTaskQueue } from './deliveries/task-queue.ts'
import { createKeys } from './keys.ts'
import { createLifecycle, type ListeningAt } from './lifecycle.ts'
import { createIcons, type Icons } from './modules/icons.ts'
import { createModules } from './modules/modules.ts'
import { createShows, type Shows } from './modules/shows.ts'
import { type AddonOptions, readOptions, type Settings } from './options.ts'
import type { PageContext } from './pages/page-context.ts'
import { openSession } from './pages/session-route.ts'
import { createAssets, type StaticOptions } from './pages/static-files.ts'
import type { FailedContext } from './pages/view-context.ts'
import { createRegistry } from './registry.ts'
import type { SettingsFields } from './settings/fields.ts'
import { type AddonSettings, createSettings, type SettingsOptions } from './settings/settings.ts'

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
export interface Addon<S extends Scope = Scope> extends Shows<S> {
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
  /** Gets what handlers of events, pages and glances throw, with the context. Default: the log. */
  onError(handler: (error: unknown, context: FailedContext<S>) => unknown): this
  /**
   * Serves the files of a folder below a path, to everybody: styles, scripts and pictures of pages. Files whose names
   * begin with a dot, and links out of the folder, are not.
   */
  static(path: string, folder: string | URL, options?: StaticOptions): this
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
  /**
   * What people can set: registers the configuration page, with a form that is checked and saved; gives what was saved to
   * any handler.
   */
  settings<const F extends SettingsFields>(options: SettingsOptions<F, S>): AddonSettings<F, S>
  /** What is kept for an installation. */
  store(installation: Installation): InstallationStore
  /** Pushes what a glance shows, outside of a handler; a room installation to its room unless told otherwise. */
  pushGlance(
    installation: Installation,
    key: string,
    shown: GlanceShown,
    audience?: GlanceAudience,
  ): Promise<void>
  /** Several glances at once, by their keys. */
  pushGlance(
    installation: Installation,
    glances: Readonly<Record<string, GlanceShown>>,
    audience?: GlanceAudience,
  ): Promise<void>
  /**
   * Who makes a call to a route of the author's from a page of the add-on: with the page's session token (`Authorization:
   * Bearer`), or with what `HipChat.auth.withToken` gave it (`Authorization: JWT`). Throws a {@link SignedRequestError},
   * which is answered with 401, for anything else. A token whose time is more than half over is followed by a new one,
   * in the header `Session-Token` of the answer.
   */
  session(ctx: Context): Promise<PageContext<S, never>>
  /** The descriptor, derived from options and registrations. Needs the base address to be known. */
  readonly descriptor: Descriptor
  /** For any Node HTTP server. Registrations end here. `baseUrl` has to be given. */
  callback(): RequestListener
  /**
   * Serves the add-on. Resolves when it listens, with its address; rejects when it cannot. Port 0 takes any free one.
   * `host` defaults to `localhost` for an add-on whose base address is a loopback one, and to all interfaces otherwise.
   */
  listen(port?: number, host?: string): Promise<ListeningAt>
  /** Resolves when no delivery is waiting, no handler is running and no call is under way: for tests and scripts. */
  idle(): Promise<void>
  /**
   * Takes nothing more on, waits for running handlers and for calls, awaited or not (`closeTimeout`), aborts what is left,
   * and closes the store.
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
  const log = options.log === false ? silent() : (options.log ?? createLog())
  const tasks = createTaskQueue(settings.maxDeliveries)
  const observation = createObservation(settings.metrics, () => tasks.deliveries, log)
  const keys = createKeys()
  const icons = createIcons()
  const assets = createAssets()
  const registry = createRegistry(keys, log)
  const modules = createModules(keys, icons)
  const webhooks = () => [...registry.webhooks.values()]
  const address = createAddress(settings, { webhooks, modules, avatar: avatarOf(settings, icons) })
  const core = createCore(settings, log, observation, modules, () => address.descriptor().etag, tasks.count)
  const middleware: Middleware[] = []
  const errorHandlers: ((error: unknown, context: FailedContext) => unknown)[] = []
  // Every method that Node parses: the router answers those that it does not list with 501.
  const router = new Router({ methods: METHODS })
  const receiving = { ...core, tasks, middleware, onError }
  const { metrics } = observation
  const lifecycle = createLifecycle({
    core,
    address,
    registry,
    receiving,
    icons,
    assets,
    onError,
    router,
    metrics,
  })
  const shows = createShows({
    modules,
    url: address.url,
    registering(what) {
      registry.refuseLate(what)
      address.changed()
    },
  })

  function registered({ key }: Webhook): RegisteredWebhook {
    address.changed() // somebody may have looked at the descriptor already
    return {
      key,
      get url() {
        return `${address.url()}${paths.webhook}${key}`
      },
    }
  }

  function servicesFor(what: string, installation: Installation): InstallationServices {
    if (typeof installation !== 'object' || installation === null || !('oauthId' in installation))
      throw new ConfigurationError(
        `${what}: expected an installation, as addon.installations() and await addon.installation(oauthId) give it; came ${typeName(installation)}`,
      )
    return core.servicesOf(installation)
  }

  async function onError(error: unknown, context: FailedContext): Promise<void> {
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

  const addon: Addon = {
    ...shows,
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
      const { hooks } = core
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

    static(path, folder, options = {}) {
      assets.add(path, folder, options)
      return this
    },

    installations: () => core.installations.all(),
    installation: async (oauthId) => (await core.installations.get(oauthId))?.installation,
    client: (installation) => servicesFor('client', installation).client,
    store: (installation) => servicesFor('store', installation).values,

    room(installation, roomId) {
      const services = servicesFor('room', installation)
      const id = installation.roomId ?? roomId
      if (id === undefined)
        throw new ConfigurationError(
          `room: ${installation.oauthId} is a global installation, so the room has to be named: addon.room(installation, roomId)`,
        )
      return services.room(id)
    },

    pushGlance: async (installation: Installation, ...all: unknown[]) => {
      servicesFor('pushGlance', installation)
      return core
        .servicesOf(installation)
        .glances(installation.roomId)
        .push(...(all as [string, GlanceShown])) // checked there
    },
    session: (ctx) => openSession(ctx, core),
    settings(options: SettingsOptions) {
      registry.refuseLate('settings page')
      address.changed()
      return createSettings(options, { modules, onError }) as never // typed by the fields it was given
    },

    get descriptor() {
      return address.descriptor().document
    },

    callback: () => lifecycle.callback(),
    listen: (port = 0, host) => lifecycle.listen(port, host),
    idle: () => tasks.idle(),
    close: () => lifecycle.close(),
  }

  return addon as unknown as Addon<S> // the same object; its type shows what the scopes allow
}

/** The avatar for the descriptor: an address as it was given, anything else from where it is served. */
function avatarOf({ options: { avatar } }: Settings, icons: Icons) {
  if (avatar === undefined) return undefined
  if (typeof avatar === 'string' && /^https?:/i.test(avatar)) return () => avatar
  return icons.add('createAddon: avatar', avatar)
}
