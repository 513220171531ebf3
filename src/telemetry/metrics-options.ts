import { anyText, type Check, type Checks, expecting, optionsFault } from '../common/checks.ts'
import { isRecord } from '../common/is-record.ts'
import { ConfigurationError } from '../errors.ts'
import { paths } from '../paths.ts'

/** Options of the add-on's metrics. */
export interface MetricsOptions {
  /**
   * Path of the metrics page, below `baseUrl` unless it has a port of its own. `false` for no page, if you
   * serve your `registry` yourself. Default `/metrics`.
   */
  readonly path?: string | false | undefined
  /** A port of its own for the page, opened by `listen()`; 0 takes any free one. Default: the add-on's port. */
  readonly port?: number | undefined
  /** Address on which `port` is opened; `0.0.0.0` or `::` for all interfaces. Default `127.0.0.1`. */
  readonly host?: string | undefined
  /** Your own prom-client `Registry`, which may have other metrics too. Default: a new one for each add-on. */
  readonly registry?: MetricsRegistry | undefined
}

/** The part of prom-client's `Registry` that is used here, so that its types need not be installed. */
export interface MetricsRegistry {
  /** Content type of the page of metrics. */
  readonly contentType: string
  /** Writes the page of metrics. */
  metrics(): Promise<string>
  /** The metric of a name, if there is one: add-ons may share a registry. */
  getSingleMetric(name: string): unknown
  /** Adds a metric. */
  registerMetric(metric: never): void
}

/** The options of the metrics, with their defaults. */
export interface MetricsSettings {
  /** `undefined` for no page. */
  readonly path: string | undefined
  /** `undefined` for the add-on's own port. */
  readonly port: number | undefined
  readonly host: string
  readonly registry: MetricsRegistry | undefined
}

const registryMembers = ['metrics', 'getSingleMetric', 'registerMetric']

const checks: Checks<MetricsOptions> = {
  path: expecting(
    'a path such as /internal/metrics, or false',
    (value) => value === false || (typeof value === 'string' && /^\/[\w.~/-]*$/.test(value)),
  ),
  port: expecting(
    'a port from 0 to 65535',
    (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 65535,
  ),
  host: anyText,
  registry: expecting(
    'a Registry of prom-client',
    (value) =>
      isRecord(value) && registryMembers.every((name) => typeof Reflect.get(value, name) === 'function'),
  ),
}

/** Checks the option `metrics` of an add-on. */
export const checkMetrics: Check = (value, name) =>
  isRecord(value) ? optionsFault(value, checks, [], name) : onOrOff(value, name)

const onOrOff = expecting(
  `true, false or an object with the options ${Object.keys(checks).join(', ')}`,
  (value) => typeof value === 'boolean',
)

/**
 * Reads the option `metrics` after {@link checkMetrics}; `undefined` for no metrics. Throws a {@link ConfigurationError} for
 * options that contradict each other.
 */
export function readMetrics(given: boolean | MetricsOptions | undefined): MetricsSettings | undefined {
  if (given === undefined || given === false) return undefined
  const { path = paths.metrics, port, host, registry }: MetricsOptions = given === true ? {} : given
  if (path !== false && port === undefined && isTaken(path))
    throw new ConfigurationError(`createAddon: metrics.path ${path} is already a route of the add-on`)
  if (host !== undefined && port === undefined)
    throw new ConfigurationError('createAddon: metrics.host requires metrics.port; set both or neither')
  if (path === false && (port !== undefined || registry === undefined))
    throw new ConfigurationError(
      'createAddon: with metrics.path false there is no page; set the metrics.registry that you serve yourself, and no metrics.port',
    )
  return { path: path === false ? undefined : path, port, host: host ?? '127.0.0.1', registry }
}

const isTaken = (path: string): boolean =>
  path === '/' ||
  path.startsWith(`${paths.installable}/`) ||
  Object.values<string>(paths).some(
    (taken) => taken !== paths.metrics && (taken.endsWith('/') ? path.startsWith(taken) : taken === path),
  )
