import type { Keyv, KeyvStoreAdapter } from 'keyv'
import { createKeyedQueue, type KeyedQueue } from '../../common/keyed-queue.ts'
import { DeadlineError, withDeadline } from '../../common/time-limit.ts'
import { StoreError } from '../../errors.ts'
import { createKeyIndex, type KeyIndex } from '../key-index.ts'
import { checkKey, closedError, lifetime } from '../limits.ts'
import type { Store } from '../store.ts'

/** What a Keyv store can use: a Keyv, one of its storage adapters, or a `Map`. */
export type KeyvSource = Keyv | KeyvStoreAdapter | Map<string, unknown>

interface Shared {
  readonly keyv: Keyv
  readonly queue: KeyedQueue
  readonly index: KeyIndex
}

const timeout = 1000
const readAtOnce = 20
const prefix = 'hipchat-addon:'

// Two Keyvs on one adapter would overwrite each other's namespace, and two indexes each other's entries.
const shared = new WeakMap<KeyvSource, Promise<Shared>>()

/**
 * Creates a store from anything that Keyv can keep values in. It is for one process only, as its `warning` says: Keyv has
 * no operation that changes a value atomically, so `claim` and `update` are ordered within this process. Keys begin with
 * `hipchat-addon:`; an index of them is kept next to them, because Keyv can list keys with a few adapters only.
 *
 * A given Keyv is used as it is, with one change: it throws its errors from then on.
 */
export function createKeyvStore(source: KeyvSource): Store {
  const name = `keyv:${adapterName(source)}`
  let closed = false
  let used = false

  async function open(): Promise<Shared> {
    if (closed) throw closedError(name)
    used = true
    let opening = shared.get(source)
    if (!opening) {
      opening = share(source)
      shared.set(source, opening)
    }
    return opening
  }

  /** Runs `action` with a timeout; after that, parts of it that have not started never start. */
  async function run<T>(action: (parts: Shared, isLate: () => boolean) => Promise<T>): Promise<T> {
    const parts = await open()
    let late = false
    const work = action(parts, () => late)
    try {
      return await withDeadline(timeout, work, () => {
        late = true
      })
    } catch (error) {
      if (error instanceof StoreError || error instanceof CallerError) throw error
      throw failure(error)
    }
  }

  /** Like `run`, but no other action on this key runs at the same time. */
  const alone = <T>(key: string, action: (parts: Shared) => Promise<T>): Promise<T> =>
    run((parts, isLate) =>
      parts.queue.run(key, () => (isLate() ? Promise.reject(new DeadlineError('too late')) : action(parts))),
    )

  function failure(error: unknown): StoreError {
    // The message of an adapter's error may contain its URL with a password.
    const reason = (error instanceof Error ? error.message : String(error)).replace(/:\/\/[^\s/]*@/g, '://')
    return new StoreError(`${name} failed: ${reason}`)
  }

  async function write({ keyv, index }: Shared, key: string, value: string, life?: number): Promise<void> {
    // The index first: a key without a value does no harm, but a value without its key is never found again.
    await index.add(key, life === undefined ? undefined : Date.now() + life)
    if ((await keyv.set(prefix + key, value, life)) === false)
      throw new StoreError(`${name} did not accept a value`)
  }

  async function remove({ keyv, index }: Shared, key: string): Promise<void> {
    await keyv.delete(prefix + key)
    index.remove(key)
  }

  return {
    name,
    warning:
      `The store ${name} works for a single process: do not run the add-on in several. ` +
      'Use a redis:// URL, or leave the option store out to share a folder.',
    async get(key) {
      checkKey(name, key)
      return run(({ keyv }) => read(keyv, key))
    },
    async set(key, value, ttl) {
      checkKey(name, key)
      const life = lifetime(name, ttl)
      await alone(key, (parts) => write(parts, key, value, life))
    },
    async delete(key) {
      checkKey(name, key)
      return alone(key, async (parts) => {
        const existed = (await read(parts.keyv, key)) !== undefined
        await remove(parts, key)
        return existed
      })
    },
    async *entries(begin) {
      const keys = await run(({ index }) => index.keys(begin))
      for (let at = 0; at < keys.length; at += readAtOnce) {
        const some = keys.slice(at, at + readAtOnce)
        const values = await run(({ keyv }) => Promise.all(some.map((key) => read(keyv, key))))
        for (const [position, key] of some.entries()) {
          const value = values[position]
          if (value !== undefined) yield [key, value]
        }
      }
    },
    // Claims are not in the index: they are never listed, and each expires by itself.
    async claim(key, ttl) {
      checkKey(name, key)
      const life = lifetime(name, ttl)
      return alone(claimed + key, async ({ keyv }) => {
        if ((await read(keyv, claimed + key)) !== undefined) return false
        if ((await keyv.set(prefix + claimed + key, '', life)) === false)
          throw new StoreError(`${name} did not accept a claim`)
        return true
      })
    },
    async release(key) {
      checkKey(name, key)
      await alone(claimed + key, async ({ keyv }) => void (await keyv.delete(prefix + claimed + key)))
    },
    async update(key, change, ttl) {
      checkKey(name, key)
      const life = lifetime(name, ttl)
      try {
        return await alone(key, async (parts) => {
          const value = callChange(change, await read(parts.keyv, key))
          if (value === undefined) await remove(parts, key)
          else await write(parts, key, value, life)
          return value
        })
      } catch (error) {
        throw error instanceof CallerError ? error.cause : error
      }
    },
    async ping() {
      await run(({ keyv }) => read(keyv, 'ping'))
    },
    async close() {
      if (closed) return
      closed = true
      if (!used) return
      const parts = await shared.get(source)
      await parts?.queue.idle()
      await parts?.keyv.disconnect()
    },
  }
}

