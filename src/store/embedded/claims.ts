import { hash as digest, randomBytes } from 'node:crypto'
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
import { longestLife, longestWork } from '../limits.ts'
import { createSteadyClock } from '../steady-clock.ts'
import type { Recovered } from '../store.ts'
import { createSweep } from '../sweeping.ts'
import { createHolders, type HolderState } from './holders.ts'
import { parseWork, splitOnce, workText } from './work-text.ts'

/** The claims of an embedded store: keys that are taken for a limited time. */
export interface Claims {
  /**
   * Takes a key until `expiresAt`, in milliseconds since 1970; `Infinity` means three centuries. Of any number of callers,
   * exactly one gets true.
   */
  claim(key: string, expiresAt: number): Promise<boolean>
  /** The same, and records work that is done when `finish` is called: in one write, so that neither is there alone. */
  accept(key: string, expiresAt: number, work: string): Promise<boolean>
  /** Records that work which was taken over begins. */
  begin(key: string): Promise<void>
  /** Forgets the work of a claim. The claim stays. */
  finish(key: string): Promise<void>
  /**
   * Takes over the work of processes that are gone, for keys that begin with the prefix, in the order in which it was
   * accepted. Of several processes, one gets each.
   */
  recover(prefix: string): Promise<readonly Recovered[]>
  /** Ends a claim early, and forgets its work. */
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
  /** The end of the claim, or what else the line does. */
  readonly act: number | keyof typeof signs
  /** The rest of the line: the work of a claim, or of a takeover. */
  readonly text: string | undefined
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
  /** How many of its claims have work that is not finished. */
  unfinished: number
}

/** Work that is not finished. */
interface Unfinished {
  /** Name of the entry. It begins with the name of the store that holds it. */
  readonly by: string
  readonly log: Log
  /** As it is in the log; `undefined` for the store's own, which nobody takes over. */
  readonly text: string | undefined
  /** Whether the end of its process counts as a crash of this work. */
  begun: boolean
}

/** What a line does, if it makes no claim. */
const signs = { release: '-', finish: '+', takeOver: '>', begin: '*' } as const

