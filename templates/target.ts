import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { CreateError } from './faults.ts'
import type { Project } from './project.ts'

/** What may be in a folder before an add-on is made in it: what people, their editors and systems put there first. */
const harmless = /^(\.git|\.gitattributes|\.hg|\.idea|\.vscode|\.DS_Store|Thumbs\.db|LICENSE(\..*)?)$/i

/** Refuses a folder that somebody else uses, with the names that are in the way. */
export function checkTarget(folder: string, force: boolean): void {
  const kind = statSync(folder, { throwIfNoEntry: false })
  if (!kind) return
  if (!kind.isDirectory())
    throw new CreateError(`${folder}: expected a folder or a new name, and it is a file`)
  if (force) return
  const found = readdirSync(folder).filter((name) => !harmless.test(name))
  if (found.length === 0) return
  const shown = found.slice(0, 10).join(', ')
  const more = found.length > 10 ? ` and ${found.length - 10} more` : ''
  throw new CreateError(
    `${folder} is not empty: ${shown}${more} in the way; choose another name, or --force to write over files of the same name`,
  )
}

/**
 * Writes a project into a folder, all of it or nothing: first into a new folder beside it, which then takes its name. If the
 * folder is there already, its files are moved into it one by one, and back again when one cannot be.
 */
export function writeProject(folder: string, project: Project): void {
  const target = resolve(folder)
  const there = existsSync(target)
  const home = there ? target : dirname(target)
  const made = mkdirSync(home, { recursive: true })
  let draft: string | undefined
  try {
    draft = mkdtempSync(join(home, '.create-hipchat-addon-'))
    const fresh = join(draft, 'new')
    for (const [path, text] of project) {
      mkdirSync(dirname(join(fresh, path)), { recursive: true })
      // Secrets are nobody else's.
      writeFileSync(join(fresh, path), text, { mode: path === '.env' ? 0o600 : 0o666 })
    }
    // Secrets that are there already are worth more than new ones.
    const paths = [...project.keys()].filter((path) => path !== '.env' || !existsSync(join(target, path)))
    if (there) moveInto(target, fresh, join(draft, 'old'), paths)
    else renameSync(fresh, target)
  } catch (error) {
    if (draft) rmSync(draft, { recursive: true, force: true })
    if (made) removeEmpty(home, made)
    throw asCreateError(target, error)
  }
  rmSync(draft, { recursive: true, force: true })
}

/** Moves files into a folder that is there; what they replace is kept in `old` until all is done. */
function moveInto(target: string, fresh: string, old: string, paths: readonly string[]): void {
  const undo: (() => void)[] = []
  try {
    for (const path of paths) {
      const [to, kept] = [join(target, path), join(old, path)]
      const made = mkdirSync(dirname(to), { recursive: true })
      if (made) undo.push(() => removeEmpty(dirname(to), made))
      const before = lstatSync(to, { throwIfNoEntry: false })
      if (before?.isDirectory()) throw new CreateError(`${to}: a file belongs here, and it is a folder`)
      if (before) {
        mkdirSync(dirname(kept), { recursive: true })
        renameSync(to, kept)
        undo.push(() => renameSync(kept, to))
      }
      renameSync(join(fresh, path), to)
      undo.push(() => rmSync(to))
    }
  } catch (error) {
    for (const step of undo.toReversed()) step()
    throw error
  }
}

/** Removes the folders that were made, from the innermost on, as long as they are empty. */
function removeEmpty(innermost: string, outermost: string): void {
  for (let folder = innermost; folder.length >= outermost.length; folder = dirname(folder))
    try {
      rmdirSync(folder)
    } catch {
      return // somebody else uses it by now
    }
}

function asCreateError(target: string, error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error
  return new CreateError(`${basename(target)} could not be made: ${error.message}`, { cause: error })
}
