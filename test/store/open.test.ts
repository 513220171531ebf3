import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { Keyv } from 'keyv'
import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../src/errors.ts'
import { createMemoryStore } from '../../src/store/memory/memory.ts'
import { openStore } from '../../src/store/open.ts'
import { planted } from '../leaks/planted.ts'

const geheim = planted('geheim')

describe('the store setting', () => {
  const texts: [setting: string | undefined, name: string][] = [
    [undefined, `file:${resolve('.hipchat-addon')}`],
    ['data/store', `file:${resolve('data/store')}`],
    ['/srv/store', 'file:/srv/store'],
    ['file:./data', `file:${resolve('data')}`],
    ['file:data', `file:${resolve('data')}`],
    ['file:///srv/a%20b', 'file:/srv/a b'],
    ['memory:', 'memory:'],
    [`redis://:${geheim}@example.com`, 'redis://example.com:6379'],
    [`rediss://user:${geheim}@example.com:6380/2`, 'rediss://example.com:6380/2'],
    ['redis://[::1]:7000', 'redis://[::1]:7000'],
    ['redis+sentinel://:geheim@a,b/mymaster', 'redis+sentinel://a:26379,b:26379/mymaster'],
    ['rediss+sentinel://:geheim@a/mymaster/2', 'rediss+sentinel://a:26379/mymaster/2'],
    ['redis+cluster://:geheim@a,b:7000', 'redis+cluster://a:6379,b:7000'],
    ['rediss+cluster://:geheim@a', 'rediss+cluster://a:6379'],
    [`postgres://me:${geheim}@db/addon`, 'postgres://db:5432/addon'],
    [`postgresql://me:${geheim}@db:7000/addon?sslmode=verify-full`, 'postgresql://db:7000/addon'],
  ]
  for (const [setting, name] of texts)
    it(`${setting?.replace(geheim, '…') ?? 'absent'} gives ${name.replace(process.cwd(), '.')}`, async () => {
      const store = openStore(setting)
      expect(store.name).toBe(name)
      await store.close()
      if (name.startsWith('file:')) expect(existsSync(`${name.slice(5)}/data.mdb`)).toBe(false)
    })

  it('uses a given store as it is', () => {
    const store = createMemoryStore()
    expect(openStore(store)).toBe(store)
  })

  it('accepts a Keyv, its adapters and a Map', async () => {
    for (const source of [new Keyv(), new Keyv(new Map()), new Map()]) {
      const store = openStore(source)
      expect(store.name).toBe('keyv:Map')
      await store.set('a', 'x')
      expect(await store.get('a')).toBe('x')
      expect(store.warning).toMatch(/single process/)
    }
  })

  const refused: [setting: unknown, message: RegExp][] = [
    ['', /^store: expected .* got an empty string/],
    [`mysql://me:${geheim}@db/x`, /^store: expected redis:.*postgres:.* got the scheme mysql:$/],
    [`postgres://me:${geheim}@db`, /^store: expected a user and a database, .* got no database$/],
    [`redis://:${geheim}@a,b:6379`, /a list of hosts|cannot be read/],
    ['redis://:ge#heim@a', /cannot be read/],
    ['file:', /^store: expected a folder after file:, got nothing$/],
    ['file://host/folder', /^store: expected file:/],
    [7, /^store: expected .* got a number$/],
    [null, /got null$/],
    [[], /got an array$/],
    [{ get() {}, set() {} }, /got an object without delete, clear$/],
  ]
  for (const [setting, message] of refused)
    it(`refuses ${String(JSON.stringify(setting)).replace(geheim, '…')}`, () => {
      expect(() => openStore(setting)).toThrow(ConfigurationError)
      expect(() => openStore(setting)).toThrow(message)
      expect(() => openStore(setting)).not.toThrow(/geheim|heim/)
    })
})
