import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { AddonOptions } from '../../src/index.ts'
import { createMemoryStore } from '../../src/store/index.ts'
import { impostorSecret, json, startImpostor } from '../addon/impostor.ts'
import { planted } from '../leaks/planted.ts'
import { sign } from '../support.ts'
import { known, post, remove, said, witness } from './support.ts'

describe('unsigned requests', () => {
  /** A server that counts its requests, and answers when and as the test decides. */
  async function counting(addon: Partial<AddonOptions> = {}) {
    const { world, trail } = await witness(addon)
    const state = { exchanges: 0, wait: 0, status: 200 }
    const impostor = await startImpostor({
      '/v2/oauth/token': async (_, response) => {
        state.exchanges += 1
        await delay(state.wait)
        if (state.status === 200)
          json(response, { access_token: planted('token'), expires_in: 3600, scope: 'send_notification' })
        else json(response, {}, state.status)
      },
    })
    await post(world, impostor.record())
    state.exchanges = 0
    const unsigned = impostor.record({ oauthSecret: undefined })
    return { world, trail, state, impostor, update: () => post(world, unsigned, '/installable/updated') }
  }

  it('do not use up the access tokens of an installation: 600 removals', async () => {
    const { world, state } = await counting()
    for (let round = 0; round < 30; round += 1) {
      const answers = await Promise.all(Array.from({ length: 20 }, () => remove(world, 'client-1')))
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([403]))
    }
    expect(state.exchanges).toBeLessThan(12)
    expect(await known(world)).toEqual(['client-1'])
  })

  it('do not use up the access tokens of an installation: 200 updates', async () => {
    const { state, impostor, update } = await counting()
    impostor.asked.length = 0
    for (let round = 0; round < 10; round += 1) await Promise.all(Array.from({ length: 20 }, update))
    expect(state.exchanges).toBeLessThan(12)
    expect(impostor.asked.length).toBeLessThan(24)
  })

  it.each(['DELETE', 'POST'] as const)(
    'do not delay a signed removal, even if their callers hang up: %s',
    async (method) => {
      const { world, state, impostor } = await counting()
      state.wait = 3_000
      const path = method === 'DELETE' ? '/installable/client-1' : '/installable/updated'
      const body =
        method === 'DELETE' ? {} : { body: JSON.stringify(impostor.record({ oauthSecret: undefined })) }
      const hangUp = new AbortController()
      for (let count = 0; count < 20; count += 1)
        fetch(`${world.url}${path}`, { method, signal: hangUp.signal, ...body }).catch(() => {})
      await expect.poll(() => state.exchanges).toBeGreaterThan(0)
      hangUp.abort()
      const begun = performance.now()
      expect((await remove(world, 'client-1', sign('client-1', impostorSecret))).status).toBe(204)
      expect(performance.now() - begun).toBeLessThan(2_000)
      expect(await known(world)).toEqual([])
    },
  )

  it.each([
    [
      429,
      503,
      'The add-on could not check whether the installation still exists: its server reports too many requests for access tokens (429).',
    ],
    [500, 503, 'The add-on could not check whether the installation still exists.'],
    [503, 503, 'The add-on could not check whether the installation still exists.'],
  ])('remove nothing when the token endpoint answers %i', async (status, answer, text) => {
    const { world, state } = await counting()
    state.status = status
    expect(await said(await remove(world, 'client-1'))).toEqual([answer, text])
    expect((await world.addon.installation('client-1'))?.rejectedSince).toBeUndefined()
  })

  it.each([
    [
      429,
      503,
      'The server’s token endpoint reports too many requests for access tokens (429). Try again later.',
    ],
    [500, 502, 'The server’s token endpoint gave no access token; it answered 500.'],
    [404, 502, 'The server’s token endpoint gave no access token; it answered 404.'],
    [401, 403, 'The credentials were not accepted by the server’s token endpoint.'],
  ])('are answered with the reason when the token endpoint answers %i', async (status, answer, text) => {
    const { world, state, impostor, update } = await counting()
    state.status = status
    const other = impostor.record({ oauthId: 'client-2', roomId: 2 })
    expect(await said(await post(world, other))).toEqual([answer, text])
    expect(await said(await update())).toEqual([answer, text])
  })

  it('do not silence the warning about an old descriptor, and announce a new one once', async () => {
    const store = createMemoryStore()
    const impostor = await startImpostor()
    const before = await witness({ store })
    await post(before.world, impostor.record())
    const noted = (await before.world.addon.installation('client-1'))?.descriptorEtag
    const { world, trail } = await witness({ store, description: 'Another one' })
    const update = (headers = {}) =>
      post(world, impostor.record({ oauthSecret: undefined }), '/installable/updated', headers)
    await update()
    await update()
    expect((await world.addon.installation('client-1'))?.descriptorEtag).toBe(noted)
    expect(trail).toEqual(['updated 1'])
    await update({ authorization: `JWT ${sign('client-1', impostorSecret)}` })
    expect((await world.addon.installation('client-1'))?.descriptorEtag).not.toBe(noted)
  })
})
