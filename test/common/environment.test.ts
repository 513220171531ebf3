import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { readLogLevel, variable } from '../../src/common/environment.ts'
import { createAddon, loadEnvironment } from '../../src/index.ts'
import { testOptions } from '../support.ts'

/** A file with what it holds, gone after the test; variables that are set for it are as before. */
function fileWith(content: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'hipchat-addon-env-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const before = { ...process.env }
  onTestFinished(() => {
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name]
  })
  const file = join(folder, '.env')
  writeFileSync(file, content)
  return file
}

describe('loadEnvironment', () => {
  it('gives what is in the file too, without a byte order mark before its first name', () => {
    const file = fileWith('\uFEFFTEST_FIRST=1\nTEST_SECOND="two words"\n')
    expect(loadEnvironment(file)).toMatchObject({ TEST_FIRST: '1', TEST_SECOND: 'two words' })
    expect(process.env['TEST_FIRST']).toBe('1')
  })

  it('takes an empty variable for one that is not set, in the file and before it', () => {
    vi.stubEnv('TEST_EMPTY', '')
    vi.stubEnv('TEST_BLANK', '  ')
    vi.stubEnv('TEST_SET', 'mine')
    onTestFinished(() => void vi.unstubAllEnvs())
    const loaded = loadEnvironment(fileWith('TEST_EMPTY=file\nTEST_SET=file\nTEST_NONE=\n'))
    expect(loaded).toMatchObject({ TEST_EMPTY: 'file', TEST_SET: 'mine' })
    expect('TEST_BLANK' in loaded || 'TEST_NONE' in loaded).toBe(false)
  })

  it('gives the environment where there is no file', () => {
    expect(loadEnvironment('./no-such-file')['PATH']).toBe(process.env['PATH'])
  })
})

describe('an empty environment variable', () => {
  it('is one that is not set', () => {
    expect(variable('A', { A: '' })).toBeUndefined()
    expect(variable('A', { A: ' \t' })).toBeUndefined()
    expect(variable('A', { A: '0' })).toBe('0')
  })

  it.each(['baseUrl', 'store', 'secretKey', 'ca'])(
    'handed on as the option %s is that option left out',
    (name) => {
      const options = { ...testOptions, store: 'memory:' }
      for (const empty of ['', ' ']) {
        const given = createAddon({ ...options, [name]: empty })
        expect(Object.keys(given)).toEqual(Object.keys(createAddon(options)))
      }
    },
  )

  it('split into a list of hosts is no list, so that a public add-on says what is missing', () => {
    const options = { ...testOptions, store: 'memory:', allowedHosts: ''.split(',') }
    expect(() => createAddon(options)).not.toThrow()
    expect(() => createAddon({ ...options, baseUrl: 'https://example.com' })).toThrow(
      'allowedHosts is missing',
    )
  })
})

describe('LOG_LEVEL', () => {
  it.each([
    ['INFO', 'info'],
    ['Warning', 'warn'],
    ['warn', 'warn'],
    ['off', 'silent'],
    ['OFF', 'silent'],
    ['none', 'silent'],
    ['"debug"', 'debug'],
    ["'Error'", 'error'],
    [' trace ', 'trace'],
    ['err', 'error'],
    ['FATAL', 'fatal'],
    ['', 'info'],
    ['   ', 'info'],
    ['""', 'info'],
    [undefined, 'info'],
  ])('%j is the level %s', (given, level) => {
    expect(readLogLevel('LOG_LEVEL', given, 'info')).toEqual({ level })
  })

  it.each(['loud', '30', 'constructor', 'info,debug', '"info'])(
    '%j is the default, and one line names it',
    (given) => {
      expect(readLogLevel('LOG_LEVEL', given, 'info')).toEqual({
        level: 'info',
        warning: `LOG_LEVEL: expected one of trace, debug, info, warn, error, fatal, silent, got ${JSON.stringify(given)}; the level is info`,
      })
    },
  )

  it('that is none does not keep an add-on from starting', () => {
    vi.stubEnv('LOG_LEVEL', 'loud')
    onTestFinished(() => void vi.unstubAllEnvs())
    const { log: _, ...options } = testOptions
    expect(() => createAddon({ ...options, store: 'memory:' })).not.toThrow()
  })
})
