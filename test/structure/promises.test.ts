import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readPage, root, rows } from './markdown.ts'

/** Pages that promise something, and name the tests that show it. */
const pages = ['docs/explanation/security.md', 'docs/explanation/reliability.md']

interface Promised {
  readonly page: string
  readonly promise: string
  /** Test files and, in each, the titles of tests or of their groups. */
  readonly shownBy: readonly { readonly file: string; readonly titles: readonly string[] }[]
}

/** The rows of the tables of a page whose last column is `shown by`. */
function promisesOf(page: string): Promised[] {
  const tables = readPage(page).matchAll(/^\|(?:[^\n]*\|)? *shown by *\|\n(?:\|[^\n]*\n)+/gm)
  return [...tables].flatMap(([table]) =>
    rows(table).map((cells) => ({
      page,
      promise: cells[0] ?? '',
      shownBy: readTests(page, cells.at(-1) ?? ''),
    })),
  )
}

/** Reads `[file](address): "title", "title"; [file](address): "title"`. */
const readTests = (page: string, cell: string): Promised['shownBy'] =>
  [...cell.matchAll(/\]\(([^)]+)\)([^[]*)/g)].map(([, address = '', after = '']) => ({
    file: resolve(root, dirname(page), address),
    titles: [...after.matchAll(/"([^"]+)"/g)].map(([, title = '']) => title),
  }))

/** Titles of tests and groups in a test file, and of checks in the contract of stores, as they are written there. */
function titlesIn(file: string): Set<string> {
  const text = readFileSync(file, 'utf8')
  const found = [
    ...text.matchAll(/(?:\b(?:describe|it|test)(?:\.\w+)*|\))\(\s*(['"`])((?:\\.|(?!\1).)*)\1\s*,/g),
    ...text.matchAll(/^ {2}async (['"`])((?:\\.|(?!\1).)*)\1\(/gm),
  ]
  return new Set(found.map(([, , title = '']) => title.replace(/\\(.)/g, '$1')))
}

const promised = pages.flatMap(promisesOf)

describe('the promises', () => {
  it.each(pages)('of %s are in tables with tests', (page) => {
    expect(promised.filter((one) => one.page === page).length).toBeGreaterThan(5)
  })

  it.each(promised)('$promise', ({ shownBy }) => {
    expect(shownBy.length).toBeGreaterThan(0)
    for (const { file, titles } of shownBy) {
      expect(existsSync(file), file).toBe(true)
      const known = titlesIn(file)
      expect(titles.length, `titles in ${file}`).toBeGreaterThan(0)
      expect(titles.filter((title) => !known.has(title))).toEqual([])
    }
  })

  it('are shown by tests that this one can find', () => {
    const own = titlesIn(join(root, 'test/structure/promises.test.ts'))
    expect([...own]).toEqual(
      expect.arrayContaining(['the promises', 'of %s are in tables with tests', '$promise']),
    )
    expect(own.has('no such test')).toBe(false)
  })
})
