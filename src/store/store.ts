/** A value, or a promise of it. */
export type Awaitable<T> = T | Promise<T>

/** Work of a journal whose process is gone, taken over. */
export interface Recovered {
  readonly id: string
  /** How many stores have held it, this one included: 2 after the first that is gone. */
  readonly attempt: number
  /**
   * How many of them ended without being closed, because their process was killed or crashed, after the work had begun: with
   * `accept`, or with `begin` after it was taken over.
   */
  readonly crashes: number
  readonly work: string
}

/**
 * Keeps work that was accepted until it is finished, so that it outlives the process that does it. The work of a process
 * that is gone can be taken over by another one, or by its successor.
 */
export interface Journal {
  /**
   * Claims `id` for `ttl` milliseconds, as {@link Store.claim} does, and records the work in the same atomic write: there
   * is never one without the other. Returns false and records nothing if the id is claimed already. `release` of the
   * store ends both. Rejects with a `StoreError` if the work is longer than 512 KiB.
   */
  accept(id: string, ttl: number, work: string): Promise<boolean>
  /**
   * Records that work which was taken over begins now. Until then, the end of the process does not count as a crash of this
   * work: it may have been waiting for other work that crashes.
   */
  begin(id: string): Promise<void>
  /** Forgets the work, since it is done. The claim stays. */
  finish(id: string): Promise<void>
  /**
   * Takes over the unfinished work of processes that are gone, whose ids begin with the prefix, in the order in which it
   * was accepted. Of any number of callers in all processes, one gets each. Work that a closed store left counts too.
   */
  recover(prefix: string): Promise<readonly Recovered[]>
}

/** Where work in a queue is. */
export type WorkState = 'waiting' | 'running' | 'given up'

/** Work in a queue. */
export interface QueuedWork {
  /** Unique within the queue: 1 to 500 bytes of UTF-8. */
  readonly id: string
  /** Whose work it is, such as the id of an installation: what is counted, and removed together. 1 to 500 bytes of UTF-8. */
  readonly group: string
  /**
   * When it may be taken, in whole milliseconds since 1970. For work that was given up, the time at which it is forgotten.
   */
  readonly due: number
  /** How often it was taken: 1 when it is taken for the first time. */
  readonly attempt: number
  /** How many stores that had taken it ended without being closed, because their process was killed or crashed. */
  readonly crashes: number
  /** At most 512 KiB. */
  readonly work: string
}

/** Work in a queue, with its state. */
export interface ListedWork extends QueuedWork {
  readonly state: WorkState
}

/** Options of {@link Queue.add}. */
export interface AddOptions {
  /** How many works the group may have in the queue, in any state. */
  readonly limit: number
  /** Default `waiting`. */
  readonly state?: 'waiting' | 'given up'
  /** Whether to replace work with the same id, unless it is running. Default false. */
  readonly replace?: boolean
}

/** How much is in a queue. */
export interface QueueCounts {
  /** Works in each state; running ones of all processes. */
  readonly states: Readonly<Record<WorkState, number>>
  /** When the waiting work that is due first is due; `undefined` if none is waiting. */
  readonly next: number | undefined
}

/**
 * Keeps work until it is due, and gives each to one taker: in all processes that share the store, nobody else gets it until it
 * is put back, or the store of the taker is closed or gone with its process. The clock is the caller's.
 *
 * What is acknowledged survives what a written value survives. Rejects with a `StoreError` for ids, groups and work that are
 * too long.
 */
export interface Queue {
  /** Adds work. `exists` if there is some with the same id, in any state; `full` if the group has as many as `limit`. */
  add(work: QueuedWork, options: AddOptions): Promise<'added' | 'exists' | 'full'>
  /**
   * Takes up to `count` works that are due at `now`, the earliest first. Work whose taker is gone counts as due: it comes with
   * one attempt more. Also forgets work that was given up, when its time has come.
   */
  take(now: number, count: number): Promise<readonly QueuedWork[]>
  /**
   * Puts back work that this store has taken, as it is given: with another time, say. Returns false, and changes nothing, if
   * this store does not have it any more, because its group was removed.
   */
  putBack(work: QueuedWork, state?: 'waiting' | 'given up'): Promise<boolean>
  /** Removes work that this store has taken, since it is done. Returns false if this store does not have it any more. */
  finish(id: string): Promise<boolean>
  /** Removes work that is waiting or was given up. Returns false if nothing has this id, or it is running. */
  cancel(id: string): Promise<boolean>
  /** Removes all work of a group, running one included: it cannot be put back. */
  removeGroup(group: string): Promise<void>
  /** Reads one work. */
  get(id: string): Promise<ListedWork | undefined>
  /** All work in a state, by its time, then its id. What is added or moved meanwhile may be missing or come twice. */
  list(state: WorkState): AsyncIterable<ListedWork>
  /** Counts the work. */
  counts(): Promise<QueueCounts>
}

/**
 * The place for all data of an add-on that must outlive a request: installations, access tokens, seen token ids, values of
 * handlers.
 *
 * Keys and values are strings; the store does not interpret values. A value with a time to live is gone for every
 * operation once the time is over, whether it has been swept or not. An acknowledged write survives a `kill -9` (except
 * in the memory store). If the store cannot be reached, every operation rejects with a `StoreError` that names the store,
 * within about a second.
 */
export interface Store {
  /** The store's name for logs and errors; never contains a password. */
  readonly name: string
  /** What the operator of the add-on must know before relying on this store, as a sentence; logged once at start. */
  readonly warning?: string
  /** The value, or `undefined`. The embedded store answers synchronously: it is on the path of every delivery. */
  get(key: string): Awaitable<string | undefined>
  /** Writes a value; `ttl` is in milliseconds, and without it the value is kept forever. */
  set(key: string, value: string, ttl?: number): Promise<void>
  /** Removes a value; returns whether there was one. */
  delete(key: string): Promise<boolean>
  /** All keys that begin with the prefix, with their values, in no particular order. */
  entries(prefix: string): AsyncIterable<[key: string, value: string]>
  /**
   * Takes a key for `ttl` milliseconds. Of any number of callers in all processes, exactly one gets true. Claims are
   * separate from values: only `release` sees them. They survive a `kill -9`, but in some stores, which say so, no power
   * failure.
   */
  claim(key: string, ttl: number): Promise<boolean>
  /** Ends a claim early. */
  release(key: string): Promise<void>
  /**
   * Changes a value atomically: no other write happens between the reading and the writing. `change` gets the value and
   * returns the new one, or `undefined` to remove it; it must be pure and may be called again if another writer was
   * faster. If it throws, the value stays and the error reaches the caller. Returns the new value. `ttl` as in `set`.
   */
  update(
    key: string,
    change: (value: string | undefined) => string | undefined,
    ttl?: number,
  ): Promise<string | undefined>
  /** Keeps accepted work through a `kill -9`. Absent in stores that cannot: then work ends with its process. */
  readonly journal?: Journal
  /**
   * A queue for work that is done later, by its name of 1 to 200 bytes of UTF-8. Absent in stores that have none: then an
   * add-on cannot have jobs, schedules or retries.
   */
  queue?(name: string): Queue
  /**
   * Looks at the settings of the store's server. Resolves with those that can lose data, each as a sentence; the add-on logs
   * them when it starts. Resolves with none if they cannot be read.
   */
  risks?(): Promise<readonly string[]>
  /** Resolves if the store answers; `/readyz` calls it. */
  ping(): Promise<void>
  /** Closes connections and files. Later calls reject. */
  close(): Promise<void>
}
