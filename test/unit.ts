import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../', import.meta.url))

/** What a test imports to start something: a process, a browser, a server, or an add-on that listens. */
const starters: readonly string[] = [
  'node:child_process',
  'node:cluster',
  'node:http',
  'node:https',
  'node:net',
  'node:worker_threads',
  'playwright-core',
  'hipchat-addon/server',
  'hipchat-addon/testing',
  'src/server/index.ts',
  'src/testing/index.ts',
]

/** What a file imports, except types: paths below the root of the repository, and names of modules and packages. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8').replace(
    /^import type .*|^import type \{[^}]*\} from .*/gm,
    '',
  )
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(([, name = '']) =>
    name.startsWith('.') ? join(dirname(file), name) : name,
  )
}

/** Whether a test imports a starter, itself or through other files in `test`. What sources import does not count. */
function startsSomething(file: string, seen = new Set<string>()): boolean {
  if (seen.has(file)) return false
  seen.add(file)
  return importsOf(file).some(
    (name) => starters.includes(name) || (name.startsWith('test/') && startsSomething(name, seen)),
  )
}

/** The unit tests: those in folders with the name of a folder of `src` that start nothing. */
export const unitTests = (): string[] =>
  readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .filter(
      (file) => file.endsWith('.test.ts') && existsSync(join(root, 'src', file.split(/[\\/]/)[0] ?? '')),
    )
    .map((file) => join('test', file))
    .filter((file) => !startsSomething(file))
    .sort()
