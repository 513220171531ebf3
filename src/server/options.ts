import { isIP } from 'node:net'
import { hostOf, isLoopbackHost, type OutboundRules } from '../common/outbound.ts'
import {
  array,
  boolean,
  closedObject,
  type Infer,
  integer,
  oneOf,
  optional,
  string,
} from '../common/schema.ts'
import { validate } from '../common/validate.ts'
import { defaultLimits, type Limits } from './limits.ts'
import type { Log } from './log.ts'

/** People, rooms and emoticons a new server begins with; ids in the order of the lists. The administrator is user 1. */
export const seedSchema = closedObject({
  users: optional(
    array(
      closedObject({
        name: string({ minLength: 1, maxLength: 50 }),
        mentionName: string({ minLength: 1, maxLength: 50, pattern: '^[\\p{L}\\p{N}_.-]+$' }),
        email: optional(string()),
        title: optional(string()),
        timezone: optional(string()),
        password: optional(string({ minLength: 1 })),
        isAdmin: optional(boolean()),
        isGuest: optional(boolean()),
      }),
    ),
  ),
  rooms: optional(
    array(
      closedObject({
        name: string({ minLength: 1, maxLength: 50 }),
        topic: optional(string({ maxLength: 250 })),
        privacy: optional(oneOf(['public', 'private'])),
        /** Mention name; the administrator by default. */
        owner: optional(string()),
        /** Mention names of who may enter a private room. */
        members: optional(array(string())),
        /** Mention names of who is in the room from the start. */
        participants: optional(array(string())),
      }),
    ),
  ),
  emoticons: optional(
    array(
      closedObject({
        shortcut: string({ minLength: 1, maxLength: 50 }),
        url: string({ minLength: 1 }),
        type: optional(oneOf(['group', 'global'])),
        width: optional(integer()),
        height: optional(integer()),
      }),
    ),
  ),
})

export type Seed = Infer<typeof seedSchema>

/** Options of {@link createHipChatServer}; each has a default. */
export interface ServerOptions {
  /** Default 8080; 0 takes any free port. */
  readonly port?: number
  /** Address to listen on. Default 127.0.0.1: only this machine. */
  readonly host?: string
  /** Token of the first administrator, with all scopes. Made up at each start when absent. */
  readonly adminToken?: string
  /** Folder to keep everything in. When absent: a temporary one, gone after `close()`. */
  readonly data?: string
  /**
   * Origin in all links and in what add-ons are told, when it is not `http://host:port`: behind a proxy, or when the
   * server listens on all interfaces (then it is required).
   */
  readonly publicUrl?: string
  /** Default `{ id: 1, name: 'Example' }`. */
  readonly group?: { readonly id: number; readonly name: string }
  /** What a new server begins with. `false`: only the administrator. Ignored when `data` holds a group already. */
  readonly seed?: Seed | false
  /** Seconds an access token is good for. Default 3600; HipChat had one hour, later eight. */
  readonly tokenLifetime?: number
  /** Calls and messages allowed; single figures may be changed, `false` allows everything. Default HipChat's. */
  readonly limits?: Partial<Limits> | false
  /** Milliseconds an add-on has to confirm its installation. Default 10,000. */
  readonly installTimeout?: number
  /** Milliseconds an add-on has to answer a webhook. Default 10,000. */
  readonly deliveryTimeout?: number
  /**
   * Addresses that descriptors, callbacks and webhooks may lead to. Default: anything public over https; and on a server
   * that listens on a loopback address and has no public `publicUrl`, loopback addresses and plain http too.
   */
  readonly outbound?: OutboundRules
  /** Web origins besides the server's own whose pages may make calls without a token in the header. Default none. */
  readonly allowedOrigins?: readonly string[]
  /**
   * `classic`: answers as real HipChat did where that differs from its OpenAPI document, for clients that need it.
   * Default `standard`: as the document has it.
   */
  readonly compatibility?: 'standard' | 'classic'
  /** Add-ons that are served as with `compatibility: 'classic'`, by key or OAuth id. Default none. */
  readonly classicClients?: readonly string[]
  /** A pino logger, or anything with its `info`, `warn` and `error`. Default `false`: silent. */
  readonly log?: Log | false
  /** Checks every answer against the table of operations, and answers 500 when it does not fit. Default false. */
  readonly checkResponses?: boolean
}

/** The options with their defaults. */
export interface Settings {
  readonly port: number
  readonly host: string
  readonly adminToken: string | undefined
  readonly data: string | undefined
  readonly publicUrl: string | undefined
  readonly group: { readonly id: number; readonly name: string }
  readonly seed: Seed | undefined
  readonly tokenLifetime: number
  readonly limits: Limits
  readonly limitsEnforced: boolean
  readonly installTimeout: number
  readonly deliveryTimeout: number
  readonly outbound: OutboundRules
  readonly allowedOrigins: readonly string[]
  readonly compatibility: 'standard' | 'classic'
  readonly classicClients: ReadonlySet<string>
  readonly log: Log | false
  readonly checkResponses: boolean
}

/** An option of the server that is wrong. */
export class ServerOptionError extends Error {
  readonly code = 'ERR_SERVER_OPTION'
  override name = 'ServerOptionError'
}

