import { isIPv6 } from 'node:net'
import { isScope, type Scope, scopeNames } from '../api/scopes.ts'
import { isRecord } from '../common/is-record.ts'
import { isLoopbackHost } from '../common/outbound.ts'
import { parseRange } from '../common/ranges.ts'
import { typeName } from '../common/validate.ts'
import { ConfigurationError } from '../errors.ts'
import type { StoreSetting } from '../store/index.ts'
import type { Logger } from '../telemetry/log.ts'
import { type MetricsOptions, type MetricsSettings, readMetrics } from '../telemetry/metrics-options.ts'
import type { Icon } from './modules/icons.ts'

/** What an add-on is made of. Wrong, unknown and contradictory options are refused at construction, by name. */
export interface AddonOptions<S extends Scope = Scope> {
  /**
   * Identifies the add-on for ever; customary is a domain in reverse, `com.example.deploys`. Without a colon: clients
   * join it with module keys by one.
   */
  readonly key: string
  readonly name: string
  /** Shown to the administrator who is asked to approve the add-on. */
  readonly description: string
  /** What the add-on may do. Handlers get a client with just the calls these allow. */
  readonly scopes: readonly S[]
  readonly vendor?: { readonly name: string; readonly url: string } | undefined
  /** A page about the add-on for people. */
  readonly homepage?: string | undefined
  /** Name its notifications carry. Default: `name`. */
  readonly fromName?: string | undefined
  /** Picture beside its notifications: an address, a file or its bytes, which the add-on then serves. */
  readonly avatar?: Icon | undefined
  /** May be installed into a single room. Default true. */
  readonly allowRoom?: boolean
  /** May be installed for the whole group. Default true. */
  readonly allowGlobal?: boolean
  /**
   * How servers hand over credentials. `server`: they post to the add-on. `browser`: the administrator's browser brings a
   * one-time address that the add-on fetches; for add-ons that the server cannot reach. Default `server`.
   */
  readonly installation?: 'server' | 'browser'
  /**
   * Public address of the add-on, under which servers and browsers reach it; may have a path.
   * Default: `http://localhost:PORT` of `listen(PORT)`.
   */
  readonly baseUrl?: string | undefined
  /**
   * Hosts whose installations are accepted; `*.example.com` means every name below example.com.
   *
   * An installation tells the add-on where to fetch its tokens. Without this list, anyone who can reach the callback
   * could point the add-on at a host of his own. Required, unless `baseUrl` is a loopback address: then loopback hosts
   * are accepted, besides those of the list. If the server's API and web pages are on different hosts, list both.
   */
  readonly allowedHosts?: readonly string[] | undefined
  /**
   * Private address ranges in which allowed hosts may be, such as `10.0.0.0/8`. Default none: a name that resolves to
   * a private address is refused, so that nobody can use the add-on to reach into its network.
   */
  readonly allowedRanges?: readonly string[] | undefined
  /**
   * Hosts of `allowedHosts` that may speak plain http, and be at private addresses: for development, where containers call
   * each other by name. Secrets and tokens can be read on their way there, which the log says at each start. Default none:
   * https is required, except for loopback hosts.
   */
  readonly allowHttp?: readonly string[] | undefined
  /** Certificate authorities to trust besides the public ones, PEM: for servers with a certificate of their own. */
  readonly ca?: string | readonly string[] | undefined
  /**
   * Where installations and values are kept: nothing for an embedded store in `./.hipchat-addon`, a path for one
   * elsewhere, `redis://…` (`redis+sentinel://…`, `redis+cluster://…`) for several machines, `memory:` for tests, or any
   * Keyv store adapter. A store or adapter that several add-ons of a process are given is closed by the last of them.
   */
  readonly store?: StoreSetting
  /**
   * Encrypts secrets in the store: 32 random bytes as base64 or hex, or a passphrase of at least 16 characters. Of
   * several, the first encrypts and all decrypt: put a new key first to rotate. Default: not encrypted.
   */
  readonly secretKey?: string | readonly string[] | undefined
  /** Default: pino on standard output, level `info` (`LOG_LEVEL`). `false` for none. */
  readonly log?: Logger | false | undefined
  /**
   * Prometheus metrics, which take the package `prom-client`: `true` for `GET /metrics`, or where else they shall be.
   * Default: none.
   */
  readonly metrics?: boolean | MetricsOptions | undefined
  /** Whether `/help` lists the add-on's commands. Every add-on in the room would answer, so it is off by default. */
  readonly helpCommand?: boolean
  /** Milliseconds after which a delivery is acknowledged while its handler goes on. Default 3,000. */
  readonly acknowledgeAfter?: number
  /**
   * Milliseconds a handler may take. Then its `signal` is aborted, `onError` is told, and the next delivery of the room
   * begins: a handler that never ends would hold up its room for ever. Default 300,000: five minutes.
   */
  readonly handlerTimeout?: number
  /**
   * How many deliveries may be waiting or running, with the pages and glances being made; beyond it the answer is 503.
   * Default 1,000.
   */
  readonly maxDeliveries?: number
  /** Milliseconds that `close()` waits for running handlers before it aborts their `signal`. Default 10,000. */
  readonly closeTimeout?: number
  /** Milliseconds for one call of the API or the token endpoint. Default 10,000; an installation takes 4,000 in all. */
  readonly callTimeout?: number
  /** Longest wait, in milliseconds, for a used-up allowance of calls or messages to be renewed. Default 10,000. */
  readonly maxRateLimitWait?: number
}

