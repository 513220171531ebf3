import { ConfigurationError, StoreError } from '../errors.ts'
import type { Store } from '../store/index.ts'
import type { Installation } from './installation.ts'
import { hiddenMark, valuePrefix } from './store-keys.ts'

/**
 * Values of an add-on for one installation, as JSON: settings, counters, who opted in. Each installation
 * has values of its own, which are removed with the installation. A write that was awaited is on disk.
 *
 * Nothing is stored for a removed installation: then `set` and `update` reject with a StoreError. All methods
 * reject with a StoreError if the store fails, and with a ConfigurationError for an empty key.
 *
 * The type of a value is only asserted: nothing validates what an older version of the add-on wrote.
 */
export interface InstallationStore {
  /** Reads a value; `undefined` if there is none, or it has expired. */
  get<T = unknown>(key: string): Promise<T | undefined>
  /**
   * Writes a value, which must be JSON, and not `undefined`. `ttl`: its lifetime in milliseconds; default
   * forever.
   */
  set(key: string, value: unknown, ttl?: number): Promise<void>
  /** Deletes a value. Resolves with whether there was one. */
  delete(key: string): Promise<boolean>
  /**
   * Changes a value atomically, and resolves with the new one. `change` receives the current value and
   * returns the new one, or `undefined` to delete it; it may be called again if another writer was faster.
   * `ttl`: the lifetime of the new value in milliseconds; default forever, even if the old value had a
   * lifetime.
   */
  update<T = unknown>(
    key: string,
    change: (value: T | undefined) => T | undefined,
    ttl?: number,
  ): Promise<T | undefined>
  /** All keys that start with the prefix, with their values, in no particular order. Default: all keys. */
  entries<T = unknown>(prefix?: string): AsyncIterable<[key: string, value: T]>
}

/** Creates the store of an installation. `isThere` returns whether the installation still exists. */
export function createInstallationStore(
  store: Store,
  installation: Installation,
  isThere: () => Promise<boolean>,
): InstallationStore {
  const prefix = valuePrefix(installation)
  const full = (key: string): string => {
    if (typeof key !== 'string' || key === '')
      throw new ConfigurationError('context.store: expected the key to be a non-empty string')
    return prefix + key
  }
  /**
   * Deletes a value that was written while the installation was being removed: otherwise it would stay
   * forever.
   */
  const keepOnlyIfThere = async (key: string): Promise<void> => {
    if (await isThere()) return
    await store.delete(full(key))
    throw new StoreError(
      `context.store: ${key} was not stored: installation ${installation.oauthId} was removed`,
    )
  }
  const parse = <T>(text: string | undefined): T | undefined =>
    text === undefined ? undefined : (JSON.parse(text) as T) // only asserted, see above

  return {
    async get<T>(key: string) {
      return parse<T>(await store.get(full(key)))
    },
    async set(key, value, ttl) {
      await store.set(full(key), serialize(key, value), ttl)
      await keepOnlyIfThere(key)
    },
    async delete(key) {
      return store.delete(full(key))
    },
    async update<T>(key: string, change: (value: T | undefined) => T | undefined, ttl?: number) {
      const text = await store.update(
        full(key),
        (current) => {
          const next = change(parse<T>(current))
          return next === undefined ? undefined : serialize(key, next)
        },
        ttl,
      )
      if (text !== undefined) await keepOnlyIfThere(key)
      return parse<T>(text)
    },
    async *entries<T>(wanted = ''): AsyncGenerator<[string, T]> {
      for await (const [stored, text] of store.entries(prefix + wanted)) {
        const key = stored.slice(prefix.length)
        if (!key.startsWith(hiddenMark)) yield [key, JSON.parse(text) as T] // as in `parse`
      }
    },
  }
}

function serialize(key: string, value: unknown): string {
  const text = JSON.stringify(value)
  if (text === undefined)
    throw new ConfigurationError(`context.store: expected ${key} to be a JSON value, got ${typeof value}`)
  return text
}
