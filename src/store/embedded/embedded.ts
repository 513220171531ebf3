import { randomBytes } from 'node:crypto'
import { join, resolve } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { DamagedFileError } from '../../common/lmdb/data-file.ts'
import { alone, commitFailure, type Database, openLmdb, type RootDatabase } from '../../common/lmdb/lmdb.ts'
import { StoreError } from '../../errors.ts'
import { checkKey, checkWork, closedError, lifetime } from '../limits.ts'
import { createSteadyClock } from '../steady-clock.ts'
import type { Awaitable, Store } from '../store.ts'
import { type Claims, openClaims } from './claims.ts'
import { createHolders } from './holders.ts'
import { createEmbeddedQueue, openQueueTree, type QueueTree } from './queue.ts'
import { fromStored, toStored } from './stored-key.ts'

/** Options of {@link createEmbeddedStore}. */
export interface EmbeddedStoreOptions {
  /** The folder. It is created on first use, readable by its owner only, and must not be used for anything else. */
  readonly path: string
  /** Milliseconds between two sweeps of expired values. Default 60 000. */
  readonly sweepEvery?: number
}

interface Opened {
  readonly root: RootDatabase<Buffer, string>
  readonly values: Database<Buffer, string>
  readonly expiries: Database<Buffer, [number, string]>
  readonly claims: Claims
  /** The ends of claims that last longer than a log should. */
  readonly longClaims: Database<Buffer, string>
  readonly queues: QueueTree
  readonly sweeper: NodeJS.Timeout
}

const pageSize = 100
/** Milliseconds. A claim keeps its log and all later ones until it expires, so longer claims are kept like values. */
const longestInLog = 48 * 3_600_000
const sweepBatch = 250

/**
 * Creates a store in a folder of this machine, without a server: an LMDB environment that several processes may share.
 *
 * A write is on the disk when it is acknowledged, so neither a `kill -9` nor a power failure loses it. Writes that wait
 * at the same time share one commit. Claims survive a `kill -9` too, but do not wait for the disk (see
 * {@link openClaims}). The first operation opens the folder. It must be on a local disk: LMDB's locks do not work on
 * network file systems. Stores of one process with the same folder share its environment.
 */
