import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const src = fileURLToPath(new URL('../../src/', import.meta.url))

/** The parts of the source, from the lowest: each imports itself and those before it, types included. */
const parts = [
  'common',
  'api',
  'errors',
  'paths',
  'option-checks',
  'store',
  'telemetry',
  'client',
  'installations',
  'addon/keys',
  'addon/requests',
  'addon/deliveries',
  'addon/jobs',
  'addon/pages',
  'addon/modules',
  'addon/settings',
  'addon',
  'index',
  'server/errors',
  'server/dates',
  'server/log',
  'server/names',
  'server/state',
  'server/http',
  'server/auth',
  'server/chat',
  'server/addons',
  'server/context',
  'server/rest',
  'server/admin',
  'server/chat-page',
  'server',
  'chat-page',
  'testing',
  'cli',
]

/** The two sides of the protocol know nothing of each other, so that each checks the other. */
const shared = ['common', 'api']
const isServer = (part: string): boolean => part === 'chat-page' || part.split('/')[0] === 'server'

/** The part that a file belongs to: a file or folder below `addon` or `server` if it is listed, else the top folder or file. */
function partOf(file: string): string {
  const [top = '', second] = file.replace(/\.tsx?$/, '').split('/')
  const below = `${top}/${second}`
  return parts.includes(below) ? below : top
}

const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => /\.tsx?$/.test(file))

const namesIn = (file: string): string[] =>
  [...readFileSync(join(src, file), 'utf8').matchAll(/(?:from|import)\s*\(?'([^']+)'/g)].map(
    ([, name = '']) => name,
  )

const importsOf = (file: string): string[] =>
  namesIn(file)
    .filter((name) => name.startsWith('.'))
    .map((name) => relative(src, join(src, dirname(file), name)))

const isData = (file: string): boolean => /\.(?:json|css)$/.test(file)

const graph = new Map(files.map((file) => [file, importsOf(file)]))

describe('imports', () => {
  it.each(files)('%s imports its own part and lower ones', (file) => {
    const own = partOf(file)
    expect(parts).toContain(own)
    const higher = (other: string) => parts.indexOf(partOf(other)) > parts.indexOf(own)
    const foreign = (other: string) =>
      isServer(own) && !isServer(partOf(other)) && !shared.includes(partOf(other))
    expect((graph.get(file) ?? []).filter((other) => higher(other) || foreign(other))).toEqual([])
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
