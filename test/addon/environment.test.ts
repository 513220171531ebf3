import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { loadEnvironment } from '../../src/index.ts'

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
  it('returns the variables of the file too, without a byte order mark before the first name', () => {
    const file = fileWith('\uFEFFTEST_FIRST=1\nTEST_SECOND="two words"\n')
    expect(loadEnvironment(file)).toMatchObject({ TEST_FIRST: '1', TEST_SECOND: 'two words' })
    expect(process.env['TEST_FIRST']).toBe('1')
  })

  it('treats an empty variable as one that is not set, in the file and in the environment', () => {
    vi.stubEnv('TEST_EMPTY', '')
    vi.stubEnv('TEST_BLANK', '  ')
    vi.stubEnv('TEST_SET', 'mine')
    onTestFinished(() => void vi.unstubAllEnvs())
    const loaded = loadEnvironment(fileWith('TEST_EMPTY=file\nTEST_SET=file\nTEST_NONE=\n'))
    expect(loaded).toMatchObject({ TEST_EMPTY: 'file', TEST_SET: 'mine' })
    expect('TEST_BLANK' in loaded || 'TEST_NONE' in loaded).toBe(false)
  })

  it('returns the environment if there is no file', () => {
    expect(loadEnvironment('./no-such-file')['PATH']).toBe(process.env['PATH'])
  })
})
