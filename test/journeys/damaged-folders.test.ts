import { spawn } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createHipChatServer } from '../../src/server/index.ts'
import { openState } from '../../src/server/state/state.ts'
import { createEmbeddedStore } from '../../src/store/embedded/embedded.ts'
import { needsProc } from '../proc.ts'
import { refused } from '../store/contract.ts'

let home: string
let store: string
let server: string
let copies = 0
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'hipchat-addon-damaged-'))
  store = join(home, 'store')
  const filled = createEmbeddedStore({ path: store })
  for (let batch = 0; batch < 20; batch += 1)
    await Promise.all(
      Array.from({ length: 100 }, (_, index) => {
        const size = index % 50 === 0 ? 9000 : index * 3
        return filled.set(`k${batch * 100 + index}`, 'x'.repeat(size), index % 3 ? undefined : 600_000)
      }),
    )
  for (let index = 0; index < 500; index += 1) await filled.delete(`k${index * 2}`)
  await filled.close()
  server = join(home, 'server')
  const state = openState(server, { durable: true })
  for (let batch = 0; batch < 20; batch += 1)
    await state.write(() => {
      for (let index = 0; index < 100; index += 1) state.next(`sequence ${batch * 100 + index}`)
    })
  await state.close()
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

/** A copy of a folder whose file is changed. */
function copyOf(folder: string, change: (file: string) => void): string {
  const path = join(home, `copy-${copies++}`)
  cpSync(folder, path, { recursive: true })
  change(join(path, 'data.mdb'))
  return path
}

const size = (): number => readFileSync(join(store, 'data.mdb')).length

/** What may be the matter with a file, with what is said of it. */
const damages: readonly [string, (file: string) => void, RegExp][] = [
  ['is empty', (file) => truncateSync(file, 0), /data\.mdb is empty\./],
  [
    'is truncated within its head',
    (file) => truncateSync(file, 100),
    /is truncated: expected at least 8192 bytes, got 100/,
  ],
  [
    'is truncated after its head',
    (file) => truncateSync(file, 8192),
    /is truncated or damaged: it has 8192 bytes of \d+/,
  ],
  [
    'is truncated in the middle',
    (file) => truncateSync(file, Math.floor(readFileSync(file).length / 2)),
    /is truncated/,
  ],
  [
    'has zeros after its head',
    (file) => overwrite(file, 8192, Buffer.alloc(readFileSync(file).length - 8192)),
    /is damaged: page \d+ is not/,
  ],
  ['has an impossible page size', (file) => overwrite(file, 48, Buffer.from([7, 7])), /pages cannot have/],
  [
    'has no second meta page',
    (file) => overwrite(file, 4096, Buffer.alloc(4096)),
    /its meta page 1 is not one/,
  ],
  [
    'is of another version',
    (file) => overwrite(file, 28, Buffer.from([9])),
    /its meta page 0 is not one of LMDB 2/,
  ],
  [
    'has more pages than it can',
    (file) => bothMetas(file, 149, Buffer.from([153])),
    /is truncated or damaged/,
  ],
  ['has its tree elsewhere', (file) => bothMetas(file, 139, Buffer.from([1])), /is truncated or damaged/],
  ['is something else', (file) => writeFileSync(file, Buffer.alloc(100_000, 7)), /is not an LMDB file/],
  [
    'is a folder',
    (file) => {
      rmSync(file)
      mkdirSync(file)
    },
    /is not a file/,
  ],
]

function overwrite(file: string, position: number, bytes: Buffer): void {
  const content = readFileSync(file)
  bytes.copy(content, position)
  writeFileSync(file, content)
}

function bothMetas(file: string, position: number, bytes: Buffer): void {
  overwrite(file, position, bytes)
  overwrite(file, 4096 + position, bytes)
}

describe('a data file that', () => {
  it.each(damages)('%s is refused by the store, with advice', async (_, change, said) => {
    const path = copyOf(store, change)
    for (const verb of ['get', 'delete'] as const) {
      const error = await refused(async () => createEmbeddedStore({ path })[verb]('k1'), said)
      expect(error.message).toMatch(
        /could not be opened: .* Restore the folder from a copy, or move it away to start/,
      )
    }
  })

  it.each(damages)('%s is refused by the server, with advice', async (_, change, said) => {
    const data = copyOf(server, change)
    const listening = createHipChatServer({ port: 0, data }).listen()
    await expect(listening).rejects.toMatchObject({
      code: 'ERR_FOLDER_UNUSABLE',
      message: expect.stringMatching(said),
    })
    await expect(listening).rejects.toThrow(
      /the data folder .* cannot be opened: .* Restore the folder from a copy, or move it away to start empty: users/,
    )
  })

  it('is restored works without a restart', async () => {
    const path = copyOf(store, (file) => truncateSync(file, 8192))
    const reopened = createEmbeddedStore({ path })
    await expect(async () => reopened.get('k1')).rejects.toThrow('is truncated')
    cpSync(join(store, 'data.mdb'), join(path, 'data.mdb'))
    expect(await reopened.get('k1')).toBe('xxx')
    await reopened.close()
  })
})

