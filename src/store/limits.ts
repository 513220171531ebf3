import { StoreError } from '../errors.ts'

/**
 * Longest key in bytes of UTF-8, in every store, so that what works with one works with all. LMDB takes 1978 bytes,
 * in which some control characters count twice.
 */
export const maxKeyBytes = 900

/** Refuses keys that not every store could keep and find again. `store` is the store's name, for the message. */
export function checkKey(store: string, key: string): void {
  if (key === '') throw new StoreError(`${store}: a key must not be empty`)
  // Half a surrogate pair has no UTF-8 form: two such keys would become one.
  if (/\p{Surrogate}/u.test(key)) throw new StoreError(`${store}: a key must be well-formed Unicode`)
  if (key.length * 3 <= maxKeyBytes) return
  const bytes = Buffer.byteLength(key)
  if (bytes > maxKeyBytes)
    throw new StoreError(`${store}: a key may have up to ${maxKeyBytes} bytes, came one of ${bytes} bytes`)
}

/**
 * A time to live in whole milliseconds, at least 1: what is over already ends at the next tick. `undefined` and
 * `Infinity` mean for ever.
 */
export function lifetime(store: string, ttl: number | undefined): number | undefined {
  if (ttl === undefined || ttl === Number.POSITIVE_INFINITY) return undefined
  if (typeof ttl !== 'number' || Number.isNaN(ttl))
    throw new StoreError(`${store}: a time to live is a number of milliseconds, came ${ttl}`)
  return Math.min(Math.max(1, Math.ceil(ttl)), longestLife)
}

/** Three centuries, in milliseconds: added to the time of day it is still exact in every store. */
export const longestLife = 1e13

/** What every verb of a closed store rejects with. */
export const closedError = (store: string): StoreError =>
  new StoreError(`${store} is closed: it was used after close()`)
