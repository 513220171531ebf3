import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Creates a folder that only the owner may enter, with the folders above it, unless it exists.
 *
 * Not with `recursive` of `mkdirSync`: Node 20 never returns from it where the system answers that the folder does not
 * exist although the folder above it does, as under `/proc`.
 */
export function makeFolder(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    if (isFolder(path)) return
    const above = dirname(path)
    const { code } = error as NodeJS.ErrnoException // as all errors of `node:fs` are
    if (code !== 'ENOENT' || isFolder(above)) throw error
    makeFolder(above)
    makeFolder(path)
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch {
    return false
  }
}
