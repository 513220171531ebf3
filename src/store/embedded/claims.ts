import { hash, randomBytes } from 'node:crypto'
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readdirSync,
  readSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { makeFolder } from '../../common/make-folder.ts'
import { longestLife } from '../limits.ts'
import { createSteadyClock } from '../steady-clock.ts'
import { createSweep } from '../sweeping.ts'

/** The claims of an embedded store: keys that are taken for a limited time. */
export interface Claims {
  /**
   * Takes a key until `expiresAt`, in milliseconds since 1970; `Infinity` means three centuries. Of any number of callers,
   * exactly one gets true.
   */
  claim(key: string, expiresAt: number): Promise<boolean>
  /** Ends a claim early. */
  release(key: string): Promise<void>
  /** Removes expired claims. */
  sweep(): Promise<void>
  /** Writes what is waiting, and closes the log. */
  close(): void
}

/** Options of {@link openClaims}. */
export interface ClaimsOptions {
  /** Bytes after which the next log is started. Default 4 MiB. */
  readonly longestLog?: number
}

interface Waiting {
  readonly hashed: string
  /** `undefined` for a release. */
  readonly expiresAt: number | undefined
  resolve(won: boolean): void
  reject(error: unknown): void
}

interface Log {
  readonly number: number
  readonly descriptor: number
  /** Position up to which it has been read. */
  position: number
  /** A line whose end has not been read yet. */
  rest: string
  /** When its last claim expires. */
  lastEnd: number
}

const end = 'end'
const longestLine = 200
/** Milliseconds by which a line may be behind the latest one before its own time counts. */
const farBehind = 60_000
// Time, end of the claim (`-` for a release), name of the entry, and hash of the key.
const record = /^([0-9a-z]+) ([0-9a-z]+|-) (\S+) (\S{43})$/

/**
 * Keeps claims in a folder that several processes may share, and in memory, with about 120 bytes each.
 *
 * Every delivery makes a claim, so claims must be cheap. They are lines appended to a log. All lines of one turn of the
 * event loop are one write, which the system has at once and keeps through any `kill -9`; no caller waits for the disk.
 * The order of the lines decides: a process reads the log up to its own line and sees whether an earlier line has the same
 * key. So there are no locks, and a process that is killed or stopped halfway delays no other. All readers get the same
 * result, because it depends on the lines only: a claim has expired when the latest time in the log is past its end. If
 * the line is more than a minute older than that, a clock was ahead or has been set back; then the claim has expired when
 * the line's own time is past its end.
 *
 * A log that is long enough gets an end line; lines after it do not count and are written again to the next log. A log
 * is removed when its last claim has expired and all earlier logs are removed. Lines that cannot be read, such as a
 * power failure leaves, are skipped.
 */
