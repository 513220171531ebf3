import { ConfigurationError } from '../errors.ts'

/** Module keys that were given away. All kinds of module share them: clients look a key up over all, and take the first. */
export interface Keys {
  /** Takes a key. Throws a {@link ConfigurationError}, which `what` begins, for one that is none or taken. */
  take(kind: string, key: unknown, what: string): void
}

export function createKeys(): Keys {
  const kinds = new Map<string, string>()
  return {
    take(kind, key, what) {
      // A path made of dots is resolved away.
      if (typeof key !== 'string' || !/^[a-zA-Z0-9_.-]{1,40}$/.test(key) || /^\.+$/.test(key))
        throw new ConfigurationError(
          `${what}: expected a key of 1 to 40 letters, digits, - _ and ., came ${JSON.stringify(key)}`,
        )
      const taken = kinds.get(key)
      if (taken !== undefined)
        throw new ConfigurationError(
          `${taken === kind ? `two ${kind}s` : `a ${taken} and a module of the kind ${kind}`} have the key ${key}; give one of them another with { key: '…' }`,
        )
      kinds.set(key, kind)
    },
  }
}
