import { isIP } from 'node:net'
import {
  anyText,
  type Check,
  type Checks,
  certificates,
  expecting,
  flag,
  integerFrom,
  listOf,
  objectOf,
  oneOf,
  optionsFault,
} from '../common/checks.ts'
import { isRecord } from '../common/is-record.ts'
import { hostOf, isLoopbackHost, type OutboundRules } from '../common/outbound.ts'
import { parseRange, type Range } from '../common/ranges.ts'
import { validate } from '../common/validate.ts'
import { missingFor } from './hosted-credentials.ts'
import type { Compatibility } from './http/classic.ts'
import { defaultLimits, type Limits } from './http/window-counter.ts'
import type { Log } from './log.ts'
import { type Seed, seedSchema } from './seed-schema.ts'
import { faultOf, type Tls } from './tls.ts'

export type { Seed } from './seed-schema.ts'

/** Options of {@link createHipChatServer}; each has a default. */
export interface ServerOptions {
  /** Port to listen on, 0 to 65,535. Default 8080; 0 takes any free port. */
  readonly port?: number
  /** Address to listen on. Default `127.0.0.1`, which only this machine can reach. */
  readonly host?: string
  /**
   * Token of the first administrator, with all scopes. Default: a random one at each start. On a server that other
   * machines can reach it is required, with at least 20 characters, at least 8 of them different.
   */
  readonly adminToken?: string
  /**
   * Folder to keep all data in; only one server at a time can use it. Default: a temporary folder, removed by
   * `close()`.
   */
  readonly data?: string
  /**
   * Origin that all links and deliveries name. Default `http://host:port`. Set it when the server is behind a
   * proxy; it is required when the server listens on all interfaces.
   */
  readonly publicUrl?: string
  /**
   * More origins that the server can be reached at, such as the name that containers use. The server accepts
   * requests for their hosts, and in answers to those requests it uses that origin for its own addresses. Default
   * none.
   */
  readonly otherUrls?: readonly string[]
  /** Certificate and key for https. Default: plain http. */
  readonly tls?: Tls
  /**
   * Group of a new server. Default: the group of the seed, or `{ id: 1, name: 'Example' }`. Not together with a
   * seed that names a group.
   */
  readonly group?: { readonly id: number; readonly name: string }
  /**
   * People, rooms and add-ons of a new server; `false` for only the administrator. Ignored when `data` already
   * holds a group. Default: three people in three rooms, or only the administrator on a server that other machines
   * can reach. On such a server every user of a seed needs a password.
   */
  readonly seed?: Seed | false
  /** Lifetime of access tokens, in seconds. Default 3600; HipChat used one hour, later eight. */
  readonly tokenLifetime?: number
  /**
   * Rate limits of calls and messages; each member replaces one default, `false` turns all limits off. Default:
   * HipChat's.
   */
  readonly limits?: Partial<Limits> | false
  /** Time an add-on has to confirm its installation, in milliseconds. Default 10,000. */
  readonly installTimeout?: number
  /** Time an add-on has to answer a delivery, in milliseconds. Default 10,000. */
  readonly deliveryTimeout?: number
  /**
   * Addresses that descriptors, callbacks and webhooks may have. Default: public addresses over https. On a server
   * that listens on a loopback address and has no public `publicUrl`, also loopback addresses and plain http.
   */
  readonly outbound?: OutboundRules
  /**
   * Also allows private and loopback addresses, and plain http: for add-ons in the operator's own network.
   * Link-local addresses are still refused. Default false. Not together with `outbound`, which sets the same in
   * detail.
   */
  readonly allowPrivate?: boolean
  /**
   * Hosts that descriptors, callbacks and webhooks may reach over plain http and at private addresses: for
   * development, where containers call each other by name. A warning is logged at each start. Default none. Not
   * together with `outbound`.
   */
  readonly allowHttp?: readonly string[]
  /**
   * Web origins, in addition to the server's own, whose pages may make calls without a token in the header. Default
   * none.
   */
  readonly allowedOrigins?: readonly string[]
  /**
   * Addresses and ranges of the proxies in front of the server, such as `127.0.0.1` and `10.0.0.0/8`. For requests
   * from these, the caller's address is read from `X-Forwarded-For`: calls without a token and failed sign-ins are
   * counted by address. Default none: the header is ignored, since anyone can send it.
   */
  readonly trustedProxies?: readonly string[]
  /**
   * `classic` answers as HipChat did where that differs from its OpenAPI document, for clients that rely on it.
   * Default `standard`, which follows the document.
   */
  readonly compatibility?: Compatibility
  /** Add-ons to serve with `compatibility: 'classic'`, by key or OAuth id. Default none. */
  readonly classicClients?: readonly string[]
  /** A pino logger, or any object with `info`, `warn` and `error` methods. Default `false`: nothing is logged. */
  readonly log?: Log | false
  /** Checks every result against the table of operations, and answers 500 when it does not match. Default false. */
  readonly checkResponses?: boolean
}

