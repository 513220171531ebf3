import { readFileSync } from 'node:fs'
import { rootCertificates } from 'node:tls'
import { unknownName } from '../../common/checks.ts'
import { withoutMark } from '../../common/text.ts'
import { ConfigurationError } from '../../errors.ts'
import { refuse } from '../../option-checks.ts'

/** A host and port from the URL, a sentinel or a cluster. */
export interface RedisAddress {
  readonly host: string
  readonly port: number
}

/** The credentials for a server, and the kind of connection. */
export interface RedisLogin {
  readonly username: string | undefined
  readonly password: string | undefined
  readonly database: number
  readonly tls: boolean
  /** Certificate authorities to trust, as PEM; `undefined` for the public ones. */
  readonly ca: readonly string[] | undefined
}

/** A parsed Redis URL. */
export interface RedisUrl {
  /** The URL without user, password and parameters, for logs and errors. */
  readonly name: string
  /** Strings that no message may contain. */
  readonly secrets: readonly string[]
  readonly kind: Kind
  /** The server; the sentinels; some servers of the cluster. */
  readonly hosts: readonly [RedisAddress, ...RedisAddress[]]
  readonly login: RedisLogin
  /** The name of the master for the sentinels; empty for the other kinds. */
  readonly service: string
  /** The login for the sentinels themselves. */
  readonly sentinelLogin: RedisLogin
}

type Kind = 'server' | 'sentinel' | 'cluster'

interface Form {
  readonly example: string
  readonly port: number
  readonly parameters: readonly string[]
}

const forms: Readonly<Record<Kind, Form>> = {
  server: { example: 'redis://user:password@host:6379/0', port: 6379, parameters: ['ca'] },
  sentinel: {
    example: 'redis+sentinel://user:password@host1:26379,host2:26379/mymaster/0',
    port: 26379,
    parameters: ['ca', 'sentinelUsername', 'sentinelPassword'],
  },
  cluster: {
    example: 'redis+cluster://user:password@host1:6379,host2:6379',
    port: 6379,
    parameters: ['ca'],
  },
}

const schemes: Readonly<Record<string, { readonly kind: Kind; readonly tls: boolean }>> = {
  redis: { kind: 'server', tls: false },
  rediss: { kind: 'server', tls: true },
  'redis+sentinel': { kind: 'sentinel', tls: false },
  'rediss+sentinel': { kind: 'sentinel', tls: true },
  'redis+cluster': { kind: 'cluster', tls: false },
  'rediss+cluster': { kind: 'cluster', tls: true },
}

/** The schemes of Redis URLs. */
export const redisSchemes: readonly string[] = Object.keys(schemes)

/**
 * Parses a Redis URL. The scheme is `redis`, or `rediss` with TLS, for one server; with `+sentinel` or `+cluster` it is
 * for several hosts, separated by commas. All parts are percent-encoded. `?ca=/path` names a file with certificate
 * authorities to trust in addition to the public ones; it is read now.
 *
 * @throws {ConfigurationError} if it is not a Redis URL; the message does not repeat it, since it may contain a password.
 */
