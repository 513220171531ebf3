import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { tokenKey } from '../../src/installations/store-keys.ts'
import { createLock } from '../../src/store/lock.ts'
import { createMemoryStore } from '../../src/store/memory/memory.ts'
import type { Store } from '../../src/store/store.ts'
import { credentials, hipchat, useNock } from '../client/support.ts'
import { planted } from '../leaks/planted.ts'
import {
  answer,
  basic,
  createTokens,
  freeze,
  lock,
  MINUTE,
  pass,
  tokenEndpoint,
} from './access-token.support.ts'

useNock()
afterEach(() => {
  vi.useRealTimers()
})

describe('the exchange', () => {
  it('sends the grant as a form with the credentials as Basic authentication, and without a scope', async () => {
    const endpoint = hipchat()
      .post('/oauth/token', 'grant_type=client_credentials')
      .matchHeader('authorization', `Basic ${basic}`)
      .matchHeader('content-type', 'application/x-www-form-urlencoded')
      .reply(200, answer('T1'))
    expect(await createTokens().request(credentials())).toEqual({
      token: 'T1',
      renewAt: expect.any(Number),
      scopes: ['send_notification', 'view_room'],
      groupId: 17,
      groupName: 'Example Group',
      warning: undefined,
    })
    expect(endpoint.isDone()).toBe(true)
  })

  it('uses the scopes of the installation when the answer names none, and leaves out unknown ones', async () => {
    hipchat()
      .post('/oauth/token')
      .reply(200, answer('T1', { scope: undefined }))
    const { scopes } = await createTokens().request(credentials({ scopes: ['view_group'] }))
    expect(scopes).toEqual(['view_group'])

    hipchat()
      .post('/oauth/token')
      .reply(200, answer('T2', { scope: ' view_room  read_minds' }))
    expect((await createTokens().request(credentials())).scopes).toEqual(['view_room'])
  })

  it('does not require a group', async () => {
    hipchat().post('/oauth/token').reply(200, { access_token: 'T1', expires_in: 60, group_id: null })
    expect(await createTokens().request(credentials())).toMatchObject({
      groupId: undefined,
      groupName: undefined,
    })
  })
})

describe('a token', () => {
  it('is kept in the store, and used by all processes that share it', async () => {
    const exchanges = tokenEndpoint()
    const store = createMemoryStore()
    expect(await createTokens({ store }).get(credentials())).toBe('T1')
    expect(await createTokens({ store }).get(credentials())).toBe('T1')
    expect(exchanges.count).toBe(1)
  })

  it('belongs to one installation', async () => {
    const exchanges = tokenEndpoint()
    const tokens = createTokens()
    expect(await tokens.get(credentials())).toBe('T1')
    expect(await tokens.get(credentials({ oauthId: 'c3d4' }))).toBe('T2')
    expect(exchanges.count).toBe(2)
  })

  it('is exchanged once for any number of simultaneous callers', async () => {
    const exchanges = tokenEndpoint({}, 20)
    const tokens = createTokens()
    const all = await Promise.all(Array.from({ length: 100 }, () => tokens.get(credentials())))
    expect(new Set(all)).toEqual(new Set(['T1']))
    expect(exchanges.count).toBe(1)
  })

  it('is exchanged once by two processes that share a store', async () => {
    const exchanges = tokenEndpoint({}, 60)
    const store = createMemoryStore()
    const processes = [createTokens({ store }), createTokens({ store })]
    const all = await Promise.all(
      Array.from({ length: 100 }, (_, index) => processes[index % 2]?.get(credentials())),
    )
    expect(new Set(all)).toEqual(new Set(['T1']))
    expect(exchanges.count).toBe(1)
  })

  it('is renewed a minute before it expires', async () => {
    freeze()
    tokenEndpoint({ expires_in: 3600 })
    const tokens = createTokens()
    expect(await tokens.get(credentials())).toBe('T1')
    pass(59 * MINUTE - 1)
    expect(await tokens.get(credentials())).toBe('T1')
    pass(1)
    expect(await tokens.get(credentials())).toBe('T2')
  })

  it('with a short lifetime is renewed after nine tenths of it', async () => {
    freeze()
    tokenEndpoint({ expires_in: 100 })
    const tokens = createTokens()
    expect(await tokens.get(credentials())).toBe('T1')
    pass(90_000 - 1)
    expect(await tokens.get(credentials())).toBe('T1')
    pass(1)
    expect(await tokens.get(credentials())).toBe('T2')
  })

  it('from exchange is kept by keep, and not before', async () => {
    const exchanges = tokenEndpoint()
    const tokens = createTokens()
    const token = await tokens.request(credentials())
    expect(await tokens.get(credentials())).toBe('T2')
    await tokens.keep(credentials().installation, token)
    expect(await tokens.get(credentials())).toBe('T1')
    expect(exchanges.count).toBe(2)
  })

  it('is sealed in the store when there is a key', async () => {
    tokenEndpoint()
    const store = createMemoryStore()
    const tokens = createTokens({ store, secretKey: planted('correct horse battery staple') })
    expect(await tokens.get(credentials())).toBe('T1')
    expect(await store.get(tokenKey('a1b2'))).toMatch(/^sealed:/)
    expect(await store.get(tokenKey('a1b2'))).not.toContain('T1"')
    expect(await tokens.get(credentials())).toBe('T1')
  })
})