/** The validated options, with defaults filled in. */
export interface ResolvedOptions {
  readonly port: number
  readonly host: string
  readonly adminToken: string | undefined
  readonly data: string | undefined
  readonly publicUrl: string | undefined
  readonly otherUrls: readonly string[]
  readonly allowHttp: readonly string[]
  readonly tls: Tls | undefined
  readonly group: { readonly id: number; readonly name: string }
  readonly seed: Seed | undefined
  /** No other machine can reach the server. */
  readonly isLocal: boolean
  readonly compatibility: Compatibility
  readonly tokenLifetime: number
  readonly limits: Limits
  readonly limitsEnforced: boolean
  readonly installTimeout: number
  readonly deliveryTimeout: number
  readonly outbound: OutboundRules
  readonly allowedOrigins: readonly string[]
  readonly trustedProxies: readonly Range[]
  readonly classicClients: ReadonlySet<string>
  readonly log: Log | false
  readonly checkResponses: boolean
}

/** Thrown when an option of the server is wrong or missing. The message names the option. */
export class ServerOptionError extends Error {
  readonly code = 'ERR_SERVER_OPTION'
  override name = 'ServerOptionError'
}

const origin = expecting('an http or https origin without a path', (value) => {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined
  return (
    url !== undefined &&
    /^https?:$/.test(url.protocol) &&
    url.pathname === '/' &&
    !url.search &&
    !url.hash &&
    !url.username
  )
})

const hostName = expecting(
  'a host name such as addon, without a port and without *',
  (value) => typeof value === 'string' && (/^[a-z0-9.-]+$/i.test(value) || isIP(value) !== 0),
)

const range = expecting(
  'an address or a range such as 127.0.0.1 or 10.0.0.0/8',
  (value) => typeof value === 'string' && parseRange(value) !== undefined,
)

const logger = expecting(
  'false or a logger with the methods info, warn and error',
  (value) =>
    isRecord(value) &&
    ['info', 'warn', 'error'].every((level) => typeof Reflect.get(value, level) === 'function'),
)

const uses = integerFrom(0, 1_000_000_000)
const seconds = integerFrom(1, 1_000_000_000)

const limitChecks: Checks<Limits> = {
  api: uses,
  user: uses,
  flood: uses,
  windowSeconds: seconds,
  floodWindowSeconds: seconds,
}

const outboundChecks: Checks<OutboundRules> = {
  hosts: listOf('host names', anyText),
  ranges: listOf('address ranges', range),
  loopback: flag,
  http: (value, name) => (Array.isArray(value) ? listOf('host names', anyText) : flag)(value, name),
  ca: certificates,
  around: expecting('a function', (value) => typeof value === 'function'),
}

const validSeed: Check = (value, name) => {
  const checked = validate(seedSchema, value)
  return checked.ok ? undefined : `${name} is not valid: ${checked.problem.message}`
}

/** For an option that `false` turns off. */
const unlessFalse =
  (check: Check): Check =>
  (value, name) =>
    value === false ? undefined : check(value, name)

const checks: Checks<ServerOptions> = {
  port: integerFrom(0, 65_535),
  host: anyText,
  adminToken: anyText,
  data: anyText,
  publicUrl: origin,
  otherUrls: listOf('origins', origin),
  tls: objectOf<Tls>({ cert: anyText, key: anyText }, ['cert', 'key']),
  group: objectOf({ id: integerFrom(1, Number.MAX_SAFE_INTEGER), name: anyText }, ['id', 'name']),
  seed: unlessFalse(validSeed),
  compatibility: oneOf('standard', 'classic'),
  tokenLifetime: integerFrom(1, 10 * 365 * 24 * 3600),
  limits: unlessFalse(objectOf(limitChecks)),
  installTimeout: integerFrom(1, 600_000),
  deliveryTimeout: integerFrom(1, 600_000),
  outbound: objectOf(outboundChecks),
  allowPrivate: flag,
  allowHttp: listOf('host names', hostName),
  allowedOrigins: listOf('origins', origin),
  trustedProxies: listOf('addresses and ranges', range),
  classicClients: listOf('add-on keys or OAuth ids', anyText),
  log: unlessFalse(logger),
  checkResponses: flag,
}

