import { readFileSync, readlinkSync } from 'node:fs'

/** Identifies a process, as distinct from a later one with the same process id. */
export interface ProcessIdentity {
  readonly pid: number
  /** When the process began, as the kernel reports it; `null` where it does not. See {@link identityOf}. */
  readonly began: string | null
  /** Id of the machine's boot; `null` where it cannot be read. */
  readonly boot: string | null
  /** The process id namespace, which differs between containers; `null` where it cannot be read. */
  readonly container: string | null
}

/** The identity of a process id; `began` is its start time in `/proc`, in ticks since the boot. */
export function identityOf(pid: number): ProcessIdentity {
  const stat = contentOf(`/proc/${pid}/stat`)
  // The name in parentheses may contain anything; the start time is the twentieth field after it.
  const began = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null
  const boot = contentOf('/proc/sys/kernel/random/boot_id')?.trim() ?? null
  return { pid, began, boot, container: linkOf(`/proc/${pid}/ns/pid`) }
}

let own: ProcessIdentity | undefined

/** The identity of this process. */
export function ownIdentity(): ProcessIdentity {
  own ??= identityOf(process.pid)
  return own
}

/** Whether a process of this machine is running; `unknown` in another container, whose processes cannot be seen. */
export function livenessOf(other: ProcessIdentity): 'running' | 'gone' | 'unknown' {
  const self = ownIdentity()
  if (other.boot !== self.boot) return 'gone'
  if (other.container !== self.container) return 'unknown'
  try {
    process.kill(other.pid, 0) // only checks, and sends no signal
  } catch (error) {
    // EPERM: the process exists and belongs to another user
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
