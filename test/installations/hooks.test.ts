import { describe, expect, it } from 'vitest'
import { runHooks } from '../../src/installations/hooks.ts'

describe('a hook of an installation', () => {
  it('does not start after the end of the time, and is not awaited', async () => {
    const ran: string[] = []
    const forever = () => new Promise(() => {})
    const over = AbortSignal.abort(new Error('over'))
    const message = 'The installation took longer than 4 s, while running the installed hook.'
    await expect(runHooks('installed', [forever], {}, over)).rejects.toMatchObject({ status: 504, message })
    await expect(runHooks('installed', [() => ran.push('it')], {}, over)).rejects.toMatchObject({
      status: 504,
    })
    const ending = new AbortController()
    const first = () => ending.abort()
    await expect(
      runHooks('installed', [first, () => ran.push('second')], {}, ending.signal),
    ).rejects.toMatchObject({ status: 504 })
    expect(ran).toEqual([])
  })
})
