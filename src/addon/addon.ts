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
import type { Delivery, Webhook } from './deliveries/delivery.ts'
import { createDeliveryReader } from './deliveries/delivery-reader.ts'
import { createHandling } from './deliveries/handle.ts'
import { createRecovery } from './deliveries/recover.ts'
import type { CommandOptions, WebhookOptions } from './deliveries/registration.ts'
import { createTaskQueue } from './deliveries/task-queue.ts'
import { handlerLast } from './handler-last.ts'
import type { Job, JobContext, JobOptions } from './jobs/job.ts'
import { createJobs } from './jobs/jobs.ts'
import type { QueuedJob } from './jobs/queued-job.ts'
import type { Schedule, ScheduleContext, ScheduleOptions } from './jobs/schedule.ts'
import { createKeys } from './keys.ts'
import { createLifecycle, type ListeningAt } from './lifecycle.ts'
import { createIcons, type Icons } from './modules/icons.ts'
import type { ModuleMethods } from './modules/module-methods.ts'
import { createModules } from './modules/modules.ts'
import { type AddonOptions, type ResolvedOptions, readOptions } from './options.ts'
import type { PageContext } from './pages/page-context.ts'
import { openSession } from './pages/session-route.ts'
import { createAssets, type StaticOptions } from './pages/static-files.ts'
import type { FailedContext } from './pages/view-context.ts'
import type { ProcessContext, ProcessHooks } from './process-hooks.ts'
import { createRegistry } from './registry.ts'
import type { SettingsFields } from './settings/fields.ts'
import { type AddonSettings, createSettings, type SettingsOptions } from './settings/settings.ts'

/** A registered webhook. */
export interface RegisteredWebhook {
  /** Key of the webhook: part of its address, and its module key in the descriptor. */
  readonly key: string
  /**
   * Absolute address that HipChat delivers to. Throws a {@link ConfigurationError} until the base address is
   * known.
   */
  readonly url: string
}

/** Lifecycle hooks, each with the context it receives. */
export interface HookContexts<S extends Scope> {
  /**
   * The add-on was installed. Its credentials already work, so it can post a greeting. An error refuses the
   * installation.
   */
  installed: HookContext<S>
  /**
   * The installation was updated to the current descriptor, with the scopes approved now. An error refuses
   * the update.
   */
  updated: HookContext<S>
  /** The add-on was removed. Its credentials no longer work; its stored values are deleted after this hook. */
  uninstalled: HookContext<S>
  /** A new installation replaces an older one in the same room or group. Runs before `installed`. */
  replaced: ReplacedContext<S>
  /** The add-on is listening, or `callback()` was called. An error makes `listen()` reject. */
  started: ProcessContext
  /** `close()` was called. It waits for the hook, for up to `closeTimeout`; handlers may still be running. */
  closing: ProcessContext
}

