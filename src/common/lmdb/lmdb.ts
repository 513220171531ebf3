import { accessSync, constants, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { isMainThread } from 'node:worker_threads'
import { makeFolder } from '../make-folder.ts'
import { checkLmdbFile, DamagedFileError } from './data-file.ts'
import { createTurns, type Turns } from './turns.ts'

// The parts of lmdb that are used here. Its own declarations do not compile in projects that check libraries, and they would
// come with every import of this package.

/** Entries that are read lazily. */
export interface Range<T> extends Iterable<T> {
  map<R>(show: (one: T) => R): Range<R>
}

/** The range of keys to read. Default: all keys in ascending order. */
export interface RangeOptions<K> {
  /** The first key; excluded with `exclusiveStart`. */
  readonly start?: K
  /** The end of the range, which is excluded. */
  readonly end?: K
  /** The most entries. */
  readonly limit?: number
  /** Descending order. */
  readonly reverse?: boolean
  /** Excludes the key `start`. */
  readonly exclusiveStart?: boolean
}

/** One tree of keys and values. Its writing methods are for use inside a transaction. */
export interface Database<V, K> {
  get(key: K): V | undefined
  getRange(options: RangeOptions<K>): Range<{ key: K; value: V }>
  getKeys(options: RangeOptions<K>): Range<K>
  getKeysCount(options: RangeOptions<K>): number
  putSync(key: K, value: V): void
  removeSync(key: K): boolean
}

/** An open folder. It is a database itself and contains other databases by name. */
export interface RootDatabase<V, K> extends Database<V, K> {
  /** Opens a named database, and creates it if necessary. */
  openDB<W, L>(options: { name: string; encoding: 'binary' }): Database<W, L>
  /** Runs the action in a transaction; resolves when its writes are on disk. */
  transaction<T>(action: () => T): Promise<T>
  /** Runs the action in a transaction, and blocks the thread until it is committed. */
  transactionSync<T>(action: () => T): T
  /** Removes all entries. */
  clearSync(): void
  /** Removes the entries of killed readers; returns their number. */
  readerCheck(): number
  /** Closes this handle; the last one closes the environment. */
  close(): Promise<void>
}

type AnyDatabase = Database<unknown, unknown>
type AnyRoot = RootDatabase<unknown, unknown>

/** Options of {@link openLmdb}. */
export interface LmdbOptions {
  /** Leaves syncing to the system, for a temporary folder. Default false. */
  readonly noSync?: boolean
}

/** An environment of this thread, with its open databases and the number of its users. */
interface Environment {
  readonly root: AnyRoot
  readonly turns: Turns
  readonly noSync: boolean
  /** Named databases, by name and options. */
  readonly databases: Map<string, AnyDatabase>
  users: number
}

interface Shared {
  /** By the identity of the data file: two paths of one folder are the same, and a folder that was created again is another. */
  readonly environments: Map<string, Environment>
  /** Transactions in progress. */
  readonly underWay: Set<Promise<unknown>>
  /** The last waiting call of {@link alone}; new transactions wait for it. */
  opening: Promise<void> | undefined
}

// Shared by all copies of this module in this thread.
const place = Symbol.for('hipchat-addon/lmdb/1')
const holder = globalThis as { [place]?: Shared }
holder[place] ??= createShared()
const shared: Shared = holder[place]

function createShared(): Shared {
  const environments = new Map<string, Environment>()
  // Not in a worker: its process continues, and others would wait for the turn that it took.
  if (isMainThread)
    process.on('exit', () => {
      for (const { turns } of environments.values()) turns.leave()
    })
  return { environments, underWay: new Set(), opening: undefined }
}

/**
 * Opens an LMDB environment in its own folder, which only the owner may enter. All users of the same folder in one thread
 * share one environment, which the last `close()` closes.
 *
 * Opening waits for LMDB's writer lock and blocks the thread. LMDB's own thread holds that lock while it waits for this
 * thread to run a transaction, so two environments of one folder in a thread could wait for each other forever. Across
 * threads and processes, such a deadlock needs two folders; {@link alone} prevents it.
 *
 * `overlappingSync` must stay off: with the default, writes that had been acknowledged to one of several processes were
 * lost in a trial (12 of 76,000; none of 45,000 with it off, at the same speed).
 *
 * `eventTurnBatching` must stay off, and writes go into transactions: with it on, a commit that fails (a full disk) also
 * rejects a promise inside lmdb that nobody can reach, and that ends the process.
 *
 * @throws {DamagedFileError} if an existing file cannot be used; it is checked before LMDB maps it into memory.
 */
export function openLmdb<V, K extends string | number | (string | number)[]>(
  path: string,
  { noSync = false }: LmdbOptions = {},
): RootDatabase<V, K> {
  makeFolder(path)
  const file = join(path, 'data.mdb')
  const found = shared.environments.get(identityOf(file))
  if (found && found.noSync !== noSync)
    throw new Error(`${path} is already open in this process: expected noSync ${found.noSync}, got ${noSync}`)
  const environment = found ?? openEnvironment(path, file, noSync)
  environment.users += 1
  return handleOf(environment) as RootDatabase<V, K> // the caller is responsible for V and K
}

function openEnvironment(path: string, file: string, noSync: boolean): Environment {
  checkAccess(path)
  checkLmdbFile(file)
  const require = createRequire(import.meta.url) // native and slow to load: only when an environment is opened
  const { open } = require('lmdb') as { open(options: object): AnyRoot } // as far as it is declared above
  // `noSubdir: false`: otherwise lmdb would treat a folder with a dot in its name as a file.
  const options = { path, noSync, noSubdir: false, overlappingSync: false, eventTurnBatching: false }
  for (const { turns } of shared.environments.values()) turns.rest() // this thread is blocked during the opening
  const turns = createTurns(path)
  const root = turns.open(() => open(options))
  const environment: Environment = { root, turns, noSync, databases: new Map(), users: 0 }
  shared.environments.set(identityOf(file), environment)
  return environment
}

/** If LMDB cannot open its files, lmdb ends the process with SIGSEGV, so access is checked before. */
function checkAccess(path: string): void {
  accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK)
  for (const name of ['data.mdb', 'lock.mdb']) {
    const file = join(path, name)
    const found = statSync(file, { throwIfNoEntry: false })
    if (!found) continue
    if (!found.isFile()) throw new DamagedFileError(`${file} is not a file`)
    // With `access`, since opening and closing the lock file would release the locks that this process has on it.
    accessSync(file, constants.R_OK | constants.W_OK)
  }
}

