import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const src = fileURLToPath(new URL('../../src/', import.meta.url))

/** Who may import whom, types included. The two sides of the protocol know nothing of each other. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  common: ['common'],
  api: ['api', 'common'],
  errors: ['api'],
  store: ['store', 'common', 'errors'],
  installation: ['store', 'api', 'common', 'errors'],
  observer: ['store', 'api', 'errors'],
  client: ['client', 'installation', 'observer', 'store', 'api', 'common', 'errors'],
  addon: ['addon', 'client', 'installation', 'observer', 'store', 'api', 'common', 'errors'],
  index: ['addon', 'client', 'installation', 'store', 'api', 'common', 'errors'],
  server: ['server', 'api', 'common'],
  testing: ['testing', 'server', 'addon', 'client', 'installation', 'store', 'api', 'common', 'errors'],
  cli: ['cli', 'server', 'index', 'addon', 'client', 'installation', 'store', 'api', 'common', 'errors'],
}

/** The part of the house a file belongs to: its folder, or its own name at the top. */
const partOf = (file: string): string => file.split('/')[0]?.replace(/\.ts$/, '') ?? ''

const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))

const namesIn = (file: string): string[] =>
  [...readFileSync(join(src, file), 'utf8').matchAll(/(?:from|import)\s*\(?'([^']+)'/g)].map(
    ([, name = '']) => name,
  )

const importsOf = (file: string): string[] =>
  namesIn(file)
    .filter((name) => name.startsWith('.'))
    .map((name) => relative(src, join(src, dirname(file), name)))

const isData = (file: string): boolean => file.endsWith('.json')

const graph = new Map(files.map((file) => [file, importsOf(file)]))

describe('imports', () => {
  it.each(files)('%s imports only what its part may', (file) => {
    const may = allowed[partOf(file)] ?? []
    const foreign = (graph.get(file) ?? []).filter((other) => !may.includes(partOf(other)))
    expect(foreign).toEqual([])
  })

  it('lead to files that exist', () => {
    for (const [file, imports] of graph)
      for (const other of imports)
        expect(
          graph.has(other) || (isData(other) && existsSync(join(src, other))),
          `${file} imports ${other}`,
        ).toBe(true)
  })

  it('are of no test runner, so that the test kit works in any', () => {
    const runners = /^(?:vitest|vite|jest|@jest|mocha|chai|ava|node:test)(?:\/|$)/
    expect(files.filter((file) => file.startsWith('testing/')).length).toBeGreaterThan(5)
    for (const file of files.filter((name) => !name.startsWith('chat-page/')))
      expect(
        namesIn(file).filter((name) => runners.test(name)),
        file,
      ).toEqual([])
  })

  it('have no cycles', () => {
    const done = new Set<string>()
    const visit = (file: string, trail: readonly string[]): string[] | undefined => {
      if (trail.includes(file)) return [...trail.slice(trail.indexOf(file)), file]
      if (done.has(file)) return undefined
      for (const other of graph.get(file) ?? []) {
        const cycle = visit(other, [...trail, file])
        if (cycle) return cycle
      }
      done.add(file)
      return undefined
    }
    for (const file of files) expect(visit(file, [])).toBeUndefined()
  })
})