export function createEmbeddedStore(options: EmbeddedStoreOptions): Store {
  const path = resolve(options.path)
  const name = `file:${path}`
  let opened: Opened | undefined
  let opening: Promise<Opened> | undefined
  let closed = false
  const self = randomBytes(6).toString('base64url')
  const queueHolders = createHolders(join(path, 'queues'), self)
  const steady = createSteadyClock()

  function open(): Awaitable<Opened> {
    if (closed) throw closedError(name)
    return opened ?? firstOpen()
  }

  /** Callers share one attempt to open the folder; after a failure the next caller tries again. */
  function firstOpen(): Awaitable<Opened> {
    if (opening) return opening
    const opens = alone(() => {
      opened = openFolder()
      return opened
    })
    if (!(opens instanceof Promise)) return opens
    opening = opens
    const forget = () => {
      opening = undefined
    }
    opens.then(forget, forget)
    return opens
  }

  function openFolder(): Opened {
    let root: RootDatabase<Buffer, string> | undefined
    try {
      root = openLmdb<Buffer, string>(path)
      return {
        root,
        values: root.openDB<Buffer, string>({ name: 'values', encoding: 'binary' }),
        expiries: root.openDB<Buffer, [number, string]>({ name: 'expiries', encoding: 'binary' }),
        longClaims: root.openDB<Buffer, string>({ name: 'claims', encoding: 'binary' }),
        claims: openClaims(join(path, 'claims')),
        queues: openQueueTree(root),
        sweeper: setInterval(() => void sweep(), options.sweepEvery ?? 60_000).unref(),
      }
    } catch (error) {
      void root?.close()
      throw failure('could not be opened', error)
    }
  }

  /** Runs `action` in a transaction of its own; several waiting ones are committed together. */
  async function transaction<T>(action: (databases: Opened) => T): Promise<T> {
    const databases = opened ?? (await open())
    let outcome: Outcome<T>
    try {
      outcome = await databases.root.transaction(() => attempt(() => action(databases)))
    } catch (error) {
      throw failure('could not write', await commitFailure(error))
    }
    if (outcome.ok) return outcome.value
    throw outcome.error
  }

  async function withClaims<T>(act: (databases: Opened) => T): Promise<Awaited<T>> {
    const databases = await open()
    try {
      return await act(databases)
    } catch (error) {
      throw failure('could not write', error)
    }
  }

  function read({ values }: Opened, key: string): string | undefined {
    let packed: Buffer | undefined
    try {
      packed = values.get(toStored(key))
    } catch (error) {
      throw failure('could not read', error)
    }
    return packed && expiryOf(packed) > Date.now() ? textOf(packed) : undefined
  }

  function write({ values, expiries }: Opened, key: string, value: string, life: number | undefined): void {
    const stored = toStored(key)
    if (life === undefined) values.putSync(stored, pack(value))
    else {
      const expiresAt = Date.now() + life
      values.putSync(stored, pack(value, expiresAt))
      expiries.putSync([expiresAt, stored], mark)
    }
  }

  async function sweep(): Promise<void> {
    try {
      opened?.root.readerCheck() // a killed process leaves its reader behind, and old pages are kept for readers
      while (!closed && (await transaction(sweepSome)) === sweepBatch) await nextTurn()
      if (!closed) await transaction(sweepLongClaims)
      if (!closed) await opened?.claims.sweep()
    } catch {
      // The next operation fails in the same way and reports it; the next sweep does the work of this one.
    }
  }

  // The entry in the index may be older than the value: a value that was written again has a second entry.
  function sweepSome({ values, expiries }: Opened): number {
    const over = [...expiries.getKeys({ end: [Date.now(), ''], limit: sweepBatch })]
    for (const [expiresAt, key] of over) {
      const packed = values.get(key)
      if (packed && expiryOf(packed) === expiresAt) values.removeSync(key)
      expiries.removeSync([expiresAt, key])
    }
    return over.length
  }

  function sweepLongClaims({ longClaims }: Opened): void {
    for (const { key, value } of [...longClaims.getRange({})])
      if (expiryOf(value) <= steady()) longClaims.removeSync(key)
  }

  async function claim(key: string, ttl: number, work?: string): Promise<boolean> {
    checkKey(name, key)
    const expiresAt = Date.now() + (lifetime(name, ttl) ?? Number.POSITIVE_INFINITY)
    const inLog = Math.min(expiresAt, Date.now() + longestInLog)
    // Of all simultaneous callers the log picks the winner, however long their claims are.
    const isFirst = await withClaims(({ claims, longClaims }) => {
      if (isHeld(longClaims, key)) return false
      return work === undefined ? claims.claim(key, inLog) : claims.accept(key, inLog, work)
    })
    if (!isFirst || inLog === expiresAt) return isFirst
    return transaction(({ longClaims }) => {
      if (isHeld(longClaims, key)) return false
      longClaims.putSync(toStored(key), pack('', expiresAt))
      return true
    })
  }

  function failure(what: string, error: unknown): StoreError {
    const reason = error instanceof Error ? error.message : String(error)
    return new StoreError(`${name} ${what}: ${reason}. ${adviceFor(error, reason)}`, { cause: error })
  }

  return {
    name,
    get(key) {
      checkKey(name, key)
      const databases = open()
      return databases instanceof Promise ? databases.then((them) => read(them, key)) : read(databases, key)
    },
    async set(key, value, ttl) {
      checkKey(name, key)
      const life = lifetime(name, ttl)
      await transaction((databases) => write(databases, key, value, life))
    },
    async delete(key) {
      checkKey(name, key)
      return transaction((databases) => {
        const existed = read(databases, key) !== undefined
        databases.values.removeSync(toStored(key))
        return existed
      })
    },
    async *entries(prefix) {
      // Page by page: while a cursor is open, LMDB keeps every page that is rewritten.
      const begin = toStored(prefix)
      let start = begin
      for (let first = true; ; first = false) {
        const page = readPage(await open(), start, first)
        for (const { key, value } of page) {
          if (!key.startsWith(begin)) return
          start = key
          if (expiryOf(value) > Date.now()) yield [fromStored(key), textOf(value)]
        }
        if (page.length < pageSize) return
      }
    },
    claim,
    journal: {
      async accept(id, ttl, work) {
        checkWork(name, work)
        return claim(id, ttl, work)
      },
      async begin(id) {
        checkKey(name, id)
        await withClaims(({ claims }) => claims.begin(id))
      },
      async finish(id) {
        checkKey(name, id)
        await withClaims(({ claims }) => claims.finish(id))
      },
      async recover(prefix) {
        return withClaims(({ claims }) => claims.recover(prefix))
      },
    },
    queue: (queueName) =>
      createEmbeddedQueue(queueName, {
        transaction: (action) => transaction(({ queues }) => action(queues)),
        async reading(action) {
          const { queues } = await open()
          try {
            return action(queues)
          } catch (error) {
            throw failure('could not read', error)
          }
        },
        holders: queueHolders,
        self,
        store: name,
      }),
    async release(key) {
      checkKey(name, key)
      const { longClaims } = await open()
      if (longClaims.get(toStored(key)))
        await transaction((databases) => databases.longClaims.removeSync(toStored(key)))
      await withClaims(({ claims }) => claims.release(key))
    },
    async update(key, change, ttl) {
      checkKey(name, key)
      const life = lifetime(name, ttl)
      return transaction((databases) => {
        const value = change(read(databases, key))
        if (value === undefined) databases.values.removeSync(toStored(key))
        else write(databases, key, value, life)
        return value
      })
    },
    async ping() {
      read(await open(), 'ping')
    },
    async close() {
      if (closed) return
      closed = true
      await opening?.catch(() => undefined) // the caller that opens it gets the error
      if (!opened) return
      clearInterval(opened.sweeper)
      opened.claims.close()
      queueHolders.leave() // what is running may be taken by others
      await opened.root.close()
    },
  }

  function readPage({ values }: Opened, start: string, inclusive: boolean): { key: string; value: Buffer }[] {
    try {
      const range = { limit: pageSize, exclusiveStart: !inclusive }
      const page = [...values.getRange(start === '' ? range : { ...range, start })]
      if (page.some(({ key }) => typeof key !== 'string')) throw new DamagedFileError('a key is damaged')
      return page
    } catch (error) {
      throw failure('could not read', error)
    }
  }
}

