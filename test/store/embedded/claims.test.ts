import { hash, randomBytes } from 'node:crypto'
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import fc from 'fast-check'
import { expect, it, onTestFinished, vi } from 'vitest'
import { type Claims, type ClaimsOptions, openClaims } from '../../../src/store/embedded/claims.ts'

const inAnHour = () => Date.now() + 3_600_000

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'hipchat-addon-claims-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function open(folder: string, options?: ClaimsOptions): Claims {
  const claims = openClaims(folder, options)
  onTestFinished(() => claims.close())
  return claims
}

const logs = (folder: string): string[] =>
  readdirSync(folder).sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))

it('the first line for a key is the claim, whichever process wrote it and however many waited', async () => {
  const folder = newFolder()
  const [one, other] = [open(folder), open(folder)]
  const keys = Array.from({ length: 200 }, (_, index) => `key ${index}`)
  const won = await Promise.all(
    keys.flatMap((key) => [
      one.claim(key, inAnHour()),
      other.claim(key, inAnHour()),
      one.claim(key, inAnHour()),
    ]),
  )
  expect(won.filter(Boolean)).toHaveLength(keys.length)
  const later = open(folder)
  expect(await Promise.all(keys.map((key) => later.claim(key, inAnHour())))).toEqual(keys.map(() => false))
})

it('a claim ends for all when it expires, and at once when it is released', async () => {
  const folder = newFolder()
  const [one, other] = [open(folder), open(folder)]
  expect(await one.claim('a', Date.now() + 20)).toBe(true)
  expect(await other.claim('a', inAnHour())).toBe(false)
  await delay(25)
  expect(await other.claim('a', inAnHour())).toBe(true)
  expect(await one.claim('a', inAnHour())).toBe(false)
  await other.release('a')
  expect(await one.claim('a', inAnHour())).toBe(true)
  expect(await other.claim('a', inAnHour())).toBe(false)
})

it('starts another log when one is long, and removes the oldest when all their claims have expired', async () => {
  const folder = newFolder()
  const busy = open(folder, { longestLog: 500 })
  for (let index = 0; index < 20; index += 1) await busy.claim(`short ${index}`, Date.now() + 1)
  expect(await busy.claim('stays', inAnHour())).toBe(true)
  for (let index = 20; index < 40; index += 1) await busy.claim(`short ${index}`, Date.now() + 1)
  await delay(5)
  await busy.claim('a later time', inAnHour())
  const all = logs(folder)
  const line = hash('sha256', 'stays', 'base64url')
  const holding = all.findIndex((name) => readFileSync(join(folder, name), 'latin1').includes(line))
  expect(holding).toBeGreaterThan(1)
  await busy.sweep()
  // Later ones may say that a claim in it was released.
  expect(logs(folder)).toEqual(all.slice(holding))
  expect(await open(folder).claim('stays', inAnHour())).toBe(false)
})

it('finds the newest log when the logs in between are gone', async () => {
  const folder = newFolder()
  const options = { longestLog: 300 }
  const [busy, idle] = [open(folder, options), open(folder, options)]
  for (let index = 0; index < 40; index += 1) await busy.claim(`short ${index}`, Date.now() + 1)
  await delay(5)
  expect(await busy.claim('a', inAnHour())).toBe(true)
  await busy.sweep()
  const left = logs(folder)
  expect(left.length).toBeLessThan(4)
  expect(await idle.claim('a', inAnHour())).toBe(false)
  expect(await idle.claim('b', inAnHour())).toBe(true)
  expect(await busy.claim('b', inAnHour())).toBe(false)
  expect(logs(folder).at(-1)).toBe(left.at(-1))
})

it('skips lines that a killed process or a power failure left incomplete', async () => {
  const folder = newFolder()
  const before = open(folder)
  await before.claim('a', inAnHour())
  const [file = ''] = logs(folder)
  const line = readFileSync(join(folder, file), 'latin1').trim()
  appendFileSync(join(folder, file), '\0'.repeat(300))
  appendFileSync(join(folder, file), `\nend of nothing\n${line.slice(0, 30)}`)
  const after = open(folder)
  expect(await after.claim('b', inAnHour())).toBe(true)
  expect(await before.claim('b', inAnHour())).toBe(false)
  expect(await after.claim('a', inAnHour())).toBe(false)
  // Cut off before its end, and said again by the next one.
  appendFileSync(join(folder, file), 'en')
  expect(await before.claim('c', inAnHour())).toBe(true)
  expect(await after.claim('c', inAnHour())).toBe(false)
})

