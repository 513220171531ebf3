import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { makeFolder } from '../../src/common/make-folder.ts'
import { needsProc } from '../proc.ts'

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'make-folder-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

describe('a folder', () => {
  it('is created with those above it, for its owner only', () => {
    const path = join(temporaryFolder(), 'a', 'b', 'c')
    makeFolder(path)
    for (const one of [path, join(path, '..'), join(path, '..', '..')])
      expect(statSync(one).mode & 0o777).toBe(0o700)
  })

  it('that exists is left as it is', () => {
    const path = temporaryFolder()
    makeFolder(path)
    makeFolder('/')
    symlinkSync(path, join(path, 'link'))
    makeFolder(join(path, 'link'))
    makeFolder(join(path, 'link', 'a'))
    expect(statSync(join(path, 'a')).isDirectory()).toBe(true)
  })

  it('is not created below a file, in place of a file, or through a link to nothing', () => {
    const path = temporaryFolder()
    writeFileSync(join(path, 'file'), '')
    symlinkSync(join(path, 'nothing'), join(path, 'link'))
    expect(() => makeFolder(join(path, 'file'))).toThrow(/EEXIST.*file/)
    expect(() => makeFolder(join(path, 'file', 'a', 'b'))).toThrow(/ENOTDIR.*file/)
    expect(() => makeFolder(join(path, 'link'))).toThrow(/EEXIST.*link/)
    expect(() => makeFolder(join(path, 'link', 'a'))).toThrow(/EEXIST.*link/)
    expect(() => makeFolder('')).toThrow(/ENOENT/)
  })

  // `mkdirSync` with `recursive` does not return from these on Node 20.
  it('that the system refuses as missing is an error', ({ skip }) => {
    needsProc(skip)
    expect(() => makeFolder('/proc/hipchat-addon')).toThrow(/ENOENT.*\/proc\/hipchat-addon/)
    expect(() => makeFolder('/proc/hipchat-addon/a/b')).toThrow(/ENOENT.*\/proc\/hipchat-addon/)
  })
})
