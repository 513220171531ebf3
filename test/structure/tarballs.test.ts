import { mkdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
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
      /^dist\/(?!chat-page\/)[\w/-]+\.(js|d\.ts)$/,
      /^dist\/chat-page\/[\w/-]+\.(html|js|css|svg|txt)$/,
      /^dist\/testing\/fixtures\/(descriptors|webhooks)\/[\w.-]+\.json$/,
    ],
    packed: 650_000,
    packages: 151,
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
    const machine = [root.replace(/\/$/, ''), home.folder, 'sourceMappingURL']
    for (const file of filesBelow(folderOf(name))) {
      const text = readFileSync(join(folderOf(name), file), 'utf8')
      for (const place of machine) expect(text.includes(place), `${place} in ${file}`).toBe(false)
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
