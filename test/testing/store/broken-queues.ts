import type { ListedWork, Queue, QueuedWork, Store, WorkState } from '../../../src/store/store.ts'
import { listed } from '../../../src/testing/store/queue-checks.ts'
import type { Broken } from './broken-stores.ts'

const allStates: readonly WorkState[] = ['waiting', 'running', 'given up']
const unlimited = { limit: Number.POSITIVE_INFINITY }

const soundQueue = (sound: Store, name: string): Queue => sound.queue?.(name) as Queue // a memory store has queues

/** A store whose queues have verbs that take the place of sound ones. */
const queuesWith =
  (verbs: (sound: Queue) => Partial<Queue>): Broken['verbs'] =>
  (store) => ({
    queue(name) {
      const sound = soundQueue(store, name)
      return { ...sound, ...verbs(sound) }
    },
  })

/** All work of a group in some states. */
async function inGroup(queue: Queue, group: string, states = allStates): Promise<ListedWork[]> {
  const all = await Promise.all(states.map((state) => listed(queue, state)))
  return all.flat().filter((one) => one.group === group)
}

/** A queue that finishes and puts back only what it has given. */
function ownOf(queue: Queue): Queue {
  const own = new Set<string>()
  return {
    ...queue,
    async take(now, count) {
      const taken = await queue.take(now, count)
      for (const { id } of taken) own.add(id)
      return taken
    },
    finish: async (id) => own.has(id) && queue.finish(id),
    putBack: async (work, state) => own.has(work.id) && queue.putBack(work, state),
  }
}

