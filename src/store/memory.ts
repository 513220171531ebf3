import { checkKey, closedError, lifetime } from './limits.ts'
import type { Store } from './store.ts'
import { createSweep } from './sweeping.ts'

interface Entry {
  readonly value: string
  readonly expiresAt: number
}

const sweepEvery = 10_000

// Claims share the map and its sweep, under a prefix that keys do not begin with.
const claimed = '\u0000claimed:'

/**
 * A store in the memory of this process, for tests and trials: everything is gone when the process ends, installations
 * too, and HipChat does not send them again. `warning` says so.
 */
export function createMemoryStore(): Store {
  const name = 'memory:'
  const entries = new Map<string, Entry>()
  let closed = false
  let sweeper: NodeJS.Timeout | undefined
  const sweep = createSweep(entries, ({ expiresAt }) => expiresAt <= Date.now())

  function open(): Map<string, Entry> {
    if (closed) throw closedError(name)
    return entries
  }

  function read(key: string): string | undefined {
    checkKey(name, key)
    const entry = open().get(key)
    return entry && entry.expiresAt > Date.now() ? entry.value : undefined
  }

  function write(key: string, value: string, ttl: number | undefined): void {
    const life = lifetime(name, ttl)
    if (life !== undefined && !sweeper) sweeper = setInterval(sweep, sweepEvery).unref()
    open().set(key, { value, expiresAt: life === undefined ? Number.POSITIVE_INFINITY : Date.now() + life })
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
        if (key.startsWith(prefix) && !key.startsWith(claimed) && entry.expiresAt > Date.now())
          yield [key, entry.value]
      }
    },
    async claim(key, ttl) {
      checkKey(name, key)
      if (read(claimed + key) !== undefined) return false
      write(claimed + key, '', ttl)
      return true
    },
    async release(key) {
      checkKey(name, key)
      open().delete(claimed + key)
    },
    async update(key, change, ttl) {
      const value = change(read(key))
      if (value === undefined) entries.delete(key)
      else write(key, value, ttl)
      return value
    },
    async ping() {
      open()
    },
    async close() {
      closed = true
      clearInterval(sweeper)
      entries.clear()
    },
  }
}
