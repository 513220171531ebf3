import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { readLogLevel, variable } from '../../src/common/environment.ts'
import { createAddon } from '../../src/index.ts'
import { testOptions } from '../support.ts'

describe('an empty environment variable', () => {
  it('counts as one that is not set', () => {
    expect(variable('A', { A: '' })).toBeUndefined()
    expect(variable('A', { A: ' \t' })).toBeUndefined()
    expect(variable('A', { A: '0' })).toBe('0')
  })

  it.each(['baseUrl', 'store', 'secretKey', 'ca'])(
    'passed as the option %s counts as that option left out',
    (name) => {
      const options = { ...testOptions, store: 'memory:' }
      for (const empty of ['', ' ']) {
        const given = createAddon({ ...options, [name]: empty })
        expect(Object.keys(given)).toEqual(Object.keys(createAddon(options)))
      }
    },
  )

  it('split into a list of hosts counts as no list, so that a public add-on says what is missing', () => {
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
    'with the invalid level %j is the default, and a warning names it',
    (given) => {
      expect(readLogLevel('LOG_LEVEL', given, 'info')).toEqual({
        level: 'info',
        warning: `LOG_LEVEL: expected one of trace, debug, info, warn, error, fatal, silent, got ${JSON.stringify(given)}; the level is info`,
      })
    },
  )

  it('with an invalid level does not keep an add-on from starting', () => {
    vi.stubEnv('LOG_LEVEL', 'loud')
    onTestFinished(() => void vi.unstubAllEnvs())
    const { log: _, ...options } = testOptions
    expect(() => createAddon({ ...options, store: 'memory:' })).not.toThrow()
  })
})
