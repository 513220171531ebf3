import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { readPage, root, section } from './markdown.ts'

/** Words to avoid, from the table in CONTRIBUTING.md: each in backticks, with what to write instead. */
const avoided = [
  ...section(readPage('CONTRIBUTING.md'), 'English').matchAll(/^\| (`.+?) \| (.+?) \|$/gm),
].flatMap(([, words = '', instead = '']) =>
  [...words.matchAll(/`([^`]+)`/g)].map(([, word = '']) => ({ word, instead: instead.replaceAll('`', '') })),
)

/** What people wrote for people. Published fixtures keep their words, and so does the table itself. */
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) =>
    /^(?:src|test|docs|templates|examples|bench|\.github)\/.*\.(?:tsx?|md|yml)$|^[A-Z]+\.md$/.test(file),
  )
  .filter((file) => !/\/fixtures\/|^CONTRIBUTING\.md$|^test\/structure\/english\.test\.ts$/.test(file))

const lines = files.flatMap((file) => {
  const text = readFileSync(join(root, file), 'utf8')
  return text.split('\n').map((line, index) => ({ place: `${file}:${index + 1}`, line }))
})

it('has words to avoid', () => {
  expect(avoided.length).toBeGreaterThan(15)
  expect(files.length).toBeGreaterThan(500)
})

it.each(avoided)('writes "$instead" for "$word"', ({ word }) => {
  // A capital letter inside of a name is not the end of a word.
  const found = new RegExp(`(?<![\\w.])${word}(?![\\w(])`, 'i')
  expect(
    lines.filter(({ line }) => found.test(line)).map(({ place, line }) => `${place}: ${line.trim()}`),
  ).toEqual([])
})
