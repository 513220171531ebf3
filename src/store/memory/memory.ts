import { checkKey, checkName, closedError, lifetime } from '../limits.ts'
import { createSteadyClock } from '../steady-clock.ts'
import type { Queue, Store } from '../store.ts'
import { createSweep } from '../sweeping.ts'
import { createMemoryQueue } from './queue.ts'

interface Entry {
  readonly value: string
  readonly expiresAt: number
}

const sweepEvery = 10_000

/**
 * Creates a store in the memory of this process, for tests and trials. Everything is lost when the process ends, including
 * installations, which HipChat does not send again; its `warning` says so.
 */
export function createMemoryStore(): Store {
  const name = 'memory:'
  const entries = new Map<string, Entry>()
  /** The ends of claims, by key. */
  const claims = new Map<string, number>()
  const queues = new Map<string, Queue>()
  let closed = false
  let sweeper: NodeJS.Timeout | undefined
  const steady = createSteadyClock()
  const sweepEntries = createSweep(entries, ({ expiresAt }) => expiresAt <= Date.now())
  // If a claim were removed while the clock is ahead by mistake, a replay would be accepted.
  const sweepClaims = createSweep(claims, (expiresAt) => expiresAt <= steady())

  function open(): Map<string, Entry> {
    if (closed) throw closedError(name)
    return entries
  }

  function read(key: string): string | undefined {
    checkKey(name, key)
    const entry = open().get(key)
    return entry && entry.expiresAt > Date.now() ? entry.value : undefined
  }

  function endOf(ttl: number | undefined): number {
    const life = lifetime(name, ttl)
    if (life === undefined) return Number.POSITIVE_INFINITY
    sweeper ??= setInterval(sweep, sweepEvery).unref()
    return Date.now() + life
  }

  async function sweep(): Promise<void> {
    await sweepEntries()
    await sweepClaims()
  }

  function write(key: string, value: string, ttl: number | undefined): void {
    open().set(key, { value, expiresAt: endOf(ttl) })
  }

  return {
    name,
    warning:
      'The store is in memory only: installations and everything else are lost when this process ends. ' +
      'Leave the option store out to keep them on disk.',
    get: read,
    async set(key, value, ttl) {
      checkKey(name, key)
      write(key, value, ttl)
    },
    async delete(key) {
      const existed = read(key) !== undefined
      entries.delete(key)
      return existed
    },
    async *entries(prefix) {
      for (const [key, entry] of open()) {
        if (closed) throw closedError(name)
        if (key.startsWith(prefix) && entry.expiresAt > Date.now()) yield [key, entry.value]
      }
    },
    async claim(key, ttl) {
      checkKey(name, key)
      open()
      const end = endOf(ttl)
      if ((claims.get(key) ?? 0) > Date.now()) return false
      claims.set(key, end)
      return true
    },
    async release(key) {
      checkKey(name, key)
      open()
      claims.delete(key)
    },
    async update(key, change, ttl) {
      const value = change(read(key))
      if (value === undefined) entries.delete(key)
      else write(key, value, ttl)
      return value
    },
    queue(queueName) {
      checkName(name, 'queue', queueName)
      const queue = queues.get(queueName) ?? createMemoryQueue(name, open)
      queues.set(queueName, queue)
      return queue
    },
    async ping() {
      open()
    },
    async close() {
      closed = true
      clearInterval(sweeper)
      entries.clear()
      claims.clear()
      queues.clear()
    },
  }
}
