import { hash } from 'node:crypto'
import type { Database, RootDatabase } from '../../common/lmdb/lmdb.ts'
import { checkName, checkQueued } from '../limits.ts'
import type { ListedWork, Queue, QueueCounts, QueuedWork, WorkState } from '../store.ts'
import type { HolderState, Holders } from './holders.ts'
import { toStored } from './stored-key.ts'

/** The tree of all queues of a folder: one, since each tree takes time to open. */
export type QueueTree = Database<Buffer, QueueKey>

type QueueKey = WorkKey | TimeKey | GroupKey | CountKey
/** The work, as JSON. */
type WorkKey = readonly ['work', queue: string, id: string]
/** The order of the works in a state. The value names the holder of running work. */
type TimeKey = readonly ['time', queue: string, state: WorkState, due: number, id: string]
/** The works of a group, which is named by its hash. */
type GroupKey = readonly ['group', queue: string, group: string, id: string]
/** How many works are in a state or a group, in four bytes. */
type CountKey = readonly ['count', queue: string, what: string]

/** What the queues of a folder use. */
export interface QueueParts {
  /** Runs a transaction that may write. */
  transaction<T>(action: (tree: QueueTree) => T): Promise<T>
  /** Reads. Rejects with a `StoreError`. */
  reading<T>(action: (tree: QueueTree) => T): Promise<T>
  readonly holders: Holders
  /** The name of this store among the holders. */
  readonly self: string
  /** The store's name, for messages. */
  readonly store: string
}

const pageSize = 100
/** The most works whose time to be forgotten has come that one call forgets. */
const forgottenAtOnce = 250
const never = Number.MAX_SAFE_INTEGER
const mark = Buffer.from([1])

/** Opens the tree of the queues. */
export const openQueueTree = (root: RootDatabase<Buffer, string>): QueueTree =>
  root.openDB<Buffer, QueueKey>({ name: 'queues', encoding: 'binary' })

