import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createTurns } from '../../../src/common/lmdb/turns.ts'
import { ownIdentity } from '../../../src/common/process-identity.ts'

function newFolder(): string {
  const path = mkdtempSync(join(tmpdir(), 'hipchat-turns-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

const gone = { ...ownIdentity(), pid: 2 ** 30 }
const unseen = { ...ownIdentity(), container: 'pid:[1]' }
const writersIn = (folder: string) => readdirSync(folder).filter((name) => name.startsWith('writing-'))

function put(folder: string, name: string, owner: object | string, age = 0): void {
  const file = join(folder, name)
  writeFileSync(file, typeof owner === 'string' ? owner : JSON.stringify(owner))
  const at = new Date(Date.now() - age)
  utimesSync(file, at, at)
}

/** A process that says that it writes, and after a while that it has written. */
async function startWriter(folder: string): Promise<void> {
  const code = `
    import { rmSync, writeFileSync } from 'node:fs'
    import { createTurns } from ${JSON.stringify(new URL('../../../src/common/lmdb/turns.ts', import.meta.url).href)}
    const turns = createTurns(${JSON.stringify(folder)})
    turns.beginWrite()
    console.log('writing')
    setTimeout(() => {
      writeFileSync(${JSON.stringify(join(folder, 'written'))}, '')
      turns.endWrite()
    }, 300)
    setTimeout(() => {}, 60_000)`
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child.stdout, 'data')
}

describe('a folder is opened', () => {
  it('when the processes that write there have paused', async () => {
    const folder = newFolder()
    await startWriter(folder)
    const written = createTurns(folder).open(() => existsSync(join(folder, 'written')))
    expect(written).toBe(true)
    expect(readdirSync(folder)).toEqual(['written'])
  })

  it.each([
    ['of a process that is gone', gone, 0],
    ['of a thread that has ended, or a process that is stopped', ownIdentity(), 6000],
    ['of a process of another container that gives no sign', unseen, 2000],
    ['that was never written to its end', '{"pid":', 2000],
    ['from the future, by a clock that was set back', ownIdentity(), -3_600_000],
  ])('at once where files are left %s', (_, owner, age) => {
    const folder = newFolder()
    put(folder, 'writing-1-a', owner, age)
    put(folder, 'opening', owner, age)
    expect(createTurns(folder).open(() => readdirSync(folder))).toEqual(['opening'])
    expect(readdirSync(folder)).toEqual([])
  })

  it('by one at a time, and is free again when opening fails', () => {
    const folder = newFolder()
    const turns = createTurns(folder)
    expect(() => turns.open(() => turns.open(() => undefined))).toThrow(
      `this thread is opening or closing ${folder}`,
    )
    expect(turns.open(() => 'open')).toBe('open')
  })
})

describe('a write', () => {
  it('waits while somebody opens the folder, and waiting writes keep their order', async () => {
    const folder = newFolder()
    put(folder, 'opening', ownIdentity())
    const turns = createTurns(folder)
    const begun: string[] = []
    const both = ['first', 'second'].map((name) =>
      Promise.resolve(turns.beginWrite()).then(() => begun.push(name)),
    )
    await wait(50)
    expect([begun, writersIn(folder)]).toEqual([[], []])
    rmSync(join(folder, 'opening'))
    await Promise.all(both)
    expect([begun, writersIn(folder).length]).toEqual([['first', 'second'], 1])
  })

  it('starts at once when the process that opened is gone', () => {
    const folder = newFolder()
    put(folder, 'opening', gone)
    expect(createTurns(folder).beginWrite()).toBeUndefined()
  })

  it('in progress is finished first, and the next one waits', async () => {
    const folder = newFolder()
    const turns = createTurns(folder)
    expect(turns.beginWrite()).toBeUndefined()
    put(folder, 'opening', ownIdentity())
    await wait(60)
    expect(writersIn(folder)).toHaveLength(1)
    turns.beginWriteNow() // nobody opens while the other one is under way
    turns.endWrite()
    const next = turns.beginWrite()
    expect(next).toBeInstanceOf(Promise)
    expect(writersIn(folder)).toHaveLength(1)
    turns.endWrite()
    expect(writersIn(folder)).toEqual([])
    rmSync(join(folder, 'opening'))
    await next
  })

  it('leaves no file when there has been none for a while, nor when the folder is closed', async () => {
    const folder = newFolder()
    const turns = createTurns(folder)
    turns.beginWriteNow()
    turns.endWrite()
    expect(writersIn(folder)).toHaveLength(1)
    await vi.waitFor(() => expect(writersIn(folder)).toEqual([]), 5000)
    turns.beginWriteNow()
    turns.endWrite()
    await turns.close(async () => expect(readdirSync(folder)).toEqual(['opening']))
    expect(readdirSync(folder)).toEqual([])
  })

  it('fails if the folder is gone, which can still be closed', async () => {
    const folder = newFolder()
    const turns = createTurns(folder)
    rmSync(folder, { recursive: true })
    expect(() => turns.beginWrite()).toThrow('ENOENT')
    await expect(turns.close(async () => undefined)).resolves.toBeUndefined()
  })

  it('on a full disk leaves a file without its owner, which is believed for a moment only', async () => {
    const folder = newFolder()
    put(folder, 'opening', '')
    const turns = createTurns(folder)
    expect(turns.beginWrite()).toBeInstanceOf(Promise)
    put(folder, 'opening', '', 2000)
    expect(turns.beginWrite()).toBeInstanceOf(Promise) // behind the one that waits
    await vi.waitFor(() => expect(writersIn(folder)).toHaveLength(1))
    expect(createTurns(folder).beginWrite()).toBeUndefined()
  })
})
