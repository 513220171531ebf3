import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { openLmdb } from '../../../src/common/lmdb/lmdb.ts'
import { createEmbeddedStore } from '../../../src/store/embedded/embedded.ts'
import { describeStore, list, refused } from '../contract.ts'

let home: string
let folders = 0
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'hipchat-addon-store-'))
})
afterAll(() => rmSync(home, { recursive: true, force: true }))
const newFolder = (): string => join(home, `folder-${folders++}`)

describeStore('embedded', async () => {
  const path = newFolder()
  return {
    store: createEmbeddedStore({ path }),
    second: createEmbeddedStore({ path }),
    cleanUp: async () => rmSync(path, { recursive: true, force: true }),
  }
})

describe('the embedded store', () => {
  it('creates the folder on first use, readable by its owner only', async () => {
    const path = join(newFolder(), 'deep', '.with-dot')
    const unused = createEmbeddedStore({ path })
    await unused.close()
    const store = createEmbeddedStore({ path })
    expect(existsSync(path)).toBe(false)
    await store.ping()
    expect(statSync(path).mode & 0o777).toBe(0o700)
    await store.close()
  })

  it('answers get synchronously', async () => {
    const store = createEmbeddedStore({ path: newFolder() })
    await store.set('a', 'x')
    expect(store.get('a')).toBe('x')
    await store.close()
  })

  it('keeps everything when it is closed and opened again', async () => {
    const path = newFolder()
    const before = createEmbeddedStore({ path })
    await before.set('a', 'x')
    await before.set('b', 'y', 600_000)
    await before.claim('c', 600_000)
    await before.close()
    const after = createEmbeddedStore({ path })
    expect(await list(after, '')).toEqual({ a: 'x', b: 'y' })
    expect(await after.claim('c', 600_000)).toBe(false)
    await after.close()
  })

  it('sweeps expired values from the disk, and only those', async () => {
    const path = newFolder()
    const store = createEmbeddedStore({ path, sweepEvery: 20 })
    await Promise.all(Array.from({ length: 600 }, (_, index) => store.set(`k${index}`, 'x', 10)))
    await store.set('k1', 'kept')
    await store.set('k2', 'kept', 600_000)
    const root = openLmdb<Buffer, string>(path)
    const values = root.openDB({ name: 'values', encoding: 'binary' })
    const expiries = root.openDB({ name: 'expiries', encoding: 'binary' })
    await vi.waitFor(() => expect([values.getKeysCount({}), expiries.getKeysCount({})]).toEqual([2, 1]), {
      timeout: 5000,
      interval: 20,
    })
    expect(await list(store, '')).toEqual({ k1: 'kept', k2: 'kept' })
    await store.close()
    await root.close()
  })

  it('keeps a claim for years without keeping the logs of all later claims', async () => {
    const path = newFolder()
    const store = createEmbeddedStore({ path, sweepEvery: 20 })
    const year = 365 * 24 * 3_600_000
    for (const [key, ttl] of Object.entries({
      year,
      for_ever: Number.POSITIVE_INFINITY,
      days: 49 * 3_600_000,
    }))
      expect(await Promise.all([store.claim(key, ttl), store.claim(key, ttl)])).toEqual([true, false])
    expect(readFileSync(join(path, 'claims', '0.log'), 'latin1')).not.toContain(
      (1e13).toString(36).slice(0, 4),
    )
    await store.close()
    const after = createEmbeddedStore({ path })
    vi.useFakeTimers({ toFake: ['Date'] })
    onTestFinished(() => void vi.useRealTimers())
    vi.setSystemTime(Date.now() + 50 * 3_600_000) // what is in the log is over
    expect([await after.claim('year', 10), await after.claim('for_ever', year)]).toEqual([false, false])
    expect(await after.claim('days', 10)).toBe(true)
    await after.release('for_ever')
    expect(await after.claim('for_ever', 10)).toBe(true)
    vi.setSystemTime(Date.now() + year)
    expect(await after.claim('year', year)).toBe(true)
    await after.close()
  })

  it('does not keep a process alive, even during a sweep', async () => {
    const script = `import { createEmbeddedStore } from ${JSON.stringify(sourceOf('src/store/embedded/embedded.ts'))}
      await createEmbeddedStore({ path: ${JSON.stringify(newFolder())} }).set('a', 'x', 10)`
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script])
    expect(await exit(child)).toBe(0)
  })
})

describe('an embedded store that cannot be used', () => {
  it('reports a file that is in the way, and works once it is gone', async () => {
    const path = newFolder()
    writeFileSync(path, 'a file')
    const store = createEmbeddedStore({ path })
    for (const verb of [
      () => store.get('a'),
      () => store.set('a', 'x'),
      () => store.claim('a', 1000),
      () => store.ping(),
      () => list(store, ''),
    ]) {
      const error = await refused(verb, /could not be opened: .*A file is in the way/)
      expect(error.message).toContain(`file:${path}`)
    }
    rmSync(path)
    await store.set('a', 'x')
    expect(await store.get('a')).toBe('x')
    await store.close()
  })

  it('reports that it may not write to the folder', async () => {
    // Not even root may create a folder in /sys, so this holds for every user.
    const path = process.platform === 'linux' ? '/sys/hipchat-addon' : '/dev/null/hipchat-addon'
    const error = await refused(() => createEmbeddedStore({ path }).set('a', 'x'), /could not be opened/)
    expect(error.message).toMatch(/choose another folder with the option store/)
  })

  it('reports a file that is not from LMDB, instead of crashing the process', async () => {
    const path = newFolder()
    const store = createEmbeddedStore({ path })
    await store.set('a', 'x')
    await store.close()
    writeFileSync(join(path, 'data.mdb'), Buffer.alloc(100_000, 7))
    await refused(
      () => createEmbeddedStore({ path }).get('a'),
      /not an LMDB file, or is damaged\. Restore the folder/,
    )
  })
})

