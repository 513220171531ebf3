import { expect } from 'vitest'
import type { QueuedWork, Store } from '../../src/store/store.ts'
import { list } from './contract.ts'

const queued: QueuedWork = { id: 'a', group: 'g', due: 0, attempt: 0, crashes: 0, work: 'work' }

/** Each verb of a store's queues, if it has any, on the id `a`. */
export function queueVerbs(store: Store): (() => unknown)[] {
  const queue = store.queue?.('q')
  if (!queue) return []
  return [
    () => queue.add(queued, { limit: 10 }),
    () => queue.take(0, 1),
    () => queue.putBack(queued),
    () => queue.finish('a'),
    () => queue.cancel('a'),
    () => queue.removeGroup('g'),
    () => queue.get('a'),
    () => queue.list('waiting')[Symbol.asyncIterator]().next(),
    () => queue.counts(),
  ]
}

/** Each verb of a store itself, on keys `a` and `c`. */
export const ownVerbs = (store: Store): (() => unknown)[] => [
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

/** Each verb of a store, also those of its queues. */
export const allVerbs = (store: Store): (() => unknown)[] => [...ownVerbs(store), ...queueVerbs(store)]

/** Those that need room or change something, and `ping`, which says whether these would work. */
export const writingVerbs = (store: Store): (() => unknown)[] => [
  () => store.set('a', 'x'),
  () => store.claim('c', 1000),
  () => store.update('a', () => 'x'),
  () => store.journal?.accept('c', 1000, 'work'),
  ...(store.queue ? [() => store.queue?.('q').add(queued, { limit: 10 })] : []),
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
