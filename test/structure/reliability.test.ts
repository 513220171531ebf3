import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readPage, root, rows, section } from './markdown.ts'

const promises = rows(section(readPage('docs/explanation/reliability.md'), 'What is promised')).map(
  ([promise = '', shownBy = '', ...more]) => ({ promise, shownBy, more }),
)

/** Test files in a cell, each with the titles that stand after it: `file` “title” “title”; `file` “title”. */
const testsIn = (cell: string): { file: string; titles: string[] }[] =>
  cell.split(/; (?=`)/).map((part) => ({
    file: /^`([^`]+)`/.exec(part)?.[1] ?? '',
    titles: [...part.matchAll(/“([^”]+)”/g)].map(([, title = '']) => title),
  }))

/** Whether a test is called that; a mere mention in a text is none. */
const hasTest = (source: string, title: string): boolean =>
  [`'${title}'`, `"${title}"`, `\`${title}\``].some((literal) =>
    new RegExp(`(?:^|[( ])\\s*${literally(literal)},`, 'm').test(source),
  )

const literally = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')

describe('the promises of docs/explanation/reliability.md', () => {
  it('are many', () => {
    expect(promises.length).toBeGreaterThan(20)
  })

  it.each(promises)('$promise Shown by tests that exist', ({ promise, shownBy, more }) => {
    expect(promise).toMatch(/\S.{15}/)
    expect(more).toEqual([])
    for (const { file, titles } of testsIn(shownBy)) {
      expect(file).toMatch(/^test\/.+\.ts$/)
      expect(existsSync(join(root, file)), file).toBe(true)
      expect(titles, file).not.toEqual([])
      const source = readFileSync(join(root, file), 'utf8')
      expect(titles.filter((title) => !hasTest(source, title))).toEqual([])
    }
  })
})
