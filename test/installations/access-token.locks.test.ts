import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createLock } from '../../src/store/lock.ts'
import { createMemoryStore } from '../../src/store/memory/memory.ts'
import { credentials, useNock } from '../client/support.ts'
import { createTokens, lock, MINUTE, tokenEndpoint } from './access-token.support.ts'

useNock()
afterEach(() => {
  vi.useRealTimers()
})

describe('a lock', () => {
  it('whose owner died does not delay others for longer than an exchange may take', async () => {
    const exchanges = tokenEndpoint()
    const store = createMemoryStore()
    await store.claim(lock, 60 * MINUTE)
    expect(await createTokens({ store, timeout: 80 }).get(credentials())).toBe('T1')
    expect(exchanges.count).toBe(1)
  })

  it('is waited for until the token of its owner is available', async () => {
    const exchanges = tokenEndpoint()
    const store = createMemoryStore()
    await store.claim(lock, 60 * MINUTE)
    const waiting = createTokens({ store }).get(credentials())
    const holder = createTokens({ store })
    const other = await holder.request(credentials())
    await holder.keep(credentials().installation, other)
    expect(await waiting).toBe(other.token)
    expect(exchanges.count).toBe(1)
  })
})

describe('a lock of another process', () => {
  it('is not released by a process that gave up waiting for it', async () => {
    tokenEndpoint()
    const store = createMemoryStore()
    await store.claim(lock, 60 * MINUTE)
    await createTokens({ store, timeout: 500 }).get(credentials())
    expect(await store.claim(lock, MINUTE)).toBe(false)
  })

  it('is not released by a process that had it for too long', async () => {
    const store = createMemoryStore()
    const late = createLock(store, 'a', 50)
    expect(await late.take()).toBe(true)
    await delay(80)
    const next = createLock(store, 'a', 10_000)
    expect(await next.take()).toBe(true)
    await late.release()
    expect(await createLock(store, 'a', 10_000).take()).toBe(false)
    await next.release()
    expect(await createLock(store, 'a', 10_000).take()).toBe(true)
  })

  it('is not released twice by its owner', async () => {
    const store = createMemoryStore()
    const [one, other] = [createLock(store, 'a', 10_000), createLock(store, 'a', 10_000)]
    await one.take()
    await one.release()
    await other.take()
    await one.release()
    expect(await one.take()).toBe(false)
  })
})