/** The options with everything decided that needs no address. */
export interface Settings {
  readonly options: AddonOptions
  readonly baseUrl: string | undefined
  readonly loopback: boolean
  readonly acknowledgeAfter: number
  readonly handlerTimeout: number
  readonly maxDeliveries: number
  readonly closeTimeout: number
  readonly callTimeout: number
  readonly maxRateLimitWait: number
  readonly metrics: MetricsSettings | undefined
}

type Check = (value: unknown) => string | undefined

const text: Check = (value) =>
  typeof value === 'string' && value !== '' ? undefined : `a non-empty text, came ${typeName(value)}`
const flag: Check = (value) =>
  typeof value === 'boolean' ? undefined : `true or false, came ${typeName(value)}`
// Node's timers take no more: beyond it they fire at once.
const longestTimer = 2 ** 31 - 1
const milliseconds: Check = (value) => {
  if (typeof value !== 'number') return `a number of milliseconds, came ${typeName(value)}`
  if (!(value >= 0)) return `a number of milliseconds, came ${value}`
  return value <= longestTimer
    ? undefined
    : `a number of milliseconds of at most ${longestTimer}, came ${value}`
}
const texts: Check = (value) =>
  Array.isArray(value) && value.every((item) => typeof item === 'string' && item !== '')
    ? undefined
    : 'a list of non-empty texts'
const anything: Check = () => undefined

const checks: { readonly [Name in keyof Required<AddonOptions>]: Check } = {
  key: (value) =>
    typeof value === 'string' && /^[^\s:]{1,255}$/.test(value)
      ? undefined
      : `a text without blanks and colons such as com.example.deploys, came ${JSON.stringify(value)}`,
  name: text,
  description: text,
  scopes: (value) => {
    if (!Array.isArray(value)) return `a list of scopes, came ${typeName(value)}`
    const unknown = value.find((scope) => typeof scope !== 'string' || !isScope(scope))
    return unknown === undefined
      ? undefined
      : `scopes out of ${scopeNames.join(', ')}; came ${String(unknown)}`
  },
  vendor: (value) =>
    isRecord(value) && typeof value['name'] === 'string' && typeof value['url'] === 'string'
      ? undefined
      : 'an object with the texts name and url',
  homepage: absoluteUrl,
  fromName: text,
  avatar: anything, // createIcons does
  allowRoom: flag,
  allowGlobal: flag,
  installation: (value) =>
    value === 'server' || value === 'browser' ? undefined : `server or browser, came ${String(value)}`,
  baseUrl: absoluteUrl,
  allowedHosts: (value) => hosts(value, 'chat.example.net or *.example.net'),
  // One by one: a pattern for hosts that may be listened in on is soon a wide one.
  allowHttp: (value) =>
    hosts(value, 'chat and addon') ??
    ((value as string[]).some((host) => host.includes('*')) ? 'host names in full, without *' : undefined),
  allowedRanges: (value) => {
    const wrong = texts(value)
    if (wrong) return wrong
    const odd = (value as string[]).find((range) => !isRange(range)) // `texts` has seen to it
    return odd === undefined ? undefined : `address ranges such as 10.0.0.0/8; came ${odd}`
  },
  ca: (value) => {
    const wrong = typeof value === 'string' ? undefined : texts(value)
    if (wrong) return wrong
    const odd = [value].flat().some((text) => !String(text).includes('-----BEGIN CERTIFICATE-----'))
    return odd ? 'certificates as PEM, that is, the content of such a file and not its name' : undefined
  },
  store: anything, // openStore says what is wrong with it
  secretKey: anything, // createSealing does
  log: (value) =>
    value === false || (isRecord(value) && typeof value['child'] === 'function')
      ? undefined
      : 'a pino logger, or false',
  metrics: anything, // readMetrics does
  helpCommand: flag,
  acknowledgeAfter: milliseconds,
  handlerTimeout: milliseconds,
  maxDeliveries: (value) =>
    Number.isInteger(value) && Number(value) > 0
      ? undefined
      : `a whole number above 0, came ${String(value)}`,
  closeTimeout: milliseconds,
  callTimeout: (value) => (value === 0 ? 'a number of milliseconds above 0, came 0' : milliseconds(value)),
  maxRateLimitWait: milliseconds,
}

