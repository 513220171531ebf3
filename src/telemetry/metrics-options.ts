import { typeName } from '../common/validate.ts'
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

const known = ['path', 'port', 'host', 'registry']
const registryMembers = ['metrics', 'getSingleMetric', 'registerMetric']

/**
 * Reads the option `metrics`; `undefined` for no metrics. Throws a {@link ConfigurationError} that names what
 * is wrong.
 */
export function readMetrics(given: boolean | MetricsOptions | undefined): MetricsSettings | undefined {
  if (given === undefined || given === false) return undefined
  if (given !== true && (typeof given !== 'object' || given === null || Array.isArray(given)))
    throw refused('metrics', `true, false or an object with the options ${known.join(', ')}`, typeName(given))
  const options: MetricsOptions = given === true ? {} : given
  for (const name of Object.keys(options))
    if (!known.includes(name))
      throw new ConfigurationError(
        `createAddon: metrics.${name} is not a known option; expected one of ${known.join(', ')}`,
      )
  const { path = paths.metrics, port, host, registry } = options
  checkPath(path, port)
  if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port <= 65535))
    throw refused('metrics.port', 'a port from 0 to 65535', String(port))
  if (host !== undefined && (typeof host !== 'string' || host === ''))
    throw refused('metrics.host', 'a non-empty string', typeName(host))
  if (host !== undefined && port === undefined)
    throw new ConfigurationError('createAddon: metrics.host requires metrics.port; set both or neither')
  if (registry !== undefined && !isRegistry(registry))
    throw refused('metrics.registry', 'a Registry of prom-client', typeName(registry))
  if (path === false && (port !== undefined || registry === undefined))
    throw new ConfigurationError(
      'createAddon: with metrics.path false there is no page; set the metrics.registry that you serve yourself, and no metrics.port',
    )
  return { path: path === false ? undefined : path, port, host: host ?? '127.0.0.1', registry }
}

function checkPath(path: unknown, port: number | undefined): void {
  if (path === false) return
  if (typeof path !== 'string')
    throw refused('metrics.path', 'a path such as /metrics, or false', typeName(path))
  if (!/^\/[\w.~/-]*$/.test(path))
    throw refused('metrics.path', 'a path such as /internal/metrics', JSON.stringify(path))
  if (port === undefined && isTaken(path))
    throw new ConfigurationError(`createAddon: metrics.path ${path} is already a route of the add-on`)
}

const isTaken = (path: string): boolean =>
  path === '/' ||
  path.startsWith(`${paths.installable}/`) ||
  Object.values<string>(paths).some(
    (taken) => taken !== paths.metrics && (taken.endsWith('/') ? path.startsWith(taken) : taken === path),
  )

const isRegistry = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  registryMembers.every((name) => typeof Reflect.get(value, name) === 'function')

const refused = (name: string, expected: string, got: string): ConfigurationError =>
  new ConfigurationError(`createAddon: expected ${name} to be ${expected}; got ${got}`)
