import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

describe('prom-client', () => {
  /** The output of a program in a new process, in which nothing is loaded yet. */
  function run(program: string): unknown {
    const source = fileURLToPath(new URL('../../src/index.ts', import.meta.url))
    const given = `
      import Module, { createRequire } from 'node:module'
      const loaded = (name) => Object.keys(createRequire(${JSON.stringify(source)}).cache).some((file) => file.includes('/' + name + '/'))
      const options = { key: 'k', name: 'n', description: 'd', scopes: [], store: 'memory:', log: false }
      const { createAddon } = await import(${JSON.stringify(source)})
      ${program}`
    return JSON.parse(
      execFileSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', given], {
        encoding: 'utf8',
      }),
    )
  }

  it('is named if it is not installed, with what to do', () => {
    const refusal = run(`
      const resolve = Module._resolveFilename
      Module._resolveFilename = function (name, ...rest) {
        if (name === 'prom-client') throw Object.assign(new Error('no prom-client'), { code: 'MODULE_NOT_FOUND' })
        return resolve.call(this, name, ...rest)
      }
      try { createAddon({ ...options, metrics: true }) }
      catch ({ code, message }) { console.log(JSON.stringify({ code, message })) }`)
    expect(refusal).toEqual({
      code: 'ERR_CONFIGURATION',
      message:
        'createAddon: metrics requires the package prom-client, which is not installed: npm install prom-client',
    })
  })

  it('is only loaded for metrics, and OpenTelemetry only if it is registered', () => {
    const loaded = run(`
      const before = createAddon(options)
      await before.listen()
      await before.close()
      const plain = [loaded('prom-client'), loaded('@opentelemetry/api')]
      createAddon({ ...options, metrics: true })
      console.log(JSON.stringify([...plain, loaded('prom-client')]))`)
    expect(loaded).toEqual([false, false, true])
  })
})
