import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createEmbeddedStore } from '../../src/store/embedded/embedded.ts'
import { createMemoryStore, type Store } from '../../src/store/index.ts'
import { delivered, sign } from '../support.ts'
import { now, target } from './signed-request.support.ts'

function createFolderStore(): Store {
  const path = mkdtempSync(join(tmpdir(), 'hipchat-addon-claims-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return createEmbeddedStore({ path })
}

describe('a token with odd ids', () => {
  it.each([
    ['half a surrogate pair', '\ud800'],
    ['nine hundred bytes', 'ü'.repeat(255)],
    ['a control character', 'a\u0000b'],
  ])('is handled once, if its jti is %s', async (_, jti) => {
    const { post, valid, handled } = await target()
    const token = valid({ jti })
    expect((await post(token)).status).toBe(204)
    await post(token)
    expect(handled()).toBe(1)
  })

  it.each([['\ud800'], ['a b'], ['ü'], ['__proto__'], ['a\u0000']])(
    'is refused like any unknown issuer, if its iss is %j',
    async (iss) => {
      const { post, fault } = await target()
      const answer = await post(sign(iss, 'secret'))
      expect([answer.status, fault()]).toEqual([401, 'unknown issuer'])
    },
  )
})

describe('a replay', () => {
  it('of a token that expires in a century is always recognised', async () => {
    const { post, valid, handled } = await target()
    for (const exp of [now() + 100 * 365 * 86_400, 1e20, Number.MAX_VALUE]) {
      const token = valid({ exp })
      await post(token)
      await post(token)
    }
    expect(handled()).toBe(3)
  })

  it('of a token that is valid for more than a day is recognised for one day, and refused after that', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    onTestFinished(() => void vi.useRealTimers())
    const { post, valid, handled, fault, warnings } = await target()
    const begun = Date.now()
    const long = [now() + 100 * 365 * 86_400, 1e20, now() + 86_400 * 2].map((exp) => valid({ exp }))
    for (const token of long) await post(token)
    expect(warnings('valid for more than a day')).toBe(1)
    vi.setSystemTime(begun + 86_400_000 - 1000)
    for (const token of long) expect((await post(token)).status).toBe(204)
    expect(handled()).toBe(3)
    vi.setSystemTime(begun + 86_400_000 + 61_000)
    for (const token of long) expect([(await post(token)).status, fault()]).toEqual([401, 'expired'])
    expect((await post(valid({ iat: now() - 86_400 * 2, exp: now() + 86_400 }))).status).toBe(401)
    expect(handled()).toBe(3)
  })

  it.each([
    ['the store in memory', createMemoryStore],
    ['the embedded store', createFolderStore],
  ])(
    'with %s is recognised after the clock is set back, also to before the token was issued',
    async (_, store) => {
      vi.useFakeTimers({ toFake: ['Date'] })
      onTestFinished(() => void vi.useRealTimers())
      const { post, valid, handled } = await target(false, store())
      const begun = Date.now()
      const token = valid()
      await post(token)
      for (const clock of [240_000, 20 * 60_000, 7_200_000, -30_000, 0, 50_000, -90_000, 3_000_000]) {
        vi.setSystemTime(begun + clock)
        await post(token)
        // Other deliveries in the meantime must not end the claim.
        await post(valid({ iat: now(), exp: now() + 60 }))
      }
      vi.setSystemTime(begun)
      await post(token)
      expect(handled()).toBe(1 + 8)
      // Issued and handled while the clock was ahead.
      vi.setSystemTime(begun + 240_000)
      const ahead = valid({ iat: now() - 240, exp: now() + 60 })
      await post(ahead)
      vi.setSystemTime(begun)
      await post(ahead)
      expect(handled()).toBe(1 + 8 + 1)
    },
  )

  it('on another webhook is recognised too', async () => {
    const { post, valid, handled, url, oauthId, roomId } = await target()
    const token = valid()
    await post(token)
    for (const key of ['__proto__', 'constructor', 'hook/../hook', '%68ook']) {
      const answer = await fetch(`${url}/webhook/${key}`, {
        method: 'POST',
        headers: { authorization: `JWT ${token}` },
        body: JSON.stringify(delivered(oauthId, roomId, 'hello')),
      })
      expect(answer.status).toBe(204)
    }
    expect(handled()).toBe(1)
  })

  it('gets an empty 204 and does not reach the handler', async () => {
    const { post, valid, handled } = await target()
    const token = valid()
    await post(token)
    const again = await post(token)
    expect([again.status, await again.text()]).toEqual([204, ''])
    expect(handled()).toBe(1)
  })

  it('sent a hundred times at once reaches the handler once', async () => {
    const { post, valid, handled } = await target()
    const token = valid()
    await Promise.all(Array.from({ length: 100 }, () => post(token)))
    expect(handled()).toBe(1)
  })

  it('of a token without an id is recognised by its signature', async () => {
    const { post, valid, handled } = await target()
    const token = valid({ jti: undefined })
    await post(token)
    await post(token)
    await post(valid({ jti: undefined, iat: now() - 1 }))
    expect(handled()).toBe(2)
  })
})