describe('expires_in', () => {
  const HOUR = 60 * MINUTE
  const DAY = 24 * HOUR
  it.each<[unknown, number]>([
    [3599, 3_599_000],
    ['3599', 3_599_000],
    [431999999, DAY],
    [1e300, DAY],
  ])('of %j keeps the token for %d ms, less a minute', async (expires_in, life) => {
    freeze()
    const warnings: string[] = []
    hipchat().post('/oauth/token').reply(200, answer('T1', { expires_in }))
    const token = await createTokens({ warnings }).request(credentials())
    expect(token.renewAt - Date.now()).toBe(life - MINUTE)
    expect(warnings).toEqual([])
  })

  it.each([undefined, null, 0, -1, '', 'NaN', 'soon', {}])(
    'of %j counts as an hour, with a warning',
    async (expires_in) => {
      freeze()
      const warnings: string[] = []
      hipchat().post('/oauth/token').reply(200, answer('T1', { expires_in }))
      const token = await createTokens({ warnings }).request(credentials())
      expect(token.renewAt - Date.now()).toBe(HOUR - MINUTE)
      expect(warnings).toEqual([expect.stringContaining('expected expires_in to be a positive number')])
      expect(warnings.join()).not.toContain('T1')
    },
  )
})

describe('a kept token', () => {
  it('is removed if its installation was removed during the exchange', async () => {
    tokenEndpoint()
    const store = createMemoryStore()
    let there = true
    const tokens = createTokens({ store, isThere: async () => there })
    there = false
    expect(await tokens.get(credentials())).toBe('T1')
    expect(await store.get(tokenKey('a1b2'))).toBeUndefined()
  })

  it('can be replaced by the previous token, unless there is a newer one', async () => {
    tokenEndpoint()
    const store = createMemoryStore()
    const tokens = createTokens({ store })
    const { installation } = credentials()
    const undo = await tokens.keep(installation, await tokens.request(credentials()))
    await undo()
    expect(await store.get(tokenKey('a1b2'))).toBeUndefined()
    await tokens.keep(installation, await tokens.request(credentials()))
    const before = await store.get(tokenKey('a1b2'))
    const again = await tokens.keep(installation, await tokens.request(credentials()))
    await again()
    expect(await store.get(tokenKey('a1b2'))).toBe(before)
    const late = await tokens.keep(installation, await tokens.request(credentials()))
    await tokens.keep(installation, await tokens.request(credentials()))
    const newest = await store.get(tokenKey('a1b2'))
    await late()
    expect(await store.get(tokenKey('a1b2'))).toBe(newest)
  })
})

describe('renew', () => {
  it('exchanges the token that was refused', async () => {
    const exchanges = tokenEndpoint()
    const tokens = createTokens()
    await tokens.get(credentials())
    expect(await tokens.renew(credentials(), 'T1')).toBe('T2')
    expect(await tokens.get(credentials())).toBe('T2')
    expect(exchanges.count).toBe(2)
  })

  it('returns the token that another caller has got in the meantime, without an exchange', async () => {
    const exchanges = tokenEndpoint()
    const store = createMemoryStore()
    const [one, other] = [createTokens({ store }), createTokens({ store })]
    await one.get(credentials())
    await other.renew(credentials(), 'T1')
    expect(await one.renew(credentials(), 'T1')).toBe('T2')
    expect(exchanges.count).toBe(2)
  })

  it('makes one exchange for many calls in two processes', async () => {
    const exchanges = tokenEndpoint({}, 30)
    const store = createMemoryStore()
    const processes = [createTokens({ store }), createTokens({ store })]
    await processes[0]?.get(credentials())
    const all = await Promise.all(
      Array.from({ length: 50 }, (_, index) => processes[index % 2]?.renew(credentials(), 'T1')),
    )
    expect(new Set(all)).toEqual(new Set(['T2']))
    expect(exchanges.count).toBe(2)
  })

  it('does not remove a new token that arrives during the check', async () => {
    const exchanges = tokenEndpoint()
    const store = createMemoryStore()
    const other = createTokens({ store })
    const slow: Store = {
      ...store,
      // The other process finishes just after this one found nothing.
      async get(key) {
        const value = await store.get(key)
        if (exchanges.count === 0)
          await other.keep(credentials().installation, await other.request(credentials()))
        return value
      },
    }
    expect(await createTokens({ store: slow }).renew(credentials(), 'T0')).toBe('T1')
    expect(exchanges.count).toBe(1)
  })
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
