import { setTimeout as delay } from 'node:timers/promises'
import { resultWithin } from '../../common/time-limit.ts'
import { StoreError } from '../../errors.ts'
import { checkKey, checkWork, closedError, lifetime } from '../limits.ts'
import type { Store } from '../store.ts'
import { checkPg, connectPostgres, type Query } from './connection.ts'
import { createPostgresHolders } from './holders.ts'
import { claimStatement, createPostgresJournal } from './journal.ts'
import { createPool, PostgresFailure } from './pool.ts'
import { createPostgresQueues } from './queue.ts'
import { afterKey, afterPrefix, bytesOf, textOf, timeAfter } from './sql.ts'
import { areTablesCurrent, prepareTables, preparingTime } from './tables.ts'
import { parsePostgresUrl } from './url.ts'

/** Options of {@link createPostgresStore}. */
export interface PostgresStoreOptions {
  /** Milliseconds for opening a TCP connection; the login after it gets half as much again. Default 500. */
  readonly connectTimeout?: number
  /** Milliseconds for the answer to a statement. Default 1000. */
  readonly commandTimeout?: number
  /** The most connections. Default 10. */
  readonly connections?: number
  /** Milliseconds without a sign of life after which a process on another machine counts as gone. Default 20 000. */
  readonly lease?: number
  /** Milliseconds between two sweeps of expired rows and unused connections. Default 60 000. */
  readonly sweepEvery?: number
}

const pageSize = 100
/** Milliseconds for which an update keeps trying while other writers are faster. */
const patience = 10_000
/** Rows that one statement of a sweep removes. */
const sweptAtOnce = 1000

/** The SQLSTATE of a table that does not exist. */
const noTable = '42P01'

const alive = 'expires > clock_timestamp()'

/** Writes the value `$2` of the key `$1` for `$3` milliseconds. */
const insert = `
  insert into hipchat_addon_values (key, value, expires) values ($1, $2, ${timeAfter('$3')})
  on conflict (key) do update set value = excluded.value, expires = excluded.expires`

const sweepStatement = (table: string): string => `
  delete from ${table} where key in (
    select key from ${table} where expires <= now() order by expires limit ${sweptAtOnce} for update skip locked
  ) returning 1`

/**
 * Creates a store in PostgreSQL, for add-ons that run in several processes or on several machines. It needs the package
 * `pg`, and creates its tables, whose names begin with `hipchat_addon_`, when it is first used.
 *
 *     postgres://user:password@host:5432/database
 *     postgres://user:password@host/database?sslmode=verify-full&sslrootcert=/path
 *
 * Each operation is one statement, which PostgreSQL does as a whole; some of those of queues are several, each of which is
 * whole. Connections are opened when they are needed. Operations never wait for an unavailable server: they reject within
 * about a second with a `StoreError`.
 *
 * @throws {ConfigurationError} if the URL is not a PostgreSQL URL, or `pg` is not installed; the message does not repeat the
 * URL, since it may contain a password.
 */
