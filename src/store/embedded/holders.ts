import { readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { livenessOf, ownIdentity, type ProcessIdentity } from '../../common/process-identity.ts'

/** The stores that hold unfinished work in a folder, each with a file that names its process. */
export interface Holders {
  /** Declares that this store holds work; before the first. */
  enter(): void
  /** Declares that this store holds none any longer. */
  leave(): void
  /** Whether a store's process is gone, or the store is closed. */
  isGone(holder: string): boolean
  /** Removes the file of a store that is gone, when nothing is left of its work. */
  remove(holder: string): void
}

/** All in milliseconds. */
const times = {
  /** Between two signs of life. */
  sign: 5_000,
  /** Since the last sign of life of a process in another container, which cannot be seen. */
  unseen: 20_000,
}

/** Creates the list of holders of a folder; `self` is the name of this store. */
export function createHolders(folder: string, self: string): Holders {
  let signs: NodeJS.Timeout | undefined
  const pathOf = (holder: string): string => join(folder, `${holder}.holder`)

  return {
    enter() {
      if (signs) return
      writeFileSync(pathOf(self), JSON.stringify(ownIdentity()), { mode: 0o600 })
      signs = setInterval(() => {
        try {
          const now = new Date()
          utimesSync(pathOf(self), now, now)
        } catch {
          // Removed by somebody else. Others take over what this store holds, which is handled twice then.
        }
      }, times.sign).unref()
    },
    leave() {
      clearInterval(signs)
      if (signs) rmSync(pathOf(self), { force: true })
    },
    isGone(holder) {
      if (holder === self) return false
      try {
        const identity = JSON.parse(readFileSync(pathOf(holder), 'utf8')) as ProcessIdentity // written above
        const liveness = livenessOf(identity)
        if (liveness !== 'unknown') return liveness === 'gone'
        return Date.now() - statSync(pathOf(holder)).mtimeMs > times.unseen
      } catch (error) {
        // The file is written before the first work: without it, the store was closed. A half-written one is of a store that
        // is beginning, unless it was killed in that moment.
        return !(error instanceof SyntaxError) || Date.now() - statSync(pathOf(holder)).mtimeMs > times.unseen
      }
    },
    remove(holder) {
      rmSync(pathOf(holder), { force: true })
    },
  }
}
