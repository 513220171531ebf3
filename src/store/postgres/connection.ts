import { Socket } from 'node:net'
import { checkServerIdentity, type PeerCertificate } from 'node:tls'
import { loadOptional } from '../../common/optional.ts'
import { resultWithin } from '../../common/time-limit.ts'
import { ConfigurationError, messageOf } from '../../errors.ts'
import type { PostgresTls, PostgresUrl } from './url.ts'

/** A row of a result, by the names of its columns. */
export type Row = Readonly<Record<string, unknown>>

/** Runs one statement. */
export type Query = (sql: string, values?: readonly unknown[]) => Promise<readonly Row[]>

/** An open connection to the server. */
export interface PostgresConnection {
  readonly query: Query
  /** Whether it can be used. */
  alive(): boolean
  /** Resolves when it can no longer be used. */
  readonly lost: Promise<void>
  /** Why it is not alive, if that is known. */
  causeOfDeath(): unknown
  /** Closes the connection at once, with a reason; the pending statement rejects. */
  drop(reason?: unknown): void
  /** Takes leave of the server, and closes the connection. */
  end(): Promise<void>
}

/** Milliseconds. */
export interface ConnectTimeouts {
  /** For opening a connection. */
  readonly connect: number
  /** For a statement, after which the server ends it. */
  readonly command: number
}

/**
 * Checks that the package `pg`, which authors install themselves, is there.
 *
 * @throws {ConfigurationError} if it is not.
 */
export function checkPg(): void {
  loadPg()
}

function loadPg() {
  const pg = loadOptional('pg') as typeof import('pg') | undefined // the package of this name
  if (!pg)
    throw new ConfigurationError(
      'store: PostgreSQL requires the package pg, which is not installed: npm install pg',
    )
  return pg
}

/** Opens one connection. It takes nothing from the environment: the URL says all. */
export async function connectPostgres(
  url: PostgresUrl,
  timeouts: ConnectTimeouts,
): Promise<PostgresConnection> {
  try {
    // A statement that nobody waits for any longer must not go on in the server.
    return await open(url, timeouts, { statement_timeout: timeouts.command })
  } catch (error) {
    // PgBouncer does not know this setting, and refuses the connection.
    if (!/unsupported startup parameter.*statement_timeout/.test(messageOf(error))) throw error
    return open(url, timeouts, {})
  }
}

async function open(
  { host, port, database, user, password, tls }: PostgresUrl,
  timeouts: ConnectTimeouts,
  settings: { readonly statement_timeout?: number },
): Promise<PostgresConnection> {
  const { Client } = loadPg()
  const socket = new Socket()
  const client = new Client({
    host,
    port,
    database,
    user,
    // Without one, `pg` would look for a password in the environment and in a file.
    password: password ?? noPassword,
    ssl: tls ? tlsOptions(tls, host) : false,
    application_name: 'hipchat-addon',
    keepAlive: true,
    connectionTimeoutMillis: timeouts.connect,
    ...settings,
    stream: () => socket,
  })
  // Without a listener an error event ends the process. The first one of a connection is its cause of death.
  let cause: unknown
  let alive = true
  const lost = new Promise<void>((resolve) => {
    const end = (reason?: unknown): void => {
      cause ??= reason
      alive = false
      resolve()
    }
    client.on('error', end)
    client.on('end', end)
  })
  const drop = (reason?: unknown): void => {
    cause ??= reason
    alive = false
    socket.destroy()
  }

  try {
    await client.connect()
  } catch (error) {
    drop(error)
    throw error instanceof AggregateError ? new Error(reasons(error), { cause: error }) : error
  }
  return {
    query: async (sql, values = []) => (await client.query<Row>(sql, [...values])).rows,
    alive: () => alive,
    lost,
    causeOfDeath: () => cause,
    drop,
    async end() {
      await resultWithin(timeouts.command, client.end()).catch(() => undefined)
      drop()
    },
  }
}

/** A name such as `localhost` can have several addresses, each with a reason. */
const reasons = ({ errors }: AggregateError): string => [...new Set(errors.map(messageOf))].join('; ')

function noPassword(): never {
  throw new Error('the server requires a password, and the URL has none')
}

const tlsOptions = ({ trusted, named, ca }: PostgresTls, host: string) => ({
  rejectUnauthorized: trusted,
  // Versions such as 8.20 of `pg` compare the certificate of an IP address with `localhost`.
  checkServerIdentity: (_: string, certificate: PeerCertificate) =>
    named ? checkServerIdentity(host, certificate) : undefined,
  ...(ca === undefined ? {} : { ca }),
})