export function createPostgresStore(text: string, options: PostgresStoreOptions = {}): Store {
  const url = parsePostgresUrl(text)
  const { name } = url
  const { connectTimeout = 500, commandTimeout = 1000, connections = 10 } = options
  const { lease = 20_000, sweepEvery = 60_000 } = options
  checkPg()
  const timeouts = { connect: connectTimeout * 1.5, command: commandTimeout }
  const pool = createPool(() => connectPostgres(url, timeouts), { connections, timeout: commandTimeout })
  const running = new Set<Promise<unknown>>()
  let preparing: Promise<void> | undefined
  let closing: Promise<void> | undefined

  async function prepare(): Promise<void> {
    if (!(await pool.run(areTablesCurrent))) await pool.run(prepareTables, preparingTime)
  }

  /** Settles when the tables exist; all callers wait for the same attempt. */
  function prepared(): Promise<void> {
    if (preparing) return preparing
    const attempt = prepare()
    preparing = attempt
    attempt.catch(() => {
      if (preparing === attempt) preparing = undefined
    })
    return attempt
  }

  const query: Query = async (sql, values) => {
    if (closing) throw closedError(name)
    const result = send(sql, values)
    running.add(result)
    try {
      return await result
    } finally {
      running.delete(result)
    }
  }

  const send: Query = async (sql, values) => {
    try {
      await prepared()
      return await pool.run((connection) => connection.query(sql, values))
    } catch (error) {
      if (!(error instanceof PostgresFailure)) throw error
      if (error.state === noTable) preparing = undefined // it came back empty
      throw closing && error.what !== 'refused' ? closedError(name) : failure(error)
    }
  }

  function failure({ what, message, cause }: PostgresFailure): StoreError {
    if (!url.secrets.some((secret) => message.includes(secret)))
      return new StoreError(`${name} ${what}: ${message}`, { cause })
    return new StoreError(`${name} ${what}: its answer is not shown because it contains the password`)
  }

  const holders = createPostgresHolders({ query, lease, sinceOutage: pool.sinceOutage })
  const journal = createPostgresJournal({ query, holders })
  const queues = createPostgresQueues({ query, holders, store: name })

  const sweeps = setInterval(() => {
    pool.trim()
    sweep().catch(() => undefined) // the next one may succeed
  }, sweepEvery).unref()

  async function sweep(): Promise<void> {
    await holders.sweep()
    await queues.sweep()
    for (const table of ['hipchat_addon_values', 'hipchat_addon_claims']) {
      const statement = sweepStatement(table)
      while ((await query(statement)).length === sweptAtOnce) await delay(100, undefined, { ref: false })
    }
  }

  const keyOf = (key: string): Buffer => {
    checkKey(name, key)
    return bytesOf(key)
  }

  const lifeOf = (ttl: number | undefined): number | null => lifetime(name, ttl) ?? null

  async function read(key: Buffer): Promise<string | undefined> {
    const [row] = await query(`select value from hipchat_addon_values where key = $1 and ${alive}`, [key])
    return row && textOf(row['value'])
  }

  /** Writes only if nothing else has written since, and returns whether it did. */
  async function replace(
    key: Buffer,
    before: string | undefined,
    after: string | undefined,
    life: number | null,
  ): Promise<boolean> {
    const rows =
      before === undefined
        ? await query(`${insert} where hipchat_addon_values.expires <= clock_timestamp() returning 1`, [
            key,
            bytesOf(after ?? ''),
            life,
          ])
        : after === undefined
          ? await query(
              `delete from hipchat_addon_values where key = $1 and value = $2 and ${alive} returning 1`,
              [key, bytesOf(before)],
            )
          : await query(
              `update hipchat_addon_values set value = $2, expires = ${timeAfter('$3')}
               where key = $1 and value = $4 and ${alive} returning 1`,
              [key, bytesOf(after), life, bytesOf(before)],
            )
    return rows.length === 1
  }

  async function close(): Promise<void> {
    clearInterval(sweeps)
    await resultWithin(commandTimeout, Promise.allSettled(running))
    await resultWithin(commandTimeout, holders.close(send)).catch(() => undefined) // its lease ends by itself
    await pool.close()
  }

  return {
    name,
    async get(key) {
      return read(keyOf(key))
    },
    async set(key, value, ttl) {
      await query(insert, [keyOf(key), bytesOf(value), lifeOf(ttl)])
    },
    async delete(key) {
      // An expired row is removed too, but does not count.
      const rows = await query(
        `delete from hipchat_addon_values where key = $1 returning ${alive} as alive`,
        [keyOf(key)],
      )
      return rows.some((row) => row['alive'] === true)
    },
    // Page by page: an open cursor would be a transaction that holds up the server's cleaning.
    async *entries(prefix) {
      const end = afterPrefix(prefix)
      let from = bytesOf(prefix)
      for (;;) {
        const rows = await query(
          `select key, value from hipchat_addon_values
           where key >= $1 and ($2::bytea is null or key < $2) and ${alive} order by key limit ${pageSize}`,
          [from, end],
        )
        for (const row of rows) yield [textOf(row['key']), textOf(row['value'])]
        const last = rows.at(-1)?.['key']
        if (rows.length < pageSize || !Buffer.isBuffer(last)) return
        from = afterKey(last)
      }
    },
    async claim(key, ttl) {
      return (await query(claimStatement, [keyOf(key), lifeOf(ttl)])).length === 1
    },
    async release(key) {
      checkKey(name, key)
      await journal.release(key)
    },
    async update(key, change, ttl) {
      const bytes = keyOf(key)
      const life = lifeOf(ttl)
      const giveUp = performance.now() + patience
      for (let attempt = 1; ; attempt++) {
        const before = await read(bytes)
        const after = change(before)
        if (before === undefined && after === undefined) return undefined
        if (await replace(bytes, before, after, life)) return after
        if (performance.now() > giveUp)
          throw new StoreError(`${name}: ${key} was changed by others ${attempt} times while it was updated`)
        // The first retries are immediate; with many writers a random delay decides who is next.
        if (attempt > 3) await delay(Math.random() * Math.min(attempt, 20))
      }
    },
    journal: {
      async accept(id, ttl, work) {
        checkKey(name, id)
        checkWork(name, work)
        return journal.accept(id, lifeOf(ttl), work)
      },
      async begin(id) {
        checkKey(name, id)
        await journal.begin(id)
      },
      async finish(id) {
        checkKey(name, id)
        await journal.finish(id)
      },
      recover: (prefix) => journal.recover(prefix),
    },
    queue: queues.queue,
    async risks() {
      const [row] = await query("select current_setting('synchronous_commit') as commit")
      if (row?.['commit'] !== 'off') return []
      return [
        `${name}: synchronous_commit is off, so a crash of PostgreSQL loses what it acknowledged in the last moments: installations, which no server sends again, and accepted deliveries. Set synchronous_commit to on.`,
      ]
    },
    async ping() {
      // Changes nothing, but is refused whenever a write is: by a standby, or in a database that is read-only.
      await query('delete from hipchat_addon_values where false')
    },
    close() {
      closing ??= close()
      return closing
    },
  }
}
