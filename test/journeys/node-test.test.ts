import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { createMemoryStore } from '../../src/store/memory/memory.ts'
import { storeContract } from '../../src/testing/index.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Runs a file by `node --test`; gives how it ended, and what it said in TAP. */
function run(name: string): { status: number | null; tap: string } {
  const file = fileURLToPath(new URL(`node-test/${name}.ts`, import.meta.url))
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', 'tsx', '--test', '--test-reporter', 'tap', file],
    // Vitest's own environment does not concern it.
    { cwd: root, encoding: 'utf8', timeout: 60_000, env: { PATH: process.env['PATH'] } },
  )
  return { status, tap: stdout + stderr }
}

const names = storeContract(() => ({ store: createMemoryStore() })).map(({ name }) => name)

/** Names of the tests that passed, or that did not. */
const outcomes = (tap: string, result: 'ok' | 'not ok'): string[] =>
  [...tap.matchAll(/^ *(ok|not ok) \d+ - (.*)$/gm)]
    .filter(([, found]) => found === result)
    .map(([, , name = '']) => name)

describe("under Node's own test runner", () => {
  it('the test kit and the contract of stores work', () => {
    const { status, tap } = run('passes')
    expect(status, tap).toBe(0)
    expect(outcomes(tap, 'not ok')).toEqual([])
    expect(outcomes(tap, 'ok')).toEqual(
      expect.arrayContaining([...names, 'answers', 'refuses forged deliveries', 'a greeter']),
    )
  })

  it('a broken store fails, and so does an add-on with a wrong message', () => {
    const { status, tap } = run('fails')
    expect(status).toBe(1)
    expect(outcomes(tap, 'not ok')).toEqual(['loses none of many updates at the same time', 'says goodbye'])
    expect(outcomes(tap, 'ok')).toHaveLength(names.length - 1)
    expect(tap).toContain("the count after 50 simultaneous updates: expected '50', got '1'")
    expect(tap).toContain('Hello, Alice Archer!')
  })

  it('a test that forgets to close still ends', () => {
    const { status, tap } = run('forgets')
    expect({ status, failed: outcomes(tap, 'not ok') }, tap).toEqual({ status: 0, failed: [] })
    expect(outcomes(tap, 'ok')).toContain('forgets to close')
  })
})
