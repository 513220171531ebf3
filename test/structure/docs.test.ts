import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { slugOf } from '../../docs/.vitepress/slug.ts'
import { scopes } from '../../src/api/scopes.ts'
import { codeIn, markdownBelow, readPage, root } from './markdown.ts'

const pages = [
  ...readdirSync(root).filter((file) => file.endsWith('.md')),
  ...markdownBelow('docs'),
  ...markdownBelow('examples'),
].map((path) => ({ path, text: readPage(path) }))

/** The pages of the documentation itself. */
const shelved = pages.filter(({ path }) => path.startsWith('docs/'))

interface Block {
  readonly page: string
  /** Line of the page on which its code begins. */
  readonly line: number
  /** Name by which later blocks of the page import it: the word after `ts`. */
  readonly name: string | undefined
  readonly code: string
  /** What its section says before it. */
  readonly introduction: string
}

function blocksOf({ path, text }: { path: string; text: string }): Block[] {
  return [...text.matchAll(/^```(?:ts|typescript)(?:[ \t]+(\S+))?[ \t]*\n([\s\S]*?)^```[ \t]*$/gm)].map(
    ([, name, code = ''], index, all) => ({
      page: path,
      line: text.slice(0, all[index]?.index).split('\n').length + 1,
      name,
      code,
      introduction: text.slice(0, all[index]?.index).split(/^## /m).at(-1) ?? '',
    }),
  )
}

const blocks = pages.flatMap(blocksOf)

/** The statement that creates the add-on of a block. */
const creation = /^(?:export )?const addon = createAddon\(\{\n[\s\S]*?^\}\)$/m

/**
 * The add-on of a block that uses `addon` and does not create it: that of the first example on its page, with the scopes
 * that the block's section names before it. So readers are told each scope that an example requires.
 */
function addonFor({ page, code, introduction }: Block): string | undefined {
  if (!/\baddon\./.test(code) || /\bconst addon\b/.test(code)) return undefined
  const [first] = blocks
    .filter((other) => other.page === page)
    .flatMap((other) => creation.exec(other.code) ?? [])
  const named = codeIn(introduction).filter((word) => Object.hasOwn(scopes, word))
  return first?.replace('scopes: [', `scopes: [${named.map((scope) => `'${scope}', `).join('')}`)
}

/**
 * Each block goes into a folder of its own, together with what the page has named before it: a page may show one file
 * twice, first short and then complete. A block that continues the page's first example gets its add-on from a file beside it.
 */
function writeBlocks(folder: string): Map<string, Block> {
  const origin = new Map<string, Block>()
  blocks.forEach((block, index) => {
    const named = blocks
      .slice(0, index)
      .filter((other) => other.page === block.page && other.name !== undefined)
    for (const one of [...named, block]) {
      const file = join(`block-${index}`, one.name ?? 'block.ts')
      mkdirSync(join(folder, dirname(file)), { recursive: true })
      // Without an import or export a file is a script, and shares its names with all others.
      writeFileSync(join(folder, file), `${one.code}\nexport {}\n`)
      origin.set(file, one)
    }
    const addon = addonFor(block)
    if (addon === undefined) return
    writeFileSync(
      join(folder, `block-${index}/addon.ts`),
      `import { createAddon } from 'hipchat-addon'\nexport ${addon}\n`,
    )
    const file = join(folder, `block-${index}/block.ts`)
    writeFileSync(file, `import { addon } from './addon.ts'; ${readFileSync(file, 'utf8')}`)
  })
  return origin
}

/** Compiles all blocks at once, as the project itself is compiled; returns the errors by page and line. */
function compileBlocks(): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'hipchat-addon-docs-'))
  try {
    const origin = writeBlocks(folder)
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({
        extends: join(root, 'tsconfig.json'),
        compilerOptions: {
          rootDir: '/',
          paths: {
            'hipchat-addon': [join(root, 'src/index.ts')],
            'hipchat-addon/server': [join(root, 'src/server/index.ts')],
            'hipchat-addon/testing': [join(root, 'src/testing/index.ts')],
          },
        },
        include: ['block-*/**/*.ts'],
      }),
    )
    // TypeScript 7 has a command and no API.
    const { stdout } = spawnSync(
      process.execPath,
      [join(root, 'node_modules/typescript/bin/tsc'), '--project', folder, '--pretty', 'false'],
      { cwd: folder, encoding: 'utf8' },
    )
    const errors = new Set<string>()
    for (const text of stdout.split('\n')) {
      const [, file = '', line, column, message] = /^(\S.*?)\((\d+),(\d+)\): (.*)$/.exec(text) ?? []
      const block = origin.get(relative(folder, resolve(folder, file)))
      if (block) errors.add(`${block.page}:${block.line + Number(line) - 1}:${column} ${message}`)
      else if (text.trim() !== '') errors.add(text)
    }
    return [...errors]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Anchors of a page's headings, as GitHub and npm make them. */
