import { StoreError } from '../../src/errors.ts'
import { createMemoryStore, type Queue, type QueuedWork, type Store } from '../../src/store/index.ts'
import { createMemoryQueue } from '../../src/store/memory/queue.ts'
import type { History } from './history.ts'
import type { Random } from './random.ts'
import { never, sleep } from './time.ts'

/** How a store answers. */
export interface Weather {
  /** Probability that an operation is refused, and the same that it is done and its answer is lost. */
  readonly failures: number
  /** Probability that a request or an answer takes a while, and the longest such while in milliseconds. */
  readonly slow: number
  readonly longest: number
}

/** A process, as its store sees it. */
export interface Holder {
  readonly name: string
  state: 'running' | 'closed' | 'killed'
}

/** A store that simulated processes share. */
export interface SharedStore {
  /** The store without faults, for what surrounds the simulation. */
  readonly healthy: Store
  readonly queue: Queue
  weather: Weather
  /** The store of a process. */
  open(holder: Holder): Store
}

interface Held {
  readonly work: QueuedWork
  readonly holder: Holder
  /** Whether the answer has not reached the holder. */
  isLost: boolean
}

/** Creates a store in memory, whose operations fail, take time and lose their answers by chance. */
export function createSharedStore(random: Random, history: History): SharedStore {
  const healthy = createMemoryStore()
  const queue = createMemoryQueue('simulated:', () => {})
  const held = new Map<string, Held>()
  let effects: Promise<unknown> = Promise.resolve()
  const shared: SharedStore = { healthy, queue, weather: { failures: 0, slow: 0, longest: 0 }, open }

  /** One operation after the other, so that each is atomic. */
  function inTurn<T>(effect: () => T | Promise<T>): Promise<T> {
    const answer = effects.then(effect)
    effects = answer.catch(() => {})
    return answer
  }

  const onTheWay = async (): Promise<void> => {
    if (random.chance(shared.weather.slow)) await sleep(random.between(1, shared.weather.longest))
  }

  /** Asks the store. The request of a process that is killed meanwhile may still arrive. */
  async function ask<T>(
    holder: Holder,
    what: string,
    id: string,
    effect: () => T | Promise<T>,
    lost = () => {},
  ): Promise<T> {
    if (holder.state !== 'running') return never()
    const fail = (how: string): never => {
      history.storeFailed(holder, `${what}: ${how}`, id)
      throw new StoreError(`simulated: ${what} ${id}: ${how}`)
    }
    await onTheWay()
    if (holder.state !== 'running' && random.chance(0.5)) return never()
    if (random.chance(shared.weather.failures)) return fail('refused')
    const answer = await inTurn(effect)
    await onTheWay()
    if (holder.state !== 'running') return never()
    if (!random.chance(shared.weather.failures)) return answer
    lost()
    return fail('the answer is lost')
  }

  /** Gives back the work of processes that are gone, and work that never reached its taker. */
  async function giveBack(taker: Holder, now: number): Promise<void> {
    for (const [id, { work, holder, isLost }] of held) {
      if (holder.state === 'running' && !(isLost && holder === taker)) continue
      held.delete(id)
      const crashes = work.crashes + (holder.state === 'killed' ? 1 : 0)
      const attempt = work.attempt - (isLost ? 1 : 0)
      await queue.putBack({ ...work, due: Math.min(work.due, now), attempt, crashes })
      if (!isLost) history.takenOver(work, holder)
    }
  }

  /** Ends the hold of a process on work; false if it has none. */
  function end(
    holder: Holder,
    id: string,
    effect: (before: QueuedWork) => Promise<boolean>,
  ): Promise<boolean> | boolean {
    const found = held.get(id)
    if (found?.holder !== holder) return false
    held.delete(id)
    return effect(found.work)
  }

  function queueOf(holder: Holder): Queue {
    return {
      add: (work, options) =>
        ask(holder, 'add', work.id, async () => {
          const before = await queue.get(work.id)
          const outcome = await queue.add(work, options)
          if (outcome === 'added')
            history.moved(before, work, `added as ${options.state ?? 'waiting'} by ${holder.name}`)
          return outcome
        }),
      async take(now, count) {
        const took: Held[] = []
        const take = async () => {
          await giveBack(holder, now)
          const works = await queue.take(now, count)
          for (const work of works) {
            const one = { work, holder, isLost: false }
            held.set(work.id, one)
            took.push(one)
          }
          const { next } = await queue.counts()
          for (const work of works) history.taken(work, holder, next)
          return works
        }
        return ask(holder, 'take', '', take, () => {
          for (const one of took) one.isLost = true
        })
      },
      putBack: (work, state = 'waiting') =>
        ask(holder, 'putBack', work.id, () =>
          end(holder, work.id, (before) => {
            history.moved(before, work, `put back as ${state} with attempt ${work.attempt} by ${holder.name}`)
            return queue.putBack(work, state)
          }),
        ),
      finish: (id) =>
        ask(holder, 'finish', id, () =>
          end(holder, id, (before) => {
            history.moved(before, undefined, `finished by ${holder.name}`)
            return queue.finish(id)
          }),
        ),
      cancel: (id) =>
        ask(holder, 'cancel', id, async () => {
          const before = await queue.get(id)
          const isDone = await queue.cancel(id)
          if (isDone) history.moved(before, undefined, `cancelled by ${holder.name}`)
          return isDone
        }),
      removeGroup: (group) =>
        ask(holder, 'removeGroup', group, async () => {
          for (const [id, { work }] of held) if (work.group === group) held.delete(id)
          history.emptied(group)
          await queue.removeGroup(group)
        }),
      get: (id) => ask(holder, 'get', id, () => queue.get(id)),
      async *list(state) {
        yield* await ask(holder, 'list', state, () => all(queue.list(state)))
      },
      counts: () => ask(holder, 'counts', '', () => queue.counts()),
    }
  }

  function open(holder: Holder): Store {
    return {
      name: 'simulated:',
      get: (key) => ask(holder, 'get', key, () => healthy.get(key)),
      set: (key, value, ttl) =>
        ask(holder, 'set', key, () => {
          history.stored(key)
          return healthy.set(key, value, ttl)
        }),
      delete: (key) => ask(holder, 'delete', key, () => healthy.delete(key)),
      async *entries(prefix) {
        yield* await ask(holder, 'entries', prefix, () => all(healthy.entries(prefix)))
      },
      claim: (key, ttl) => ask(holder, 'claim', key, () => healthy.claim(key, ttl)),
      release: (key) => ask(holder, 'release', key, () => healthy.release(key)),
      update: (key, change, ttl) => ask(holder, 'update', key, () => healthy.update(key, change, ttl)),
      queue: () => queueOf(holder),
      ping: async () => {},
      close: async () => {},
    }
  }

  return shared
}

/** All of a list. */
export async function all<T>(list: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const one of list) found.push(one)
  return found
}