it('all readers agree on a line of a process that was paused for long before it wrote', async () => {
  const folder = newFolder()
  const [swept, fresh] = [open(folder), open(folder)]
  const begun = Date.now()
  await swept.claim('a', begun + 20)
  await delay(25)
  await swept.claim('b', inAnHour())
  await swept.sweep() // forgets a
  const [file = ''] = logs(folder)
  const [, , name = '', hashed = ''] = readFileSync(join(folder, file), 'latin1').trim().split(/\s/)
  // Stamped when the first claim was still held.
  const late = `${(begun + 1).toString(36)} ${inAnHour().toString(36)} ${name}x ${hashed}`
  appendFileSync(join(folder, file), `\n${late}\n`)
  const results = [await swept.claim('a', inAnHour()), await fresh.claim('a', inAnHour())]
  expect(results).toEqual([false, false])
})

it('a clock that was ahead for a while ends no claims after it is corrected', async () => {
  const folder = newFolder()
  const claims = open(folder)
  await claims.claim('a', inAnHour())
  const [file = ''] = logs(folder)
  const [, end = '', name = '', hashed = ''] = readFileSync(join(folder, file), 'latin1').trim().split(' ')
  const aYearAhead = (Date.now() + 365 * 24 * 3_600_000).toString(36)
  appendFileSync(join(folder, file), `\n${aYearAhead} ${end} ${name}x ${hashed}\n`)
  await claims.sweep()
  expect(await claims.claim('b', inAnHour())).toBe(true)
  expect(await claims.claim('b', inAnHour())).toBe(false)
  const other = open(folder)
  await other.sweep()
  expect(await other.claim('c', inAnHour())).toBe(true)
  expect(await claims.claim('c', inAnHour())).toBe(false)
})

it('agrees with a plain set for any order of claims and releases', async () => {
  const step = fc.record({
    by: fc.nat(2),
    key: fc.constantFrom('a', 'b', 'c', 'd'),
    act: fc.constantFrom('claim', 'claim', 'release', 'sweep', 'reopen'),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const folder = mkdtempSync(join(tmpdir(), 'hipchat-addon-claims-'))
      const options = { longestLog: 400 }
      const all = [0, 1, 2].map(() => openClaims(folder, options))
      const held = new Set<string>()
      try {
        for (const { by, key, act } of steps) {
          const claims = all[by] as Claims // there are three
          if (act === 'claim') {
            expect(await claims.claim(key, inAnHour())).toBe(!held.has(key))
            held.add(key)
          } else if (act === 'release') {
            await claims.release(key)
            held.delete(key)
          } else if (act === 'sweep') await claims.sweep()
          else {
            claims.close()
            all[by] = openClaims(folder, options)
          }
        }
      } finally {
        for (const claims of all) claims.close()
        rmSync(folder, { recursive: true, force: true })
      }
    }),
    { numRuns: Number(process.env['FC_RUNS'] ?? 30) },
  )
})

it('a clock that was ahead and is set back ends no claim, even after other claims and sweeps', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  onTestFinished(() => void vi.useRealTimers())
  for (const ahead of [2 * 60_000, 20 * 60_000, 48 * 3_600_000]) {
    const folder = newFolder()
    const claims = open(folder, { longestLog: 300 })
    const begun = Date.now()
    expect(await claims.claim('a', begun + 5 * 60_000)).toBe(true)
    vi.setSystemTime(begun + ahead)
    for (let index = 0; index < 20; index += 1) await claims.claim(`ahead ${index}`, Date.now() + 1)
    await claims.sweep()
    vi.setSystemTime(begun + 60_000)
    expect(await claims.claim('a', begun + 5 * 60_000)).toBe(false)
    expect(await open(folder).claim('a', begun + 5 * 60_000)).toBe(false)
    await claims.sweep()
    expect(await claims.claim('b', begun + 5 * 60_000)).toBe(true)
    expect(await claims.claim('b', begun + 5 * 60_000)).toBe(false)
    vi.setSystemTime(begun)
  }
})

it('reads the intact lines of a log that is damaged, truncated or full of zeros', async () => {
  const far = 'zzzzzzzzzz'
  const damages: ((file: string) => void)[] = [
    (file) => appendFileSync(file, Buffer.alloc(3_000_000)),
    (file) => appendFileSync(file, randomBytes(100_000)),
    (file) => appendFileSync(file, `\n${readFileSync(file, 'latin1').split('\n').join(' ')}`),
    (file) => appendFileSync(file, `\n${Date.now().toString(36)} ${far} who ${'x'.repeat(43)}\n`),
    (file) => appendFileSync(file, `\n${far} - who ${'x'.repeat(43)}\n`),
    (file) => truncateSync(file, readFileSync(file).length - 30),
  ]
  for (const damage of damages) {
    const folder = newFolder()
    const before = openClaims(folder)
    for (const key of ['a', 'b', 'last']) await before.claim(key, inAnHour())
    before.close()
    damage(join(folder, '0.log'))
    const [after, other] = [open(folder), open(folder)]
    expect([await after.claim('a', inAnHour()), await after.claim('b', inAnHour())]).toEqual([false, false])
    expect(await after.claim('new', inAnHour())).toBe(true)
    expect(await other.claim('new', inAnHour())).toBe(false)
    await after.sweep()
    expect(await after.claim('new', inAnHour())).toBe(false)
  }
})