const end = 'end'
/** Bytes of a line without its work. */
const longestLine = 200
/** Milliseconds by which a line may be behind the latest one before its own time counts. */
const farBehind = 60_000
// Time, end of the claim or a sign, name of the entry, hash of the key, and work.
const record = /^([0-9a-z]+) ([0-9a-z]+|[-+>*]) (\S+) (\S{43})(?: (.+))?$/s

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
 * Work stands on the line of its claim, so that there is never one without the other. A line with `+` finishes it, and a
 * line with `>` takes it over from an entry that held it; of several, the first one counts. A line with `*` says that work
 * which was taken over begins.
 *
 * A log that is long enough gets an end line; lines after it do not count and are written again to the next log. A log
 * is removed when its last claim has expired, its work is finished and all earlier logs are removed. Lines that cannot be
 * read, such as a power failure leaves, are skipped.
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
  const unfinished = new Map<string, Unfinished>()
  const holders = createHolders(folder, self)
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
      log.rest = (lines.pop() ?? '').slice(0, longestLine + 2 * longestWork)
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
    const [, time = '', until = '', by = '', hash = '', text] = record.exec(line) ?? []
    if (hash === '') return
    const entry = asked.get(by)
    // A part of the line would keep the whole of it in memory, with its work, for as long as the claim.
    const hashed = entry?.hashed ?? copyOf(hash)
    const writtenAt = Number.parseInt(time, 36)
    latest = Math.max(latest, writtenAt)
    // A line that is less far behind is from a process that was paused before the write, or a clock that is a bit behind.
    const now = writtenAt < latest - farBehind ? writtenAt : latest
    let won = true
    if (until === signs.release) {
      held.delete(hashed)
      forget(hashed)
    } else if (until === signs.finish) forget(hashed)
    else if (until === signs.begin) {
      const found = unfinished.get(hashed)
      if (found && holderOf(found.by) === holderOf(by)) found.begun = true
    } else if (until === signs.takeOver) {
      const [from, work] = splitOnce(text ?? '')
      won = unfinished.get(hashed)?.by === from
      if (won) keep(hashed, by, work, false)
    } else {
      const expiresAt = Number.parseInt(until, 36)
      if (expiresAt > writtenAt + longestLife + farBehind) return // damaged
      won = (held.get(hashed) ?? 0) <= now
      if (won) {
        held.set(hashed, expiresAt)
        if (text !== undefined) keep(hashed, by, text, true)
      }
      log.lastEnd = Math.max(log.lastEnd, expiresAt)
    }
    entry?.resolve(won)
    asked.delete(by)
  }

  function keep(hashed: string, by: string, text: string, begun: boolean): void {
    const before = unfinished.get(hashed)
    if (before) before.log.unfinished -= 1
    log.unfinished += 1
    unfinished.set(hashed, { by, log, text: by.startsWith(self) ? undefined : text, begun })
  }

  function forget(hashed: string): void {
    const found = unfinished.get(hashed)
    if (!found) return
    found.log.unfinished -= 1
    unfinished.delete(hashed)
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
    for (const [name, { hashed, act, text }] of entries) {
      const until = typeof act === 'number' ? act.toString(36) : signs[act]
      lines += `${now} ${until} ${name} ${hashed}${text === undefined ? '' : ` ${text}`}\n`
    }
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
    while (ended[0] && ended[0].lastEnd <= forgettable() && ended[0].unfinished === 0) {
      const { number } = ended.shift() as Log // exists: see the condition
      try {
        unlinkSync(pathOf(folder, number))
      } catch (error) {
        if (!isMissing(error)) throw error // else another process was faster
      }
    }
  }

  function ask(hashed: string, act: Waiting['act'], text?: string): Promise<boolean> {
    return new Promise((resolve, reject) => {
      if (waiting.length === 0) setImmediate(flush)
      waiting.push({ hashed, act, text, resolve, reject })
    })
  }

  async function claim(key: string, expiresAt: number, text?: string): Promise<boolean> {
    const hashed = hashOf(key)
    if (held.has(hashed)) {
      readOn()
      if ((held.get(hashed) ?? 0) > Math.max(latest - farBehind, Date.now())) return false
    }
    return ask(hashed, Math.ceil(Math.min(expiresAt, Date.now() + longestLife)), text)
  }

  async function recover(prefix: string): Promise<readonly Recovered[]> {
    readOn()
    const states = new Map<string, HolderState>()
    const found: { readonly hashed: string; readonly by: string; readonly work: Recovered }[] = []
    for (const [hashed, { by, text, begun }] of unfinished) {
      const holder = holderOf(by)
      if (text === undefined) continue
      const state = states.get(holder) ?? holders.stateOf(holder)
      states.set(holder, state)
      const work = state === 'open' ? undefined : parseWork(text)
      if (!work?.id.startsWith(prefix)) continue
      const crashes = work.crashes + (begun && state === 'crashed' ? 1 : 0)
      found.push({ hashed, by, work: { ...work, attempt: work.attempt + 1, crashes } })
    }
    if (found.length === 0) return []
    holders.enter()
    const won = await Promise.all(
      found.map(({ hashed, by, work }) => ask(hashed, 'takeOver', `${by} ${workText(work)}`)),
    )
    const still = new Set([...unfinished.values()].map(({ by }) => holderOf(by)))
    for (const [holder, state] of states) if (state !== 'open' && !still.has(holder)) holders.remove(holder)
    return found.filter((_, index) => won[index]).map(({ work }) => work)
  }

  return {
    claim,
    accept(id, expiresAt, work) {
      holders.enter()
      return claim(id, expiresAt, workText({ id, attempt: 1, crashes: 0, work }))
    },
    async begin(key) {
      await ask(hashOf(key), 'begin')
    },
    async finish(key) {
      await ask(hashOf(key), 'finish')
    },
    recover,
    async release(key) {
      await ask(hashOf(key), 'release')
    },
    async sweep() {
      readOn()
      removeLogs()
      await sweepHeld()
    },
    close() {
      flush()
      closeSync(log.descriptor)
      holders.leave() // what is not finished may be taken over
    },
  }
}

/** Characters of a store's name, with which the names of its entries begin. */
const nameLength = 8

const holderOf = (by: string): string => by.slice(0, nameLength)

const hashOf = (key: string): string => digest('sha256', key, 'base64url')

const copyOf = (text: string): string => Buffer.from(text, 'latin1').toString('latin1')

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
        return { number: opening, descriptor, position: 0, rest: '', lastEnd: 0, unfinished: 0 }
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
