import type { RequestListener } from 'node:http'
import type Router from '@koa/router'
import type { Middleware } from 'koa'
import { ConfigurationError } from '../errors.ts'
import { createInstalling } from '../installations/installing.ts'
import { logError } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { Address } from './address.ts'
import { createApp } from './app.ts'
import type { Core } from './core.ts'
import { createDeliveryListener, type ReceivingParts } from './deliveries/receive.ts'
import type { Recovery } from './deliveries/recover.ts'
import type { TaskQueue } from './deliveries/task-queue.ts'
import { type Listening, listenOn } from './http-server.ts'
import { createInstallationRoutes } from './installation-routes.ts'
import type { Jobs } from './jobs/jobs.ts'
import { createMetricsPage } from './metrics-route.ts'
import type { Icons } from './modules/icons.ts'
import { createGlanceRoute } from './pages/glance-route.ts'
import { createPageRoute, type PageRouteParts } from './pages/page-route.ts'
import { createSessionRefusal } from './pages/session-route.ts'
import type { Assets } from './pages/static-files.ts'
import { type ProcessHooks, runClosing, runStarted } from './process-hooks.ts'
import type { Registry } from './registry.ts'
import { belowBase } from './requests.ts'
import { createRoutes } from './routes.ts'

/** The parts that a running add-on serves. */
export interface LifecycleParts {
  readonly core: Core
  readonly address: Address
  readonly registry: Registry
  readonly receiving: ReceivingParts
  readonly recovery: Recovery
  readonly jobs: Jobs
  readonly processHooks: ProcessHooks
  readonly tasks: TaskQueue
  readonly icons: Icons
  readonly assets: Assets
  onError: PageRouteParts['onError']
  /** The author's own routes. */
  readonly router: Router
  readonly metrics: Metrics | undefined
}

/** The address of an add-on that is listening. */
export interface ListeningAt {
  /** The add-on's port. */
  readonly port: number
  /** The add-on's base address, without a trailing slash. */
  readonly url: string
  /** Port of the metrics, if they have one of their own. */
  readonly metricsPort?: number
  /**
   * Lets the process end while the add-on is listening, once nothing else keeps it alive. For scripts and
   * tests.
   */
  unref(): void
}

/** Starts and stops an add-on, on its own ports or in another HTTP server. */
export interface Lifecycle {
  callback(): RequestListener
  listen(port: number, host: string | undefined): Promise<ListeningAt>
  close(): Promise<void>
}

