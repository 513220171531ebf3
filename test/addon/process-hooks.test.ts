import { describe, expect, it, onTestFinished } from 'vitest'
import { createAddon } from '../../src/index.ts'
import { testOptions } from '../support.ts'

const create = (options = {}) => createAddon({ ...testOptions, scopes: [], store: 'memory:', ...options })

describe('the hooks of a process', () => {
  it('run when the add-on is listening, and when it closes, before the store is closed', async () => {
    const told: string[] = []
    const addon = create()
    addon.on('started', async ({ log, signal }) => {
      await Promise.resolve()
      told.push(`started ${typeof log.info} ${signal.aborted}`)
    })
    addon.on('started', () => told.push('second'))
    addon.on('closing', async ({ signal }) => {
      for await (const one of addon.installations()) told.push(one.oauthId) // the store answers
      told.push(`closing ${signal.aborted}`)
    })
    await addon.listen()
    expect(told).toEqual(['started function false', 'second'])
    await addon.close()
    expect(told).toEqual(['started function false', 'second', 'closing false'])
  })

  it('refuse to listen with the error of `started`', async () => {
    const addon = create()
    onTestFinished(() => addon.close())
    addon.on('started', () => {
      throw new Error('no database')
    })
    await expect(addon.listen()).rejects.toThrow('no database')
  })

  it('run `started` behind another server too', async () => {
    const addon = create({ baseUrl: 'http://localhost:1' })
    onTestFinished(() => addon.close())
    const started = new Promise((resolve) => void addon.on('started', resolve))
    addon.callback()
    expect(await started).toHaveProperty('signal')
  })

  it('do not keep the add-on from closing', async () => {
    const addon = create({ closeTimeout: 20 })
    let aborted: unknown
    addon.on('closing', () => {
      throw new Error('broken')
    })
    addon.on('closing', ({ signal }) => {
      signal.addEventListener('abort', () => {
        aborted = signal.reason
      })
      return new Promise(() => {})
    })
    await addon.listen()
    await addon.close()
    expect(String(aborted)).toBe('Error: the add-on is closing')
  })
})
