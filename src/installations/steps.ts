import { ConfigurationError } from '../errors.ts'
import type { Store } from '../store/index.ts'
import type { Installation } from './installation.ts'
import { hiddenMark, valuePrefix } from './store-keys.ts'

/**
 * Does a step of a run that may be repeated, because its process ends in the middle: the result of the step is stored, and a
 * later run of the same id gets it instead of doing the work again.
 */
export type Steps = <T>(run: string, name: string, work: () => T | Promise<T>) => Promise<T>

/** Milliseconds for which a result is kept: longer than a delivery may wait to be handled again. */
const kept = 48 * 3_600_000

/** Creates the steps of an installation. */
export function createSteps(store: Store, installation: Installation): Steps {
  const prefix = `${valuePrefix(installation)}${hiddenMark}step:`
  return async <T>(run: string, name: string, work: () => T | Promise<T>) => {
    if (typeof name !== 'string' || name === '')
      throw new ConfigurationError('step: expected the name to be a non-empty string')
    if (typeof work !== 'function')
      throw new ConfigurationError(`step ${name}: expected its work to be a function, got ${typeof work}`)
    const key = `${prefix}${run}:${name}`
    const done = await store.get(key)
    if (done !== undefined) return (JSON.parse(done) as { result?: T }).result as T // written below
    const result = await work()
    await store.set(key, serialize(name, result), kept)
    return result
  }
}

function serialize(name: string, result: unknown): string {
  try {
    return JSON.stringify({ result })
  } catch (cause) {
    throw new ConfigurationError(`step ${name}: expected its result to be JSON`, { cause })
  }
}
