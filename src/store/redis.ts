import { setTimeout as delay } from 'node:timers/promises'
import { ConfigurationError, StoreError } from '../errors.ts'
import { DeadlineError, within } from './deadline.ts'
import { checkKey, closedError, lifetime } from './limits.ts'
import { connectRedis, type RedisConnection } from './redis-connection.ts'
import type { Store } from './store.ts'

export interface RedisStoreOptions {
  /** What all keys begin with, so that several add-ons can share one Redis. Default `hipchat-addon:`. */
  readonly prefix?: string
  /** Milliseconds until a connection must stand. Default 500. */
  readonly connectTimeout?: number
  /** Milliseconds until a command must be answered. Default 1000. */
  readonly commandTimeout?: number
  /** Certificate authorities for `rediss://` besides the public ones, PEM. */
  readonly ca?: string | readonly string[]
}

const scanCount = 1000
const readAtOnce = 100
/** Milliseconds an update goes on trying while other writers are faster. */
const patience = 10_000

/**
 * A store in Redis, for add-ons that run in several processes or machines. `redis://` or `rediss://` (TLS), with user,
 * password and database in the URL as usual: `redis://user:password@host:6379/2`.
 *
 * The connection is opened by the first verb and again by the next one after it was lost. A verb never waits for a
 * Redis that is away: it rejects within about a second with a `StoreError`. Whether an acknowledged write survives a
 * crash of Redis itself is decided by the persistence it is configured with.
 *
 * @throws {ConfigurationError} if the URL is none; the message does not repeat it, for it may hold a password.
 */
export function createRedisStore(url: string, options: RedisStoreOptions = {}): Store {
  const target = parseRedisUrl(url)
  const { name } = target
  const prefix = options.prefix ?? 'hipchat-addon:'
  const commandTimeout = options.commandTimeout ?? 1000
  let current: RedisConnection | undefined
  let connecting: Promise<RedisConnection> | undefined
  let closed = false

  async function connected(): Promise<RedisConnection> {
    if (closed) throw closedError(name)
    if (current?.alive()) return current
    // One attempt at a time, shared by all who wait: a Redis that comes back is not met by a stampede.
    connecting ??= connectRedis({
      url,
      ca: options.ca,
      timeout: options.connectTimeout ?? 500,
    }).finally(() => {
      connecting = undefined
    })
    try {
      current = await connecting
    } catch (error) {
      throw failure('cannot be reached', error)
    }
    if (!closed) return current
    await current.close(0)
    throw closedError(name)
  }

  /** One command, answered in time or given up together with the connection, which may hang for ever. */
  async function run<T>(command: (client: RedisConnection['client']) => Promise<T>): Promise<T> {
    const connection = await connected()
    try {
      return await within(commandTimeout, command(connection.client), connection.drop)
    } catch (error) {
      const what = error instanceof DeadlineError || !connection.alive() ? 'went away' : 'refused'
      throw failure(what, error)
    }
  }

  function failure(what: string, error: unknown): StoreError {
    const reason = error instanceof Error ? error.message : String(error)
    // Redis quotes the arguments of a command it does not know, and AUTH is a command.
    if (!target.secrets.some((secret) => reason.includes(secret)))
      return new StoreError(`${name} ${what}: ${reason}`, { cause: error })
    return new StoreError(`${name} ${what}: its answer is left out because it repeats the password`)
  }

  const keyOf = (key: string): string => {
    checkKey(name, key)
    return prefix + key
  }

  // Beside the values, not among them: `entries` must not come by.
  const claimOf = (key: string): string => `claimed:${keyOf(key)}`

  const expiry = (life: number | undefined) => (life === undefined ? {} : { PX: life })

  return {
    name,
    async get(key) {
      const full = keyOf(key)
      return (await run((client) => client.get(full))) ?? undefined
    },
    async set(key, value, ttl) {
      const full = keyOf(key)
      const life = lifetime(name, ttl)
      await run((client) => client.set(full, value, expiry(life)))
    },
    async delete(key) {
      const full = keyOf(key)
      return (await run((client) => client.unlink(full))) > 0
    },
    async *entries(begin) {
      const pattern = `${escapeGlob(prefix + begin)}*`
      const seen = new Set<string>() // SCAN may name a key several times
      let cursor = '0'
      do {
        const page = await run((client) => client.scan(cursor, { MATCH: pattern, COUNT: scanCount }))
        cursor = page.cursor
        const keys = page.keys.filter((key) => !seen.has(key) && seen.add(key))
        for (let at = 0; at < keys.length; at += readAtOnce) {
          const some = keys.slice(at, at + readAtOnce)
          const values = await run((client) => client.mGet(some))
          for (const [index, key] of some.entries()) {
            const value = values[index]
            if (typeof value === 'string') yield [key.slice(prefix.length), value] // null: gone meanwhile
          }
        }
      } while (cursor !== '0')
    },
    async claim(key, ttl) {
      const full = claimOf(key)
      const life = lifetime(name, ttl)
      return (await run((client) => client.set(full, '', { NX: true, ...expiry(life) }))) === 'OK'
    },
    async release(key) {
      const full = claimOf(key)
      await run((client) => client.unlink(full))
    },
    async update(key, change, ttl) {
      const full = keyOf(key)
      const life = lifetime(name, ttl)
      const until = Date.now() + patience
      let before = (await run((client) => client.get(full))) ?? undefined
      for (let attempt = 1; ; attempt++) {
        const after = change(before)
        if (before === undefined && after === undefined) return undefined
        const arguments_ = [...optional(before), ...optional(after), String(life ?? '')]
        const reply = await run((client) =>
          client.eval(compareAndSet, { keys: [full], arguments: arguments_ }),
        )
        const [done, now] = Array.isArray(reply) ? reply : []
        if (done === 1) return after
        if (Date.now() > until)
          throw new StoreError(`${name}: ${key} was changed by others ${attempt} times while it was updated`)
        before = typeof now === 'string' ? now : undefined
        // The first repetitions are immediate; with many writers some chance decides who is next.
        if (attempt > 3) await delay(Math.random() * Math.min(attempt, 20))
      }
    },
    async ping() {
      await run((client) => client.ping())
    },
    async close() {
      if (closed) return
      closed = true
      await connecting?.catch(() => undefined)
      await current?.close(commandTimeout)
    },
  }
}

