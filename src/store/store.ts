export type Awaitable<T> = T | Promise<T>

/**
 * Where an add-on keeps what must outlive a request: installations, access tokens, seen token ids, values of handlers.
 *
 * Keys and values are text; what a value means is the business of whoever stores it. A value with a time to live is
 * gone for every verb once the time is over, whether it has been swept yet or not. A write that was acknowledged
 * survives a `kill -9` (except in the memory store). Every verb rejects with a `StoreError` that names the store when
 * the store cannot be reached, within about a second.
 */
export interface Store {
  /** What this is, for logs and errors; never holds a password. */
  readonly name: string
  /** What whoever runs the add-on must know before relying on this store, as a sentence; logged once at start. */
  readonly warning?: string
  /** The value, or `undefined`. The embedded store answers synchronously: it is on the path of every delivery. */
  get(key: string): Awaitable<string | undefined>
  /** Writes a value; `ttl` in milliseconds, none means for ever. */
  set(key: string, value: string, ttl?: number): Promise<void>
  /** Removes a value; true if there was one. */
  delete(key: string): Promise<boolean>
  /** All keys that begin with the prefix, with their values, in no particular order. */
  entries(prefix: string): AsyncIterable<[key: string, value: string]>
  /**
   * Takes a key for `ttl` milliseconds. True for exactly one of however many callers, in all processes. Claims are apart
   * from values: no verb but `release` sees them. They survive a `kill -9`, and where a store says so no power failure.
   */
  claim(key: string, ttl: number): Promise<boolean>
  /** Gives a claim up before its time. */
  release(key: string): Promise<void>
  /**
   * Changes a value in one step: nobody writes between the reading and the writing. `change` gets the value and returns
   * the new one, or `undefined` to remove it; it must be pure and may be called again when another writer was faster.
   * An error it throws leaves the value alone and reaches the caller. Returns the new value. `ttl` as in `set`.
   */
  update(
    key: string,
    change: (value: string | undefined) => string | undefined,
    ttl?: number,
  ): Promise<string | undefined>
  /** Answers when the store does: what `/readyz` asks. */
  ping(): Promise<void>
  /** Closes connections and files. Later calls reject. */
  close(): Promise<void>
}