/** Creates the queue of a name. */
export function createEmbeddedQueue(name: string, parts: QueueParts): Queue {
  const { transaction, reading, holders, self, store } = parts
  checkName(store, 'queue', name)
  const queue = toStored(name)

  const keysOf = ({ id, group, due, state }: ListedWork) =>
    ({
      work: ['work', queue, toStored(id)],
      time: ['time', queue, state, due, toStored(id)],
      group: ['group', queue, hashOf(group), toStored(id)],
    }) as const

  function read(tree: QueueTree, stored: string): ListedWork | undefined {
    const found = tree.get(['work', queue, stored])
    return found && (JSON.parse(found.toString()) as ListedWork) // written by `write`
  }

  function write(tree: QueueTree, queued: QueuedWork, state: WorkState): void {
    const { id, group, due, attempt, crashes, work } = queued
    const listed: ListedWork = { id, group, due, attempt, crashes, work, state }
    const keys = keysOf(listed)
    tree.putSync(keys.work, Buffer.from(JSON.stringify(listed)))
    tree.putSync(keys.time, state === 'running' ? Buffer.from(self) : mark)
    tree.putSync(keys.group, mark)
    for (const what of [state, hashOf(group)]) count(tree, what, 1)
  }

  function remove(tree: QueueTree, listed: ListedWork): void {
    for (const key of Object.values(keysOf(listed))) tree.removeSync(key)
    for (const what of [listed.state, hashOf(listed.group)]) count(tree, what, -1)
  }

  const countOf = (tree: QueueTree, what: string): number =>
    tree.get(['count', queue, what])?.readUInt32BE() ?? 0

  function count(tree: QueueTree, what: string, more: number): void {
    const next = Buffer.allocUnsafe(4)
    next.writeUInt32BE(countOf(tree, what) + more)
    tree.putSync(['count', queue, what], next)
    if (next.readUInt32BE() === 0) tree.removeSync(['count', queue, what])
  }

  /** The first keys of a state up to a time. */
  function timesUntil(tree: QueueTree, state: WorkState, until: number, limit: number): TimeKey[] {
    const start: TimeKey = ['time', queue, state, 0, '']
    const end: TimeKey = ['time', queue, state, until + 1, '']
    return [...tree.getKeys({ start, end, limit })] as TimeKey[] // all keys between two of this form have it
  }

  const dueAt = (tree: QueueTree, state: WorkState, now: number, limit: number): ListedWork[] =>
    timesUntil(tree, state, now, limit).flatMap(([, , , , id]) => read(tree, id) ?? [])

  /** Running work whose holder is gone. */
  function abandoned(tree: QueueTree): { readonly key: TimeKey; readonly state: HolderState }[] {
    const states = new Map<string, HolderState>()
    return timesUntil(tree, 'running', never - 1, never).flatMap((key) => {
      const holder = String(tree.get(key))
      const state = states.get(holder) ?? holders.stateOf(holder)
      states.set(holder, state)
      return state === 'open' ? [] : { key, state }
    })
  }

  function isIdle(tree: QueueTree, now: number): boolean {
    const [waiting, old] = [timesUntil(tree, 'waiting', now, 1), timesUntil(tree, 'given up', now, 1)]
    return waiting.length === 0 && old.length === 0 && abandoned(tree).length === 0
  }

  /** Removes work if it is as it must be, and may write it again. Returns whether it was. */
  function change(
    id: string,
    isRight: (found: ListedWork, tree: QueueTree) => boolean,
    next?: (tree: QueueTree) => void,
  ): Promise<boolean> {
    return transaction((tree) => {
      const found = read(tree, toStored(id))
      if (!found || !isRight(found, tree)) return false
      remove(tree, found)
      next?.(tree)
      return true
    })
  }

  const isOwn = (found: ListedWork, tree: QueueTree): boolean =>
    found.state === 'running' && String(tree.get(keysOf(found).time)) === self

  return {
    async add(work, { limit, state = 'waiting', replace = false }) {
      checkQueued(store, work)
      return transaction((tree) => {
        const before = read(tree, toStored(work.id))
        if (before && (!replace || before.state === 'running')) return 'exists'
        if (before) remove(tree, before)
        else if (countOf(tree, hashOf(work.group)) >= limit) return 'full'
        write(tree, work, state)
        return 'added'
      })
    },
    async take(now, atMost) {
      if (await reading((tree) => isIdle(tree, now))) return [] // without a transaction, which writes to the disk
      holders.enter()
      return transaction((tree) => {
        for (const old of dueAt(tree, 'given up', now, forgottenAtOnce)) remove(tree, old)
        for (const { key, state } of abandoned(tree)) {
          const work = read(tree, key[4])
          if (!work) continue
          remove(tree, work)
          write(tree, { ...work, crashes: work.crashes + (state === 'crashed' ? 1 : 0) }, 'waiting')
        }
        return dueAt(tree, 'waiting', now, atMost).map((work) => {
          const next = { ...queuedOf(work), attempt: work.attempt + 1 }
          remove(tree, work)
          write(tree, next, 'running')
          return next
        })
      })
    },
    async putBack(work, state = 'waiting') {
      checkQueued(store, work)
      return change(work.id, isOwn, (tree) => write(tree, work, state))
    },
    async finish(id) {
      checkName(store, 'id', id)
      return change(id, isOwn)
    },
    async cancel(id) {
      checkName(store, 'id', id)
      return change(id, ({ state }) => state !== 'running')
    },
    async removeGroup(group) {
      checkName(store, 'group', group)
      const start: GroupKey = ['group', queue, hashOf(group), '']
      const end: GroupKey = ['group', queue, `${hashOf(group)}~`, ''] // after the hash; base64url has no ~
      const removeSome = (tree: QueueTree): number => {
        const keys = [...tree.getKeys({ start, end, limit: pageSize })] as GroupKey[] // as in `timesUntil`
        for (const [, , , id] of keys) {
          const found = read(tree, id)
          if (found) remove(tree, found)
        }
        return keys.length
      }
      while ((await transaction(removeSome)) === pageSize);
    },
    async get(id) {
      checkName(store, 'id', id)
      return reading((tree) => read(tree, toStored(id)))
    },
    async *list(state) {
      let start: TimeKey = ['time', queue, state, 0, '']
      const end: TimeKey = ['time', queue, state, never, '']
      for (let length = pageSize; length === pageSize; ) {
        const page = await reading((tree) => {
          const keys = [...tree.getKeys({ start, end, limit: pageSize, exclusiveStart: true })] as TimeKey[]
          return keys.map((key) => ({ key, work: read(tree, key[4]) }))
        })
        for (const { key, work } of page) {
          start = key
          if (work?.state === state) yield work
        }
        length = page.length
      }
    },
    counts: () =>
      reading((tree): QueueCounts => {
        const counted = (state: WorkState) => countOf(tree, state)
        const states = {
          waiting: counted('waiting'),
          running: counted('running'),
          'given up': counted('given up'),
        }
        return { states, next: timesUntil(tree, 'waiting', never - 1, 1)[0]?.[3] }
      }),
  }
}

const hashOf = (group: string): string => hash('sha256', group, 'base64url')

const queuedOf = ({ id, group, due, attempt, crashes, work }: QueuedWork): QueuedWork => ({
  id,
  group,
  due,
  attempt,
  crashes,
  work,
})
