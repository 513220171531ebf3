import { mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { RootDatabase, RootDatabaseOptionsWithPath } from 'lmdb'

/**
 * Opens an LMDB environment in a folder of its own, which only the owner may enter.
 *
 * `overlappingSync` must stay off: with the default, writes that had been acknowledged to one of several processes
 * were lost in a trial (12 of 76,000; none of 45,000 with it off, at the same speed).
 */
export function openLmdb<V, K extends string | number | (string | number)[]>(
  path: string,
  options: Omit<RootDatabaseOptionsWithPath, 'path'> = {},
): RootDatabase<V, K> {
  mkdirSync(path, { recursive: true, mode: 0o700 })
  const require = createRequire(import.meta.url) // native and slow to load: only when an environment is opened
  const { open } = require('lmdb') as typeof import('lmdb')
  // `noSubdir: false`: otherwise a folder with a dot in its name would be taken for a file.
  return open<V, K>({ ...options, path, noSubdir: false, overlappingSync: false })
}

export type { Database, RootDatabase } from 'lmdb'
