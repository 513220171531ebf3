import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { ConfigurationError, StoreError } from '../../src/errors.ts'
import { createSealing } from '../../src/store/sealing.ts'
import { planted } from '../leaks/planted.ts'

const geheim = planted('geheim')
const bytes = randomBytes(32)
const other = randomBytes(32).toString('base64')

describe('sealing with a key', () => {
  const sealing = createSealing(bytes.toString('base64'))

  it('opens what was sealed, and the sealed form shows nothing of it', () => {
    for (const text of [geheim, '', 'ü😀\u0000', 'sealed:v1:x:y', 'plain:x', 'x'.repeat(100_000)]) {
      const sealed = sealing.seal(text, 'a')
      expect(sealed).toMatch(/^sealed:v1:[0-9a-f]{12}:[\w-]+$/)
      if (text) expect(sealed).not.toContain(text)
      expect(sealing.open(sealed, 'a')).toBe(text)
    }
  })

  it('seals the same text differently each time', () => {
    expect(sealing.seal(geheim, 'a')).not.toBe(sealing.seal(geheim, 'a'))
  })

  it('refuses a value that was moved to another record or altered', () => {
    const sealed = sealing.seal(geheim, 'one')
    expect(() => sealing.open(sealed, 'two')).toThrow(StoreError)
    expect(() => sealing.open(sealed, 'two')).toThrow(/secret of two could not be decrypted/)
    const at = sealed.length - 5
    const altered = sealed.slice(0, at) + (sealed[at] === 'A' ? 'B' : 'A') + sealed.slice(at + 1)
    for (const text of [altered, sealed.slice(0, -8), sealed.slice(0, 30)])
      expect(() => sealing.open(text, 'one')).toThrow(StoreError)
  })

  it('opens a value that was stored without a key', () => {
    const before = createSealing()
    for (const text of [geheim, 'sealed:looks like it', 'plain:this too', ''])
      expect(sealing.open(before.seal(text, 'a'), 'a')).toBe(text)
  })

  it('reports a value in the form of a later release', () => {
    expect(() => sealing.open('sealed:v2:abc:def', 'a')).toThrow(/unknown sealed form: expected v1/)
  })

  it('reports that the value was sealed with another key', () => {
    const sealed = sealing.seal(geheim, 'a')
    const wrong = createSealing([other, 'a passphrase of some length'])
    expect(() => wrong.open(sealed, 'a')).toThrow(ConfigurationError)
    expect(() => wrong.open(sealed, 'a')).toThrow(/was encrypted with a key that is not in secretKey/)
  })

  it('reads the same key in hex, base64 and base64url', () => {
    const sealed = sealing.seal(geheim, 'a')
    for (const form of [
      bytes.toString('hex'),
      bytes.toString('hex').toUpperCase(),
      bytes.toString('base64url'),
    ])
      expect(createSealing(form).open(sealed, 'a')).toBe(geheim)
  })
})

describe('sealing with several keys', () => {
  it('seals with the first and opens with all', () => {
    const old = createSealing('a passphrase of some length')
    const both = createSealing([other, 'a passphrase of some length'])
    expect(both.open(old.seal(geheim, 'a'), 'a')).toBe(geheim)
    expect(createSealing(other).open(both.seal(geheim, 'a'), 'a')).toBe(geheim)
  })
})

describe('sealing without a key', () => {
  const sealing = createSealing()

  it('leaves strings unchanged, and returns even those that look sealed', () => {
    expect(sealing.seal(geheim, 'a')).toBe(geheim)
    for (const text of ['sealed:v1:a:b', 'plain:x', 'plain:plain:x'])
      expect(sealing.open(sealing.seal(text, 'a'), 'a')).toBe(text)
  })

  it('says which key is missing when a value was sealed', () => {
    const sealed = createSealing(other).seal(geheim, 'a')
    expect(() => sealing.open(sealed, 'a')).toThrow(ConfigurationError)
    expect(() => sealing.open(sealed, 'a')).toThrow(/encrypted, but there is no secretKey/)
  })
})

describe('secretKey', () => {
  for (const wrong of ['', 'short geheim', [], ['a passphrase of some length', 'geheim']])
    it(`refuses ${JSON.stringify(wrong).replace('geheim', '…')}`, () => {
      expect(() => createSealing(wrong)).toThrow(ConfigurationError)
      expect(() => createSealing(wrong)).toThrow(/^secretKey: expected/)
      expect(() => createSealing(wrong)).not.toThrow(/geheim/)
    })
})
