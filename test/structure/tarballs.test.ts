import { mkdirSync, readFileSync, statSync } from 'node:fs'
import { SourceMap } from 'node:module'
import { dirname, join, posix } from 'node:path'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createFolder, filesBelow, packBoth, succeed } from '../scaffolder/support.ts'
import { productionPackages } from './locked.ts'
import { root } from './markdown.ts'

/** A package as it is published: what may be in it, and how large it may be. */
interface Published {
  readonly lock: '' | 'templates'
  readonly files: readonly RegExp[]
  /** Bytes of the tarball. More is a decision: raise it, and say why in the commit. */
  readonly packed: number
  /** Packages it brings along on every platform. */
  readonly packages: number
}

const templateFile =
  /^(basic|notifier|ui)\/(README\.md|_env|\.env\.example|(src|test)\/[\w.-]+\.ts|public\/[\w.-]+\.(css|js|svg))$/

const published: Readonly<Record<string, Published>> = {
  'hipchat-addon': {
    lock: '',
    files: [
      /^(package\.json|LICENSE|README\.md|CHANGELOG\.md|SECURITY\.md)$/,
      /^dist\/(?!chat-page\/)[\w/-]+\.js$/,
      /^dist\/(?!chat-page\/|cli\/)[\w/-]+\.d\.ts(\.map)?$/,
      /^src\/(?!chat-page\/|cli\/)[\w/-]+\.(ts|js)$/,
      /^dist\/chat-page\/[\w/-]+\.(html|js|css|svg|txt)$/,
      /^dist\/testing\/fixtures\/(descriptors|webhooks)\/[\w.-]+\.json$/,
    ],
    packed: 1_250_000,
    packages: 152,
  },
  'create-hipchat-addon': {
    lock: 'templates',
    files: [
      /^(package\.json|LICENSE|README\.md)$/,
      /^dist\/[\w-]+\.js$/,
      templateFile,
      /^shared\/(package\.json|tsconfig(\.build)?\.json|vitest\.config\.ts|Dockerfile|_biome\.json|_gitignore|_npmrc)$/,
      /^shared\/(\.dockerignore|\.env\.example|\.github\/workflows\/ci\.yml)$/,
    ],
    packed: 26_000,
    packages: 6,
  },
}

const home = createFolder()
const tarballs: Record<string, string> = {}
const folderOf = (name: string): string => join(home.folder, 'unpacked', name)
const manifestOf = (name: string) => JSON.parse(readFileSync(join(folderOf(name), 'package.json'), 'utf8'))

beforeAll(() => {
  const { framework, scaffolder } = packBoth(home.folder)
  Object.assign(tarballs, { 'hipchat-addon': framework, 'create-hipchat-addon': scaffolder })
  for (const [name, tarball] of Object.entries(tarballs)) {
    mkdirSync(folderOf(name), { recursive: true })
    succeed('tar', ['-xzf', tarball, '-C', folderOf(name), '--strip-components', '1'])
  }
}, 120_000)

afterAll(home.remove)

/** Files that a manifest names, wherever in it. */
const named = (value: unknown): string[] => {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(named) : []
}

