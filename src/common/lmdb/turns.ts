import { randomUUID } from 'node:crypto'
import {
  existsSync,
  linkSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { livenessOf, ownIdentity, type ProcessIdentity } from '../process-identity.ts'

/** What one thread does with a folder of LMDB, so that nobody opens it while somebody writes. */
export interface Turns {
  /**
   * Runs `open` while no other thread or process writes to, opens or closes the folder. Holds up this thread until
   * then: some 20 ms where another process is writing.
   */
  open<T>(open: () => T): T
  /** Runs `close` while nobody opens or closes the folder. */
  close(close: () => Promise<void>): Promise<void>
  /** Begins a write: at once, or when nobody opens the folder any more. {@link Turns.endWrite} ends it. */
  beginWrite(): void | Promise<void>
  /** The same within this turn of the event loop: holds up the thread while somebody opens the folder. */
  beginWriteNow(): void
  endWrite(): void
  /** Says that this thread does not write, if it has no write under way. */
  rest(): void
  /** For a process that ends with the folder open: LMDB closes it after the last of its own code has run. */
  leave(): void
}

/** All in milliseconds. */
const times = {
  /** Between two looks whether somebody wants to open the folder, while this thread writes. */
  look: 20,
  /** Without a write, after which this thread no longer says that it writes. */
  rest: 1000,
  /** Between two signs of life of a thread that says that it writes. */
  sign: 300,
  /** Since the last sign of life of a process that is there; its thread may have ended, or be stopped. */
  silent: 5000,
  /** The same for a process of another container, which cannot be seen. */
  unseen: 1500,
}

/**
 * LMDB's open sets the number of the last transaction, which all processes share, to what it read from the file a moment
 * before (`mdb_env_open2`). What another process commits in that moment is overwritten by the next transaction: of 12,000
 * acknowledged writes of four processes that opened a folder for each, six were lost. And who closes last destroys the
 * locks, also while somebody waits for them to open (`mdb_env_close_active`).
 *
 * So whoever opens or closes first makes the file `opening`, which only one can. Whoever writes has a file `writing-…`,
 * made before the first write and removed when the thread rests; it looks for `opening` before a write, and when it is
 * there, finishes what has begun, removes its own file and waits. Whoever opens waits until no such file is left. Files of
 * processes that are gone count for nothing.
 */
export function createTurns(folder: string): Turns {
  const gate = join(folder, 'opening')
  const prefix = 'writing-'
  const flag = join(folder, `${prefix}${process.pid}-${randomUUID().slice(0, 8)}`)
  let hasGate = false
  let flagged = false
  let writes = 0
  /** When it was last seen that nobody opens; undefined while somebody does. */
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

  /** Whether nobody opens. If somebody does, and nothing is under way, this thread rests. */
  function look(now: number): boolean {
    lookedAt = !hasGate && isThere(gate) ? undefined : now
    if (lookedAt === undefined && writes === 0) lower()
    return lookedAt !== undefined
  }

  function raise(now: number): void {
    writeFileSync(flag, JSON.stringify(ownIdentity()), { mode: 0o600 })
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
    rmSync(flag, { force: true })
  }

  function sign(now: number): void {
    signedAt = now
    try {
      utimesSync(flag, new Date(), new Date())
    } catch {
      // The folder was moved away or removed: then nobody else opens it.
    }
  }

  function tick(): void {
    const now = performance.now()
    if (!look(now)) return
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
    hasGate = false
    rmSync(gate, { force: true })
  }

  function waitForWriters(): void {
    for (const name of readdirSync(folder)) {
      const other = join(folder, name)
      if (!name.startsWith(prefix) || other === flag) continue
      while (isThere(other)) sleep(2)
      rmSync(other, { force: true })
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
      if (existsSync(folder)) await takeGate() // else nobody can open it
      try {
        await close()
      } finally {
        leaveGate()
      }
    },
    beginWrite() {
      if (mayWrite()) {
        writes += 1
        return
      }
      waiting ??= waitToWrite()
      return waiting.then(() => {
        writes += 1
      })
    },
    beginWriteNow() {
      // While a write of this thread is under way, nobody opens.
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
      if (!hasGate && existsSync(folder)) takeGateNow()
    },
  }
}

/** Makes a file that says whose it is; false if it is there. */
function create(file: string): boolean {
  try {
    writeFileSync(file, JSON.stringify(ownIdentity()), { flag: 'wx', mode: 0o600 })
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

/** Removes what nobody has any more; what somebody has made in its place meanwhile is put back. */
function removeStale(file: string): void {
  const taken = `${file}-${randomUUID().slice(0, 8)}`
  try {
    renameSync(file, taken)
    if (isThere(taken)) linkSync(taken, file)
  } catch (error) {
    // Somebody else has removed it, or has made another one.
    if (!(error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'EEXIST')))
      throw error
  }
  rmSync(taken, { force: true })
}

/** Whether a file is there, and a process that has it. */
function isThere(file: string): boolean {
  const found = statSync(file, { throwIfNoEntry: false })
  if (!found) return false
  const owner = readOwner(file)
  const liveness = owner ? livenessOf(owner) : 'unknown'
  if (liveness === 'gone') return false
  return Math.abs(Date.now() - found.mtimeMs) < (liveness === 'running' ? times.silent : times.unseen)
}

/** Undefined while the file is being written, or when it is gone. */
function readOwner(file: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ProcessIdentity // written above, and nowhere else
  } catch {
    return undefined
  }
}

const sleeping = new Int32Array(new SharedArrayBuffer(4))
const sleep = (milliseconds: number): void => void Atomics.wait(sleeping, 0, 0, milliseconds)