export function createLifecycle(served: LifecycleParts): Lifecycle {
  const { core, address, registry, receiving, recovery, jobs, tasks, icons, assets, router, metrics } = served
  const closingSignal = new AbortController()
  const { resolved, log, store } = core
  const installing = createInstalling({ ...core, options: resolved.options })
  const severalKeys = [resolved.options.secretKey ?? []].flat().length > 1
  let started = false
  let listening: Promise<Listening> | undefined
  let metricsListening: Promise<Listening | undefined> | undefined
  let closing: Promise<void> | undefined

  /** Opens the metrics port, if it is configured. */
  async function listenForMetrics(): Promise<Listening | undefined> {
    if (!metrics || resolved.metrics?.path === undefined || resolved.metrics.port === undefined)
      return undefined
    const { path, port, host } = resolved.metrics
    const page = createMetricsPage(metrics, path, { basePath: () => '' })
    return listenOn(createApp([page], undefined, core), port, host, 'metrics')
  }

  function start(): RequestListener {
    if (!started) {
      core.modules.checkTargets()
      if (resolved.options.helpCommand) registry.help()
      for (const hook of [core.hooks.installed, core.hooks.updated])
        hook.push(({ installation }) => jobs.plan(installation)) // after the author's own hooks
      registry.end()
      address.changed()
      started = true
      if (store.warning) log.warn(store.warning)
      const { allowHttp = [] } = resolved.options
      if (allowHttp.length > 0)
        log.warn(
          `allowHttp: secrets, tokens and messages are sent to and from ${allowHttp.join(', ')} over plain http, where others can read them; use it for development only`,
        )
      core.observing()
    }
    return createDeliveryListener(receiving, createApp(routes(), router, core))
  }

  /** Everything but deliveries and the author's own routes, in the order of precedence. */
  function routes(): Middleware[] {
    const basePath = address.path
    const { pages, glances } = core.modules
    const { handlerTimeout, options } = resolved
    const { path: metricsPath, port: metricsPort } = resolved.metrics ?? {}
    return [
      createRoutes({ store, log, basePath, descriptor: address.descriptor }),
      createInstallationRoutes({
        ...core,
        browser: options.installation === 'browser',
        installing,
        tasks,
        basePath,
      }),
      createPageRoute({ ...core, pages, tasks, basePath, onError: served.onError }),
      createGlanceRoute({ ...core, glances, tasks, basePath, handlerTimeout, onError: served.onError }),
      async (ctx, next) => {
        const reads = ctx.method === 'GET' || ctx.method === 'HEAD'
        const path = belowBase(ctx.path, { basePath })
        if (!reads || !(icons.serve(ctx, path) || (await assets.serve(ctx, path)))) await next()
      },
      ...(metrics && metricsPath !== undefined && metricsPort === undefined
        ? [createMetricsPage(metrics, metricsPath, { basePath })]
        : []),
      createSessionRefusal(core),
    ]
  }

  /** Opens the add-on's own server, and puts what earlier processes left before what arrives there. */
  async function openServer(
    listener: RequestListener,
    port: number,
    host: string | undefined,
  ): Promise<Listening> {
    await recovery.take()
    const opened = await listenOn(listener, port, host)
    address.learn(`http://localhost:${opened.port}`)
    recovery.begin()
    jobs.start()
    return opened
  }

  async function warnOfOldInstallations(): Promise<void> {
    const { etag } = address.descriptor()
    let older = 0
    for await (const { descriptorEtag } of core.installations.all()) if (descriptorEtag !== etag) older += 1
    if (older > 0)
      log.warn(
        { installations: older },
        'installations were approved with a different descriptor than the current one: they get new scopes and webhooks when they are updated',
      )
  }

  async function closeAll(): Promise<void> {
    recovery.stop()
    await jobs.stop()
    await listening?.catch(() => {}) // otherwise the server would continue to open
    await stop(listening, async () => {
      void tasks.follow(runClosing(served.processHooks, log, closingSignal.signal))
      const aborted = await tasks.close(resolved.closeTimeout)
      closingSignal.abort(new Error('the add-on is closing'))
      if (aborted > 0) log.error({ aborted }, 'handlers were still running and have been aborted')
    })
    installing.close()
    await stop(metricsListening) // after the handlers, so that their metrics can still be read
    core.outbound.close()
    await store.close()
  }

  return {
    callback() {
      address.url()
      if (resolved.metrics?.port !== undefined)
        throw new ConfigurationError(
          'callback: only listen() opens metrics.port; leave it out to serve the metrics as a route of the add-on',
        )
      const listener = start()
      address.descriptor() // report an invalid descriptor now, not at the first installation
      void recovery
        .take()
        .catch((error: unknown) => logError(log, error, 'the deliveries of earlier processes cannot be read'))
        .then(() => {
          recovery.begin() // tries again if it failed
          jobs.start()
          return runStarted(served.processHooks, log, closingSignal.signal)
        })
        .catch((error: unknown) => logError(log, error, 'the started hook failed'))
      return listener
    },

    async listen(port, host) {
      if (listening) throw new ConfigurationError('listen() was called twice')
      if (closing) throw new ConfigurationError('listen: the add-on has been closed; create another one')
      const listener = start()
      listening = openServer(listener, port, host ?? (resolved.loopback ? 'localhost' : undefined))
      metricsListening = listenForMetrics()
      metricsListening.catch(() => {}) // awaited below, unless the other port fails
      try {
        const opened = await listening
        const metricsOpened = await metricsListening
        const metricsPort = metricsOpened?.port
        const unref = () => {
          opened.unref()
          metricsOpened?.unref()
        }
        address.descriptor() // report an invalid descriptor now, not at the first installation
        const resealed = await core.installations.reseal()
        if (resealed > 0) log.info({ installations: resealed }, 'sealed with the first secretKey')
        if (severalKeys) {
          const jobsResealed = await jobs.reseal()
          if (jobsResealed > 0) log.info({ jobs: jobsResealed }, 'sealed with the first secretKey')
        }
        await warnOfOldInstallations()
        for (const risk of (await store.risks?.()) ?? []) log.warn(risk)
        await runStarted(served.processHooks, log, closingSignal.signal)
        const more = metricsPort === undefined ? {} : { metricsPort }
        const url = address.url()
        log.info({ url, ...more }, 'listening')
        return { port: opened.port, url, ...more, unref }
      } catch (error) {
        await stop(listening)
        await stop(metricsListening)
        listening = undefined
        address.forget() // the next try may get another port
        throw error
      }
    },

    close() {
      closing ??= closeAll()
      return closing
    },
  }
}

/** Stops a server: accepts no new connections, waits for `first`, and then for the open connections. */
async function stop(
  listening: Promise<Listening | undefined> | undefined,
  first: () => Promise<void> = async () => {},
): Promise<void> {
  const server = await listening?.catch(() => undefined) // if it failed, there is nothing to stop
  const stopped = server?.stop()
  await first()
  server?.hurry()
  await stopped
}
