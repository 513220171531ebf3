import type { RootDatabase } from '../../common/lmdb/lmdb.ts'
import { livenessOf, ownIdentity, type ProcessIdentity } from '../../common/process-identity.ts'
import type { Key } from './table.ts'

type Environment = RootDatabase<unknown, Key>

/** Thrown when another server, in this process or another, has the data folder open. */
export class FolderTakenError extends Error {
  readonly code = 'ERR_FOLDER_TAKEN'
  override name = 'FolderTakenError'
}

const place: Key = ['owner']

/**
 * Makes this process the only one to work on a data folder: two servers on one folder would issue the same ids and
 * act in each other's name. The owner is stored in the database, whose transactions exclude all other processes and
 * survive a kill, so two servers can never take over the same abandoned folder. Throws {@link FolderTakenError},
 * naming the folder and the process. A process that has ended owns nothing. Containers do not see each other's
 * processes, so two containers that share a folder are not detected.
 */
export function takeFolder(db: Environment, path: string): void {
  const other = db.transactionSync(() => {
    const before = db.get(place) as ProcessIdentity | undefined // written just below, and nowhere else
    if (before && livenessOf(before) === 'running') return before
    db.putSync(place, ownIdentity())
    return undefined
  })
  if (other)
    throw new FolderTakenError(
      `the data folder ${path} is in use by another server: the process with the id ${other.pid}`,
    )
}

/** Removes everything else from the folder. */
export function emptyFolder(db: Environment): void {
  db.clearSync()
  db.putSync(place, ownIdentity())
}

/** Gives the folder up. */
export const leaveFolder = (db: Environment): void => void db.transactionSync(() => db.removeSync(place))