function anchorsOf(text: string): Set<string> {
  const seen = new Map<string, number>()
  const anchors = new Set<string>()
  for (const [, heading = ''] of withoutCode(text).matchAll(/^#{1,6} +(.+?) *#*$/gm)) {
    const plain = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    const slug = slugOf(plain)
    const times = seen.get(slug) ?? 0
    seen.set(slug, times + 1)
    anchors.add(times === 0 ? slug : `${slug}-${times}`)
  }
  return anchors
}

const withoutCode = (text: string): string => text.replace(/^```[\s\S]*?^```[ \t]*$/gm, '')

const linksOf = (text: string): string[] =>
  [...withoutCode(text).matchAll(/\[[^\]]*\]\(([^)\s]+)\)/g)].map(([, target = '']) => target)

describe('the documentation', () => {
  it('has code blocks that compile', () => {
    expect(blocks.length).toBeGreaterThan(10)
    expect(compileBlocks()).toEqual([])
  }, 120_000)

  it.each(shelved.filter(({ path }) => path.startsWith('docs/how-to/')))(
    '$path creates its add-on once, unless options are what it shows',
    ({ path }) => {
      const created = blocks
        .filter(({ page }) => page === path)
        .flatMap(({ code }) => creation.exec(code) ?? [])
      const plain = created.filter((statement) => !/^ {2}(?!key|name|description|scopes)\w+/m.test(statement))
      expect(plain.slice(1)).toEqual([])
    },
  )

  it.each(pages)('$path leads to files and headings that exist', ({ path, text }) => {
    const broken = linksOf(text).filter((link) => {
      if (/^[a-z]+:/.test(link)) return false
      const [file = '', anchor] = link.split('#')
      const target = file === '' ? join(root, path) : resolve(root, dirname(path), decodeURIComponent(file))
      if (!existsSync(target)) return true
      return anchor !== undefined && !anchorsOf(readFileSync(target, 'utf8')).has(anchor)
    })
    expect(broken).toEqual([])
  })

  it.each(pages)('$path closes its code blocks and names their language', ({ text }) => {
    const fences = [...text.matchAll(/^```(.*)$/gm)].map(([, info = '']) => info.trim())
    expect(fences.length % 2).toBe(0)
    expect(fences.filter((_, index) => index % 2 === 0)).not.toContain('')
  })

  it.each(shelved)('$path begins with its title, the only one, and then says what it is for', ({ text }) => {
    expect(withoutCode(text).match(/^# .+$/gm)).toHaveLength(1)
    expect(text).toMatch(/^# .+\n\n(?:[A-Z`<*])(?!``)/)
  })

  it('has no two pages of the same title', () => {
    const titles = shelved.map(({ text }) => text.split('\n', 1)[0])
    expect(new Set(titles).size).toBe(titles.length)
  })

  it('can be read by following links from the README', () => {
    const reached = new Set<string>(['README.md'])
    for (const page of reached) // what is added meanwhile comes too
      for (const link of linksOf(readPage(page))) {
        const target = join(dirname(page), link.split('#', 1)[0] ?? '')
        if (target.endsWith('.md') && existsSync(join(root, target))) reached.add(target)
      }
    expect(shelved.map(({ path }) => path).filter((path) => !reached.has(path))).toEqual([])
  })

  // `docs/index.md` is the front page, which leads to all shelves.
  it('is on one of the four shelves, but for its front page', () => {
    const shelves = ['tutorial', 'how-to', 'reference', 'explanation']
    const elsewhere = markdownBelow('docs').filter((path) => !shelves.includes(path.split('/')[1] ?? ''))
    expect(elsewhere).toEqual(['docs/index.md'])
  })
})