/** An add-on: registers handlers, serves their webhooks, and stores its installations. */
export interface Addon<S extends Scope = Scope> extends ModuleMethods<S> {
  /**
   * Registers a handler for an event, which also gives the handler's context its type.
   *
   * Throws a {@link ConfigurationError} for an unknown event or option, a key that is taken, or after
   * `listen()` or `callback()`.
   */
  webhook<E extends EventName>(event: E, handler: Handler<EventContext<E, S>>): RegisteredWebhook
  webhook<E extends EventName>(
    event: E,
    options: WebhookOptions,
    handler: Handler<EventContext<E, S>>,
  ): RegisteredWebhook
  /**
   * Registers a slash command: `/name <required> [optional] [rest...]`. `/name help` answers with the
   * usage, and so does a command with a missing argument.
   *
   * Throws a {@link ConfigurationError} for an invalid usage, a name that is taken, or after `listen()` or
   * `callback()`.
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
  /** Adds middleware around every webhook and command handler. Middleware runs in the order of registration. */
  use(middleware: Middleware<S>): this
  /** Adds a lifecycle hook. Several hooks for one event run in the order of registration. */
  on<H extends keyof HookContexts<S>>(hook: H, handler: (context: HookContexts<S>[H]) => unknown): this
  /**
   * Registers a job: work that handlers or your own code add for later, or for another process. It survives a `kill -9`,
   * runs again if it fails, and is removed with its installation. A message that the handler returns is sent to its room.
   *
   * Throws a {@link ConfigurationError} for an invalid or duplicate name, an invalid option, a store without queues, or after
   * `listen()` or `callback()`.
   *
   * @example
   * const remind = addon.job<{ text: string }>('remind', ({ data }) => `Reminder: ${data.text}`)
   * addon.command('/remind <minutes> <text...>', async (context) => {
   *   const { minutes, text } = context.args
   *   await remind.add(context, { text: text.join(' ') }, { delay: Number(minutes) * 60_000 })
   *   return 'I will remind you.'
   * })
   */
  job<D = undefined>(name: string, handler: Handler<JobContext<D, S>>): Job<D>
  job<D = undefined>(name: string, options: JobOptions, handler: Handler<JobContext<D, S>>): Job<D>
  /**
   * Runs a handler at certain times for every installation: each occurrence once, over all processes. A message that the
   * handler returns is sent to the installation's room. Throws as `job` does.
   *
   * @example
   * addon.schedule('standup', { cron: '0 9 * * 1-5', timezone: 'Europe/Berlin' }, () => 'What are you working on today?')
   */
  schedule(name: string, options: ScheduleOptions<S>, handler: Handler<ScheduleContext<S>>): Schedule
  /**
   * All jobs, occurrences of schedules and retries in the store: first those that are running, then those that are waiting, by
   * their time, then those that were given up in the last seven days.
   */
  jobs(): AsyncIterable<QueuedJob>
  /**
   * Makes work run now that is waiting or was given up, with all its attempts before it. `id` is that of {@link QueuedJob}.
   * Resolves with false if nothing has this id, or it is running.
   */
  runJob(id: string): Promise<boolean>
  /** Removes work that is waiting or was given up. Resolves with false if nothing has this id, or it is running. */
  cancelJob(id: string): Promise<boolean>
  /**
   * Adds a handler for errors thrown by the handlers of events, jobs, schedules, pages and glances. Default: they are logged.
   */
  onError(handler: (error: unknown, context: FailedContext<S>) => unknown): this
  /**
   * Serves the files of a folder below a path, to anyone: styles, scripts and pictures for pages. Files
   * whose names start with a dot are not served, and neither are links that lead out of the folder.
   *
   * Throws a {@link ConfigurationError} if the folder cannot be read.
   */
  static(path: string, folder: string | URL, options?: StaticOptions): this
  /**
   * Your own Koa routes. Requests to them are not signed; `session()` authenticates calls from the add-on's
   * pages.
   */
  readonly router: Router
  /** All installations, in no particular order. */
  installations(): AsyncIterable<Installation>
  /** Looks up an installation by its `oauthId`; `undefined` if there is none. */
  installation(oauthId: string): Promise<Installation | undefined>
  /** HipChat's API as an installation, for use outside of a handler. */
  client(installation: Installation): Client<S>
  /** A room of an installation, for use outside of a handler. A global installation needs the `roomId`. */
  room(installation: Installation, roomId?: number): Room<S>
  /**
   * Registers a configuration page with a form, which validates and saves what people enter. Any handler
   * can read the saved values from the result.
   */
  settings<const F extends SettingsFields>(options: SettingsOptions<F, S>): AddonSettings<F, S>
  /** The stored values of an installation, for use outside of a handler. */
  store(installation: Installation): InstallationStore
  /**
   * Pushes the content of a glance, outside of a handler. Default audience of a room installation: its room.
   */
  pushGlance(
    installation: Installation,
    key: string,
    shown: GlanceShown,
    audience?: GlanceAudience,
  ): Promise<void>
  /** Pushes the content of several glances at once, by their keys. */
  pushGlance(
    installation: Installation,
    glances: Readonly<Record<string, GlanceShown>>,
    audience?: GlanceAudience,
  ): Promise<void>
  /**
   * Authenticates a call from a page of the add-on to one of your routes: with the page's session token
   * (`Authorization: Bearer`), or with the token that `HipChat.auth.withToken` gave the page (`Authorization:
   * JWT`). Throws a {@link SignedRequestError} for anything else, which is answered with 401. Once more than
   * half of a token's lifetime is over, the answer has a new one in the header `Session-Token`.
   */
  session(ctx: Context): Promise<PageContext<S, never>>
  /**
   * The descriptor, derived from options and registrations. Throws a {@link ConfigurationError} until the
   * base address is known, or if the descriptor is not valid.
   */
  readonly descriptor: Descriptor
  /**
   * A request listener for any Node HTTP server. Requires the option `baseUrl`. Nothing can be registered
   * after this.
   */
  callback(): RequestListener
  /**
   * Starts the add-on on a port of its own. Resolves with its address when it is listening; rejects if it
   * cannot listen. Nothing can be registered after this.
   *
   * `port` defaults to 0, which is any free port. `host` defaults to `localhost` if the base address is a
   * loopback address, and otherwise to all interfaces.
   */
  listen(port?: number, host?: string): Promise<ListeningAt>
  /**
   * Resolves when no delivery is waiting, no job is due, no handler is running and no call is in progress. For tests
   * and scripts.
   */
  idle(): Promise<void>
  /**
   * Stops the add-on: accepts nothing more, waits for running handlers and for calls, awaited or not, for up to
   * `closeTimeout`, aborts what is left, and closes the store. Rejects if the store cannot be closed.
   */
  close(): Promise<void>
}