// Node 20 never returned from creating folders below /proc.
it.for(['/proc/hipchat-addon', '/proc/a/b', '/dev/null/a'])(
  'the folder %s, which cannot be created, is refused by store and server',
  async (path, { skip }) => {
    needsProc(skip)
    await refused(() => createEmbeddedStore({ path }).set('a', 'x'), /could not be opened: E[A-Z]+: .*mkdir/)
    const listening = createHipChatServer({ port: 0, data: path }).listen()
    await expect(listening).rejects.toMatchObject({
      code: 'ERR_FOLDER_UNUSABLE',
      message: expect.stringMatching(/cannot be opened: E[A-Z]+: .*mkdir .* Make sure that it is a folder/),
    })
  },
)

it('a lock file that is a folder is refused, with advice', async () => {
  const path = copyOf(store, (file) => {
    rmSync(join(file, '../lock.mdb'))
    mkdirSync(join(file, '../lock.mdb'))
  })
  await refused(
    () => createEmbeddedStore({ path }).set('a', 'x'),
    /lock\.mdb is not a file\. Restore the folder/,
  )
})

it('a folder, data file or lock file that may not be written is refused, with advice', async ({ skip }) => {
  skip(
    process.getuid?.() === 0 || process.platform === 'win32',
    'rights on files: root has all; run as another user',
  )
  for (const name of ['.', 'data.mdb', 'lock.mdb']) {
    const path = copyOf(store, () => undefined)
    chmodSync(join(path, name), 0o500)
    const opened = createEmbeddedStore({ path })
    await refused(() => opened.set('a', 'x'), /EACCES.*Give this process the permission to write there/)
    chmodSync(join(path, name), 0o700)
    await opened.set('a', 'x')
    await opened.close()
  }
})

it('a lock file that is damaged, truncated or missing does no harm', async () => {
  for (const content of [Buffer.alloc(0), Buffer.alloc(50, 7), Buffer.alloc(100_000, 7), undefined]) {
    const path = copyOf(store, () => undefined)
    if (content) writeFileSync(join(path, 'lock.mdb'), content)
    else rmSync(join(path, 'lock.mdb'))
    const opened = createEmbeddedStore({ path })
    await opened.set('a', 'x')
    expect(await opened.get('k1')).toBe('xxx')
    await opened.close()
  }
})

it('a file whose last pages are free and were never written is accepted', async () => {
  const path = join(home, 'short')
  const short = createEmbeddedStore({ path })
  for (let round = 0; round < 30; round += 1) {
    await Promise.all(
      Array.from({ length: 20 }, (__, index) => short.set(`${round}-${index}`, 'x'.repeat(index * 999))),
    )
    await Promise.all(Array.from({ length: 20 }, (__, index) => short.delete(`${round}-${index}`)))
  }
  await short.close()
  const again = createEmbeddedStore({ path })
  expect(await again.get('0-0')).toBeUndefined()
  await again.close()
})

const damagedFiles = Number(process.env['DAMAGES'] ?? 70)
it(`a file that is damaged in one of ${damagedFiles} ways ends no process`, {
  timeout: 60_000 + damagedFiles * 500,
}, async () => {
  const script = fileURLToPath(new URL('./damaged-folders.worker.ts', import.meta.url))
  const child = spawn(
    process.execPath,
    [
      '--import',
      'tsx',
      script,
      store,
      join(home, 'spoilt'),
      process.env['SEED'] ?? '1',
      String(damagedFiles),
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  const ended = await new Promise((resolve) => child.once('close', (code, signal) => resolve(code ?? signal)))
  const lines = output.trimEnd().split('\n')
  expect({ ended, last: lines.at(-1) }).toMatchObject({ ended: 0 })
  expect(lines).toHaveLength(damagedFiles)
  const odd = lines.filter((line) => !/: (fine|StoreError: .* Restore the folder from a copy)/.test(line))
  expect(odd).toEqual([])
  expect(size()).toBeGreaterThan(100_000)
})
