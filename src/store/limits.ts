import { typeName } from '../common/validate.ts'
import { StoreError } from '../errors.ts'
import type { QueuedWork } from './store.ts'

/**
 * The longest key in bytes of UTF-8. It is the same for every store, so that a key works with all of them. LMDB accepts
 * 1978 bytes, and some control characters count twice.
 */
const maxKeyBytes = 900

/** Refuses keys that not every store can keep and find again. `store` is the store's name, for the message. */
export function checkKey(store: string, key: string): void {
  if (key === '') throw new StoreError(`${store}: a key must not be empty`)
  // Half a surrogate pair has no UTF-8 form, so two such keys would become the same key.
  if (/\p{Surrogate}/u.test(key)) throw new StoreError(`${store}: a key must be well-formed Unicode`)
  if (key.length * 3 <= maxKeyBytes) return
  const bytes = Buffer.byteLength(key)
  if (bytes > maxKeyBytes)
    throw new StoreError(
      `${store}: expected a key of at most ${maxKeyBytes} bytes, got one of ${bytes} bytes`,
    )
}

/** The most bytes of work in a journal. The largest delivery has 256 KiB, and sealing makes it a third longer. */
export const longestWork = 512 * 1024

/** Refuses work that is too long for a journal. */
export function checkWork(store: string, work: string): void {
  const bytes = Buffer.byteLength(work)
  if (bytes > longestWork)
    throw new StoreError(`${store}: expected work of at most ${longestWork} bytes, got ${bytes}`)
}

/** The most bytes of a queue's name, and of an id or a group in it. Together they fit into one key of LMDB. */
const longestName = { queue: 200, id: 500, group: 500 } as const

/** Refuses names in queues that not every store can keep. */
export function checkName(store: string, what: keyof typeof longestName, name: unknown): void {
  const longest = longestName[what]
  const got = faultOf(name, longest)
  if (got)
    throw new StoreError(`${store}: expected ${what} to be a string of 1 to ${longest} bytes, got ${got}`)
}

function faultOf(name: unknown, longest: number): string | undefined {
  if (typeof name !== 'string') return `a value of the type ${typeName(name)}`
  if (/\p{Surrogate}/u.test(name)) return 'ill-formed Unicode'
  const bytes = Buffer.byteLength(name)
  return bytes > 0 && bytes <= longest ? undefined : `${bytes} bytes`
}

/** Refuses work that not every queue can keep. */
export function checkQueued(store: string, { id, group, due, work }: QueuedWork): void {
  checkName(store, 'id', id)
  checkName(store, 'group', group)
  checkWork(store, work)
  if (!Number.isSafeInteger(due) || due < 0)
    throw new StoreError(`${store}: expected due to be whole milliseconds since 1970, got ${due}`)
}

/**
 * A time to live in whole milliseconds, at least 1: a time in the past ends with the next tick. `undefined` and
 * `Infinity` mean forever.
 */
export function lifetime(store: string, ttl: number | undefined): number | undefined {
  if (ttl === undefined || ttl === Number.POSITIVE_INFINITY) return undefined
  if (typeof ttl !== 'number' || Number.isNaN(ttl))
    throw new StoreError(`${store}: expected a time to live in milliseconds, got ${ttl}`)
  return Math.min(Math.max(1, Math.ceil(ttl)), longestLife)
}

/** Three centuries in milliseconds. Added to the current time it is still exact in every store. */
export const longestLife = 1e13

/** The error with which every operation of a closed store rejects. */
export const closedError = (store: string): StoreError =>
  new StoreError(`${store} is closed: it was used after close()`)
