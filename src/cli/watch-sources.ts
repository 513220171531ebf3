import { type FSWatcher, readdirSync, statSync, watch } from 'node:fs'
import { join } from 'node:path'

const code = /\.(?:[cm]?[jt]s|[jt]sx)$/
const settled = 100 // milliseconds without another change, since an editor may write a file in several steps

/**
 * Watches the program files below a folder, except for packages and hidden folders. Returns a function that stops it. Data
 * files are not watched: an add-on that writes them would restart itself forever. `failed` gets the error for a folder that
 * cannot be watched. (Node's own recursive watch would also open a handle for every folder of `node_modules`.)
 */
export function watchSources(
  folder: string,
  changed: (file: string) => void,
  failed: (error: unknown) => void,
): () => void {
  const watchers = new Map<string, FSWatcher>()
  let timer: NodeJS.Timeout | undefined

  function add(path: string): void {
    if (watchers.has(path)) return
    try {
      const watcher = watch(path, (_, name) => noticed(path, name))
      const drop = () => {
        watcher.close()
        watchers.delete(path)
      }
      watcher.on('error', drop) // it was removed
      watchers.set(path, watcher)
      for (const entry of readdirSync(path, { withFileTypes: true }))
        if (entry.isDirectory() && isOwn(entry.name)) add(join(path, entry.name))
    } catch (error) {
      failed(error)
    }
  }

  function noticed(path: string, name: string | null): void {
    if (name === null || !isOwn(name)) return
    const file = join(path, name)
    if (statSync(file, { throwIfNoEntry: false })?.isDirectory()) add(file)
    else if (code.test(name)) {
      clearTimeout(timer)
      timer = setTimeout(changed, settled, file)
    }
  }

  add(folder)
  return () => {
    clearTimeout(timer)
    for (const watcher of watchers.values()) watcher.close()
    watchers.clear()
  }
}

const isOwn = (name: string): boolean => name !== 'node_modules' && !name.startsWith('.')
