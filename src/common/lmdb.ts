import { closeSync, mkdirSync, openSync, readSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { RootDatabase, RootDatabaseOptionsWithPath } from 'lmdb'

/**
 * Opens an LMDB environment in a folder of its own, which only the owner may enter.
 *
 * `overlappingSync` must stay off: with the default, writes that had been acknowledged to one of several processes
 * were lost in a trial (12 of 76,000; none of 45,000 with it off, at the same speed).
 *
 * `eventTurnBatching` must stay off, and writes go into transactions: with it on, a commit that fails (a full disk)
 * also rejects a promise inside lmdb that nobody can reach, and that ends the process.
 */
export function openLmdb<V, K extends string | number | (string | number)[]>(
  path: string,
  options: Omit<RootDatabaseOptionsWithPath, 'path'> = {},
): RootDatabase<V, K> {
  mkdirSync(path, { recursive: true, mode: 0o700 })
  refuseForeignFile(join(path, 'data.mdb'))
  const require = createRequire(import.meta.url) // native and slow to load: only when an environment is opened
  const { open } = require('lmdb') as typeof import('lmdb')
  // `noSubdir: false`: otherwise a folder with a dot in its name would be taken for a file.
  return open<V, K>({ ...options, path, noSubdir: false, overlappingSync: false, eventTurnBatching: false })
}

/**
 * Resolves with what really happened when a write was rejected. lmdb rejects with a stand-in whose `commitError` is
 * a promise that rejects with the reason; unobserved, that promise would end the process.
 */
export async function commitFailure(error: unknown): Promise<unknown> {
  if (!(error instanceof Error) || !('commitError' in error)) return error
  try {
    await error.commitError
    return error
  } catch (reason) {
    return reason
  }
}

// LMDB maps whatever it finds into memory: a file of something else ends the process with a segmentation fault.
function refuseForeignFile(file: string): void {
  const head = Buffer.alloc(64)
  let descriptor: number
  try {
    descriptor = openSync(file, 'r')
  } catch {
    return // absent, or unreadable, which LMDB says itself
  }
  try {
    const length = readSync(descriptor, head, 0, head.length, 0)
    if (length > 0 && !head.includes(lmdbMagic)) throw new Error(`${file} is not an LMDB file, or is damaged`)
  } finally {
    closeSync(descriptor)
  }
}

const lmdbMagic = Buffer.from([0xde, 0xc0, 0xef, 0xbe]) // 0xBEEFC0DE in the first page, little endian

export type { Database, RootDatabase } from 'lmdb'
