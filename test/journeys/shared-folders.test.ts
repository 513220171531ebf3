import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { openLmdb } from '../../src/common/lmdb/lmdb.ts'
import { openState } from '../../src/server/state/state.ts'
import { createEmbeddedStore } from '../../src/store/embedded/embedded.ts'

let home: string
let folders = 0
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'hipchat-addon-sharing-'))
})
afterAll(() => rmSync(home, { recursive: true, force: true }))
const newFolder = (): string => join(home, `folder-${folders++}`)

const writeMany = (store: { set(key: string, value: string): Promise<void> }): Promise<unknown> =>
  Promise.all(Array.from({ length: 50 }, (_, index) => store.set(`k${index}`, 'x')))

describe('stores of one process in one folder', () => {
  it('can be opened while another one writes, by its path, by a link or with a second copy of the module', async () => {
    const path = newFolder()
    mkdirSync(path)
    const link = newFolder()
    symlinkSync(path, link)
    const first = createEmbeddedStore({ path })
    await first.set('a', 'x')
    vi.resetModules()
    const copy = await import('../../src/store/embedded/embedded.ts')
    for (const open of [
      () => createEmbeddedStore({ path }),
      () => createEmbeddedStore({ path: link }),
      () => copy.createEmbeddedStore({ path }),
    ])
      for (let trial = 0; trial < 10; trial += 1) {
        const written = writeMany(first)
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 2))
        const second = open()
        await second.set(`by ${trial}`, 'x')
        expect(await first.get(`by ${trial}`)).toBe('x')
        await Promise.all([written, second.close()])
      }
    await first.close()
  })

  it('leave the others open when one is closed, and the folder can be opened again', async () => {
    const path = newFolder()
    const [first, second] = [createEmbeddedStore({ path }), createEmbeddedStore({ path })]
    await Promise.all([first.set('a', 'x'), second.set('b', 'x')])
    await first.close()
    await first.close()
    await second.set('a', 'y')
    expect(await second.get('a')).toBe('y')
    const closed = second.close()
    const third = createEmbeddedStore({ path }) // while the last one is closing
    await third.set('c', 'x')
    await closed
    expect([await third.get('a'), await third.get('c')]).toEqual(['y', 'x'])
    await third.close()
  })

  it('are separate when the folder was moved away and created again', async () => {
    const path = newFolder()
    const old = createEmbeddedStore({ path })
    await old.set('a', 'old')
    renameSync(path, `${path}-moved`)
    const fresh = createEmbeddedStore({ path })
    expect(await fresh.get('a')).toBeUndefined()
    await fresh.set('a', 'fresh')
    expect([await old.get('a'), await fresh.get('a')]).toEqual(['old', 'fresh'])
    await Promise.all([old.close(), fresh.close()])
  })

  it('treat a folder that was deleted as a new one', async () => {
    const path = newFolder()
    const old = createEmbeddedStore({ path })
    await old.set('a', 'old')
    rmSync(path, { recursive: true })
    const fresh = createEmbeddedStore({ path })
    await Promise.all([writeMany(fresh), old.close()])
    expect(await fresh.get('a')).toBeUndefined()
    await fresh.close()
  })

  it('cannot open it both with and without waiting for the disk', async () => {
    const path = newFolder()
    const first = openLmdb(path)
    expect(() => openLmdb(path, { noSync: true })).toThrow(
      'is already open in this process: expected noSync false, got true',
    )
    await first.close()
    await openLmdb(path, { noSync: true }).close()
  })
})

it('a store can be opened while a server of the same process writes, and a server while a store does', async () => {
  const [data, path] = [newFolder(), newFolder()]
  const state = openState(data, { durable: true })
  const store = createEmbeddedStore({ path })
  await store.ping()
  for (let trial = 0; trial < 10; trial += 1) {
    const written = Promise.all([writeMany(store), state.write(() => state.next('id'))])
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 2))
    // The folder is taken, and to say so it must be opened.
    expect(() => openState(data, { durable: true })).toThrow('is in use by another server')
    const second = createEmbeddedStore({ path })
    await second.set('by another', 'x')
    await Promise.all([written, second.close()])
  }
  await Promise.all([state.close(), store.close()])
})

// OPENINGS=1000 for a long campaign.
const openings = Number(process.env['OPENINGS'] ?? 60)
it(`add-ons, workers and processes open, write and close two folders ${openings} times each: no write is lost, and none waits forever`, {
  timeout: 60_000 + openings * 1000,
}, async () => {
  const paths = [newFolder(), newFolder()]
  const [first, second] = await Promise.all([play(paths), play(paths.toReversed())])
  const counts = paths.map((_, index) => (first[index] ?? 0) + (second.toReversed()[index] ?? 0))
  for (const [index, path] of paths.entries()) {
    const store = createEmbeddedStore({ path })
    expect(await store.get('count')).toBe(String(counts[index]))
    await store.close()
  }
})

it('a folder can be opened at once after a process ended without closing it', async () => {
  const path = newFolder()
  const module = new URL('../../src/store/embedded/embedded.ts', import.meta.url).href
  const code = `const { createEmbeddedStore } = await import(${JSON.stringify(module)})
    await createEmbeddedStore({ path: ${JSON.stringify(path)} }).set('a', 'x')
    process.exit()`
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', code], {
    stdio: 'inherit',
  })
  await new Promise((resolve) => child.once('close', resolve))
  const store = createEmbeddedStore({ path })
  expect(await store.get('a')).toBe('x')
  await store.close()
  expect(readdirSync(path).sort()).toEqual(['claims', 'data.mdb', 'lock.mdb'])
})

async function play(paths: readonly string[]): Promise<number[]> {
  const script = fileURLToPath(new URL('./shared-folders.worker.ts', import.meta.url))
  const child = spawn(process.execPath, ['--import', 'tsx', script, String(openings), ...paths], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 50_000 + openings * 1000,
    killSignal: 'SIGKILL',
  })
  let output = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  const ended = await new Promise((resolve) => child.once('close', (code, signal) => resolve(code ?? signal)))
  expect(ended).toBe(0)
  return JSON.parse(output)
}
