import { describe, expect, it, onTestFinished, test, vi } from 'vitest'
import { compilePattern, type Pattern } from '../../../src/server/addons/pattern-compiler.ts'
import { createPatternMatching } from '../../../src/server/addons/pattern-scheduling.ts'
import { adminCall, call, declare, hook, installOverHttp, startAddon, startServer } from '../support.ts'

/** Patterns that cost much, and a third of what is allowed: each walks through the whole message with all of its steps. */
const costly = Array.from({ length: 10 }, (_, number) => `(?s).{${290 + number}}\\z`)

function matching() {
  const created = createPatternMatching()
  onTestFinished(() => created.close())
  return created
}

/** A pattern that counts how often it is run in this thread. */
function counted(source: string): { pattern: Pattern; readonly runs: number } {
  const compiled = compilePattern(source)
  let runs = 0
  const pattern = Object.assign(
    (text: string) => {
      runs += 1
      return compiled(text)
    },
    { steps: compiled.steps, source: compiled.source },
  )
  return {
    pattern,
    get runs() {
      return runs
    },
  }
}

describe('a match', () => {
  it('that is cheap runs at once, and an expensive one does not run in this thread', async () => {
    const { matches } = matching()
    const cheap = counted('^/roll')
    const long = counted(costly[0] ?? '')
    expect(await matches('a', cheap.pattern, '/roll 2d6')).toBe(true)
    expect(await matches('a', long.pattern, 'x'.repeat(10_000))).toBe(true)
    expect(await matches('a', long.pattern, 'x'.repeat(289))).toBe(false)
    expect([cheap.runs, long.runs]).toEqual([1, 0])
  })

  it('gives the same result in both threads, including flags and escapes', async () => {
    const { matches } = matching()
    for (const [source, text] of [
      ['(?i)^/DEPLOY\\s+(?<env>\\w+)', '/deploy staging'],
      ['\\u00c4$', 'x Ä'],
      ['^\\x{1F600}', '😀'],
      ['(?m)^two three$', 'one\u2028two\u00a0three'],
    ] as const) {
      const pattern = compilePattern(source)
      expect(await matches('a', pattern, text)).toBe(true)
      expect(
        await matches('a', { ...pattern, steps: 1_000_000, source: pattern.source } as Pattern, text),
      ).toBe(true)
      expect(
        await matches('a', { ...pattern, steps: 1_000_000, source: pattern.source } as Pattern, 'no'),
      ).toBe(false)
    }
  })

  it('moves to the other thread once its owner has used up the steps of a second, without affecting others', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    onTestFinished(() => void vi.useRealTimers())
    const { matches } = matching()
    const mine = counted('^/roll')
    const text = '/roll'.padEnd(2_000)
    for (let number = 0; number < 30; number += 1) await matches('a', mine.pattern, text)
    const made = mine.runs
    expect(made).toBeLessThan(30)
    expect(made * mine.pattern.steps * text.length).toBeLessThanOrEqual(200_000)
    const other = counted('^/roll')
    await matches('b', other.pattern, text)
    expect(other.runs).toBe(1)
    vi.advanceTimersByTime(1_000)
    await matches('a', mine.pattern, text)
    expect(mine.runs).toBe(made + 1)
  })

  it('waits for the running match and for one turn of each other owner', async () => {
    const { matches } = matching()
    const pattern = compilePattern(costly[0] ?? '')
    const text = 'x'.repeat(2_000)
    const order: string[] = []
    const all = [
      ...Array.from({ length: 8 }, () => matches('much', pattern, text).then(() => order.push('much'))),
      matches('little', pattern, text).then(() => order.push('little')),
    ]
    await Promise.all(all)
    expect(order.indexOf('little')).toBeLessThanOrEqual(2)
  })

  it('that breaks the thread fails alone, and the next one gets a new thread', async () => {
    const { matches } = matching()
    const pattern = compilePattern('a')
    const broken = { ...pattern, steps: 1_000_000, source: '(' } as Pattern
    await expect(matches('a', broken, 'a')).rejects.toThrow('its thread failed')
    expect(await matches('a', { ...pattern, steps: 1_000_000, source: 'a' } as Pattern, 'a')).toBe(true)
  })
})

// Thirty costly matches take seconds of processor time, and many on a busy machine.
test('ten costly patterns and long messages delay no call, nor another owner’s add-on', {
  timeout: 120_000,
}, async () => {
  const server = await startServer()
  const quick = await startAddon()
  declare(quick, { webhook: hook(quick, { pattern: '^/roll' }) })
  await installOverHttp(server, quick)
  const slow = await startAddon()
  slow.descriptor = { ...slow.descriptor, key: 'com.example.slow' }
  declare(slow, { webhook: costly.map((pattern) => hook(slow, { pattern })) })
  await installOverHttp(server, slow)

  const token = await server.createToken({ user: 'alice' })
  for (let number = 0; number < 3; number += 1)
    expect(
      (await call(server, 'POST', '/room/Lobby/message', { token, json: { message: 'x'.repeat(3_000) } }))
        .status,
    ).toBe(200)
  await server.say('Workshop', 'bob', '/roll')
  await expect.poll(() => quick.to('/hook').length).toBe(1)
  for (let number = 0; number < 20; number += 1)
    expect((await adminCall(server, 'GET', '/room/Lobby')).status).toBe(200)
  expect(slow.to('/hook').length).toBeLessThan(30) // all of that went before
  await server.idle()
  expect(slow.to('/hook')).toHaveLength(30)
})

test('a pattern that cannot be run is reported in the delivery record', async () => {
  const server = await startServer()
  const addon = await startAddon()
  declare(addon, { webhook: hook(addon, { pattern: costly[0] }) })
  await installOverHttp(server, addon)
  vi.useFakeTimers({ toFake: ['setTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  await server.say('Lobby', 'alice', 'x'.repeat(10_000))
  vi.advanceTimersByTime(20_000)
  vi.useRealTimers()
  await server.idle()
  expect(server.deliveries()).toMatchObject([
    {
      event: 'room_message',
      error: 'not delivered: its pattern could not be run: it took longer than 20000 ms',
    },
  ])
  expect(addon.to('/hook')).toEqual([])
})
