import { DamagedFileError } from '../../common/lmdb/data-file.ts'
import { openLmdb, type RootDatabase } from '../../common/lmdb/lmdb.ts'
import type { Key } from './table.ts'

/** Thrown when the data folder cannot be used: its file is damaged or truncated, or cannot be read or written. */
export class FolderUnusableError extends Error {
  readonly code = 'ERR_FOLDER_UNUSABLE'
  override name = 'FolderUnusableError'
}

/**
 * Opens the database in a data folder. `durable: false` leaves syncing to the operating system.
 *
 * @throws {FolderUnusableError} with advice on what to do.
 */
export function openFolder(path: string, { durable }: { durable: boolean }): RootDatabase<unknown, Key> {
  try {
    return openLmdb<unknown, Key>(path, { noSync: !durable })
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    const advice =
      error instanceof DamagedFileError ||
      /MDB_(INVALID|CORRUPTED|VERSION_MISMATCH|PAGE_NOTFOUND)/.test(reason)
        ? 'Restore the folder from a copy, or move it away to start empty: ' +
          'users, rooms, messages, files and installations are gone then, and add-ons must be installed again.'
        : 'Make sure that it is a folder on a local disk with room left, and that this process may write there.'
    throw new FolderUnusableError(`the data folder ${path} cannot be opened: ${reason}. ${advice}`, {
      cause: error,
    })
  }
}
