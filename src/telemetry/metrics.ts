import { loadOptional } from '../common/optional.ts'
import {
  AccessTokenError,
  ConfigurationError,
  HipChatAddonError,
  RateLimitError,
  UnexpectedAnswerError,
} from '../errors.ts'
import type { QueueCounts } from '../store/index.ts'
import { journalVerbs, queueVerbs, storeVerbs } from '../store/watched.ts'
import type { MetricsSettings } from './metrics-options.ts'
import {
  type Activity,
  type CallActivity,
  lifecycleTurns,
  type ObservedEvent,
  type Observer,
} from './observer.ts'

interface Series {
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly name: string
  readonly help: string
  readonly labels: readonly string[]
  /** Upper bounds of a histogram's buckets. */
  readonly buckets?: readonly number[]
  /** All values of its only label. They start at zero, so that the first count is an increase. */
  readonly values?: readonly string[]
}

const limits = ['api', 'flood'] as const

/**
 * All series. The values of their labels come from fixed lists or from the author's registrations: nothing
 * that others choose, such as an installation, a room or a user, can create another time series.
 */
export const series = {
  deliveries: {
    type: 'counter',
    name: 'hipchat_addon_deliveries_total',
    help: 'Deliveries by their result.',
    labels: ['event', 'result'],
  },
  acknowledged: {
    type: 'counter',
    name: 'hipchat_addon_deliveries_acknowledged_total',
    help: 'Deliveries that were answered before their handler ended.',
    labels: ['event'],
  },
  running: {
    type: 'gauge',
    name: 'hipchat_addon_deliveries_running',
    help: 'Deliveries that are waiting or running.',
    labels: [],
  },
  handlers: {
    type: 'histogram',
    name: 'hipchat_addon_handler_duration_seconds',
    help: 'Duration of handlers, with the middleware around them.',
    labels: ['event', 'webhook'],
    // With the defaults of acknowledgeAfter, 3 s, and handlerTimeout, 300 s.
    buckets: [0.005, 0.025, 0.1, 0.25, 0.5, 1, 3, 10, 30, 60, 300],
  },
  jobs: {
    type: 'counter',
    name: 'hipchat_addon_jobs_total',
    help: 'Attempts at jobs, occurrences of schedules and retries of deliveries, by their outcome.',
    labels: ['kind', 'name', 'outcome'],
  },
  jobDuration: {
    type: 'histogram',
    name: 'hipchat_addon_job_duration_seconds',
    help: 'Duration of attempts at jobs, occurrences of schedules and retries of deliveries.',
    labels: ['kind', 'name'],
    buckets: [0.005, 0.025, 0.1, 0.25, 0.5, 1, 3, 10, 30, 60, 300],
  },
  jobsQueued: {
    type: 'gauge',
    name: 'hipchat_addon_jobs_queued',
    help: 'Jobs, occurrences of schedules and retries in the store, by their state.',
    labels: ['state'],
    values: ['waiting', 'running', 'given up'],
  },
  jobsLate: {
    type: 'gauge',
    name: 'hipchat_addon_jobs_late_seconds',
    help: 'How long the work that was due first has been waiting; 0 if none is due.',
    labels: [],
  },
  forged: {
    type: 'counter',
    name: 'hipchat_addon_signed_requests_refused_total',
    help: 'Requests whose signature was missing or not accepted.',
    labels: ['fault'],
  },
  calls: {
    type: 'counter',
    name: 'hipchat_addon_api_calls_total',
    help: 'Calls of the API by the status of their last answer, or the code of their error.',
    labels: ['operation', 'status'],
  },
  callDuration: {
    type: 'histogram',
    name: 'hipchat_addon_api_call_duration_seconds',
    help: 'Duration of calls of the API, with all attempts and waits.',
    labels: ['operation'],
    buckets: [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  },
  retries: {
    type: 'counter',
    name: 'hipchat_addon_api_retries_total',
    help: 'Attempts of calls after the first.',
    labels: ['operation'],
  },
  allowanceLeft: {
    type: 'histogram',
    name: 'hipchat_addon_allowance_left_ratio',
    help: 'Part of a rate limit that is left according to answers, from 0 to 1.',
    labels: ['limit'],
    buckets: [0, 0.05, 0.1, 0.25, 0.5, 0.75, 1],
    values: limits,
  },
  allowanceWaits: {
    type: 'counter',
    name: 'hipchat_addon_allowance_waits_total',
    help: 'Waits of calls for a rate limit to be renewed.',
    labels: ['limit'],
    values: limits,
  },
  allowanceRefusals: {
    type: 'counter',
    name: 'hipchat_addon_allowance_refusals_total',
    help: 'Calls that failed because a rate limit would be renewed too late.',
    labels: ['limit'],
    values: limits,
  },
  tokens: {
    type: 'counter',
    name: 'hipchat_addon_token_exchanges_total',
    help: 'Exchanges of credentials for access tokens.',
    labels: ['result'],
    values: ['granted', 'rejected', 'failed'],
  },
  lifecycle: {
    type: 'counter',
    name: 'hipchat_addon_lifecycle_total',
    help: 'Completed changes of installations.',
    labels: ['turn'],
    values: lifecycleTurns,
  },
  installationsRefused: {
    type: 'counter',
    name: 'hipchat_addon_installations_refused_total',
    help: 'Installations, updates and removals that were refused, by the status of the answer.',
    labels: ['status'],
  },
  storeErrors: {
    type: 'counter',
    name: 'hipchat_addon_store_errors_total',
    help: 'Failed operations of the store.',
    labels: ['verb'],
    values: [...storeVerbs, ...journalVerbs, ...queueVerbs.map((verb) => `queue.${verb}` as const)],
  },
} as const satisfies Record<string, Series>

/** An add-on's metrics. */
export interface Metrics {
  readonly observer: Observer
  /** The page for a scrape. */
  page(): Promise<{ readonly contentType: string; readonly text: string }>
}

/** What is asked at each scrape. */
export interface Gauged {
  /** How many deliveries are waiting or running. */
  running(): number
  /** How much is in the queue; `undefined` if there is none. */
  queued(): Promise<QueueCounts | undefined>
}

/**
 * Creates an add-on's metrics in a registry of prom-client: the author's, or a new one. Throws a {@link ConfigurationError}
 * if prom-client is not installed, or the registry already has these metrics.
 */
export function createMetrics(settings: MetricsSettings, { running, queued }: Gauged): Metrics {
  const prom = loadOptional('prom-client') as typeof import('prom-client') | undefined // the package of this name
  if (!prom)
    throw new ConfigurationError(
      'createAddon: metrics requires the package prom-client, which is not installed: npm install prom-client',
    )
  // `readMetrics` checked that it has the methods used here.
  const registry = (settings.registry ?? new prom.Registry()) as InstanceType<typeof prom.Registry>
  const taken = Object.values(series).find(({ name }) => registry.getSingleMetric(name))
  if (taken)
    throw new ConfigurationError(
      `createAddon: metrics.registry already has ${taken.name}; give each add-on a registry of its own`,
    )

  const configuration = ({ name, help, labels }: Series) => ({
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
  })
  const counter = (of: Series) => {
    const made = new prom.Counter(configuration(of))
    for (const value of of.values ?? []) made.inc({ [of.labels[0] ?? '']: value }, 0)
    return made
  }
  const histogram = (of: Series) => {
    const made = new prom.Histogram({ ...configuration(of), buckets: [...(of.buckets ?? [])] })
    for (const value of of.values ?? []) made.zero({ [of.labels[0] ?? '']: value })
    return made
  }

  const deliveries = counter(series.deliveries)
  const acknowledged = counter(series.acknowledged)
  new prom.Gauge({
    ...configuration(series.running),
    collect() {
      this.set(running())
    },
  })
  const handlers = histogram(series.handlers)
  const jobs = counter(series.jobs)
  const jobDuration = histogram(series.jobDuration)
  new prom.Gauge({
    ...configuration(series.jobsQueued),
    async collect() {
      const states = Object.entries((await queueCounts())?.states ?? {})
      for (const [state, number] of states) this.set({ state }, number)
    },
  })
  new prom.Gauge({
    ...configuration(series.jobsLate),
    async collect() {
      const next = (await queueCounts())?.next ?? Number.POSITIVE_INFINITY
      this.set(Math.max(0, Date.now() - next) / 1000)
    },
  })
  /** A store that does not answer must not keep the other series from being read; it has a series of its own. */
  const queueCounts = (): Promise<QueueCounts | undefined> => queued().catch(() => undefined)
  const forged = counter(series.forged)
  const calls = counter(series.calls)
  const callDuration = histogram(series.callDuration)
  const retries = counter(series.retries)
  const allowanceLeft = histogram(series.allowanceLeft)
  const allowanceWaits = counter(series.allowanceWaits)
  const allowanceRefusals = counter(series.allowanceRefusals)
  const tokens = counter(series.tokens)
  const lifecycle = counter(series.lifecycle)
  const installationsRefused = counter(series.installationsRefused)
  const storeErrors = counter(series.storeErrors)

  function ended(activity: Activity, seconds: number, error: unknown): void {
    switch (activity.kind) {
      case 'delivery': {
        const { event = 'unknown', outcome } = activity
        const result = outcome?.result ?? 'error'
        if (result === 'acknowledged') acknowledged.inc({ event })
        else deliveries.inc({ event, result })
        break
      }
      case 'handler':
        handlers.observe({ event: activity.event, webhook: activity.webhook }, seconds)
        break
      case 'job': {
        const { of: kind, name, outcome = 'interrupted' } = activity
        jobs.inc({ kind, name, outcome })
        jobDuration.observe({ kind, name }, seconds)
        break
      }
      case 'call': {
        const { operation, attempts } = activity
        calls.inc({ operation, status: statusOf(activity, error) })
        callDuration.observe({ operation }, seconds)
        if (attempts > 1) retries.inc({ operation }, attempts - 1)
        if (error instanceof RateLimitError) allowanceRefusals.inc({ limit: error.limit })
        break
      }
      case 'token':
        tokens.inc({ result: exchangeResult(error) })
        break
    }
  }

  const observer: Observer = {
    async during(activity, work) {
      const started = performance.now()
      let failure: unknown
      try {
        return await work()
      } catch (error) {
        failure = error
        throw error
      } finally {
        ended(activity, (performance.now() - started) / 1000, failure)
      }
    },
    happened(happening) {
      count(happening)
    },
  }

  function count(happening: ObservedEvent): void {
    switch (happening.kind) {
      case 'late delivery':
        deliveries.inc({ event: happening.event, result: happening.result })
        break
      case 'signed request refused':
        forged.inc({ fault: happening.fault })
        break
      case 'lifecycle':
        lifecycle.inc({ turn: happening.turn })
        break
      case 'installation refused':
        installationsRefused.inc({ status: happening.status })
        break
      case 'allowance':
        allowanceLeft.observe({ limit: happening.limit }, happening.left)
        break
      case 'allowance wait':
        allowanceWaits.inc({ limit: happening.limit })
        break
      case 'store failed':
        storeErrors.inc({ verb: happening.verb })
        break
    }
  }

  return {
    observer,
    page: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  }
}

function statusOf({ status }: CallActivity, error: unknown): string {
  if (status !== undefined && !(error instanceof UnexpectedAnswerError)) return String(status)
  return error instanceof HipChatAddonError ? error.code : 'aborted'
}

function exchangeResult(error: unknown): 'granted' | 'rejected' | 'failed' {
  if (error === undefined) return 'granted'
  return error instanceof AccessTokenError && error.status === 401 ? 'rejected' : 'failed'
}
