import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import type { Operation } from '../../src/api/operation.ts'
import { operations } from '../../src/api/operations/index.ts'
import { codeIn, readPage, rows, section } from './markdown.ts'

const page = readPage('docs/explanation/compatible-server.md')

const listed = rows(section(page, 'All operations')).map(([id = '', call = '', known = '', state = '']) => ({
  id: codeIn(id)[0] ?? '',
  call: codeIn(call)[0] ?? '',
  known: known.split(', '),
  state,
}))

const published: Record<string, { method: string; path: string }> = JSON.parse(
  readFileSync(new URL('../../src/testing/fixtures/published-operations.json', import.meta.url), 'utf8'),
)

it('the page calls served what is in the table of operations, in its order, and nothing else', () => {
  const served = listed.filter(({ state }) => state === 'served').map(({ id, call }) => [id, call])
  const table = Object.entries<Operation>(operations)
  expect(served).toEqual(table.map(([id, { method, path }]) => [id, `${method} ${path}`]))
})

it('the page has every operation that was documented, once', () => {
  expect(listed).toHaveLength(102)
  expect(new Set(listed.map(({ id }) => id)).size).toBe(102)
  expect(new Set(listed.map(({ call }) => call)).size).toBe(102)
})

it('the page gives a reason for what is left out', () => {
  const reasons = rows(section(page, 'What is left out, and why')).map(([what]) => what)
  const states = new Set(listed.map(({ state }) => state))
  states.delete('served')
  expect(states.size).toBeGreaterThan(0)
  for (const state of states) expect(reasons).toContain(state.replace('left out: ', ''))
})

it('the page knows from the description the 25 operations that are in it', () => {
  const described = listed.filter(({ known }) => known.includes('description'))
  expect(described.map(({ id, call }) => [id, call]).sort()).toEqual(
    Object.entries(published)
      .map(([id, { method, path }]) => [id, `${method} ${path}`])
      .sort(),
  )
  const sources = wordsInItalics(section(page, 'All operations'))
  for (const { id, known } of listed)
    for (const source of known) expect(sources, `${id} is known from ${source}`).toContain(source)
})

/** The words in italics above the table. */
function wordsInItalics(text: string): string[] {
  return [...(text.split('\n|')[0] ?? '').matchAll(/\*([a-z-]+)\*/g)].map(([, word = '']) => word)
}
