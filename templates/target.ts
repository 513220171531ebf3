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

/** Files that may be in the folder before: people, editors and systems put them there first. */
const harmless = /^(\.git|\.gitattributes|\.hg|\.idea|\.vscode|\.DS_Store|Thumbs\.db|LICENSE(\..*)?)$/i

/** Refuses a folder that is in use, and names the files in it. */
export function checkTarget(folder: string, force: boolean): void {
  const kind = statSync(folder, { throwIfNoEntry: false })
  if (!kind) return
  if (!kind.isDirectory()) throw new CreateError(`${folder}: expected a folder or a new name, got a file`)
  if (force) return
  const found = readdirSync(folder).filter((name) => !harmless.test(name))
  if (found.length === 0) return
  const shown = found.slice(0, 10).join(', ')
  const more = found.length > 10 ? ` and ${found.length - 10} more` : ''
  throw new CreateError(
    `${folder} is not empty: it contains ${shown}${more}; choose another name, or use --force to overwrite files of the same name`,
  )
}

/**
 * Writes a project into a folder, completely or not at all: first into a temporary folder, which is then renamed. If the
 * folder exists, the files are moved into it one by one, and back if one of them cannot be moved.
 */
export function writeProject(folder: string, project: Project): void {
  const target = resolve(folder)
  const there = existsSync(target)
  const home = there ? target : dirname(target)
  let made: string | undefined
  let draft: string | undefined
  try {
    made = makeFolder(home)
    draft = mkdtempSync(join(home, '.create-hipchat-addon-'))
    const fresh = join(draft, 'new')
    for (const [path, text] of project) {
      mkdirSync(dirname(join(fresh, path)), { recursive: true })
      // Only the owner may read secrets.
      writeFileSync(join(fresh, path), text, { mode: path === '.env' ? 0o600 : 0o666 })
    }
    // Existing secrets are kept.
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

/** Moves files into an existing folder; files that they replace are kept in `old` until everything is done. */
function moveInto(target: string, fresh: string, old: string, paths: readonly string[]): void {
  const undo: (() => void)[] = []
  try {
    for (const path of paths) {
      const [to, kept] = [join(target, path), join(old, path)]
      const made = mkdirSync(dirname(to), { recursive: true })
      if (made) undo.push(() => removeEmpty(dirname(to), made))
      const before = lstatSync(to, { throwIfNoEntry: false })
      if (before?.isDirectory()) throw new CreateError(`${to}: expected a file, got a folder`)
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

/**
 * Creates a folder with those above it, and returns the outermost that it created. Not with `recursive`: Node 20 never
 * returns from it where the system refuses a folder with "does not exist", as under `/proc`.
 */
function makeFolder(path: string): string | undefined {
  if (existsSync(path)) return undefined
  const made = makeFolder(dirname(path))
  mkdirSync(path)
  return made ?? path
}

/** Removes the created folders, from the innermost on, while they are empty. */
function removeEmpty(innermost: string, outermost: string): void {
  for (let folder = innermost; folder.length >= outermost.length; folder = dirname(folder))
    try {
      rmdirSync(folder)
    } catch {
      return // in use by now
    }
}

function asCreateError(target: string, error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error
  return new CreateError(`${basename(target)} could not be created: ${error.message}`, { cause: error })
}