export function openClaims(folder: string, { longestLog = 4 * 1024 * 1024 }: ClaimsOptions = {}): Claims {
  const held = new Map<string, number>()
  const steady = createSteadyClock()
  /** Claims that end before this may be removed: a time from the lines, and from a clock that is not ahead by mistake. */
  const forgettable = () => Math.min(latest, steady())
  const sweepHeld = createSweep(held, (expiresAt) => expiresAt <= forgettable())
  const ended: Log[] = []
  const buffer = Buffer.allocUnsafe(64 * 1024)
  const self = randomBytes(6).toString('base64url')
  let written = 0
  let latest = 0
  let waiting: Waiting[] = []
  /** The entries that have been written, by the names under which they will be read. */
  const asked = new Map<string, Waiting>()

  makeFolder(folder)
  let log = openLog(folder, -1)
  readOn()

  /** Reads all lines that any process has appended since the last time into `held`, and settles the waiting entries. */
  function readOn(): void {
    for (;;) {
      const read = readSync(log.descriptor, buffer, 0, buffer.length, log.position)
      log.position += read
      const lines = (log.rest + buffer.toString('latin1', 0, read)).split('\n')
      // A rest longer than a line is damage and not worth keeping: a whole log of zeros would be one.
      log.rest = (lines.pop() ?? '').slice(0, longestLine + 1)
      const last = lines.indexOf(end)
      for (const line of last < 0 ? lines : lines.slice(0, last)) take(line)
      if (last >= 0) goOn()
      else if (read < buffer.length) return
    }
  }

  function goOn(): void {
    ended.push(log)
    closeSync(log.descriptor)
    log = openLog(folder, log.number)
  }

  function take(line: string): void {
    const [, time = '', until = '', by = '', hashed = ''] = record.exec(line) ?? []
    if (hashed === '') return
    const written = Number.parseInt(time, 36)
    latest = Math.max(latest, written)
    // A line that is less far behind is from a process that was paused before the write, or a clock that is a bit behind.
    const now = written < latest - farBehind ? written : latest
    let won = true
    if (until === '-') held.delete(hashed)
    else {
      const expiresAt = Number.parseInt(until, 36)
      if (expiresAt > written + longestLife + farBehind) return // damaged
      won = (held.get(hashed) ?? 0) <= now
      if (won) held.set(hashed, expiresAt)
      log.lastEnd = Math.max(log.lastEnd, expiresAt)
    }
    asked.get(by)?.resolve(won)
    asked.delete(by)
  }

  function flush(): void {
    const batch = waiting
    if (batch.length === 0) return // done by `close`
    waiting = []
    try {
      for (const one of batch) asked.set(`${self}${(written++).toString(36)}`, one)
      while (asked.size > 0) {
        const { number } = log
        append(linesOf(asked))
        readOn()
        if (asked.size > 0 && log.number === number)
          throw new Error(`${pathOf(folder, number)} does not hold what was just written to it`)
      }
      if (log.position >= longestLog) {
        append(`\n${end}\n`)
        readOn()
      }
    } catch (error) {
      for (const { reject } of asked.values()) reject(error)
      asked.clear()
    }
  }

  function linesOf(entries: ReadonlyMap<string, Waiting>): string {
    const now = Date.now().toString(36)
    let lines = '\n' // the last writer may have been killed in the middle of a line
    for (const [name, { hashed, expiresAt }] of entries)
      lines += `${now} ${expiresAt?.toString(36) ?? '-'} ${name} ${hashed}\n`
    return lines
  }

  function append(lines: string): void {
    // On a full disk only a part may be written. The lines that were written count, and the rest is refused.
    const length = writeSync(log.descriptor, lines, null, 'latin1')
    if (length === lines.length) return
    readOn()
    throw Object.assign(new Error(`only ${length} of ${lines.length} bytes could be written`), {
      code: 'ENOSPC',
    })
  }

  // The oldest first: a key that is released in one log may have been claimed in an earlier one.
  function removeLogs(): void {
    while (ended[0] && ended[0].lastEnd <= forgettable()) {
      const { number } = ended.shift() as Log // exists: see the condition
      try {
        unlinkSync(pathOf(folder, number))
      } catch (error) {
        if (!isMissing(error)) throw error // else another process was faster
      }
    }
  }

  function ask(hashed: string, expiresAt: number | undefined): Promise<boolean> {
    return new Promise((resolve, reject) => {
      if (waiting.length === 0) setImmediate(flush)
      waiting.push({ hashed, expiresAt, resolve, reject })
    })
  }

  return {
    async claim(key, expiresAt) {
      const hashed = hash('sha256', key, 'base64url')
      if (held.has(hashed)) {
        readOn()
        if ((held.get(hashed) ?? 0) > Math.max(latest - farBehind, Date.now())) return false
      }
      return ask(hashed, Math.ceil(Math.min(expiresAt, Date.now() + longestLife)))
    },
    async release(key) {
      await ask(hash('sha256', key, 'base64url'), undefined)
    },
    async sweep() {
      readOn()
      removeLogs()
      await sweepHeld()
    },
    close() {
      flush()
      closeSync(log.descriptor)
    },
  }
}

/** Opens the log after `number`: the next existing one, or else a new one. */
function openLog(folder: string, number: number): Log {
  for (;;) {
    const next = logsIn(folder).find((other) => other > number)
    const opening = next ?? number + 1
    const path = pathOf(folder, opening)
    try {
      const create = next === undefined ? constants.O_CREAT : 0
      const descriptor = openSync(path, constants.O_RDWR | constants.O_APPEND | create, 0o600)
      if (next !== undefined || !isStale(folder, opening, descriptor))
        return { number: opening, descriptor, position: 0, rest: '', lastEnd: 0 }
      closeSync(descriptor)
      unlinkSync(path)
    } catch (error) {
      if (!isMissing(error)) throw error // else another process removed it since it was listed
    }
  }
}

/** Whether a log that was created as the next one had already existed and been removed. */
const isStale = (folder: string, number: number, descriptor: number): boolean =>
  fstatSync(descriptor).size === 0 && logsIn(folder).some((other) => other > number)

const logsIn = (folder: string): number[] =>
  readdirSync(folder)
    .flatMap((name) => /^(\d{1,15})\.log$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b)

const pathOf = (folder: string, number: number): string => join(folder, `${number}.log`)

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT'
