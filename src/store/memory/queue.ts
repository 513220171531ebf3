import { checkName, checkQueued } from '../limits.ts'
import type { ListedWork, Queue, QueuedWork, WorkState } from '../store.ts'
import { createDueHeap } from './due-heap.ts'

/** Work that waits, or whose time to be forgotten has not come. */
interface Timed {
  readonly due: number
  readonly id: string
  /** The entry at the time; if another one has taken its place, this one does not count. */
  readonly of: ListedWork
}

/**
 * Creates a queue in the memory of this process. `store` is the store's name, for messages; `check` throws when it is closed.
 */
export function createMemoryQueue(store: string, check: () => void): Queue {
  const works = new Map<string, ListedWork>()
  const groups = new Map<string, Set<string>>()
  const waiting = createDueHeap<Timed>()
  const givenUp = createDueHeap<Timed>()

  function write(work: QueuedWork, state: WorkState): void {
    const { id, group, due, attempt, crashes } = work
    const entry: ListedWork = { id, group, due, attempt, crashes, work: work.work, state }
    works.set(id, entry)
    const ids = groups.get(group) ?? new Set()
    groups.set(group, ids.add(id))
    if (state !== 'running') heapOf(state).add({ due, id, of: entry })
  }

  function remove({ id, group }: QueuedWork): void {
    works.delete(id)
    const ids = groups.get(group)
    ids?.delete(id)
    if (ids?.size === 0) groups.delete(group)
  }

  const heapOf = (state: 'waiting' | 'given up') => (state === 'waiting' ? waiting : givenUp)

  /** The work of a state that is due first. */
  function firstOf(state: 'waiting' | 'given up'): ListedWork | undefined {
    const heap = heapOf(state)
    for (;;) {
      const first = heap.first()
      if (!first) return undefined
      if (works.get(first.id) === first.of) return first.of
      heap.removeFirst()
    }
  }

  function found(id: string, ...states: WorkState[]): ListedWork | undefined {
    check()
    checkName(store, 'id', id)
    const entry = works.get(id)
    return entry && states.includes(entry.state) ? entry : undefined
  }

  const isDue = (work: ListedWork | undefined, now: number): work is ListedWork =>
    work !== undefined && work.due <= now

  return {
    async add(work, { limit, state = 'waiting', replace = false }) {
      check()
      checkQueued(store, work)
      const before = works.get(work.id)
      if (before && (!replace || before.state === 'running')) return 'exists'
      if (before) remove(before)
      if ((groups.get(work.group)?.size ?? 0) >= limit && !before) return 'full'
      write(work, state)
      return 'added'
    },
    async take(now, count) {
      check()
      for (let old = firstOf('given up'); isDue(old, now); old = firstOf('given up')) remove(old)
      const taken: QueuedWork[] = []
      while (taken.length < count) {
        const first = firstOf('waiting')
        if (!isDue(first, now)) break
        const { state: _, ...work } = first
        const next = { ...work, attempt: work.attempt + 1 }
        write(next, 'running')
        taken.push(next)
      }
      return taken
    },
    async putBack(work, state = 'waiting') {
      checkQueued(store, work)
      const entry = found(work.id, 'running')
      if (!entry) return false
      remove(entry)
      write(work, state)
      return true
    },
    async finish(id) {
      const entry = found(id, 'running')
      if (entry) remove(entry)
      return entry !== undefined
    },
    async cancel(id) {
      const entry = found(id, 'waiting', 'given up')
      if (entry) remove(entry)
      return entry !== undefined
    },
    async removeGroup(group) {
      check()
      checkName(store, 'group', group)
      for (const id of groups.get(group) ?? []) works.delete(id)
      groups.delete(group)
    },
    async get(id) {
      return found(id, 'waiting', 'running', 'given up')
    },
    async *list(state) {
      check()
      const all = [...works.values()].filter((entry) => entry.state === state)
      yield* all.sort((one, other) => one.due - other.due || (one.id < other.id ? -1 : 1))
    },
    async counts() {
      check()
      const states = { waiting: 0, running: 0, 'given up': 0 }
      for (const { state } of works.values()) states[state] += 1
      return { states, next: firstOf('waiting')?.due }
    },
  }
}
