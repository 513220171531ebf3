import { isIPv6 } from 'node:net'
import { type Scope, scopeNames } from '../api/scopes.ts'
import {
  absoluteUrl,
  anyText,
  type Checks,
  certificates,
  elsewhere,
  expecting,
  flag,
  listOf,
  milliseconds,
  objectOf,
  oneOf,
  refusal,
} from '../common/checks.ts'
import { isRecord } from '../common/is-record.ts'
import { isLoopbackHost } from '../common/outbound.ts'
import { parseRange } from '../common/ranges.ts'
import { ConfigurationError } from '../errors.ts'
import { checkOptions } from '../option-checks.ts'
import type { StoreSetting } from '../store/index.ts'
import type { Logger } from '../telemetry/log.ts'
import {
  checkMetrics,
  type MetricsOptions,
  type MetricsSettings,
  readMetrics,
} from '../telemetry/metrics-options.ts'
import type { Icon } from './modules/icons.ts'

/**
 * Options of {@link createAddon}. An invalid, unknown or contradictory option throws a {@link
 * ConfigurationError} that names it.
 */
export interface AddonOptions<S extends Scope = Scope> {
  /**
   * Identifies the add-on permanently; usually a reversed domain name such as `com.example.deploys`. 1 to
   * 255 characters, without whitespace and colons: clients join it and a module key with a colon.
   */
  readonly key: string
  /** Name of the add-on, shown to people. */
  readonly name: string
  /** Shown to the administrator who is asked to approve the add-on. */
  readonly description: string
  /**
   * The scopes that the add-on requests. The clients that handlers get have only the calls that these scopes
   * allow.
   */
  readonly scopes: readonly S[]
  /** Who publishes the add-on, with their web address. Default: none. */
  readonly vendor?: { readonly name: string; readonly url: string } | undefined
  /**
   * Address of a web page about the add-on. Default: the base address, which serves a page with an install
   * link.
   */
  readonly homepage?: string | undefined
  /** Sender's name in its notifications. Default: `name`. */
  readonly fromName?: string | undefined
  /**
   * Picture next to its notifications: an address, a file or bytes. The add-on serves files and bytes.
   * Default: none.
   */
  readonly avatar?: Icon | undefined
  /** Whether it can be installed in a single room. Default true. */
  readonly allowRoom?: boolean
  /** Whether it can be installed for the whole group. Default true. */
  readonly allowGlobal?: boolean
  /**
   * How servers pass their credentials. `server`: they post them to the add-on. `browser`: the
   * administrator's browser brings a one-time address that the add-on fetches; for add-ons that the server
   * cannot reach. Default `server`.
   */
  readonly installation?: 'server' | 'browser'
  /**
   * Public address of the add-on, at which servers and browsers reach it; may have a path.
   * Default: `http://localhost:PORT`, with the port of `listen(PORT)`.
   */
  readonly baseUrl?: string | undefined
  /**
   * Hosts whose installations are accepted; `*.example.com` matches every name below example.com.
   *
   * An installation tells the add-on where to fetch its tokens. Without this list, anyone who can reach the
   * callback could point the add-on at a host of their own. Required, unless `baseUrl` is a loopback address:
   * then loopback hosts are accepted in addition to the list. If the server's API and web pages are on
   * different hosts, list both.
   */
  readonly allowedHosts?: readonly string[] | undefined
  /**
   * Private address ranges in which allowed hosts may be, such as `10.0.0.0/8`. Default none: a name that resolves to
   * a private address is refused, so that nobody can use the add-on to reach into its network.
   */
  readonly allowedRanges?: readonly string[] | undefined
  /**
   * Hosts from `allowedHosts` that may use plain http and private addresses: for development, where
   * containers call each other by name. Others on the network can read secrets and tokens, so the add-on logs
   * a warning at each start. Default none: https is required, except for loopback hosts.
   */
  readonly allowHttp?: readonly string[] | undefined
  /**
   * Certificate authorities to trust in addition to the public ones, as PEM. For servers with private
   * certificates.
   */
  readonly ca?: string | readonly string[] | undefined
  /**
   * Where installations and values are stored: a path for an embedded store, `redis://…`
   * (`redis+sentinel://…`, `redis+cluster://…`) or `postgres://…` for several machines, `memory:` for tests, or any
   * Keyv store adapter. Default: an embedded store in `./.hipchat-addon`. If several add-ons in a process share a store
   * or adapter, the last one to close closes it.
   */
  readonly store?: StoreSetting
  /**
   * Encrypts secrets in the store: 32 random bytes as base64 or hex, or a passphrase of at least 16 characters. Of
   * several keys, the first encrypts and all decrypt: put a new key first to rotate. Default: not encrypted.
   */
  readonly secretKey?: string | readonly string[] | undefined
  /**
   * A pino logger, or `false` for no log. Default: pino on standard output, level `info`, or the one in
   * `LOG_LEVEL`.
   */
  readonly log?: Logger | false | undefined
  /**
   * Prometheus metrics, which require the package `prom-client`: `true` serves them at `GET /metrics`, an
   * object says where else. Default: none.
   */
  readonly metrics?: boolean | MetricsOptions | undefined
  /**
   * Whether `/help` lists the add-on's commands. Every add-on in the room would answer, so the default is
   * false.
   */
  readonly helpCommand?: boolean
  /**
   * Whether deliveries outlive their process, with a store that can keep them: if it is killed, the next one calls the
   * handler again. Webhooks and commands have the same option. Default true.
   */
  readonly durable?: boolean
  /** Milliseconds after which a delivery is acknowledged while its handler continues. Default 3,000. */
  readonly acknowledgeAfter?: number
  /**
   * Milliseconds that a handler may take. After that its `signal` is aborted, `onError` gets a
   * HandlerTimeoutError, and the room's next delivery begins: otherwise a handler that never ends would block
   * its room forever. Default 300,000, which is five minutes.
   */
  readonly handlerTimeout?: number
  /**
   * How many deliveries may wait or run at the same time, including pages and glances in progress. Beyond
   * that, requests are answered with 503. Default 1,000.
   */
  readonly maxDeliveries?: number
  /** How many jobs, schedules and retries run at the same time in this process. Default 10. */
  readonly maxJobs?: number
  /** How many jobs and retries of one installation may wait in the store. Beyond that, `add` rejects. Default 10,000. */
  readonly maxQueued?: number
  /** Milliseconds that `close()` waits for running handlers before it aborts their `signal`. Default 10,000. */
  readonly closeTimeout?: number
  /**
   * Milliseconds for one call of the API or the token endpoint. Default 10,000; an installation gets 4,000 in
   * total.
   */
  readonly callTimeout?: number
  /**
   * Longest wait, in milliseconds, until an exhausted rate limit of calls or messages is renewed. Default
   * 10,000.
   */
  readonly maxRateLimitWait?: number
}

