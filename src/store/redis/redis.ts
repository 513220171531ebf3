import { setTimeout as delay } from 'node:timers/promises'
import { StoreError } from '../../errors.ts'
import { checkKey, closedError, lifetime } from '../limits.ts'
import type { Store } from '../store.ts'
import { createClusterRouting } from './cluster.ts'
import { connectRedis } from './connection.ts'
import { type Command, RedisFailure } from './line.ts'
import { createSingleRouting, type RedisRouting, type RedisServer, type RedisTimeouts } from './routing.ts'
import { connectMaster } from './sentinel.ts'
import { parseRedisUrl, type RedisUrl } from './url.ts'

export interface RedisStoreOptions {
  /** What all keys begin with, so that several add-ons can share one Redis. Default `hipchat-addon:`. */
  readonly prefix?: string
  /** Milliseconds until a connection must stand. Default 500. */
  readonly connectTimeout?: number
  /** Milliseconds until a command must be answered. Default 1000. */
  readonly commandTimeout?: number
  /** Certificate authorities to trust besides the public ones, PEM; for `rediss` only. */
  readonly ca?: string | readonly string[]
}

const scanCount = 1000
const readAtOnce = 100
/** Milliseconds an update goes on trying while other writers are faster. */
const patience = 10_000

/**
 * A store in Redis, for add-ons that run in several processes or machines: one server, a master that sentinels watch,
 * or a cluster.
 *
 *     redis://user:password@host:6379/0
 *     redis+sentinel://user:password@host1:26379,host2:26379/mymaster/0
 *     redis+cluster://user:password@host1:6379,host2:6379
 *
 * With `rediss` it is TLS; `?ca=/path` names certificate authorities to trust besides the public ones. Sentinels that
 * want a password of their own get it by `?sentinelPassword=…` (and `sentinelUsername`).
 *
 * A connection is opened by the first verb and again by the next one after it was lost. A verb never waits for a Redis
 * that is away: it rejects within about a second with a `StoreError`. Whether an acknowledged write survives a crash of
 * Redis itself is decided by the persistence it is configured with, and by its replication when a replica takes over.
 *
 * @throws {ConfigurationError} if the URL is none; the message does not repeat it, for it may hold a password.
 */
export function createRedisStore(text: string, options: RedisStoreOptions = {}): Store {
  const url = parseRedisUrl(text, [options.ca ?? []].flat())
  const { name } = url
  const prefix = options.prefix ?? 'hipchat-addon:'
  const routing = createRouting(url, {
    connect: options.connectTimeout ?? 500,
    command: options.commandTimeout ?? 1000,
  })
  let closing: Promise<void> | undefined

  const run = <T>(key: string, command: Command<T>): Promise<T> => translated(() => routing.run(key, command))

  async function translated<T>(work: () => Promise<T>): Promise<T> {
    if (closing) throw closedError(name)
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof RedisFailure)) throw error
      throw closing && error.what !== 'refused' ? closedError(name) : failure(error)
    }
  }

  function failure({ what, message, cause }: RedisFailure): StoreError {
    // Redis quotes the arguments of a command it does not know, and AUTH is a command.
    if (!url.secrets.some((secret) => message.includes(secret)))
      return new StoreError(`${name} ${what}: ${message}`, { cause })
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
      return (await run(full, (client) => client.get(full))) ?? undefined
    },
    async set(key, value, ttl) {
      const full = keyOf(key)
      const life = lifetime(name, ttl)
      await run(full, (client) => client.set(full, value, expiry(life)))
    },
    async delete(key) {
      const full = keyOf(key)
      return (await run(full, (client) => client.unlink(full))) > 0
    },
    async *entries(begin) {
      const pattern = `${escapeGlob(prefix + begin)}*`
      const seen = new Set<string>() // SCAN may name a key several times
      for (const server of await translated(() => routing.servers())) {
        let cursor = '0'
        do {
          const from = cursor
          const page = await translated(() =>
            server.run((client) => client.scan(from, { MATCH: pattern, COUNT: scanCount })),
          )
          cursor = page.cursor
          const keys = page.keys.filter((key) => !seen.has(key) && seen.add(key))
          for (let at = 0; at < keys.length; at += readAtOnce) {
            const some = keys.slice(at, at + readAtOnce)
            // One by one, since a cluster takes no command about keys of several slots; what is no text gives null.
            const values = await Promise.all(some.map((key) => run(key, (client) => client.mGet([key]))))
            for (const [index, key] of some.entries()) {
              const value = values[index]?.[0]
              if (typeof value === 'string') yield [key.slice(prefix.length), value] // null: gone meanwhile
            }
          }
        } while (cursor !== '0')
      }
    },
    async claim(key, ttl) {
      const full = claimOf(key)
      const life = lifetime(name, ttl)
      return (await run(full, (client) => client.set(full, '', { NX: true, ...expiry(life) }))) === 'OK'
    },
    async release(key) {
      const full = claimOf(key)
      await run(full, (client) => client.unlink(full))
    },
    async update(key, change, ttl) {
      const full = keyOf(key)
      const life = lifetime(name, ttl)
      const until = Date.now() + patience
      let before = (await run(full, (client) => client.get(full))) ?? undefined
      for (let attempt = 1; ; attempt++) {
        const after = change(before)
        if (before === undefined && after === undefined) return undefined
        const arguments_ = [...optional(before), ...optional(after), String(life ?? '')]
        const reply = await run(full, (client) =>
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
      const servers = await translated(() => routing.servers())
      // Writing nothing into a value changes none and makes none, but is refused where writing would be: by a replica,
      // a full memory, a disk that cannot be written.
      const probe = (server: RedisServer): Promise<unknown> => {
        const key = keyOn(server)
        return translated(() => server.run((client) => client.setRange(key, 0, '')))
      }
      await Promise.all(servers.map(probe))
    },
    async close() {
      closing ??= routing.close()
      await closing
    },
  }

  function keyOn(server: RedisServer): string {
    let number = 0
    while (!server.has(`${prefix}ping:${number}`)) number++
    return `${prefix}ping:${number}`
  }
}

const createRouting = (url: RedisUrl, timeouts: RedisTimeouts): RedisRouting => {
  switch (url.kind) {
    case 'cluster':
      return createClusterRouting(url, timeouts)
    case 'sentinel':
      return createSingleRouting(() => connectMaster(url, timeouts), timeouts)
    case 'server':
      return createSingleRouting(
        () => connectRedis({ ...url.hosts[0], ...url.login, timeout: timeouts.connect }),
        timeouts,
      )
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