const names = new Set<string>([
  'port',
  'host',
  'adminToken',
  'data',
  'publicUrl',
  'group',
  'seed',
  'tokenLifetime',
  'limits',
  'installTimeout',
  'deliveryTimeout',
  'outbound',
  'allowedOrigins',
  'compatibility',
  'classicClients',
  'log',
  'checkResponses',
] satisfies (keyof ServerOptions)[])

/** Checks the options by name and fills in the defaults. Throws {@link ServerOptionError}. */
export function settingsFrom(options: ServerOptions, defaultSeed: Seed): Settings {
  for (const name of Object.keys(options))
    if (!names.has(name))
      throw new ServerOptionError(
        `createHipChatServer has no option ${name}; there are ${[...names].join(', ')}`,
      )
  const host = text('host', options.host) ?? '127.0.0.1'
  const everywhere = host === '0.0.0.0' || host === '::'
  const publicUrl = originOption('publicUrl', options.publicUrl)
  if (everywhere && !publicUrl)
    throw new ServerOptionError(
      `publicUrl is required when the server listens on all interfaces (host ${host})`,
    )
  // Behind a proxy on the same machine the whole world gets to it.
  const local = isLoopbackHost(host) && (!publicUrl || isLoopbackHost(hostOf(new URL(publicUrl))))
  if (options.seed) checkSeed(options.seed)
  return {
    port: number('port', options.port, 0, 65_535) ?? 8080,
    host,
    adminToken: text('adminToken', options.adminToken),
    data: text('data', options.data),
    publicUrl,
    group: groupOption(options.group),
    seed: options.seed === false ? undefined : (options.seed ?? defaultSeed),
    tokenLifetime: number('tokenLifetime', options.tokenLifetime, 1, 10 * 365 * 24 * 3600) ?? 3600,
    limits: limitsOption(options.limits),
    limitsEnforced: options.limits !== false,
    installTimeout: number('installTimeout', options.installTimeout, 1, 600_000) ?? 10_000,
    deliveryTimeout: number('deliveryTimeout', options.deliveryTimeout, 1, 600_000) ?? 10_000,
    outbound: options.outbound ?? { loopback: local, http: local },
    allowedOrigins: (options.allowedOrigins ?? []).map(
      (origin) => originOption('allowedOrigins', origin) ?? '',
    ),
    compatibility: compatibilityOption(options.compatibility),
    classicClients: new Set(classicClientsOption(options.classicClients)),
    log: options.log ?? false,
    checkResponses: options.checkResponses ?? false,
  }
}

/** Where the capabilities document is, below the base address; the document names this very address. */
export const capabilitiesUrl = (base: string): string => `${base}/v2/capabilities`

/** Base address for a host and a port. */
export const addressOf = (host: string, port: number): string =>
  `http://${isIP(host) === 6 ? `[${host}]` : host}:${port}`

function text(name: string, value: unknown): string | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'string' && value !== '') return value
  throw new ServerOptionError(`${name} must be a text that is not empty`)
}

function number(name: string, value: unknown, least: number, most: number): number | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value
  throw new ServerOptionError(
    `${name} must be a whole number from ${least} to ${most}, came ${String(value)}`,
  )
}

function originOption(name: string, value: unknown): string | undefined {
  const given = text(name, value)
  if (given === undefined) return undefined
  const url = URL.canParse(given) ? new URL(given) : undefined
  if (
    url &&
    /^https?:$/.test(url.protocol) &&
    url.pathname === '/' &&
    !url.search &&
    !url.hash &&
    !url.username
  )
    return url.origin
  throw new ServerOptionError(`${name} must be an http or https origin without a path, came ${given}`)
}

function groupOption(group: ServerOptions['group']): Settings['group'] {
  if (!group) return { id: 1, name: 'Example' }
  number('group.id', group.id, 1, Number.MAX_SAFE_INTEGER)
  text('group.name', group.name)
  return { id: group.id, name: group.name }
}

function limitsOption(limits: ServerOptions['limits']): Limits {
  if (!limits) return defaultLimits
  for (const [name, value] of Object.entries(limits)) {
    if (!Object.hasOwn(defaultLimits, name))
      throw new ServerOptionError(
        `limits has no member ${name}; there are ${Object.keys(defaultLimits).join(', ')}`,
      )
    number(`limits.${name}`, value, name.endsWith('Seconds') ? 1 : 0, 1_000_000_000)
  }
  return { ...defaultLimits, ...limits }
}

function compatibilityOption(mode: unknown = 'standard'): Settings['compatibility'] {
  if (mode === 'standard' || mode === 'classic') return mode
  throw new ServerOptionError(`compatibility must be standard or classic, came ${String(mode)}`)
}

function classicClientsOption(clients: unknown = []): string[] {
  if (Array.isArray(clients) && clients.every((one) => typeof one === 'string' && one !== '')) return clients
  throw new ServerOptionError('classicClients must be a list of add-on keys or OAuth ids')
}

function checkSeed(seed: Seed): void {
  const checked = validate(seedSchema, seed)
  if (!checked.ok) throw new ServerOptionError(`seed is not valid: ${checked.problem.message}`)
}
