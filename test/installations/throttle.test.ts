import { afterEach, describe, expect, it, vi } from 'vitest'
import { createAttempts } from '../../src/installations/install-limit.ts'
import { createThrottle } from '../../src/installations/throttle.ts'

afterEach(() => void vi.useRealTimers())

/** Work that is counted, and whose end the test decides. */
function counted() {
  let begun = 0
  const ends: (() => void)[] = []
  return {
    begun: () => begun,
    end: () => ends.shift()?.(),
    slow: () => {
      begun += 1
      const number = begun
      return new Promise<number>((resolve) => ends.push(() => resolve(number)))
    },
    quick: async () => {
      begun += 1
      return begun
    },
  }
}

describe('a throttle', () => {
  it('runs once more for all calls during a run, since they may know of something newer', async () => {
    const { run } = createThrottle<number>({ burst: 5, every: 1_000 })
    const { begun, end, slow } = counted()
    const first = run('a', slow)
    const later = Array.from({ length: 50 }, () => run('a', slow))
    expect(begun()).toBe(1)
    end()
    expect(await first).toBe(1)
    await expect.poll(begun).toBe(2)
    end()
    expect(new Set(await Promise.all(later))).toEqual(new Set([2]))
  })

  it('returns the last result to calls above the rate, and runs again as soon as the rate allows', async () => {
    vi.useFakeTimers()
    const { run } = createThrottle<number>({ burst: 3, every: 1_000 })
    const { begun, quick } = counted()
    for (const expected of [1, 2, 3, 3, 3, 3]) expect(await run('a', quick)).toBe(expected)
    expect(await run('b', quick)).toBe(4)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(begun()).toBe(5)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(begun()).toBe(5)
  })

  it('returns a failure as the last result, and continues after it', async () => {
    vi.useFakeTimers()
    const { run } = createThrottle<number>({ burst: 1, every: 1_000 })
    const { quick } = counted()
    const fails = () => Promise.reject(new Error('no'))
    await expect(run('a', fails)).rejects.toThrow('no')
    await expect(run('a', fails)).rejects.toThrow('no')
    await vi.advanceTimersByTimeAsync(5_000)
    expect(await run('a', quick)).toBe(1)
  })

  it('starts nothing after it is closed', async () => {
    vi.useFakeTimers()
    const { run, close } = createThrottle<number>({ burst: 1, every: 1_000 })
    const { begun, quick } = counted()
    await run('a', quick)
    await run('a', quick)
    close()
    await vi.advanceTimersByTimeAsync(10_000)
    expect(begun()).toBe(1)
  })

  it('is not blocked when the clock is set back', async () => {
    vi.useFakeTimers({ now: 1_000_000 })
    const { run } = createThrottle<number>({ burst: 1, every: 1_000 })
    const { quick } = counted()
    await run('a', quick)
    vi.setSystemTime(0)
    await run('a', quick)
    vi.setSystemTime(2_000)
    expect(await run('a', quick)).toBeGreaterThan(1)
  })
})

describe('unauthenticated attempts', () => {
  const fails = () => Promise.reject(new Error('no'))

  it('are refused for a while after too many failures, and successful ones do not count', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const { run } = createAttempts({ atOnce: 2, waiting: 2, failures: 3, every: 1_000 })
    for (let count = 0; count < 50; count += 1) expect(await run(async () => 'yes')).toBe('yes')
    for (let count = 0; count < 3; count += 1) await expect(run(fails)).rejects.toThrow('no')
    await expect(run(async () => 'yes')).rejects.toMatchObject({ status: 429 })
    vi.setSystemTime(Date.now() + 1_000)
    expect(await run(async () => 'yes')).toBe('yes')
  })

  it('are limited in number, running and waiting', async () => {
    const { run } = createAttempts({ atOnce: 2, waiting: 2, failures: 3, every: 1_000 })
    const { begun, end, slow } = counted()
    const all = Array.from({ length: 4 }, () => run(slow))
    await expect(run(slow)).rejects.toMatchObject({ status: 503 })
    expect(begun()).toBe(2)
    end()
    end()
    await expect.poll(begun).toBe(4)
    end()
    end()
    expect(await Promise.all(all)).toEqual([1, 2, 3, 4])
  })
})
