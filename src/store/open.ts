import { fileURLToPath } from 'node:url'
import { ConfigurationError } from '../errors.ts'
import { createEmbeddedStore } from './embedded/embedded.ts'
import { createKeyvStore, type KeyvSource } from './keyv/keyv.ts'
import { createMemoryStore } from './memory/memory.ts'
import { createPostgresStore } from './postgres/postgres.ts'
import { postgresSchemes } from './postgres/url.ts'
import { createRedisStore } from './redis/redis.ts'
import { redisSchemes } from './redis/url.ts'
import type { Store } from './store.ts'

/**
 * The option `store`: the URL of a store (`redis://…` and its variants, `postgres://…`, `memory:`, `file:./folder`), the path of
 * a folder, a Keyv or a Keyv storage adapter, or your own store. Default: the folder `./.hipchat-addon`.
 */
export type StoreSetting = string | KeyvSource | Store | undefined

const verbs = ['get', 'set', 'delete', 'entries', 'claim', 'release', 'update', 'ping', 'close']
const adapterVerbs = ['get', 'set', 'delete', 'clear']
const expected = `expected ${[...redisSchemes, ...postgresSchemes].join('://…, ')}://…, memory:, file:… or a folder, a Keyv, a Keyv storage adapter or a store`

/**
 * Creates the store for a setting. It opens and connects nothing before its first operation.
 *
 * @throws {ConfigurationError} if the setting is not valid; the message never repeats a URL.
 */
export function openStore(setting: unknown): Store {
  if (setting === undefined) return createEmbeddedStore({ path: './.hipchat-addon' })
  if (typeof setting === 'string') return openText(setting)
  if (hasMethods<Store>(setting, verbs)) return setting
  if (hasMethods<Exclude<KeyvSource, string>>(setting, adapterVerbs)) return createKeyvStore(setting)
  throw new ConfigurationError(`store: ${expected}, got ${describe(setting)}`)
}

function openText(text: string): Store {
  const path = embeddedFolder(text)
  if (path !== undefined) return createEmbeddedStore({ path })
  const scheme = schemeOf(text) ?? ''
  if (redisSchemes.includes(scheme)) return createRedisStore(text)
  if (postgresSchemes.includes(scheme)) return createPostgresStore(text)
  if (scheme === 'memory') return createMemoryStore()
  throw new ConfigurationError(`store: ${expected}, got the scheme ${scheme}:`)
}

/**
 * The folder that a setting names; `undefined` if it names another store.
 *
 * @throws {ConfigurationError} if the setting is not valid.
 */
export function embeddedFolder(text: string): string | undefined {
  if (text.trim() === '')
    throw new ConfigurationError(
      `store: ${expected}, got an empty string. Leave the option out to use the folder ./.hipchat-addon.`,
    )
  const scheme = schemeOf(text)
  if (scheme === undefined) return text
  return scheme === 'file' ? folderOf(text) : undefined
}

// A single letter before the colon is a drive.
const schemeOf = (text: string): string | undefined => /^([a-z][a-z0-9+.-]+):/i.exec(text)?.[1]?.toLowerCase()

function folderOf(text: string): string {
  if (!text.startsWith('file://')) {
    const path = text.slice('file:'.length)
    if (path === '') throw new ConfigurationError('store: expected a folder after file:, got nothing')
    return path
  }
  try {
    return fileURLToPath(text)
  } catch {
    throw new ConfigurationError(
      `store: expected file:///absolute/folder or file:./folder, got ${JSON.stringify(text)}`,
    )
  }
}

// Only the names of an object's methods can be checked; its author is responsible for what they do.
function hasMethods<T>(value: unknown, names: readonly string[]): value is T {
  if (typeof value !== 'object' || value === null) return false
  return names.every((name) => typeof Reflect.get(value, name) === 'function')
}

function describe(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  if (typeof value !== 'object') return `a ${typeof value}`
  const missing = adapterVerbs.filter((name) => typeof Reflect.get(value, name) !== 'function')
  return `an object without ${missing.join(', ')}`
}
