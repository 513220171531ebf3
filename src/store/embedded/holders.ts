import { readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeFolder } from '../../common/make-folder.ts'
import { livenessOf, ownIdentity, type ProcessIdentity } from '../../common/process-identity.ts'

/** What became of a store that held work. */
export type HolderState = 'open' | 'closed' | 'crashed'

/** The stores that hold unfinished work in a folder, each with a file that names its process. */
export interface Holders {
  /** Declares that this store holds work; before the first. */
  enter(): void
  /** Declares that this store holds none any longer. */
  leave(): void
  /** Whether a store is open, was closed, or ended with its process. */
  stateOf(holder: string): HolderState
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

/** Creates the list of holders in a folder, which is created when it is needed; `self` is the name of this store. */
export function createHolders(folder: string, self: string): Holders {
  let signs: NodeJS.Timeout | undefined
  const pathOf = (holder: string): string => join(folder, `${holder}.holder`)

  return {
    enter() {
      if (signs) return
      makeFolder(folder)
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
    stateOf(holder) {
      if (holder === self) return 'open'
      const text = contentOf(pathOf(holder))
      if (text === undefined) return 'closed' // the file is written before the first work, and removed by `leave`
      const liveness = livenessIn(text)
      if (liveness !== 'unknown') return liveness === 'gone' ? 'crashed' : 'open'
      const seen = statSync(pathOf(holder), { throwIfNoEntry: false })?.mtimeMs ?? 0
      return Date.now() - seen > times.unseen ? 'crashed' : 'open'
    },
    remove(holder) {
      rmSync(pathOf(holder), { force: true })
    },
  }
}

function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** A half-written file is of a store that is beginning, unless it was killed in that moment. */
function livenessIn(text: string): ReturnType<typeof livenessOf> {
  try {
    return livenessOf(JSON.parse(text) as ProcessIdentity) // written by `enter`
  } catch {
    return 'unknown'
  }
}