/** The options with their defaults, except for those that depend on the base address. */
export interface ResolvedOptions {
  readonly options: AddonOptions
  readonly baseUrl: string | undefined
  readonly loopback: boolean
  readonly acknowledgeAfter: number
  readonly handlerTimeout: number
  readonly maxDeliveries: number
  readonly maxJobs: number
  readonly maxQueued: number
  readonly closeTimeout: number
  readonly callTimeout: number
  readonly maxRateLimitWait: number
  readonly metrics: MetricsSettings | undefined
}

const isHost = (host: string): boolean => /^(\*\.)?[a-z0-9.-]+$/i.test(host) || isIPv6(host)

const range = expecting(
  'an address range such as 10.0.0.0/8',
  (value) => typeof value === 'string' && value.includes('/') && parseRange(value) !== undefined,
)

const countAboveZero = expecting(
  'a whole number above 0',
  (value) => Number.isInteger(value) && Number(value) > 0,
)

const checks: Checks<AddonOptions> = {
  key: expecting(
    'a string without whitespace and colons such as com.example.deploys',
    (value) => typeof value === 'string' && /^[^\s:]{1,255}$/.test(value),
  ),
  name: anyText,
  description: anyText,
  scopes: listOf('scopes', oneOf(...scopeNames)),
  vendor: objectOf({ name: anyText, url: anyText }, ['name', 'url']),
  homepage: absoluteUrl,
  fromName: anyText,
  avatar: elsewhere, // in createIcons
  allowRoom: flag,
  allowGlobal: flag,
  installation: oneOf('server', 'browser'),
  baseUrl: absoluteUrl,
  allowedHosts: listOf(
    'host names',
    expecting(
      'a host name such as chat.example.net or *.example.net, without a port',
      (value) => typeof value === 'string' && isHost(value),
    ),
  ),
  // No patterns: each host whose traffic others can read must be listed on purpose.
  allowHttp: listOf(
    'host names',
    expecting(
      'a host name such as chat, in full and without a port',
      (value) => typeof value === 'string' && isHost(value) && !value.includes('*'),
    ),
  ),
  allowedRanges: listOf('address ranges', range),
  ca: certificates,
  store: elsewhere, // in openStore
  secretKey: elsewhere, // in createSealing
  log: expecting(
    'a pino logger or false',
    (value) => value === false || (isRecord(value) && typeof value['child'] === 'function'),
  ),
  metrics: checkMetrics,
  helpCommand: flag,
  durable: flag,
  acknowledgeAfter: milliseconds,
  handlerTimeout: milliseconds,
  maxDeliveries: countAboveZero,
  maxJobs: countAboveZero,
  maxQueued: countAboveZero,
  closeTimeout: milliseconds,
  callTimeout: (value, name) =>
    value === 0 ? refusal(name, 'a number of milliseconds above 0', '0') : milliseconds(value, name),
  maxRateLimitWait: milliseconds,
}

