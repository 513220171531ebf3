import { expect } from 'vitest'
import type { Store } from '../../src/store/store.ts'
import { list } from './contract.ts'

/** Each verb of a store, on keys `a` and `c`. */
export const allVerbs = (store: Store): (() => unknown)[] => [
  () => store.get('a'),
  () => store.set('a', 'x'),
  () => store.delete('a'),
  () => store.claim('c', 1000),
  () => store.update('a', () => 'x'),
  () => list(store, ''),
  () => store.journal?.accept('c', 1000, 'work'),
  () => store.journal?.recover(''),
  () => store.ping(),
]

/** Those that need room or change something, and `ping`, which says whether these would work. */
export const writingVerbs = (store: Store): (() => unknown)[] => [
  () => store.set('a', 'x'),
  () => store.claim('c', 1000),
  () => store.update('a', () => 'x'),
  () => store.journal?.accept('c', 1000, 'work'),
  () => store.ping(),
]

/** A second is promised; the limit leaves room for a busy machine and still excludes waiting forever. */
export async function soon<T>(action: () => Promise<T>): Promise<T> {
  const start = performance.now()
  const result = await action()
  expect(performance.now() - start).toBeLessThan(4000)
  return result
}

/** Everything of an error that could end up in a log: text, stack, and those of its causes. */
export function inspect(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return `${error.stack} ${JSON.stringify(error)} ${inspect(error.cause)}`
}