it('an embedded store on a full disk refuses writes, keeps what it has and does not end the process', {
  timeout: 30_000,
}, async ({ skip }) => {
  skip(
    process.platform === 'win32',
    'a full disk: Windows has no limit on the size of files; run on Linux or macOS',
  )
  const node = `"${process.execPath}" --import tsx "${sourceOf('test/store/embedded-process.ts')}"`
  const script = `trap '' XFSZ; ulimit -f 2000; exec ${node} fill "${newFolder()}" x 100`
  const child = spawn('bash', ['-c', script], { stdio: ['ignore', 'pipe', 'ignore'] })
  let output = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  expect(await exit(child)).toBe(0)
  expect(output).toMatch(
    /^StoreError: file:.* could not write: .*\. The disk may be full or failing: free some space/,
  )
  expect(output).toMatch(/\n20000\nStoreError: .* could not write: .*The disk may be full.*\nfalse\n$/)
})

it('an embedded store on a disk that takes not a byte more is opened, read and closed', async ({ skip }) => {
  skip(
    process.platform === 'win32',
    'a full disk: Windows has no limit on the size of files; run on Linux or macOS',
  )
  const path = newFolder()
  const before = createEmbeddedStore({ path })
  await before.set('a', 'x')
  await before.close()
  const node = `"${process.execPath}" --import tsx "${sourceOf('test/store/embedded-process.ts')}"`
  const script = `trap '' XFSZ; ulimit -f 0; exec ${node} read "${path}" a`
  const child = spawn('bash', ['-c', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  expect(await exit(child)).toBe(0)
  expect(output).toBe('x\n')
})

describe('an embedded store that several processes use', () => {
  it('loses no update and grants every claim to one process only', { timeout: 60_000 }, async () => {
    const path = newFolder()
    const update = () => run('update', path, 'x', '400')
    const claim = () => run('claim', path, 'x', '400')
    const results = await Promise.all([update(), claim(), update(), claim()])
    expect(results.map(({ code }) => code)).toEqual([0, 0, 0, 0])
    const store = createEmbeddedStore({ path })
    expect(await store.get('count')).toBe('800')
    expect(Number(results[1]?.output) + Number(results[3]?.output)).toBe(400)
    await store.close()
  })

  const kills = Number(process.env['KILLS'] ?? 10)
  it(`has every acknowledged write after ${kills} kill -9`, { timeout: 60_000 + kills * 5000 }, async () => {
    const path = newFolder()
    const acknowledged: string[] = []
    for (let kill = 0; kill < kills; kill++) {
      const writers = [0, 1].map((writer) => start('write', path, `${kill}-${writer}`))
      // Killed while they write, one a little after the other, so that one writes while the other one dies.
      await Promise.all(writers.map((writer) => writer.lines(200 + kill * 20)))
      writers[0]?.child.kill('SIGKILL')
      await new Promise((resolve) => setTimeout(resolve, 20))
      writers[1]?.child.kill('SIGKILL')
      await Promise.all(writers.map(({ ended }) => ended))
      for (const writer of writers) acknowledged.push(...writer.whole())
    }
    const store = createEmbeddedStore({ path })
    const isClaim = (key: string): boolean => Number(key.split(':').at(-1)) % 4 === 3
    const lost = acknowledged.filter((key) => !isClaim(key) && store.get(key) !== key)
    expect(lost).toEqual([])
    const claims = acknowledged.filter(isClaim)
    expect(claims.length).toBeGreaterThan(0)
    const free = await Promise.all(claims.map(async (key) => ((await store.claim(key, 1000)) ? [key] : [])))
    expect(free.flat()).toEqual([])
    expect(acknowledged.length).toBeGreaterThan(kills * 400)
    await store.set('still', 'writable')
    await store.close()
  })
})

it('the embedded store expires values that another process wrote', async () => {
  const path = newFolder()
  await run('claim', path, 'x', '1')
  const store = createEmbeddedStore({ path })
  expect(await store.claim('claim:0', 10)).toBe(false)
  await store.release('claim:0')
  expect(await store.claim('claim:0', 10)).toBe(true)
  await store.close()
})

function sourceOf(path: string): string {
  return fileURLToPath(new URL(`../../../${path}`, import.meta.url))
}

function start(...argv: string[]) {
  const script = sourceOf('test/store/embedded-process.ts')
  const child = spawn(process.execPath, ['--import', 'tsx', script, ...argv], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  // A line the process was killed in was acknowledged by nobody who could read it.
  const whole = (): string[] => output.split('\n').slice(0, -1)
  return {
    child,
    ended: exit(child),
    whole,
    output: () => output,
    lines: (amount: number): Promise<void> =>
      vi.waitFor(() => expect(whole().length).toBeGreaterThan(amount), { timeout: 30_000, interval: 5 }),
  }
}

async function run(...argv: string[]): Promise<{ code: number | null; output: string }> {
  const { ended, output } = start(...argv)
  return { code: await ended, output: output() }
}

const exit = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve) => child.once('close', resolve))
