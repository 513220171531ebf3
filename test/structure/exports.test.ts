import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { root } from './markdown.ts'

const isSource = (file: string): boolean =>
  /\.tsx?$/.test(file) && !file.endsWith('.d.ts') && !/\b(?:node_modules|dist)\b/.test(file)

const filesBelow = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((file) => join(folder, file))
    .filter(isSource)

const sources = filesBelow('src')
const users = ['src', 'test', 'bench', 'examples', 'docs/diagrams'].flatMap(filesBelow)
const textOf = new Map(users.map((file) => [file, readFileSync(join(root, file), 'utf8')]))

/** What starts a program: the package's entry points, and what the browser or a worker loads by its address. */
const entries = new Set([
  'src/index.ts',
  'src/server/index.ts',
  'src/testing/index.ts',
  'src/cli/main.ts',
  'src/chat-page/vite.config.ts',
  'src/chat-page/frame.vite.config.ts',
  'src/chat-page/page/main.tsx',
  'src/chat-page/page/modules/pattern-worker.ts',
  'src/chat-page/frame/all.ts',
])

/** Names that files import from each file, by its path; `*` for an import of everything. */
const imported = new Map<string, Set<string>>()

function note(importer: string, path: string, names: readonly string[]): void {
  const file = join(dirname(importer), path)
  const known = imported.get(file) ?? new Set()
  for (const name of names) known.add(name)
  imported.set(file, known)
}

for (const [file, text] of textOf) {
  for (const [, list = '', path = ''] of text.matchAll(
    /^(?:import|export)\s+(?:type\s+)?\{([^}]*)\}\s+from\s+'(\.[^']+)'/gm,
  ))
    note(
      file,
      path,
      list.split(',').map((name) =>
        name
          .trim()
          .replace(/^type /, '')
          .replace(/ as .*/, ''),
      ),
    )
  for (const [, path = ''] of text.matchAll(/(?:^import '|\* as \w+ from '|import\(\s*')(\.[^']+)'/gm))
    note(file, path, ['*'])
}

describe('exports', () => {
  it.each(sources.filter((file) => !entries.has(file)))('of %s are used by other files', (file) => {
    const used = imported.get(file)
    expect(used, 'no file imports it').toBeDefined()
    if (used?.has('*')) return
    const values = [
      ...(textOf.get(file) ?? '').matchAll(/^export (?:async )?(?:const|function\*?|class) (\w+)/gm),
    ]
    expect(values.map(([, name = '']) => name).filter((name) => !used?.has(name))).toEqual([])
  })
})