async function share(source: KeyvSource): Promise<Shared> {
  const keyv = isKeyv(source) ? source : await wrap(source)
  keyv.throwOnErrors = true
  keyv.on('error', () => {}) // without a listener an error event ends the process; the error is thrown as well
  const queue = createKeyedQueue()
  const index = createKeyIndex({
    async read(part) {
      const text: unknown = await keyv.get(indexPrefix + part)
      return typeof text === 'string' ? text : undefined
    },
    async write(part, text) {
      await keyv.set(indexPrefix + part, text)
    },
    forget: (key, isOver) =>
      queue.run(key, async () => {
        if (isOver()) await keyv.delete(prefix + key)
      }),
  })
  return { keyv, queue, index }
}

const indexPrefix = 'hipchat-addon-index:'
const claimed = '\u0000claimed:' // no other key begins like this

async function wrap(source: Exclude<KeyvSource, Keyv>): Promise<Keyv> {
  const library = await import('keyv')
  return new library.Keyv({ store: source, useKeyPrefix: false, throwOnErrors: true })
}

async function read(keyv: Keyv, key: string): Promise<string | undefined> {
  const value: unknown = await keyv.get(prefix + key)
  return typeof value === 'string' ? value : undefined
}

/** Wraps an error of the caller's own function, so that it is not translated like the adapter's errors. */
class CallerError extends Error {}

function callChange(
  change: (value: string | undefined) => string | undefined,
  value: string | undefined,
): string | undefined {
  try {
    return change(value)
  } catch (cause) {
    throw new CallerError('', { cause })
  }
}

/** Checks the members, not the class: the author's Keyv may come from another copy of the package. */
const isKeyv = (source: KeyvSource): source is Keyv => 'throwOnErrors' in source && 'hooks' in source

function adapterName(source: KeyvSource): string {
  const adapter: unknown = isKeyv(source) ? source.store : source
  return typeof adapter === 'object' && adapter !== null ? adapter.constructor.name : 'adapter'
}
