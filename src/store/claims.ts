import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Database, openLmdb, type RootDatabase } from '../common/lmdb.ts'

/** The claims of an embedded store: keys that are taken for a time. */
export interface Claims {
  /** Takes a key until `expiresAt`, in milliseconds since 1970. True for exactly one of however many callers. */
  claim(key: string, expiresAt: number): Promise<boolean>
  release(key: string): Promise<void>
  /**
   * Looks at up to so many claims, going on where the last sweep stopped, and removes those that are over. Says how many
   * it looked at: fewer than it could have when it came to the end.
   */
  sweep(limit: number): number
  close(): Promise<void>
}

interface Waiting {
  act(): unknown
  resolve(outcome: unknown): void
  reject(error: unknown): void
}

const folderPrefix = 'claims-'

/**
 * Keeps claims in an LMDB environment of their own below `path`, which several processes may share.
 *
 * Every delivery makes one, so they must cost little: those of one turn of the event loop share a transaction on this
 * thread, which takes no longer than handing it to another one would, and does not wait for the disk. The system writes
 * it when it likes, which outlives any process. Only when the machine stops may the environment be damaged; so its
 * folder is named after the start of the machine, and never opened again after another one. Where a start has no name,
 * claims wait for the disk.
 */
export function openClaims(path: string): Claims {
  const boot = bootId()
  const folder = `${folderPrefix}${boot ?? 'synced'}`
  for (const old of readdirSync(path))
    if (old.startsWith(folderPrefix) && old !== folder)
      rmSync(join(path, old), { recursive: true, force: true })

  const root: RootDatabase = openLmdb(join(path, folder), { noSync: boot !== undefined })
  const held: Database<Buffer, string> = root.openDB({ name: 'held', encoding: 'binary' })
  let waiting: Waiting[] = []
  let position = ''

  function take(key: string, expiresAt: number): boolean {
    const end = held.get(key)
    if (end && end.readDoubleBE() > Date.now()) return false
    const packed = Buffer.allocUnsafe(8)
    packed.writeDoubleBE(expiresAt)
    held.put(key, packed)
    return true
  }

  // All are looked at: an index of ends would make every claim two writes.
  function sweep(limit: number): number {
    const from = position === '' ? {} : { start: position, exclusiveStart: true }
    const seen = [...held.getRange({ limit, ...from })]
    const now = Date.now()
    for (const { key, value } of seen) if (value.readDoubleBE() <= now) held.remove(key)
    position = seen.length < limit ? '' : (seen.at(-1)?.key ?? '')
    return seen.length
  }

  function inNextTransaction<T>(act: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      if (waiting.length === 0) setImmediate(flush)
      waiting.push({ act, resolve: resolve as Waiting['resolve'], reject }) // with what `act` returns
    })
  }

  function flush(): void {
    const batch = waiting
    if (batch.length === 0) return // done by `close`
    waiting = []
    let outcomes: unknown[]
    try {
      outcomes = root.transactionSync(() => batch.map(({ act }) => act()))
    } catch (error) {
      for (const { reject } of batch) reject(error)
      return
    }
    for (const [index, { resolve }] of batch.entries()) resolve(outcomes[index])
  }

  return {
    claim: (key, expiresAt) => inNextTransaction(() => take(key, expiresAt)),
    release: (key) => inNextTransaction(() => void held.remove(key)),
    sweep: (limit) => root.transactionSync(() => sweep(limit)),
    async close() {
      flush()
      await root.close()
    },
  }
}

/** Linux gives each start of the machine a name. */
function bootId(): string | undefined {
  try {
    const text = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    return /^[0-9a-f-]{36}$/.test(text) ? text : undefined
  } catch {
    return undefined
  }
}
