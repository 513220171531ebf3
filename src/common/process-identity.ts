import { readFileSync, readlinkSync } from 'node:fs'

/** A process, told apart from a later one that was given the same id. */
export interface ProcessIdentity {
  readonly pid: number
  /** Of the kernel's process table, where it shows: when the process began, since which boot, in which container. */
  readonly began: string | null
  readonly boot: string | null
  readonly container: string | null
}

/** `began` is the start time of the process in `/proc`, in ticks since the boot. */
export function identityOf(pid: number): ProcessIdentity {
  const stat = contentOf(`/proc/${pid}/stat`)
  // The name in parentheses may hold anything; the start time is the twentieth field behind it.
  const began = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null
  const boot = contentOf('/proc/sys/kernel/random/boot_id')?.trim() ?? null
  return { pid, began, boot, container: linkOf(`/proc/${pid}/ns/pid`) }
}

let own: ProcessIdentity | undefined

/** This process. */
export function ownIdentity(): ProcessIdentity {
  own ??= identityOf(process.pid)
  return own
}

/** Whether a process of this machine is there; `unknown` for one of another container, whose processes cannot be seen. */
export function livenessOf(other: ProcessIdentity): 'running' | 'gone' | 'unknown' {
  const self = ownIdentity()
  if (other.boot !== self.boot) return 'gone'
  if (other.container !== self.container) return 'unknown'
  try {
    process.kill(other.pid, 0) // asks, and sends nothing
  } catch (error) {
    // EPERM: there is one, of another user
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return 'gone'
  }
  const found = identityOf(other.pid)
  return other.began === null || found.began === null || other.began === found.began ? 'running' : 'gone'
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