/**
 * Creates an add-on. It only checks the options: nothing is opened or sent before `listen()` or the first
 * request to `callback()`. Throws a {@link ConfigurationError} that names the invalid option.
 *
 * @example
 * const addon = createAddon({ key: 'com.example.echo', name: 'Echo', description: 'Says it again', scopes: ['send_notification'] })
 * addon.command('/echo [words...]', ({ args }) => args.words.join(' '))
 * await addon.listen(3000)
 */
export function createAddon<const S extends Scope>(options: AddonOptions<S>): Addon<S> {
  const resolved = readOptions(options as AddonOptions) // S is a subset of Scope
  const log = options.log === false ? silent() : (options.log ?? createLog())
  const tasks = createTaskQueue(resolved.maxDeliveries)
  const processHooks: ProcessHooks = { started: [], closing: [] }
  const observation = createObservation(
    resolved.metrics,
    { running: () => tasks.deliveries, queued: () => jobs.counts() },
    log,
  )
  const keys = createKeys()
  const icons = createIcons()
  const assets = createAssets()
  const registry = createRegistry(keys, resolved.options.durable ?? true, log)
  const modules = createModules({
    keys,
    icons,
    url: () => address.url(),
    registering(what) {
      registry.refuseLate(what)
      address.changed()
    },
  })
  const address = createAddress(resolved, {
    webhooks: () => [...registry.webhooks.values()],
    modules,
    avatar: avatarOf(resolved, icons),
  })
  const core = createCore(resolved, log, observation, modules, () => address.descriptor().etag, tasks.count)
  const middleware: Middleware[] = []
  const errorHandlers: ((error: unknown, context: FailedContext) => unknown)[] = []
  // Every method that Node parses: the router answers 501 to methods that are not listed.
  const router = new Router({ methods: METHODS })
  const { acknowledgeAfter, handlerTimeout, maxJobs, maxQueued } = resolved
  const { webhooks } = registry
  const readDelivery = createDeliveryReader({ webhooks, installations: core.installations })
  const retryLater = (delivery: Delivery, error: unknown) => jobs.retryLater(delivery, error)
  const handling = createHandling({ ...core, tasks, middleware, handlerTimeout, retryLater, onError })
  const { handle } = handling
  const { refuseLate } = registry
  const limits = { handlerTimeout, maxJobs, maxQueued }
  const jobs = createJobs({ ...core, ...limits, tasks, handling, readDelivery, refuseLate, onError })
  const receiving = {
    ...core,
    addon: resolved.options,
    webhooks,
    tasks,
    acknowledgeAfter,
    basePath: address.path,
    handle,
  }
  const { keptDeliveries } = jobs
  const recovery = createRecovery({ ...core, readDelivery, tasks, keptDeliveries, handle })
  const { metrics } = observation
  const lifecycle = createLifecycle({
    core,
    address,
    registry,
    receiving,
    recovery,
    jobs,
    processHooks,
    tasks,
    icons,
    assets,
    onError,
    router,
    metrics,
  })
  function registered({ key, retry }: Webhook): RegisteredWebhook {
    if (retry) jobs.needQueue(`webhook ${key}: retry`)
    address.changed() // the descriptor may have been read already
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
        `${what}: expected an installation, as returned by addon.installations() and await addon.installation(oauthId); got ${typeName(installation)}`,
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
    ...modules.methods,
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

    job: (name: string, second: JobOptions | Handler<JobContext>, third?: Handler<JobContext>) => {
      const given = handlerLast<JobOptions, Handler<JobContext>>(`job ${name}`, second, third)
      return jobs.job(name, ...given) as Job<never> // the caller says what its data is
    },
    schedule: jobs.schedule,
    jobs: () => jobs.list(),
    runJob: (id) => jobs.runNow(id),
    cancelJob: (id) => jobs.cancel(id),

    use(next) {
      registry.refuseLate('middleware')
      expectFunction(next, 'use: expected middleware, a function (context, next) => …')
      middleware.push(next)
      return this
    },

    on(hook, handler) {
      const hooks = { ...core.hooks, ...processHooks }
      if (!Object.hasOwn(hooks, hook))
        throw new ConfigurationError(
          `on: expected one of ${Object.keys(hooks).join(', ')}, got ${String(hook)}`,
        )
      expectFunction(handler, `on ${hook}: expected a handler`)
      ;(hooks[hook] as Hook<never>[]).push(handler as Hook<never>) // each list only has hooks with its own name
      return this
    },

    onError(handler) {
      expectFunction(handler, 'onError: expected a handler')
      errorHandlers.push(handler)
      return this
    },

    static(path, folder, caching = {}) {
      assets.add(path, folder, caching)
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
          `room: ${installation.oauthId} is a global installation, so a room id is required: addon.room(installation, roomId)`,
        )
      return services.room(id)
    },

    pushGlance: async (installation: Installation, ...all: unknown[]) => {
      servicesFor('pushGlance', installation)
      return core
        .servicesOf(installation)
        .glances(installation.roomId)
        .push(...(all as [string, GlanceShown])) // `push` checks them
    },
    session: (ctx) => openSession(ctx, core),
    settings(page: SettingsOptions) {
      registry.refuseLate('settings page')
      address.changed()
      return createSettings(page, { modules, onError, saved: jobs.plan }) as never // the fields give it its type
    },

    get descriptor() {
      return address.descriptor().document
    },

    callback: () => lifecycle.callback(),
    listen: (port = 0, host) => lifecycle.listen(port, host),
    async idle() {
      await tasks.idle()
      while ((await jobs.look()) > 0) await tasks.idle()
    },
    close: () => lifecycle.close(),
  }

  return addon as unknown as Addon<S> // the same object; the type has only what the scopes allow
}

/**
 * The avatar's address for the descriptor: the given one, or the one at which the add-on serves a file or
 * bytes.
 */
function avatarOf({ options: { avatar } }: ResolvedOptions, icons: Icons) {
  if (avatar === undefined) return undefined
  if (typeof avatar === 'string' && /^https?:/i.test(avatar)) return () => avatar
  return icons.add('createAddon: avatar', avatar)
}
