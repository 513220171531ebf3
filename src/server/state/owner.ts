import { readFileSync, readlinkSync } from 'node:fs'
import type { RootDatabase } from '../../common/lmdb.ts'
import type { Key } from './table.ts'

type Environment = RootDatabase<unknown, Key>

/** A process, told apart from a later one that was given the same id. */
export interface Owner {
  readonly pid: number
  /** Of the kernel's process table, where it shows: when the process began, since which boot, in which container. */
  readonly began: string | null
  readonly boot: string | null
  readonly container: string | null
}

/** Another server, of this process or another, has the data folder open. */
export class FolderTakenError extends Error {
  readonly code = 'ERR_FOLDER_TAKEN'
  override name = 'FolderTakenError'
}

const place: Key = ['owner']

/**
 * Makes this process the only one to work on a data folder: two servers on one would hand out the same ids and sign in
 * each other's name. Kept inside the environment, whose transactions exclude all other processes and survive a kill, so
 * that there is no moment in which two take over what a third has left. Throws {@link FolderTakenError}, naming the
 * folder and the process. A process that is gone holds nothing. Containers do not see each other's processes: two of
 * them that share a folder are not told apart.
 */
export function takeFolder(db: Environment, path: string): void {
  const other = db.transactionSync(() => {
    const before = db.get(place) as Owner | undefined // written just below, and nowhere else
    if (before && isRunning(before)) return before
    db.putSync(place, self())
    return undefined
  })
  if (other)
    throw new FolderTakenError(
      `the data folder ${path} is in use by another server: the process with the id ${other.pid}`,
    )
}

/** Takes everything else out of the folder. */
export function emptyFolder(db: Environment): void {
  db.clearSync()
  db.putSync(place, self())
}

export const leaveFolder = (db: Environment): void => void db.removeSync(place)

/** `began` is the start time of the process in `/proc`, in ticks since the boot. */
export function identityOf(pid: number): Owner {
  const stat = contentOf(`/proc/${pid}/stat`)
  // The name in parentheses may hold anything; the start time is the twentieth field behind it.
  const began = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null
  const boot = contentOf('/proc/sys/kernel/random/boot_id')?.trim() ?? null
  return { pid, began, boot, container: linkOf(`/proc/${pid}/ns/pid`) }
}

const self = (): Owner => identityOf(process.pid)

export function isRunning(owner: Owner): boolean {
  const now = self()
  if (owner.boot !== now.boot || owner.container !== now.container) return false
  try {
    process.kill(owner.pid, 0) // asks, and sends nothing
  } catch (error) {
    // EPERM: there is one, of another user
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false
  }
  const found = identityOf(owner.pid)
  return owner.began === null || found.began === null || owner.began === found.began
}

function contentOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined // not on this system
  }
}

function linkOf(file: string): string | null {
  try {
    return readlinkSync(file)
  } catch {
    return null
  }
}
