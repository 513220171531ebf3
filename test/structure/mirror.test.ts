import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { unitTests } from '../unit.ts'
import { root } from './markdown.ts'

/** Folders of tests that are not about one file of `src`, with what they are about. */
const kinds: Readonly<Record<string, string>> = {
  attack: 'attacks on a listening add-on or server',
  browser: 'the chat page, the consent page and the documentation site in Chromium',
  examples: 'the add-ons in `examples`',
  fuzz: 'random requests',
  journeys: 'stories over several parts',
  leaks: 'secrets in what leaves the tests',
  others: 'clients and frameworks of others against the server',
  properties: 'rules that hold for generated values',
  scaffolder: '`npm create hipchat-addon`',
  simulation: 'the jobs of simulated processes, chosen by a seed',
  structure: 'source, package and documentation as files',
  types: 'what the compiler accepts and refuses',
}

const longest = 500 // lines

const filesIn = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) =>
    file.replaceAll('\\', '/'),
  )

const isTest = (file: string): boolean => file.endsWith('.test.ts')

const tests = filesIn('test').filter((file) => isTest(file) && !file.includes('node_modules/'))

/** `server/auth/grants` for `server/auth/grants.test.ts`, and for `server/auth/grants.made-by-users.test.ts`. */
const subjectOf = (file: string): string => join(dirname(file), basename(file).split('.')[0] ?? '')

const hasSource = (file: string): boolean =>
  ['.ts', '.tsx', '.js'].some((ending) => existsSync(join(root, 'src', subjectOf(file) + ending)))

describe('the tests', () => {
  it('are about the source file with their path, or in a folder for tests of another kind', () => {
    const ofKinds = (file: string) => Object.hasOwn(kinds, file.split('/')[0] ?? '')
    expect(tests.filter((file) => !ofKinds(file) && !hasSource(file))).toEqual([])
  })

  it.each(Object.entries(kinds))('in %s, which are about %s, have no folder of that name in src', (kind) => {
    expect(tests.some((file) => file.startsWith(`${kind}/`))).toBe(true)
    expect(existsSync(join(root, 'src', kind))).toBe(false)
  })

  it(`have at most ${longest} lines in a file, and so do the files that support them`, () => {
    const lengths = filesIn('test')
      .filter((file) => /\.[cm]?ts$/.test(file) && !file.includes('node_modules/'))
      .map((file) => ({ file, lines: readFileSync(join(root, 'test', file), 'utf8').split('\n').length - 1 }))
    expect(lengths.length).toBeGreaterThan(200)
    expect(lengths.filter(({ lines }) => lines > longest)).toEqual([])
  })

  it('that start nothing are unit tests', () => {
    const unit = unitTests()
    expect(unit.length).toBeGreaterThan(40)
    expect(unit).toContain('test/client/request.test.ts')
    // One imports a server, one starts a process in a file that it imports, and one is no test of a source file.
    for (const other of ['addon/pages/page-route', 'store/redis/redis', 'properties/command'])
      expect(unit).not.toContain(`test/${other}.test.ts`)
  })
})