/** Checks the options. Throws a {@link ConfigurationError} that names the first invalid one. */
export function readOptions(options: AddonOptions): ResolvedOptions {
  const given: unknown = withoutEmpty(options)
  checkOptions<AddonOptions>('createAddon', given, checks, ['key', 'name', 'description', 'scopes'])
  if (given.allowRoom === false && given.allowGlobal === false)
    throw new ConfigurationError(
      'createAddon: allowRoom and allowGlobal are both false, so the add-on could not be installed anywhere',
    )
  const baseUrl = given.baseUrl?.replace(/\/+$/, '')
  const loopback = baseUrl === undefined || isLoopbackHost(new URL(baseUrl).hostname.replace(/^\[|\]$/g, ''))
  if (!loopback && !given.allowedHosts?.length)
    throw new ConfigurationError(
      `createAddon: allowedHosts is missing. With the public address ${baseUrl} anyone could install the add-on from a server of their own; list the hosts of your server, for example ['chat.example.net'].`,
    )
  return {
    options: given,
    baseUrl,
    loopback,
    acknowledgeAfter: given.acknowledgeAfter ?? 3_000,
    handlerTimeout: given.handlerTimeout ?? 300_000,
    maxDeliveries: given.maxDeliveries ?? 1_000,
    maxJobs: given.maxJobs ?? 10,
    maxQueued: given.maxQueued ?? 10_000,
    closeTimeout: given.closeTimeout ?? 10_000,
    callTimeout: given.callTimeout ?? 10_000,
    maxRateLimitWait: given.maxRateLimitWait ?? 10_000,
    metrics: readMetrics(given.metrics),
  }
}

/** Options that are usually passed on from the environment as they are. */
const fromEnvironment = ['baseUrl', 'store', 'secretKey', 'ca', 'allowedHosts', 'allowHttp'] as const

/**
 * Leaves out options from an empty environment variable, which counts as not set; also if it was split into a
 * list.
 */
function withoutEmpty(options: unknown): unknown {
  if (!isRecord(options)) return options // `checkOptions` refuses it
  const empty = (value: unknown): boolean =>
    (typeof value === 'string' && value.trim() === '') ||
    (Array.isArray(value) && value.length === 1 && value[0] === '')
  return Object.fromEntries(
    Object.entries(options).filter(
      ([name, value]) => !(fromEnvironment.some((one) => one === name) && empty(value)),
    ),
  )
}