function hosts(value: unknown, such: string): string | undefined {
  const wrong = texts(value)
  if (wrong) return wrong
  const odd = (value as string[]).find((host) => !isHost(host)) // `texts` has seen to it
  return odd === undefined ? undefined : `host names such as ${such}, without a port; came ${odd}`
}

const isHost = (host: string): boolean => /^(\*\.)?[a-z0-9.-]+$/i.test(host) || isIPv6(host)

const isRange = (text: string): boolean => text.includes('/') && parseRange(text) !== undefined

const required = ['key', 'name', 'description', 'scopes'] as const

/** Checks the options; throws a {@link ConfigurationError} that names the first one that is wrong. */
export function readOptions(options: AddonOptions): Settings {
  if (!isRecord(options))
    throw new ConfigurationError(`createAddon: expected options, came ${typeName(options)}`)
  const given = withoutEmpty(options)
  for (const name of required) {
    if (given[name] === undefined) throw new ConfigurationError(`createAddon: the option ${name} is missing`)
  }
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(checks, name))
      throw new ConfigurationError(
        `createAddon: there is no option ${name}; known are ${Object.keys(checks).join(', ')}`,
      )
    if (value === undefined) continue
    const expected = checks[name as keyof typeof checks](value) // one of its keys, as just checked
    if (expected) throw new ConfigurationError(`createAddon: expected ${name} to be ${expected}`)
  }
  if (given.allowRoom === false && given.allowGlobal === false)
    throw new ConfigurationError(
      'createAddon: allowRoom and allowGlobal are both false, so the add-on could be installed nowhere',
    )
  const baseUrl = given.baseUrl?.replace(/\/+$/, '')
  const loopback = baseUrl === undefined || isLoopbackHost(new URL(baseUrl).hostname.replace(/^\[|\]$/g, ''))
  if (!loopback && !given.allowedHosts?.length)
    throw new ConfigurationError(
      `createAddon: allowedHosts is missing. With the public address ${baseUrl} anyone could install the add-on from a server of his own; list the hosts of yours, for instance ['chat.example.net'].`,
    )
  return {
    options: given,
    baseUrl,
    loopback,
    acknowledgeAfter: given.acknowledgeAfter ?? 3_000,
    handlerTimeout: given.handlerTimeout ?? 300_000,
    maxDeliveries: given.maxDeliveries ?? 1_000,
    closeTimeout: given.closeTimeout ?? 10_000,
    callTimeout: given.callTimeout ?? 10_000,
    maxRateLimitWait: given.maxRateLimitWait ?? 10_000,
    metrics: readMetrics(given.metrics),
  }
}

/** Options that are handed on from the environment as they are. */
const fromEnvironment = ['baseUrl', 'store', 'secretKey', 'ca', 'allowedHosts', 'allowHttp'] as const

/** An empty environment variable is one that is not set, and so is what was split out of it. */
function withoutEmpty(options: AddonOptions): AddonOptions {
  const empty = (value: unknown): boolean =>
    (typeof value === 'string' && value.trim() === '') ||
    (Array.isArray(value) && value.length === 1 && value[0] === '')
  const left = Object.entries(options).filter(
    ([name, value]) => !(fromEnvironment.some((one) => one === name) && empty(value)),
  )
  return Object.fromEntries(left) as unknown as AddonOptions // checked by whoever calls this
}

function absoluteUrl(value: unknown): string | undefined {
  const expected = `an absolute http or https address, came ${JSON.stringify(value)}`
  if (typeof value !== 'string' || !URL.canParse(value)) return expected
  const url = new URL(value)
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return expected
  if (url.username || url.password) return 'an address without user name and password'
  if (url.search || url.hash) return 'an address without a query and a fragment'
  return undefined
}
