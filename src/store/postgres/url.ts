import { readFileSync } from 'node:fs'
import { unknownName } from '../../common/checks.ts'
import { withoutMark } from '../../common/text.ts'
import { ConfigurationError } from '../../errors.ts'
import { refuse } from '../../option-checks.ts'

/** How to use TLS. */
export interface PostgresTls {
  /** Whether the certificate must be of a trusted authority. */
  readonly trusted: boolean
  /** Whether the certificate must have the name of the host. */
  readonly named: boolean
  /** Certificate authorities to trust, as PEM; `undefined` for the public ones. */
  readonly ca: string | undefined
}

/** A parsed PostgreSQL URL. */
export interface PostgresUrl {
  /** The URL without user, password and parameters, for logs and errors. */
  readonly name: string
  /** Strings that no message may contain. */
  readonly secrets: readonly string[]
  /** Name or address of the host, or the folder of its socket. */
  readonly host: string
  readonly port: number
  readonly database: string
  readonly user: string
  readonly password: string | undefined
  /** `undefined` for a connection that is not encrypted. */
  readonly tls: PostgresTls | undefined
}

/** The schemes of PostgreSQL URLs, which mean the same. */
export const postgresSchemes: readonly string[] = ['postgres', 'postgresql']

const example = 'postgres://user:password@host:5432/database'
const defaultPort = 5432
const parameters = ['sslmode', 'sslrootcert']

/** What each value of `sslmode` checks. */
const sslModes: Readonly<Record<string, Pick<PostgresTls, 'trusted' | 'named'> | undefined>> = {
  disable: undefined,
  require: { trusted: false, named: false },
  'verify-full': { trusted: true, named: true },
}

/**
 * Parses a PostgreSQL URL. All parts are percent-encoded; a host that begins with a slash (`%2Frun%2Fpostgresql`) is the
 * folder of a socket. `?sslmode=` is `disable` (the default), `require`, which encrypts and trusts any certificate, or
 * `verify-full`. `?sslrootcert=/path` names a file with the certificate authorities to trust; it is read now, and with
 * it `require` checks the authority of the certificate too, but not its name. All this is as in other clients.
 *
 * @throws {ConfigurationError} if it is not a PostgreSQL URL; the message does not repeat it, since it may contain a
 * password.
 */
export function parsePostgresUrl(text: string): PostgresUrl {
  const parts = /^(postgres(?:ql)?):\/\/(?:([^@/?#]*)@)?([^@/?#]*)(?:\/([^@/?#]*))?(?:\?([^@#]*))?$/i.exec(
    text,
  )
  const [, scheme = '', userinfo = '', authority = '', path = '', query = ''] = parts ?? []
  if (parts && authority.includes(','))
    throw new ConfigurationError(
      'store: expected the URL of one PostgreSQL server, got a list of hosts. Use a name or a proxy that leads to the ' +
        'primary.',
    )
  const address = parts ? readAddress(authority) : undefined
  if (!address)
    throw new ConfigurationError(
      `store: expected a PostgreSQL URL such as ${example}, got one that cannot be read (not shown: it may contain a ` +
        'password). Percent-encode special characters in the password.',
    )

  const at = userinfo.indexOf(':')
  const user = decode(at < 0 ? userinfo : userinfo.slice(0, at), 'the user')
  const rawPassword = at < 0 ? '' : userinfo.slice(at + 1)
  const password = decode(rawPassword, 'the password')
  const database = decode(path, 'the database')
  // Other clients guess both from the environment, which differs between a terminal and a service.
  if (user === '' || database === '')
    throw new ConfigurationError(
      `store: expected a user and a database, as in ${example}, got no ${user === '' ? 'user' : 'database'}`,
    )
  const given = new Map(new URLSearchParams(query))
  refuse('store', unknownName('parameter', [...given.keys()], parameters))
  return {
    name: `${scheme.toLowerCase()}://${address.shown}/${path}`,
    secrets: [rawPassword, password].filter((secret) => secret !== ''),
    host: address.host,
    port: address.port,
    database,
    user,
    password: password || undefined,
    tls: readTls(given.get('sslmode') ?? 'disable', given.get('sslrootcert')),
  }
}

function readAddress(text: string): { host: string; port: number; shown: string } | undefined {
  const [, folder, folderPort = `${defaultPort}`] = /^(%2F[^:]*)(?::(\d{1,5}))?$/i.exec(text) ?? []
  if (folder !== undefined)
    return {
      host: decode(folder, 'the folder of the socket'),
      port: Number(folderPort),
      shown: `${folder}:${folderPort}`,
    }
  const host = text === '' ? 'localhost' : text
  if (!/^[^:]/.test(host) || !URL.canParse(`postgres://${host}`)) return undefined
  const url = new URL(`postgres://${host}`)
  // A host that cannot exist, such as `a%2Cb`, would otherwise only fail at the first connection.
  if (!/^[\w.[\]:-]+$/.test(url.hostname)) return undefined
  const port = url.port === '' ? defaultPort : Number(url.port)
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port, shown: `${url.hostname}:${port}` }
}

function readTls(mode: string, file: string | undefined): PostgresTls | undefined {
  if (!Object.hasOwn(sslModes, mode)) {
    const names = Object.keys(sslModes)
    throw new ConfigurationError(
      `store: expected sslmode to be ${names.slice(0, -1).join(', ')} or ${names.at(-1)}, got something else (not shown)`,
    )
  }
  const checked = sslModes[mode]
  if (file === undefined) return checked && { ...checked, ca: undefined }
  if (!checked)
    throw new ConfigurationError(
      'store: certificate authorities (sslrootcert) need TLS: expected sslmode=verify-full or sslmode=require, got neither',
    )
  return { ...checked, trusted: true, ca: readAuthorities(file) }
}

function readAuthorities(file: string): string {
  let text: string
  try {
    text = withoutMark(readFileSync(file, 'utf8'))
  } catch (cause) {
    throw new ConfigurationError(
      `store: the file of certificate authorities ${file} (sslrootcert) cannot be read`,
      { cause },
    )
  }
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text
  throw new ConfigurationError(
    `store: expected certificates as PEM in ${file} (sslrootcert), got something else`,
  )
}

function decode(text: string, what: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new ConfigurationError(`store: ${what} in the PostgreSQL URL is not percent-encoded correctly`)
  }
}
