import { readFileSync } from 'node:fs'
import { rootCertificates } from 'node:tls'
import { withoutMark } from '../../common/text.ts'
import { ConfigurationError } from '../../errors.ts'

/** A host and port out of the URL, or as a sentinel or cluster names one. */
export interface RedisAddress {
  readonly host: string
  readonly port: number
}

/** How one proves who one is to a server, and how the connection is made. */
export interface RedisLogin {
  readonly username: string | undefined
  readonly password: string | undefined
  readonly database: number
  readonly tls: boolean
  /** Certificate authorities to trust, PEM; the public ones when absent. */
  readonly ca: readonly string[] | undefined
}

/** What a Redis URL says. */
export interface RedisUrl {
  /** The URL without user, password and parameters, for logs and errors. */
  readonly name: string
  /** Texts that no message may hold. */
  readonly secrets: readonly string[]
  readonly kind: Kind
  /** The server; the sentinels; some servers of the cluster. */
  readonly hosts: readonly [RedisAddress, ...RedisAddress[]]
  readonly login: RedisLogin
  /** Name under which the sentinels know the master; empty for the other kinds. */
  readonly service: string
  /** For the sentinels themselves. */
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

/** What a text begins with that is meant as a Redis URL. */
export const redisSchemes: readonly string[] = Object.keys(schemes)

/**
 * Reads a Redis URL. `redis` or, with TLS, `rediss`; alone for one server, with `+sentinel` or `+cluster` for several
 * hosts separated by commas. Texts are percent-encoded. `?ca=/path` names a file of certificate authorities to trust
 * besides the public ones; it is read now.
 *
 * @throws {ConfigurationError} if it is none; the message does not repeat it, for it may hold a password.
 */
export function parseRedisUrl(text: string, moreAuthorities: readonly string[] = []): RedisUrl {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase()
  const known = scheme === undefined ? undefined : schemes[scheme]
  if (scheme !== undefined && !known)
    throw new ConfigurationError(
      `store: expected ${redisSchemes.join('://, ')}://, came the scheme ${scheme}:`,
    )
  const { kind, tls } = known ?? { kind: 'server', tls: false }
  const { example, port, parameters } = forms[kind]
  const parts = /^[^:]+:\/\/(?:([^@/?#]*)@)?([^@/?#]*)(?:\/([^@?#]*))?(?:\?([^@#]*))?$/.exec(text)
  const [, user = '', list = '', path = '', query = ''] = parts ?? []
  const names = list.split(',').map((host) => readAddress(host, port))
  const [first, ...others] = names.filter((address) => address !== undefined)
  if (!known || !parts || !first || others.length + 1 < names.length)
    throw new ConfigurationError(
      `store: expected a Redis URL such as ${example}, came one that cannot be read (not shown: it may hold a ` +
        'password). Percent-encode special characters in the password.',
    )
  if (kind === 'server' && others.length > 0)
    throw new ConfigurationError(
      `store: expected the URL of one Redis server, came a list of hosts. Of several, say what they are: ` +
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

export const nameOf = ({ host, port }: RedisAddress): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`

function readAddress(text: string, defaultPort: number): RedisAddress | undefined {
  const host = text === '' ? 'localhost' : text
  if (!/^[^:]/.test(host) || !URL.canParse(`redis://${host}`)) return undefined
  const url = new URL(`redis://${host}`)
  // What is an address to nobody, such as `a%2Cb`, would otherwise fail at the first connection only.
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
      `store: expected the name of the master after the sentinels, as in ${forms.sentinel.example}, came none`,
    )
  if (kind === 'cluster' && path !== '')
    throw new ConfigurationError(
      'store: expected nothing after the hosts of a cluster, which has one database only, came something (not shown)',
    )
  if (!/^\d*$/.test(number ?? '') || rest.length > 0)
    throw new ConfigurationError(
      `store: expected the number of a database at the end of ${forms[kind].example}, came something else (not shown)`,
    )
  return { service: decode(service ?? '', 'the name of the master'), database: Number(number ?? 0) }
}

function readParameters(query: string, known: readonly string[]): ReadonlyMap<string, string> {
  const given = new Map(new URLSearchParams(query))
  const unknown = [...given.keys()].find((name) => !known.includes(name))
  if (unknown !== undefined)
    throw new ConfigurationError(
      `store: there is no parameter ${unknown} in such a Redis URL; known are ${known.join(', ')}`,
    )
  return given
}

/** Authorities that are given replace the public ones, so these come along. */
function authorities(tls: boolean, file: string | undefined, more: readonly string[]): string[] | undefined {
  if (file === undefined && more.length === 0) return undefined
  if (!tls)
    throw new ConfigurationError(
      'store: certificate authorities (ca) are for rediss, which is Redis over TLS; came redis',
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
  throw new ConfigurationError(`store: expected certificates as PEM in ${file} (ca), came something else`)
}

function decode(text: string, what: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new ConfigurationError(`store: ${what} in the Redis URL is not percent-encoded correctly`)
  }
}