describe.each(Object.entries(published))('the tarball of %s', (name, { files, packed, packages, lock }) => {
  it('holds files of known kinds, and nothing else', () => {
    const strange = filesBelow(folderOf(name)).filter((file) => !files.some((kind) => kind.test(file)))
    expect(strange).toEqual([])
    for (const kind of files)
      expect(
        filesBelow(folderOf(name)).some((file) => kind.test(file)),
        String(kind),
      ).toBe(true)
  })

  it('has everything that its manifest names', () => {
    const { main = [], types = [], bin, exports = {} } = manifestOf(name)
    const targets = named([main, types, bin, exports])
    expect(targets.length).toBeGreaterThan(0)
    for (const target of targets) expect(statSync(join(folderOf(name), target)).isFile(), target).toBe(true)
    for (const command of named(bin))
      expect(readFileSync(join(folderOf(name), command), 'utf8'), command).toMatch(
        /^#!\/usr\/bin\/env node\n/,
      )
  })

  it('names no folder of the machine it was packed on', () => {
    const machine = [root.replace(/\/$/, ''), home.folder]
    for (const file of filesBelow(folderOf(name))) {
      const text = readFileSync(join(folderOf(name), file), 'utf8')
      const absent = file.endsWith('.d.ts') ? machine : [...machine, 'sourceMappingURL']
      for (const place of absent) expect(text.includes(place), `${place} in ${file}`).toBe(false)
    }
  })

  it('has the licence of the project, and says which in its manifest', () => {
    expect(readFileSync(join(folderOf(name), 'LICENSE'), 'utf8')).toBe(
      readFileSync(join(root, 'LICENSE'), 'utf8'),
    )
    expect(manifestOf(name).license).toBe('MIT')
  })

  it('gives publint nothing to say', async () => {
    const { messages, pkg } = await publint({ pkgDir: folderOf(name), strict: true, pack: false })
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([])
  })

  it('has a manifest that npm publishes as it is, without correcting anything', () => {
    const before = manifestOf(name)
    succeed('npm', ['pkg', 'fix'], { cwd: folderOf(name) })
    expect(manifestOf(name)).toEqual(before)
  })

  it('is no larger than was decided', () => {
    expect(statSync(tarballs[name] ?? '').size).toBeLessThan(packed)
  })

  it('brings along no more packages than was decided', () => {
    const locked = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
    expect(productionPackages(locked.packages, lock).size).toBeLessThanOrEqual(packages)
  })
})

describe('the declarations of hipchat-addon', () => {
  const folder = folderOf('hipchat-addon')
  const read = (file: string): string => readFileSync(join(folder, file), 'utf8')

  /** The line of a source that the first occurrence of a text in a declaration file leads to, as an editor follows it. */
  function sourceOf(declarations: string, text: string): { file: string; line: string } {
    const lines = read(declarations).split('\n')
    const index = lines.findIndex((line) => line.includes(text))
    expect(index, `${text} in ${declarations}`).toBeGreaterThanOrEqual(0)
    const map = new SourceMap(JSON.parse(read(`${declarations}.map`)))
    const entry = map.findEntry(index, lines[index]?.indexOf(text) ?? 0)
    if (!('originalSource' in entry)) throw new Error(`${text} in ${declarations} leads nowhere`)
    const file = posix.join(dirname(declarations), entry.originalSource)
    return { file, line: read(file).split('\n')[entry.originalLine] ?? '' }
  }

  it.each([
    ['dist/index.d.ts', 'createAddon', 'src/index.ts'],
    ['dist/addon/addon.d.ts', 'function createAddon', 'src/addon/addon.ts'],
    ['dist/server/index.d.ts', 'function createHipChatServer', 'src/server/index.ts'],
    ['dist/testing/test-addon.d.ts', 'function testAddon', 'src/testing/test-addon.ts'],
  ])('lead from %s, %s, to its line in %s', (declarations, name, file) => {
    const source = sourceOf(declarations, name)
    expect(source.file).toBe(file)
    expect(source.line).toContain(name)
  })

  it('all have a map to sources that are in the package', () => {
    const files = new Set(filesBelow(folder))
    const declarations = [...files].filter((file) => file.startsWith('dist/') && file.endsWith('.d.ts'))
    expect(declarations.length).toBeGreaterThan(100)
    for (const file of declarations) {
      expect(read(file).split('\n').at(-1), file).toBe(`//# sourceMappingURL=${posix.basename(file)}.map`)
      const { sources } = JSON.parse(read(`${file}.map`))
      expect(sources).toHaveLength(1)
      expect(files, file).toContain(posix.join(dirname(file), sources[0]))
    }
  })
})
