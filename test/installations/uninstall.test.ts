import { describe, expect, it } from 'vitest'
import { json, startImpostor } from '../addon/impostor.ts'
import { sign, startWorld, type World } from '../support.ts'
import { known, post, remove, said, witness } from './support.ts'

describe('a removal of an installation', () => {
  it('by the server removes the installation and its values, and runs the hook', async () => {
    const { world, trail } = await witness()
    const { installation } = await world.install()
    await world.addon.store(installation).set('a', 1)
    await world.admin.uninstallAddon({
      addon_key_or_id: 'com.example.test',
      installable_id: installation.oauthId,
    })
    await world.server.idle()
    expect(trail).toEqual(['installed 1', 'uninstalled'])
    expect(await known(world)).toEqual([])
    expect(await world.addon.store(installation).get('a')).toBeUndefined()
    await expect(world.addon.room(installation).notify('still there?')).rejects.toMatchObject({
      code: 'ERR_ACCESS_TOKEN',
      message: expect.stringContaining('is no longer known here'),
    })
  })

  it('succeeds if it is repeated, or for an unknown installation', async () => {
    const { world, trail } = await witness()
    expect((await remove(world, 'never-seen')).status).toBe(204)
    expect(trail).toEqual([])
  })

  it('without a signature is refused while the server accepts the credentials', async () => {
    const { world, trail } = await witness()
    const { installation } = await world.install()
    expect(await said(await remove(world, installation.oauthId))).toEqual([
      403,
      'This installation is alive: its server still accepts its credentials.',
    ])
    expect(trail).toEqual(['installed 1'])
  })

  it('without a signature is accepted once the server rejects the credentials', async () => {
    const { world, trail } = await witness()
    let alive = true
    const impostor = await startImpostor({
      '/v2/oauth/token': (_, response) =>
        alive ? json(response, { access_token: 't', expires_in: 60, scope: '' }) : json(response, {}, 401),
    })
    await post(world, impostor.record())
    alive = false
    expect((await remove(world, 'client-1')).status).toBe(204)
    expect(trail).toEqual(['installed 1', 'uninstalled'])
  })

  it('is refused with 503 when the server does not answer', async () => {
    const { world } = await witness()
    let broken = false
    const impostor = await startImpostor({
      '/v2/oauth/token': (_, response) =>
        broken ? response.destroy() : json(response, { access_token: 't', expires_in: 60, scope: '' }),
    })
    await post(world, impostor.record())
    broken = true
    expect(await said(await remove(world, 'client-1'))).toEqual([
      503,
      'The add-on could not check whether the installation still exists.',
    ])
    expect(await known(world)).toEqual(['client-1'])
  })

  it.each([
    [
      'another installation',
      (world: World) =>
        world.install('Workshop').then(({ installation, secret }) => sign(installation.oauthId, secret)),
      403,
    ],
    // Every member of the room can get such a token from a page of the add-on.
    [
      'a member of the room',
      (_: World, oauthId: string, secret: string) => sign(oauthId, secret, { sub: '2' }),
      403,
    ],
    ['an unknown issuer', (_: World, oauthId: string) => sign(oauthId, 'guessed'), 401],
  ])('signed by %s is refused', async (_, token, status) => {
    const { world } = await witness()
    const { installation, secret } = await world.install()
    const { oauthId } = installation
    expect((await remove(world, oauthId, await token(world, oauthId, secret))).status).toBe(status)
    expect(await known(world)).toContain(oauthId)
  })

  it('whose hook fails still removes the installation', async () => {
    const world = await startWorld((addon) => {
      addon.on('uninstalled', () => {
        throw new Error('too bad')
      })
    })
    const { installation, secret } = await world.install()
    expect((await remove(world, installation.oauthId, sign(installation.oauthId, secret))).status).toBe(204)
    expect(await known(world)).toEqual([])
  })
})