export function parseRedisUrl(text: string, moreAuthorities: readonly string[] = []): RedisUrl {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase()
  const known = scheme === undefined ? undefined : schemes[scheme]
  if (scheme !== undefined && !known)
    throw new ConfigurationError(
      `store: expected ${redisSchemes.join('://, ')}://, got the scheme ${scheme}:`,
    )
  const { kind, tls } = known ?? { kind: 'server', tls: false }
  const { example, port, parameters } = forms[kind]
  const parts = /^[^:]+:\/\/(?:([^@/?#]*)@)?([^@/?#]*)(?:\/([^@?#]*))?(?:\?([^@#]*))?$/.exec(text)
  const [, user = '', list = '', path = '', query = ''] = parts ?? []
  const names = list.split(',').map((host) => readAddress(host, port))
  const [first, ...others] = names.filter((address) => address !== undefined)
  if (!known || !parts || !first || others.length + 1 < names.length)
    throw new ConfigurationError(
      `store: expected a Redis URL such as ${example}, got one that cannot be read (not shown: it may contain a ` +
        'password). Percent-encode special characters in the password.',
    )
  if (kind === 'server' && others.length > 0)
    throw new ConfigurationError(
      `store: expected the URL of one Redis server, got a list of hosts. For several hosts use ` +
        `${forms.sentinel.example} or ${forms.cluster.example}`,
    )

  const given = readParameters(query, parameters)
  const at = user.indexOf(':')
  const username = decode(at < 0 ? user : user.slice(0, at), 'the user')
  const password = decode(at < 0 ? '' : user.slice(at + 1), 'the password')
  const { service, database } = readPath(kind, path)
  const ca = authorities(tls, given.get('ca'), moreAuthorities)
  const sentinelPassword = given.get('sentinelPassword')
  return {
    name: `${scheme}://${names.map((address) => address && nameOf(address)).join(',')}${path && `/${path}`}`,
    secrets: [user.slice(at + 1), password, sentinelPassword ?? ''].filter((secret) => secret !== ''),
    kind,
    hosts: [first, ...others],
    login: { username: username || undefined, password: password || undefined, database, tls, ca },
    service,
    sentinelLogin: {
      username: given.get('sentinelUsername'),
      password: sentinelPassword,
      database: 0,
      tls,
      ca,
    },
  }
}

/** The host and port of an address in one string. */
export const nameOf = ({ host, port }: RedisAddress): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`

function readAddress(text: string, defaultPort: number): RedisAddress | undefined {
  const host = text === '' ? 'localhost' : text
  if (!/^[^:]/.test(host) || !URL.canParse(`redis://${host}`)) return undefined
  const url = new URL(`redis://${host}`)
  // A host that cannot exist, such as `a%2Cb`, would otherwise only fail at the first connection.
  if (!/^[\w.[\]:-]+$/.test(url.hostname)) return undefined
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? defaultPort : Number(url.port),
  }
}

function readPath(kind: Kind, path: string): { service: string; database: number } {
  const [service, number, ...rest] = kind === 'sentinel' ? path.split('/') : ['', path]
  if (kind === 'sentinel' && !service)
    throw new ConfigurationError(
      `store: expected the name of the master after the sentinels, as in ${forms.sentinel.example}, got nothing`,
    )
  if (kind === 'cluster' && path !== '')
    throw new ConfigurationError(
      'store: expected nothing after the hosts of a cluster, which has only one database, got something (not shown)',
    )
  if (!/^\d*$/.test(number ?? '') || rest.length > 0)
    throw new ConfigurationError(
      `store: expected the number of a database at the end of ${forms[kind].example}, got something else (not shown)`,
    )
  return { service: decode(service ?? '', 'the name of the master'), database: Number(number ?? 0) }
}

function readParameters(query: string, known: readonly string[]): ReadonlyMap<string, string> {
  const given = new Map(new URLSearchParams(query))
  refuse('store', unknownName('parameter', [...given.keys()], known))
  return given
}

/** Given authorities replace the public ones, so the public ones are added. */
function authorities(tls: boolean, file: string | undefined, more: readonly string[]): string[] | undefined {
  if (file === undefined && more.length === 0) return undefined
  if (!tls)
    throw new ConfigurationError(
      'store: certificate authorities (ca) need TLS: expected the scheme rediss, got redis',
    )
  return [...rootCertificates, ...more, ...(file === undefined ? [] : [readAuthorities(file)])]
}

function readAuthorities(file: string): string {
  let text: string
  try {
    text = withoutMark(readFileSync(file, 'utf8'))
  } catch (cause) {
    throw new ConfigurationError(`store: the file of certificate authorities ${file} (ca) cannot be read`, {
      cause,
    })
  }
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text
  throw new ConfigurationError(`store: expected certificates as PEM in ${file} (ca), got something else`)
}

function decode(text: string, what: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new ConfigurationError(`store: ${what} in the Redis URL is not percent-encoded correctly`)
  }
}