function isHeld(longClaims: Opened['longClaims'], key: string): boolean {
  const claim = longClaims.get(toStored(key))
  return claim !== undefined && expiryOf(claim) > Date.now()
}

const mark = Buffer.from([1])

// A value is one byte that tells whether there is an expiry, then its 8 bytes if there is, and the string in UTF-8.
function pack(value: string, expiresAt?: number): Buffer {
  const header = expiresAt === undefined ? 1 : 9
  const packed = Buffer.allocUnsafe(header + Buffer.byteLength(value))
  packed[0] = header
  if (expiresAt !== undefined) packed.writeDoubleBE(expiresAt, 1)
  packed.write(value, header)
  return packed
}

const expiryOf = (packed: Buffer): number =>
  packed[0] === 9 ? packed.readDoubleBE(1) : Number.POSITIVE_INFINITY

const textOf = (packed: Buffer): string => packed.toString('utf8', packed[0])

type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: unknown }

// An error of the caller's own function must reach the caller unchanged, not as a failure of the store.
function attempt<T>(action: () => T): Outcome<T> {
  try {
    return { ok: true, value: action() }
  } catch (error) {
    return { ok: false, error }
  }
}

/** In errors of lmdb, `code` is the operating system's number; in Node's, its name. LMDB's own have only a message. */
function adviceFor(error: unknown, reason: string): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (/^(EACCES|EPERM|EROFS|1|13|30)$/.test(code))
    return 'Give this process permission to write there, or choose another folder with the option store.'
  if (/^(EEXIST|ENOTDIR|17|20)$/.test(code))
    return 'A file is in the way: remove it, or choose another folder with the option store.'
  if (/^(EISDIR|21)$/.test(code))
    return 'There is a folder in place of a file: move it away, or choose another folder with the option store.'
  if (/^(ENOSPC|EDQUOT|EIO|EFBIG|5|27|28|122)$/.test(code) || /MDB_MAP_FULL/.test(reason))
    return 'The disk may be full or failing: free some space. Nothing that was acknowledged is lost.'
  if (
    error instanceof DamagedFileError ||
    /MDB_(INVALID|CORRUPTED|VERSION_MISMATCH|PAGE_NOTFOUND)/.test(reason)
  )
    return 'Restore the folder from a copy, or move it away to start empty: then add-ons must be installed again.'
  return 'Choose another folder with the option store if this one cannot be fixed.'
}
