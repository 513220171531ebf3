import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { loadEnvironment } from '../addon/environment.ts'
import { createWorkForm, queueOf, type WorkForm } from '../addon/jobs/work.ts'
import { ConfigurationError } from '../errors.ts'
import { installationPrefix } from '../installations/store-keys.ts'
import {
  createSealing,
  embeddedFolder,
  openStore,
  type Queue,
  type Store,
  scopeStore,
} from '../store/index.ts'
import { UsageError } from './usage.ts'

/** The options that name the data of an add-on. */
export interface StoreFlags {
  /** The setting of the store; by default that of the environment, then a folder. */
  readonly store?: string
  /** Key of the add-on; not needed if the store has the data of one only. */
  readonly key?: string
}

/** The queue of an add-on, which may be running in another process. */
export interface AddonQueue {
  /** Key of the add-on. */
  readonly key: string
  readonly queue: Queue
  readonly form: WorkForm
}

/** The folder that add-ons use by default. */
export const defaultStore = './.hipchat-addon'

/** Opens the queue of an add-on for `work`, with the store and the secret key of the environment. */
export async function withQueue<T>(given: StoreFlags, work: (opened: AddonQueue) => Promise<T>): Promise<T> {
  const { STORE_URL = defaultStore, SECRET_KEY } = loadEnvironment() // as the add-on reads it
  try {
    const form = createWorkForm(createSealing(SECRET_KEY))
    const store = openExisting(given.store ?? STORE_URL)
    try {
      return await work({ ...(await queueIn(store, given.key)), form })
    } finally {
      await store.close()
    }
  } catch (error) {
    throw asUsage(error)
  }
}

/** Opens a store, but creates no folder: a mistyped one would look like a store without jobs. */
function openExisting(setting: string): Store {
  const folder = embeddedFolder(setting)
  const isThere =
    folder === undefined || ['data.mdb', 'claims'].every((name) => existsSync(join(folder, name)))
  if (isThere) return openStore(setting)
  throw new UsageError(
    `--store: expected the folder of an add-on's store, or redis://… or postgres://…; there is no store in ${resolve(folder)}`,
  )
}

/** The queue of the add-on with this key, or of the only one whose data is in the store. */
export async function queueIn(
  store: Store,
  given: string | undefined,
): Promise<{ readonly key: string; readonly queue: Queue }> {
  const key = await keyIn(store, given)
  const queue = queueOf(scopeStore(store, `${key}:`))
  if (queue) return { key, queue }
  throw new UsageError(
    `--store: ${store.name} has no queues, so there are no jobs in it; the embedded store, Redis and PostgreSQL have`,
  )
}

async function keyIn(store: Store, given: string | undefined): Promise<string> {
  if (given !== undefined && (await hasInstallations(store, given))) return given
  const [first, ...others] = await keysIn(store)
  if (first === undefined) throw new UsageError(`--store: no add-on is installed in ${store.name}`)
  if (given === undefined && others.length === 0) return first
  throw new UsageError(`--key: expected one of ${[first, ...others].join(', ')}; got ${given ?? 'none'}`)
}

async function hasInstallations(store: Store, key: string): Promise<boolean> {
  for await (const _ of store.entries(`${key}:${installationPrefix}`)) return true
  return false
}

/** The keys of the add-ons that have installations, in alphabetical order. */
async function keysIn(store: Store): Promise<string[]> {
  const keys = new Set<string>()
  for await (const [name] of store.entries('')) {
    const [key, rest] = splitAtColon(name)
    if (rest.startsWith(installationPrefix)) keys.add(key)
  }
  return [...keys].toSorted()
}

/** Keys of add-ons have no colon. */
function splitAtColon(name: string): [key: string, rest: string] {
  const at = name.indexOf(':')
  return [name.slice(0, at), name.slice(at + 1)]
}

/** Turns an error about the store or the secret key into one about what the command was given. */
function asUsage(error: unknown): unknown {
  if (!(error instanceof ConfigurationError)) return error
  return new UsageError(
    error.message
      .replace(/^store:/, '--store:')
      .replaceAll('secretKey', 'SECRET_KEY')
      .replace('List the old key after the new one', 'Set SECRET_KEY to that key'),
  )
}
