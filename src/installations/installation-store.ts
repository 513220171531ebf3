import { ConfigurationError, StoreError } from '../errors.ts'
import type { Store } from '../store/index.ts'
import { type Installation, valuePrefix } from './installation.ts'

/**
 * What an author keeps for one installation, as JSON: settings, counters, who opted in. Other installations have their
 * own, and everything is removed with the installation. A write that was awaited is on disk.
 *
 * For an installation that was removed nothing is kept any more: `set` and `update` reject with a StoreError.
 *
 * The type of a value is the author's word; nothing checks what an older version of the add-on wrote.
 */
export interface InstallationStore {
  get<T = unknown>(key: string): Promise<T | undefined>
  /** Writes a value; `undefined` cannot be written. `ttl` in milliseconds, none means for ever. */
  set(key: string, value: unknown, ttl?: number): Promise<void>
  /** True if there was a value. */
  delete(key: string): Promise<boolean>
  /**
   * Changes a value in one step, whatever else writes to it, and returns the new one. `change` gets the value and
   * returns the new one, or `undefined` to remove it; it may be called again when another writer was faster. The new
   * value lives for `ttl` milliseconds, whatever the old one had left.
   */
  update<T = unknown>(
    key: string,
    change: (value: T | undefined) => T | undefined,
    ttl?: number,
  ): Promise<T | undefined>
  /** All keys that begin with the prefix, with their values, in no particular order. */
  entries<T = unknown>(prefix?: string): AsyncIterable<[key: string, value: T]>
}

/** `isThere` says whether the installation has not been removed. */
export function createInstallationStore(
  store: Store,
  installation: Installation,
  isThere: () => Promise<boolean>,
): InstallationStore {
  const prefix = valuePrefix(installation)
  const full = (key: string): string => {
    if (typeof key !== 'string' || key === '')
      throw new ConfigurationError('context.store: expected a key, a non-empty text')
    return prefix + key
  }
  /** Takes back what was written while the installation was being removed: nobody would ever remove it. */
  const keepOnlyIfThere = async (key: string): Promise<void> => {
    if (await isThere()) return
    await store.delete(full(key))
    throw new StoreError(
      `context.store: ${key} is not kept: installation ${installation.oauthId} was removed`,
    )
  }
  const parse = <T>(text: string | undefined): T | undefined =>
    text === undefined ? undefined : (JSON.parse(text) as T) // see above: the author's word

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
      for await (const [key, text] of store.entries(prefix + wanted))
        yield [key.slice(prefix.length), JSON.parse(text) as T] // as in `parse`
    },
  }
}

function serialize(key: string, value: unknown): string {
  const text = JSON.stringify(value)
  if (text === undefined)
    throw new ConfigurationError(`context.store: ${key} can be any value JSON knows; came ${typeof value}`)
  return text
}
