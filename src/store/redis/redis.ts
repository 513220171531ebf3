import { setTimeout as delay } from 'node:timers/promises'
import { StoreError } from '../../errors.ts'
import { checkKey, checkName, checkWork, closedError, lifetime, longestLife } from '../limits.ts'
import type { Store } from '../store.ts'
import { createClusterRouting } from './cluster.ts'
import { connectRedis } from './connection.ts'
import { createHolders } from './holders.ts'
import { createRedisJournal } from './journal.ts'
import { type Command, RedisFailure } from './lazy-connection.ts'
import { createRedisQueue, type RedisQueue, type RunScript } from './queue.ts'
import { createSingleRouting, type RedisRouting, type RedisServer, type RedisTimeouts } from './routing.ts'
import { runScript } from './script.ts'
import { connectMaster } from './sentinel.ts'
import { parseRedisUrl, type RedisUrl } from './url.ts'

/** Options of {@link createRedisStore}. */
export interface RedisStoreOptions {
  /** Prefix of all keys, so that several add-ons can share one Redis. Default `hipchat-addon:`. */
  readonly prefix?: string
  /** Milliseconds for opening a connection. Default 500. */
  readonly connectTimeout?: number
  /** Milliseconds for the answer to a command. Default 1000. */
  readonly commandTimeout?: number
  /**
   * Milliseconds after which the work of a process without a sign of life goes to another one: what it has accepted, and what
   * it has taken from queues. Default 20,000. A process that is stopped for longer does its work twice.
   */
  readonly lease?: number
  /** Certificate authorities to trust in addition to the public ones, as PEM; for `rediss` only. */
  readonly ca?: string | readonly string[]
}

const scanCount = 1000
const readAtOnce = 100
/** Milliseconds for which an update keeps trying while other writers are faster. */
const patience = 10_000

/**
 * Creates a store in Redis, for add-ons that run in several processes or on several machines: one server, a master that
 * sentinels watch, or a cluster.
 *
 *     redis://user:password@host:6379/0
 *     redis+sentinel://user:password@host1:26379,host2:26379/mymaster/0
 *     redis+cluster://user:password@host1:6379,host2:6379
 *
 * `rediss` uses TLS; `?ca=/path` names certificate authorities to trust in addition to the public ones. The password of
 * the sentinels themselves is `?sentinelPassword=…` (and `sentinelUsername`).
 *
 * The first operation opens a connection, and so does the next one after it was lost. Operations never wait for an
 * unavailable Redis: they reject within about a second with a `StoreError`. Whether an acknowledged write survives a crash
 * of Redis depends on the persistence of Redis, and on its replication if a replica takes over.
 *
 * @throws {ConfigurationError} if the URL is not a Redis URL; the message does not repeat it, since it may contain a
 * password.
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
    // Redis quotes the arguments of unknown commands, and AUTH is a command.
    if (!url.secrets.some((secret) => message.includes(secret)))
      return new StoreError(`${name} ${what}: ${message}`, { cause })
    return new StoreError(`${name} ${what}: its answer is not shown because it contains the password`)
  }

  const keyOf = (key: string): string => {
    checkKey(name, key)
    return prefix + key
  }

  // Not under the prefix of the values: `entries` must not see claims.
  const claimOf = (key: string): string => `claimed:${keyOf(key)}`

  const expiry = (life: number | undefined) => (life === undefined ? {} : { PX: life })

  const lease = options.lease ?? 20_000
  const holders = createHolders(run, `journal:${prefix}`, lease)
  const journal = createRedisJournal({ run, claimOf, prefix: `journal:${prefix}`, holders })

  const queues = new Map<string, RedisQueue>()
  const lastScript: RunScript = (...script) => runScript(routing.run, ...script)

  async function leave(): Promise<void> {
    const leaving = await Promise.allSettled([...queues.values()].map((queue) => queue.leave(lastScript)))
    const leavesWork = journal.hasWork() || leaving.some(({ status }) => status === 'rejected')
    await holders.leave(leavesWork, routing.run)
  }

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
            // One by one, since a cluster refuses commands for keys of several slots. Values that are not strings are null.
            const values = await Promise.all(some.map((key) => run(key, (client) => client.mGet([key]))))
            for (const [index, key] of some.entries()) {
              const value = values[index]?.[0]
              if (typeof value === 'string') yield [key.slice(prefix.length), value] // null: gone by now
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
    release: (key) => journal.release(key),
    journal: {
      ...journal,
      async accept(id, ttl, work) {
        checkWork(name, work)
        return journal.accept(id, lifetime(name, ttl) ?? longestLife, work)
      },
    },
    queue(queueName) {
      if (closing) throw closedError(name)
      checkName(name, 'queue', queueName)
      const queue =
        queues.get(queueName) ??
        createRedisQueue(queueName, {
          store: name,
          run: (...script) => translated(() => lastScript(...script)),
          prefix,
          holders,
          lookEvery: lease / 4,
        })
      queues.set(queueName, queue)
      return queue
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
        // The first retries are immediate; with many writers a random delay decides who is next.
        if (attempt > 3) await delay(Math.random() * Math.min(attempt, 20))
      }
    },
    async risks() {
      const found = new Set<string>()
      const servers = await translated(() => routing.servers())
      for (const server of servers) {
        const info = await server.run((client) => client.info()).catch(() => '') // not everyone may ask
        for (const risk of risksIn(info)) found.add(`${name}: ${risk}`)
      }
      return [...found]
    },
    async ping() {
      const servers = await translated(() => routing.servers())
      // Writing an empty string into a value neither changes nor creates it, but is refused whenever a write is: by a
      // replica, with a full memory, or if the disk cannot be written.
      const probe = (server: RedisServer): Promise<unknown> => {
        const key = keyOn(server)
        return translated(() => server.run((client) => client.setRange(key, 0, '')))
      }
      await Promise.all(servers.map(probe))
    },
    async close() {
      closing ??= leave()
        .catch(() => {}) // an unreachable Redis: then the lease ends
        .then(() => routing.close())
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

// It uses one key only, so that it runs in a cluster too. It is sent whole, since EVALSHA fails after Redis restarts.
const compareAndSet = `
local current = redis.call('GET', KEYS[1])
if (ARGV[1] == '1') ~= (current ~= false) or (current and current ~= ARGV[2]) then return { 0, current } end
if ARGV[3] == '0' then redis.call('DEL', KEYS[1])
elseif ARGV[5] == '' then redis.call('SET', KEYS[1], ARGV[4])
else redis.call('SET', KEYS[1], ARGV[4], 'PX', ARGV[5]) end
return { 1 }`

/** The settings in the answer to `INFO` that can lose what was acknowledged. */
function risksIn(info: string): string[] {
  const fieldOf = (field: string): string | undefined => new RegExp(`^${field}:(\\S+)`, 'm').exec(info)?.[1]
  const risks: string[] = []
  if (fieldOf('aof_enabled') === '0')
    risks.push(
      'appendonly is off, so a restart of Redis loses what was written since its last snapshot: installations, which no server sends again, and accepted deliveries. Set appendonly to yes.',
    )
  const policy = fieldOf('maxmemory_policy')
  if (policy !== undefined && policy !== 'noeviction')
    risks.push(
      `maxmemory-policy is ${policy}, so Redis may remove installations when its memory is full. Set it to noeviction.`,
    )
  return risks
}

const optional = (value: string | undefined): [string, string] =>
  value === undefined ? ['0', ''] : ['1', value]

const escapeGlob = (text: string): string => text.replace(/[\\*?[\]^-]/g, '\\$&')