/** A store for every check of queues that fails it. */
export const brokenQueues: readonly Broken[] = [
  {
    fault: 'gives work that is due in the same second',
    verbs: queuesWith((sound) => ({
      take: (now, count) => sound.take(Math.ceil(now / 1000) * 1000, count),
    })),
    check: 'has queues: gives work when it is due, the earliest first, with one attempt more',
    says: /^take\(999\) of work that is due at 1000: expected \[\], got \[ \{ id: 'first'/,
  },
  {
    fault: 'gives the latest work first',
    verbs: queuesWith((sound) => ({
      take: async (now, count) => (await sound.take(now, count)).toReversed(),
    })),
    check: 'has queues: gives work when it is due, the earliest first, with one attempt more',
    says: /^take\(2000\): expected \[ \{ id: 'first', .*, got \[ \{ id: 'second'/,
  },
  {
    fault: 'counts no attempts',
    verbs: queuesWith((sound) => ({
      async take(now, count) {
        const taken = await sound.take(now, count)
        return taken.map((work) => ({ ...work, attempt: work.attempt - 1 }))
      },
    })),
    check: 'has queues: gives work when it is due, the earliest first, with one attempt more',
    says: /^take\(2000\): expected .*attempt: 1.*, got .*attempt: 0/,
  },
  {
    fault: 'gives all work that is due',
    verbs: queuesWith((sound) => ({ take: (now) => sound.take(now, Number.POSITIVE_INFINITY) })),
    check: 'has queues: gives no more work than was asked for',
    says: "take(10, 2): expected [ '0', '1' ], got [ '0', '1', '2', '3', '4' ]",
  },
  {
    fault: 'gives one work to takers that ask at the same time',
    verbs: queuesWith((sound) => {
      let taking: Promise<readonly QueuedWork[]> | undefined
      return {
        take(now, count) {
          taking ??= sound.take(now, count).finally(() => {
            taking = undefined
          })
          return taking
        },
      }
    }),
    check: 'has queues: gives each work to one of many takers',
    says: /^the ids of all that was taken: expected \[.*'work 0', .*\], got \[.*'work 0', .*'work 0',/s,
  },
  {
    fault: 'replaces work that is running',
    verbs: queuesWith((sound) => ({
      async add(work, options) {
        if (options.replace) await sound.finish(work.id)
        return sound.add(work, options)
      },
    })),
    check: 'has queues: adds work with an id once, also while it is running or was given up',
    says: "add('a') while it is running: expected 'exists', got 'added'",
  },
  {
    fault: 'gives a replacement again at the time of what it replaced',
    verbs: queuesWith((sound) => {
      const replaced = new Map<string, ListedWork>()
      return {
        async add(work, options) {
          const before = await sound.get(work.id)
          if (options.replace && before) replaced.set(work.id, before)
          return sound.add(work, options)
        },
        async take(now, count) {
          const again = [...replaced.values()].filter(({ due }) => due <= now)
          return [...(await sound.take(now, count)), ...again]
        },
      }
    }),
    check: 'has queues: adds work with an id once, also while it is running or was given up',
    says: /^take\(\) at the time of what was replaced: expected \[\], got \[ \{ id: 'a'/,
  },
  {
    fault: 'puts work back as it was',
    verbs: queuesWith((sound) => ({
      putBack: async (work, state) =>
        sound.putBack({ ...work, work: (await sound.get(work.id))?.work ?? '' }, state),
    })),
    check: 'has queues: puts back what was taken, as it is given',
    says: /^take\(2000\): expected .*work: 'next'.*, got .*work: 'the work of a'/,
  },
  {
    fault: 'puts back what it has not taken',
    verbs: queuesWith((sound) => ({
      async putBack(work, state) {
        if (await sound.putBack(work, state)) return true
        return (await sound.add(work, { ...unlimited, replace: true })) === 'added'
      },
    })),
    check: 'has queues: puts back what was taken, as it is given',
    says: "putBack('a') while it waits: expected false, got true",
  },
  {
    fault: 'gives up no work',
    verbs: queuesWith((sound) => ({ putBack: (work) => sound.putBack(work) })),
    check: 'has queues: keeps work that was given up until its time',
    says: /^list\('given up'\): expected \[ \{ id: 'a', .*, got \[ \{ id: 'b', /,
  },
  {
    fault: 'never forgets work that was given up',
    verbs: queuesWith((sound) => ({
      async take(now, count) {
        const old = await listed(sound, 'given up')
        const taken = await sound.take(now, count)
        for (const one of old) await sound.add(one, { ...unlimited, state: 'given up' })
        return taken
      },
    })),
    check: 'has queues: keeps work that was given up until its time',
    says: /^get\('a'\) after its time: expected undefined, got \{ id: 'a', /,
  },
  {
    fault: 'cancels running work',
    verbs: queuesWith((sound) => ({
      cancel: async (id) => (await sound.cancel(id)) || sound.finish(id),
    })),
    check: 'has queues: cancels work that is not running',
    says: "cancel('runs'): expected false, got true",
  },
  ...(['running', 'given up'] as const).map(
    (state): Broken => ({
      fault: `does not count ${state} work against the limit`,
      verbs: queuesWith((sound) => ({
        async add(work, { limit, ...options }) {
          const uncounted = await inGroup(sound, work.group, [state])
          return sound.add(work, { ...options, limit: limit + uncounted.length })
        },
      })),
      check: 'has queues: refuses more work than a group may have, and counts what is left',
      says: `another one while one is ${state}: expected 'full', got 'added'`,
    }),
  ),
  {
    fault: 'counts the work of a group, and adds some later',
    verbs: queuesWith((sound) => ({
      async add(work, options) {
        const others = await inGroup(sound, work.group)
        return others.length < options.limit ? sound.add(work, { ...options, ...unlimited }) : 'full'
      },
    })),
    check:
      'has queues: refuses more work than a group may have, however many callers add some at the same time',
    says: 'how many of 40 add() were granted: expected 7, got 40',
  },
  {
    fault: 'leaves the running work of a group that is removed',
    verbs: queuesWith((sound) => ({
      async removeGroup(group) {
        for (const { id } of await inGroup(sound, group)) await sound.cancel(id)
      },
    })),
    check: 'has queues: removes all work of a group, and takes none of it back',
    says: 'putBack() of running work of the group: expected false, got true',
  },
  {
    fault: 'removes all groups that begin with a name',
    verbs: queuesWith((sound) => {
      const groups = new Set<string>()
      return {
        async add(work, options) {
          groups.add(work.group)
          return sound.add(work, options)
        },
        async removeGroup(prefix) {
          for (const group of groups) if (group.startsWith(prefix)) await sound.removeGroup(group)
        },
      }
    }),
    check: 'has queues: removes all work of a group, and takes none of it back',
    says: "take() afterwards: expected [ 'other' ], got []",
  },
  ...allStates.map(
    (state): Broken => ({
      fault: `does not count ${state} work`,
      verbs: queuesWith((sound) => ({
        async counts() {
          const { states, next } = await sound.counts()
          return { states: { ...states, [state]: 0 }, next }
        },
      })),
      check: 'has queues: shows and counts the work in each state',
      says: /^counts\(\): expected .*waiting: 3, running: 1, 'given up': 1.*, got .*: 0/,
    }),
  ),
  {
    fault: 'lists work by its id alone',
    verbs: queuesWith((sound) => ({
      async *list(state) {
        const all = await listed(sound, state)
        yield* all.toSorted((one, other) => (one.id < other.id ? -1 : 1))
      },
    })),
    check: 'has queues: shows and counts the work in each state',
    says: "list('waiting'): expected [ 'c', 'a', 'b' ], got [ 'a', 'b', 'c' ]",
  },
  {
    fault: 'has one queue for all names',
    verbs: (sound) => ({ queue: () => soundQueue(sound, 'one') }),
    check: 'has queues: keeps queues apart, and any string unchanged',
    says: /^get\(\) from another queue: expected undefined, got \{ id: 'ü😀/,
  },
  {
    fault: 'ends work at a zero byte',
    verbs: queuesWith((sound) => ({
      add: (work, options) => sound.add({ ...work, work: work.work.split('\0')[0] ?? '' }, options),
    })),
    check: 'has queues: keeps queues apart, and any string unchanged',
    says: /^take\(\): expected .*, got .* work: 'ü😀' \} \]$/,
  },
  {
    fault: 'lists only a hundred works',
    verbs: queuesWith((sound) => ({
      async *list(state) {
        yield* (await listed(sound, state)).slice(0, 100)
      },
    })),
    check: 'has queues: lists more work than a page',
    says: /^list\('waiting'\): expected .* 340 more items\s\], got .* 90 more items\s\]$/s,
  },
  {
    fault: 'finishes what another store has taken',
    verbs: () => ({}), // the second store is the same one, so it cannot know
    check: 'has queues: gives the work of a closed store to another one',
    says: 'finish() of what another store has taken: expected false, got true',
  },
  {
    fault: 'keeps the work of a closed store from others',
    verbs: (sound) => ({ queue: (name) => ownOf(soundQueue(sound, name)), close: async () => {} }),
    check: 'has queues: gives the work of a closed store to another one',
    says: /^take\(\) when the store is closed: expected \[ \{ id: 'a', .*, got \[\]$/,
  },
  {
    fault: 'looks for an id that cannot be',
    verbs: queuesWith((sound) => ({ get: async (id) => (id === '' ? undefined : sound.get(id)) })),
    check: 'has queues: refuses names that not every store can keep',
    says: /^get\(\) with an empty id: expected a StoreError that matches .*, got undefined$/,
  },
  {
    fault: 'counts the work of a closed store',
    verbs: queuesWith(() => ({
      counts: async () => ({ states: { waiting: 0, running: 0, 'given up': 0 }, next: undefined }),
    })),
    check: 'has queues: refuses every call when its store is closed',
    says: /^counts\(\) after close\(\): expected a StoreError that matches .*, got \{ states: /,
  },
]
