import { ConfigurationError } from '../errors.ts'

/**
 * The module keys in use. All kinds of modules share them: clients search all modules for a key, and use the
 * first.
 */
export interface Keys {
  /**
   * Claims a key. Throws a {@link ConfigurationError} if it is not valid or is taken; `what` starts the
   * message.
   */
  take(kind: string, key: unknown, what: string): void
}

export function createKeys(): Keys {
  const kinds = new Map<string, string>()
  return {
    take(kind, key, what) {
      // In a URL, a path segment of dots would be removed.
      if (typeof key !== 'string' || !/^[a-zA-Z0-9_.-]{1,40}$/.test(key) || /^\.+$/.test(key))
        throw new ConfigurationError(
          `${what}: expected a key of 1 to 40 letters, digits, - _ and ., got ${JSON.stringify(key)}`,
        )
      const taken = kinds.get(key)
      if (taken !== undefined)
        throw new ConfigurationError(
          `${taken === kind ? `two ${kind}s` : `a ${taken} and a module of the kind ${kind}`} have the key ${key}; give one of them another key with { key: '…' }`,
        )
      kinds.set(key, kind)
    },
  }
}