/** A handle of the environment for one user, with its own `close()`. */
function handleOf(environment: Environment): AnyRoot {
  const { root, turns, databases } = environment
  const pending = new Set<Promise<unknown>>()
  let closing: Promise<void> | undefined

  async function close(): Promise<void> {
    await Promise.allSettled(pending)
    // Another process may close this folder and open the other one: it must not meet this one doing the opposite.
    while (shared.opening) await shared.opening
    environment.users -= 1
    if (environment.users > 0) return
    for (const [key, other] of shared.environments) if (other === environment) shared.environments.delete(key)
    // Opening waits for this: lmdb would return the environment that is being closed.
    await remember(
      shared.underWay,
      turns.close(() => root.close()),
    )
  }

  function now<T>(write: () => T): T {
    turns.beginWriteNow()
    try {
      return write()
    } finally {
      turns.endWrite()
    }
  }

  // All other members are those of the environment.
  return Object.assign(Object.create(root), {
    openDB(options: { name: string; encoding: 'binary' }): AnyDatabase {
      const key = JSON.stringify(options)
      const database = databases.get(key) ?? now(() => root.openDB(options)) // writes if it does not exist yet
      databases.set(key, database)
      return database
    },
    transactionSync: <T>(action: () => T): T => now(() => root.transactionSync(action)),
    transaction<T>(action: () => T): Promise<T> {
      if (closing) return Promise.reject(new Error('the database is closed'))
      const done = shared.opening
        ? afterOpening(() => begin(environment, action))
        : begin(environment, action)
      return remember(pending, done)
    },
    close(): Promise<void> {
      closing ??= close()
      return closing
    },
  })
}

function begin<T>({ root, turns }: Environment, action: () => T): Promise<T> {
  const end = () => turns.endWrite()
  const start = () => {
    const done = root.transaction(action)
    done.then(end, end)
    return done
  }
  try {
    const turn = turns.beginWrite()
    return remember(shared.underWay, turn ? turn.then(start) : start())
  } catch (error) {
    return Promise.reject(error)
  }
}

async function afterOpening<T>(start: () => Promise<T>): Promise<T> {
  while (shared.opening) await shared.opening
  return start()
}

function remember<T>(all: Set<Promise<unknown>>, done: Promise<T>): Promise<T> {
  all.add(done)
  const forget = () => void all.delete(done)
  done.then(forget, forget)
  return done
}

/**
 * Runs `open`, which opens environments or databases, while no transaction of this thread is in progress; at once if there
 * is none. New transactions wait until then. So a thread that waits for LMDB's lock holds no lock that another waits for.
 */
export function alone<T>(open: () => T): T | Promise<T> {
  return shared.opening || shared.underWay.size > 0 ? whenAlone(open) : open()
}

async function whenAlone<T>(open: () => T): Promise<T> {
  const before = shared.opening
  const opened = (async () => {
    await before
    while (shared.underWay.size > 0) await Promise.allSettled(shared.underWay)
    return open()
  })()
  const ended = opened.then(
    () => undefined,
    () => undefined,
  )
  shared.opening = ended
  try {
    return await opened
  } finally {
    if (shared.opening === ended) shared.opening = undefined
  }
}

function identityOf(file: string): string {
  const found = statSync(file, { bigint: true, throwIfNoEntry: false })
  return found ? `${found.dev}:${found.ino}` : ''
}

/**
 * Resolves with the real reason of a rejected write. lmdb rejects with an error whose `commitError` is a promise that rejects
 * with the reason; if nobody handled that promise, it would end the process.
 */
export async function commitFailure(error: unknown): Promise<unknown> {
  if (!(error instanceof Error) || !('commitError' in error)) return error
  try {
    await error.commitError
    return error
  } catch (reason) {
    return reason
  }
}
