import { AssertionError } from 'node:assert'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { createEmbeddedStore } from '../../../src/store/embedded/embedded.ts'
import { createMemoryStore } from '../../../src/store/memory/memory.ts'
import type { Store } from '../../../src/store/store.ts'
import { type StoreUnderTest, storeContract } from '../../../src/testing/store/contract.ts'
import { brokenQueues } from './broken-queues.ts'
import { type Broken, brokenStores } from './broken-stores.ts'

const broken: readonly Broken[] = [...brokenStores, ...brokenQueues]

const open = (verbs: Broken['verbs'] = () => ({})) => {
  const sound = createMemoryStore()
  const made = { ...sound, ...verbs(sound) }
  return { store: made, second: { ...made } }
}

/** Two stores with one folder. */
function openTwo(): StoreUnderTest {
  const path = mkdtempSync(join(tmpdir(), 'hipchat-addon-contract-'))
  return {
    store: createEmbeddedStore({ path }),
    second: createEmbeddedStore({ path }),
    cleanUp: () => rmSync(path, { recursive: true, force: true }),
  }
}

const errorOf = async (work: Promise<void>): Promise<Error> => {
  const error = await work.then(
    () => new Error('it passed'),
    (reason: unknown) => reason,
  )
  if (error instanceof Error) return error
  throw error
}

describe('the contract of stores', () => {
  it.each(broken)('catches one that $fault', async ({ verbs, check, says }) => {
    const found = storeContract(() => open(verbs)).find(({ name }) => name === check)
    const { message } = await errorOf(found?.run() ?? Promise.reject(new Error(`there is no check ${check}`)))
    if (typeof says === 'string') expect(message).toBe(says)
    else expect(message).toMatch(says)
  })

  it('has a broken store for every check', () => {
    const names = storeContract(open).map(({ name }) => name)
    expect(names.filter((name) => !broken.some(({ check }) => check === name))).toEqual([])
    expect(new Set(names).size).toBe(names.length)
  })

  it.each<[string, () => StoreUnderTest]>([
    ['a correct store', () => ({ store: createMemoryStore() })],
    ['two correct stores with the same values', openTwo],
  ])('passes %s', async (_, openCorrect) => {
    for (const { run } of storeContract(openCorrect)) await run()
  })

  it('reports the expected and the actual value to test runners', async () => {
    const [first] = storeContract(() => open(() => ({ name: '' })))
    const error = await errorOf(first?.run() ?? Promise.resolve())
    expect(error).toBeInstanceOf(AssertionError)
    expect(error).toMatchObject({ actual: 'false', expected: 'true' })
  })

  it('opens a store for each check, closes both store objects and cleans up, even after a failure', async () => {
    const told: string[] = []
    const accesses = () => {
      told.push('open')
      const access = (name: string, verbs: Partial<Store> = {}): Store => ({
        ...createMemoryStore(),
        ...verbs,
        close: async () => void told.push(`close ${name}`),
      })
      return {
        store: access('store', { ping: () => Promise.reject(new Error('away')) }),
        second: access('second'),
        cleanUp: () => told.push('clean up'),
      }
    }
    const ping = storeContract(accesses).find(({ name }) => name === 'answers a ping')
    expect((await errorOf(ping?.run() ?? Promise.resolve())).message).toBe('away')
    expect(told).toEqual(['open', 'close store', 'close second', 'clean up'])
  })

  it('fails when a store does not close, or is not cleaned up', async () => {
    const fail = () => Promise.reject(new Error('busy'))
    const [unclosed] = storeContract(() => open(() => ({ close: fail })))
    expect((await errorOf(unclosed?.run() ?? Promise.resolve())).message).toBe('busy')
    const [uncleaned] = storeContract(() => ({ ...open(), cleanUp: fail }))
    expect((await errorOf(uncleaned?.run() ?? Promise.resolve())).message).toBe('busy')
  })

  it('fails when a store rejects with nothing at all', async () => {
    const ping = () => Promise.reject(undefined)
    const check = storeContract(() => open(() => ({ ping }))).find(({ name }) => name === 'answers a ping')
    await expect(check?.run()).rejects.toBeUndefined()
  })

  it('does not wait forever for a store that hangs', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate'] })
    try {
      const hanging = storeContract(() => open(() => ({ ping: () => new Promise(() => {}) })))
      const ping = hanging.find(({ name }) => name === 'answers a ping')
      const failed = errorOf(ping?.run() ?? Promise.resolve())
      await vi.advanceTimersByTimeAsync(20_001)
      expect((await failed).message).toBe(
        '“answers a ping” did not end within 20 s: an operation never answered',
      )
    } finally {
      vi.useRealTimers()
    }
  })

  it.each([
    [undefined, 'expected a function that opens a store, got undefined'],
    [createMemoryStore(), 'expected a function that opens a store, got object'],
  ])('reports what it expects', (given, message) => {
    expect(() => storeContract(given as never)).toThrow(new TypeError(`storeContract: ${message}`))
  })

  it.each([
    [undefined, 'got undefined'],
    [createMemoryStore(), 'got store: undefined'],
    [{ store: 'memory:' }, 'got store: string'],
  ])('reports what the function has to return', async (opened, got) => {
    const [first] = storeContract(() => opened as never)
    const expected = 'storeContract: expected open() to return { store } with a store, '
    await expect(first?.run()).rejects.toThrow(new TypeError(expected + got))
  })
})