// One key only, so that it runs in a cluster too. Sent whole each time: an EVALSHA after a restart of Redis would fail.
const compareAndSet = `
local current = redis.call('GET', KEYS[1])
if (ARGV[1] == '1') ~= (current ~= false) or (current and current ~= ARGV[2]) then return { 0, current } end
if ARGV[3] == '0' then redis.call('DEL', KEYS[1])
elseif ARGV[5] == '' then redis.call('SET', KEYS[1], ARGV[4])
else redis.call('SET', KEYS[1], ARGV[4], 'PX', ARGV[5]) end
return { 1 }`

const optional = (value: string | undefined): [string, string] =>
  value === undefined ? ['0', ''] : ['1', value]

const escapeGlob = (text: string): string => text.replace(/[\\*?[\]^-]/g, '\\$&')

/** Reads the URL only as far as names and errors need it; the client reads the rest. */
function parseRedisUrl(text: string): { readonly name: string; readonly secrets: readonly string[] } {
  let url: URL
  try {
    url = new URL(text)
  } catch {
    throw new ConfigurationError(
      'store: expected a Redis URL such as redis://user:password@host:6379/0, came one that cannot be read ' +
        '(not shown: it may hold a password). Percent-encode special characters in the password.',
    )
  }
  if (url.protocol !== 'redis:' && url.protocol !== 'rediss:')
    throw new ConfigurationError(`store: expected redis:// or rediss://, came the scheme ${url.protocol}`)
  const host = url.hostname || 'localhost'
  if (/[,]|%2c/i.test(host))
    throw new ConfigurationError(
      'store: expected the URL of one Redis server, came a list of hosts. Clusters and sentinels are not supported.',
    )
  const database = url.pathname.slice(1)
  if (!/^\d*$/.test(database))
    throw new ConfigurationError(
      `store: expected the number of a database after ${host}/, came something else (not shown)`,
    )
  const name = `${url.protocol}//${host}:${url.port || 6379}${database && `/${database}`}`
  const secrets = [url.password, decode(url.password)].filter((secret) => secret !== '')
  return { name, secrets }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new ConfigurationError('store: the password in the Redis URL is not percent-encoded correctly')
  }
}
