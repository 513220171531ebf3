import { accessSync, constants, mkdirSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { isMainThread } from 'node:worker_threads'
import { checkLmdbFile, DamagedFileError } from './data-file.ts'
import { createTurns, type Turns } from './turns.ts'

// What is used of lmdb, declared here: its own declarations do not compile where libraries are checked, and these come
// with every import of this package.

/** Entries that are read as they are asked for. */
export interface Range<T> extends Iterable<T> {
  map<R>(show: (one: T) => R): Range<R>
}

export interface RangeOptions<K> {
  /** The first key; left out with `exclusiveStart`. */
  readonly start?: K
  /** Where it ends, which is left out. */
  readonly end?: K
  readonly limit?: number
  readonly reverse?: boolean
  readonly exclusiveStart?: boolean
}

/** One tree of keys and values. What writes is for the inside of a transaction. */
export interface Database<V, K> {
  get(key: K): V | undefined
  getRange(options: RangeOptions<K>): Range<{ key: K; value: V }>
  getKeys(options: RangeOptions<K>): Range<K>
  getKeysCount(options: RangeOptions<K>): number
  putSync(key: K, value: V): void
  removeSync(key: K): boolean
}

/** A folder that is open, which is a database itself and has others by name. */
export interface RootDatabase<V, K> extends Database<V, K> {
  openDB<W, L>(options: { name: string; encoding: 'binary' }): Database<W, L>
  /** Resolves when what the action wrote is on disk. */
  transaction<T>(action: () => T): Promise<T>
  transactionSync<T>(action: () => T): T
  clearSync(): void
  /** Gives up what readers that were killed have left; gives their number. */
  readerCheck(): number
  close(): Promise<void>
}

type AnyDatabase = Database<unknown, unknown>
type AnyRoot = RootDatabase<unknown, unknown>

export interface LmdbOptions {
  /** Leave syncing to the system, for a folder that is thrown away anyway. Default false. */
  readonly noSync?: boolean
}

/** An environment of this thread, with all who have it open. */
interface Environment {
  readonly root: AnyRoot
  readonly turns: Turns
  readonly noSync: boolean
  /** Named databases, by name and options. */
  readonly databases: Map<string, AnyDatabase>
  users: number
}

interface Shared {
  /** By the identity of the data file, so that two spellings of a folder are one, and a folder that was made again is another. */
  readonly environments: Map<string, Environment>
  /** Transactions that have begun. */
  readonly underWay: Set<Promise<unknown>>
  /** The last of those who want to open something; transactions that would begin wait for it. */
  opening: Promise<void> | undefined
}

// One for all copies of this module in this thread.
const place = Symbol.for('hipchat-addon/lmdb/1')
const holder = globalThis as { [place]?: Shared }
holder[place] ??= createShared()
const shared: Shared = holder[place]

function createShared(): Shared {
  const environments = new Map<string, Environment>()
  // Not in a worker: its process goes on, and others would wait for the turn that it took.
  if (isMainThread)
    process.on('exit', () => {
      for (const { turns } of environments.values()) turns.leave()
    })
  return { environments, underWay: new Set(), opening: undefined }
}

/**
 * Opens an LMDB environment in a folder of its own, which only the owner may enter. All who open the same folder in one
 * thread share one environment, which ends with the last `close()` of theirs.
 *
 * Opening waits for LMDB's lock of writers and holds up the thread meanwhile. LMDB's own thread has that lock while it
 * waits for this one to run a transaction: so two environments of one folder in a thread could wait for each other for
 * ever. Across threads and processes a circle takes two folders; {@link alone} is what excludes it.
 *
 * `overlappingSync` must stay off: with the default, writes that had been acknowledged to one of several processes
 * were lost in a trial (12 of 76,000; none of 45,000 with it off, at the same speed).
 *
 * `eventTurnBatching` must stay off, and writes go into transactions: with it on, a commit that fails (a full disk)
 * also rejects a promise inside lmdb that nobody can reach, and that ends the process.
 *
 * @throws {DamagedFileError} if what is there cannot be used; it is looked at before LMDB maps it into memory.
 */
export function openLmdb<V, K extends string | number | (string | number)[]>(
  path: string,
  { noSync = false }: LmdbOptions = {},
): RootDatabase<V, K> {
  mkdirSync(path, { recursive: true, mode: 0o700 })
  const file = join(path, 'data.mdb')
  const found = shared.environments.get(identityOf(file))
  if (found && found.noSync !== noSync)
    throw new Error(
      `${path} is open in this process with noSync ${found.noSync}, and cannot be opened with ${noSync} meanwhile`,
    )
  const environment = found ?? openEnvironment(path, file, noSync)
  environment.users += 1
  return handleOf(environment) as RootDatabase<V, K> // V and K are the caller's word for what is kept there
}

function openEnvironment(path: string, file: string, noSync: boolean): Environment {
  checkAccess(path)
  checkLmdbFile(file)
  const require = createRequire(import.meta.url) // native and slow to load: only when an environment is opened
  const { open } = require('lmdb') as { open(options: object): AnyRoot } // as far as it is declared above
  // `noSubdir: false`: otherwise a folder with a dot in its name would be taken for a file.
  const options = { path, noSync, noSubdir: false, overlappingSync: false, eventTurnBatching: false }
  for (const { turns } of shared.environments.values()) turns.rest() // this thread is held up meanwhile
  const turns = createTurns(path)
  const root = turns.open(() => open(options))
  const environment: Environment = { root, turns, noSync, databases: new Map(), users: 0 }
  shared.environments.set(identityOf(file), environment)
  return environment
}

/** Where LMDB fails to open its files, lmdb ends the process with SIGSEGV: so what would fail is tried before. */
function checkAccess(path: string): void {
  accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK)
  for (const name of ['data.mdb', 'lock.mdb']) {
    const file = join(path, name)
    const found = statSync(file, { throwIfNoEntry: false })
    if (!found) continue
    if (!found.isFile()) throw new DamagedFileError(`${file} is not a file`)
    // Asked of the system: to open and close the lock file would give up the locks that this process has on it.
    accessSync(file, constants.R_OK | constants.W_OK)
  }
}

/** The environment as one of its users has it: with an end of its own. */
function handleOf(environment: Environment): AnyRoot {
  const { root, turns, databases } = environment
  const pending = new Set<Promise<unknown>>()
  let closing: Promise<void> | undefined

  async function close(): Promise<void> {
    await Promise.allSettled(pending)
    // Another process that closes this folder and opens that one must not meet this one doing the contrary.
    while (shared.opening) await shared.opening
    environment.users -= 1
    if (environment.users > 0) return
    for (const [key, other] of shared.environments) if (other === environment) shared.environments.delete(key)
    // Opening waits for it: lmdb would hand out the environment that is being closed.
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

  // What is not here is that of the environment.
  return Object.assign(Object.create(root), {
    openDB(options: { name: string; encoding: 'binary' }): AnyDatabase {
      const key = JSON.stringify(options)
      const database = databases.get(key) ?? now(() => root.openDB(options)) // writes, when there is none of this name
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
 * Runs `open`, which opens environments or databases, when no transaction of this thread is under way, and lets none
 * begin before; at once if there is none. A thread that waits for LMDB's lock then holds none for which another one waits.
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
 * Resolves with what really happened when a write was rejected. lmdb rejects with a stand-in whose `commitError` is
 * a promise that rejects with the reason; unobserved, that promise would end the process.
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