/** Checks the options by name and fills in the defaults. Throws {@link ServerOptionError}. */
export function resolveOptions(options: ServerOptions, defaultSeed: Seed): ResolvedOptions {
  const fault = optionsFault(options, checks)
  if (fault !== undefined) throw new ServerOptionError(fault)
  const { host = '127.0.0.1', adminToken } = options
  const allowHttp = (options.allowHttp ?? []).map((name) => name.toLowerCase())
  const publicUrl = options.publicUrl === undefined ? undefined : originOf(options.publicUrl)
  const otherUrls = (options.otherUrls ?? []).map(originOf)
  const everywhere = host === '0.0.0.0' || host === '::'
  if (everywhere && !publicUrl)
    throw new ServerOptionError(
      `publicUrl is required when the server listens on all interfaces (host ${host})`,
    )
  // A public URL means a proxy on this machine, through which anyone can reach the server.
  const local =
    isLoopbackHost(host) &&
    [...(publicUrl ? [publicUrl] : []), ...otherUrls].every((url) => isLoopbackHost(hostOf(new URL(url))))
  const seed = options.seed === false ? undefined : (options.seed ?? (local ? defaultSeed : undefined))
  if (!local) checkHosted({ adminToken, seed }, publicUrl ?? host)
  return {
    port: options.port ?? 8080,
    host,
    adminToken,
    data: options.data,
    publicUrl,
    otherUrls,
    allowHttp,
    tls: tlsOption(options.tls, publicUrl),
    group: groupOption(options.group, seed),
    seed,
    isLocal: local,
    compatibility: options.compatibility ?? 'standard',
    tokenLifetime: options.tokenLifetime ?? 3600,
    limits: { ...defaultLimits, ...(options.limits || {}) },
    limitsEnforced: options.limits !== false,
    installTimeout: options.installTimeout ?? 10_000,
    deliveryTimeout: options.deliveryTimeout ?? 10_000,
    outbound: outboundOption(options, local, allowHttp),
    allowedOrigins: (options.allowedOrigins ?? []).map(originOf),
    trustedProxies: (options.trustedProxies ?? []).map(parseRange).filter((parsed) => parsed !== undefined),
    classicClients: new Set(options.classicClients),
    log: options.log ?? false,
    checkResponses: options.checkResponses ?? false,
  }
}

/** Base address for a host and a port. */
export const addressOf = (scheme: 'http' | 'https', host: string, port: number): string =>
  `${scheme}://${isIP(host) === 6 ? `[${host}]` : host}:${port}`

/** The origin of an address that was checked. */
const originOf = (address: string): string => new URL(address).origin

function checkHosted(hosted: Parameters<typeof missingFor>[0], where: string): void {
  const missing = missingFor(hosted)
  if (missing.length > 0)
    throw new ServerOptionError(
      `a server that more than this machine can reach (${where}) needs credentials: ${missing.join('; ')}`,
    )
}

function tlsOption(tls: Tls | undefined, publicUrl: string | undefined): Tls | undefined {
  if (!tls) return undefined
  const fault = faultOf(tls)
  if (fault !== undefined) throw new ServerOptionError(fault)
  if (publicUrl?.startsWith('http:'))
    throw new ServerOptionError(`publicUrl must be https when the server has a certificate, got ${publicUrl}`)
  return tls
}

function outboundOption(
  { outbound, allowPrivate }: ServerOptions,
  local: boolean,
  allowHttp: readonly string[],
): OutboundRules {
  if (outbound && allowPrivate !== undefined)
    throw new ServerOptionError('allowPrivate must be left out when outbound is given')
  if (outbound && allowHttp.length > 0)
    throw new ServerOptionError('allowHttp must be left out when outbound is given')
  if (outbound) return outbound
  return allowPrivate ? privateNetwork : { loopback: local, http: local || allowHttp }
}

function groupOption(group: ServerOptions['group'], seed: Seed | undefined): ResolvedOptions['group'] {
  if (group && seed?.group) throw new ServerOptionError('group must be left out when the seed names one')
  return group ?? { id: 1, name: 'Example', ...seed?.group }
}

/**
 * Addresses of the operator's own network, for `allowPrivate`: RFC 1918, RFC 6598 and RFC 4193. Without
 * 169.254.0.0/16, where cloud providers hand out the credentials of machines.
 */
const privateNetwork: OutboundRules = {
  ranges: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7'],
  loopback: true,
  http: true,
}
