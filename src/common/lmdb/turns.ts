import { randomUUID } from 'node:crypto'
import {
  closeSync,
  linkSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { livenessOf, ownIdentity, type ProcessIdentity } from '../process-identity.ts'

/** Coordinates one thread's use of an LMDB folder with all others, so that nobody opens it during a write. */
export interface Turns {
  /**
   * Runs `open` while no other thread or process writes to, opens or closes the folder. Blocks this thread until then: some
   * 20 ms if another process is writing.
   */
  open<T>(open: () => T): T
  /** Runs `close` while nobody opens or closes the folder. */
  close(close: () => Promise<void>): Promise<void>
  /** Starts a write: at once, or when nobody opens the folder any longer. {@link Turns.endWrite} ends it. */
  beginWrite(): void | Promise<void>
  /** The same within this turn of the event loop: blocks the thread while somebody opens the folder. */
  beginWriteNow(): void
  /** Ends a write. */
  endWrite(): void
  /** Declares that this thread is not writing, unless a write is in progress. */
  rest(): void
  /** For a process that ends with the folder open: LMDB closes the folder after the process's own code has run. */
  leave(): void
}

/** All in milliseconds. */
const times = {
  /** Between two checks whether somebody wants to open the folder, while this thread writes. */
  look: 20,
  /** Without a write, after which this thread no longer counts as a writer. */
  rest: 1000,
  /** Between two signs of life of a writer. */
  sign: 300,
  /** Since the last sign of life of a running process; its thread may have ended or be stopped. */
  silent: 5000,
  /** The same for a process in another container, which cannot be seen. */
  unseen: 1500,
}

/**
 * Creates the coordination of one thread for a folder.
 *
 * LMDB's open sets the number of the last transaction, which all processes share, to the number that it read from the file
 * a moment before (`mdb_env_open2`). If another process commits in that moment, the next transaction overwrites its commit:
 * of 12,000 acknowledged writes of four processes that opened a folder for each, six were lost. And the last process that
 * closes destroys the locks, even while another one waits for them to open (`mdb_env_close_active`).
 *
 * So a thread that opens or closes first creates the file `opening`, which only one can do. A writer has a file `writing-…`,
 * which it creates before the first write and removes when it rests. It checks for `opening` before each write; if that
 * exists, it finishes its writes, removes its own file and waits. A thread that opens waits until no such file is left. Files
 * of ended processes do not count.
 */
export function createTurns(folder: string): Turns {
  const gate = join(folder, 'opening')
  const prefix = 'writing-'
  const flag = join(folder, `${prefix}${process.pid}-${randomUUID().slice(0, 8)}`)
  let hasGate = false
  let flagged = false
  let writes = 0
  /** Time of the last check, if nobody was opening; `undefined` while somebody is. */
  let lookedAt: number | undefined
  let wroteAt = 0
  let signedAt = 0
  let ticking: NodeJS.Timeout | undefined
  let waiting: Promise<void> | undefined

  function mayWrite(): boolean {
    const now = performance.now()
    if (flagged && lookedAt !== undefined && now - lookedAt < times.look) return true
    if (!flagged) {
      if (isThere(gate)) return false
      raise(now)
    }
    return look(now)
  }

  /** Whether nobody is opening. If somebody is, and this thread has no write in progress, it rests. */
  function look(now: number): boolean {
    lookedAt = !hasGate && isThere(gate) ? undefined : now
    if (lookedAt === undefined && writes === 0) lower()
    return lookedAt !== undefined
  }

  function raise(now: number): void {
    write(flag, 'w')
    flagged = true
    wroteAt = now
    signedAt = now
    ticking = setInterval(tick, times.look).unref()
  }

  function lower(): void {
    if (!flagged) return
    clearInterval(ticking)
    flagged = false
    lookedAt = undefined
    remove(flag)
  }

  function sign(now: number): void {
    signedAt = now
    try {
      utimesSync(flag, new Date(), new Date())
    } catch {
      // The folder was moved or removed, so nobody else opens it.
    }
  }

  function tick(): void {
    const now = performance.now()
    try {
      if (!look(now)) return
    } catch {
      return // the folder cannot be read any more, as the next write reports
    }
    if (writes === 0 && now - wroteAt > times.rest) lower()
    else if (now - signedAt > times.sign) sign(now)
  }

  async function waitToWrite(): Promise<void> {
    try {
      while (!mayWrite()) await wait(1)
    } finally {
      waiting = undefined
    }
  }

  function takeGateNow(): void {
    while (!tryGate()) sleep(1 + Math.random() * 2)
  }

  async function takeGate(): Promise<void> {
    while (!tryGate()) await wait(1 + Math.random() * 2)
  }

  function tryGate(): boolean {
    if (hasGate) throw new Error(`this thread is opening or closing ${folder}`)
    hasGate = create(gate)
    if (!hasGate && !isThere(gate)) removeStale(gate)
    return hasGate
  }

  function leaveGate(): void {
    if (!hasGate) return
    hasGate = false
    remove(gate)
  }

  function waitForWriters(): void {
    for (const name of readdirSync(folder)) {
      const other = join(folder, name)
      if (!name.startsWith(prefix) || other === flag) continue
      while (isThere(other)) sleep(2)
      remove(other)
    }
  }

  return {
    open(open) {
      takeGateNow()
      try {
        waitForWriters()
        return open()
      } finally {
        leaveGate()
      }
    },
    async close(close) {
      lower()
      await takeGate().catch(() => {}) // a folder that is gone, or cannot be written to, is opened by nobody
      try {
        await close()
      } finally {
        leaveGate()
      }
    },
    beginWrite() {
      if (!waiting && mayWrite()) {
        writes += 1
        return
      }
      waiting ??= waitToWrite()
      return waiting.then(() => {
        writes += 1
      })
    },
    beginWriteNow() {
      // Nobody opens while this thread has a write in progress.
      while (!(flagged && writes > 0) && !mayWrite()) sleep(1)
      writes += 1
    },
    endWrite() {
      writes -= 1
      wroteAt = performance.now()
      if (writes === 0 && lookedAt === undefined) lower()
    },
    rest: () => {
      if (writes === 0) lower()
    },
    leave() {
      lower()
      try {
        if (!hasGate) takeGateNow()
      } catch {
        // as in `close`
      }
    },
  }
}

/** Creates a file that names its owner; false if it exists. */
function create(file: string): boolean {
  try {
    write(file, 'wx')
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

/** Writes whose file it is. On a full disk the file stays empty, and counts as that of a process that cannot be seen. */
function write(file: string, flags: 'w' | 'wx'): void {
  const descriptor = openSync(file, flags, 0o600)
  try {
    writeSync(descriptor, JSON.stringify(ownIdentity()))
  } catch {
    // What the owner wants to write to the folder fails as well, and says why.
  } finally {
    closeSync(descriptor)
  }
}

/** Where the folder can no longer be written to, the file stays, and is soon taken for one without an owner. */
function remove(file: string): void {
  try {
    rmSync(file, { force: true })
  } catch {
    // see above
  }
}

/** Removes a file whose owner is gone. If another process has created it again in the meantime, it is put back. */
function removeStale(file: string): void {
  const taken = `${file}-${randomUUID().slice(0, 8)}`
  try {
    renameSync(file, taken)
    if (isThere(taken)) linkSync(taken, file)
  } catch (error) {
    // Another process has removed it, or has created another one.
    if (!(error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'EEXIST')))
      throw error
  }
  rmSync(taken, { force: true })
}

/** Whether a file exists and its owner is alive. */
function isThere(file: string): boolean {
  const found = statSync(file, { throwIfNoEntry: false })
  if (!found) return false
  const owner = readOwner(file)
  const liveness = owner ? livenessOf(owner) : 'unknown'
  if (liveness === 'gone') return false
  return Math.abs(Date.now() - found.mtimeMs) < (liveness === 'running' ? times.silent : times.unseen)
}

/** The owner of a file; `undefined` while the file is being written, or if it is gone. */
function readOwner(file: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ProcessIdentity // only written above
  } catch {
    return undefined
  }
}

const sleeping = new Int32Array(new SharedArrayBuffer(4))
const sleep = (milliseconds: number): void => void Atomics.wait(sleeping, 0, 0, milliseconds)
