import { StoreError } from '../errors.ts'

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
