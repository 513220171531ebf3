import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import { DeadlineError, resultWithin, withDeadline } from '../../src/common/time-limit.ts'

const never = new Promise<string>(() => {})

describe.each([
  ['withDeadline', withDeadline],
  ['resultWithin', resultWithin],
])('%s', (_, limit) => {
  it('settles like the work if that is in time', async () => {
    expect(await limit(1_000, Promise.resolve('done'))).toBe('done')
    await expect(limit(1_000, Promise.reject(new Error('broken')))).rejects.toThrow('broken')
  })

  it('ignores the failure of work that is late', async () => {
    const late = delay(20).then(() => Promise.reject(new Error('broken')))
    await limit(1, late).catch(() => {})
    await expect(late).rejects.toThrow('broken')
  })

  it('accepts work that ended while the process was busy', async () => {
    const work = new Promise<string>((resolve) => {
      // Runs after the timer of the limit and before the next turn, as an answer on a socket does.
      setTimeout(() => setImmediate(() => resolve('done')), 1)
    })
    const limited = limit(2, work)
    const end = Date.now() + 20
    while (Date.now() < end);
    expect(await limited).toBe('done')
  })
})

describe('the end of the time', () => {
  it('calls a function once and rejects', async () => {
    const late = vi.fn()
    const error = await withDeadline(1, never, late).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(DeadlineError)
    expect(error).toHaveProperty('message', 'no answer within 1 ms')
    expect(late).toHaveBeenCalledOnce()
  })

  it('resolves with undefined', async () => {
    expect(await resultWithin(1, never)).toBeUndefined()
  })
})
