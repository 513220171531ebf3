import type { IncomingMessage, ServerResponse } from 'node:http'
import { describe, expect, it } from 'vitest'
import { InstallationRefusedError } from '../../src/index.ts'
import { document, impostorSecret, json, startImpostor } from '../addon/impostor.ts'
import { secretOf, sign, startWorld } from '../support.ts'
import { post, said, witness } from './support.ts'

describe('an unsigned update of an installation', () => {
  const elsewhere = (impostor: { url: string }, stolen: string[]) => ({
    '/uploads/capabilities.json': (_: unknown, response: ServerResponse) =>
      json(
        response,
        document(impostor.url, {
          self: `${impostor.url}/uploads/capabilities.json`,
          tokenUrl: `${impostor.url}/uploads/token`,
          apiUrl: `${impostor.url}/uploads/`,
        }),
      ),
    '/uploads/token': (request: IncomingMessage, response: ServerResponse) => {
      stolen.push(String(request.headers.authorization))
      json(response, { access_token: 'mine', expires_in: 3600, scope: 'send_notification' })
    },
  })

  it('cannot name another document, which could redirect the secret', async () => {
    const { world } = await witness()
    const stolen: string[] = []
    const routes: Record<string, (request: IncomingMessage, response: ServerResponse) => void> = {}
    const impostor = await startImpostor(routes)
    Object.assign(routes, elsewhere(impostor, stolen))
    await post(world, impostor.record())
    const moved = { capabilitiesUrl: `${impostor.url}/uploads/capabilities.json` }
    const record = impostor.record({ oauthSecret: undefined, ...moved })
    expect(await said(await post(world, record, '/installable/updated'))).toEqual([
      409,
      'Only a signed update can move an installation to another capabilitiesUrl.',
    ])
    expect(stolen).toEqual([])
    expect(await world.addon.installation('client-1')).toMatchObject({ apiUrl: `${impostor.url}/v2/` })

    // The server itself may move the installation.
    const signed = { authorization: `JWT ${sign('client-1', impostorSecret)}` }
    expect((await post(world, record, '/installable/updated', signed)).status).toBe(200)
    expect(await world.addon.installation('client-1')).toMatchObject({ apiUrl: `${impostor.url}/uploads/` })
  })
})

describe('an update of an installation', () => {
  it('keeps the credentials, stores the new scopes, and runs its hook', async () => {
    const { world, trail } = await witness()
    const first = await world.install()
    const second = await world.install()
    expect(second.installation.oauthId).toBe(first.installation.oauthId)
    expect(second.secret).toBe(first.secret)
    expect(trail).toEqual(['installed 1', 'updated 5'])
  })

  it('with the known secret is accepted, and with another one refused', async () => {
    const { world } = await witness()
    const impostor = await startImpostor()
    await post(world, impostor.record())
    expect((await post(world, impostor.record(), '/installable/updated')).status).toBe(200)
    expect((await post(world, impostor.record({ oauthSecret: 'mine' }), '/installable/updated')).status).toBe(
      409,
    )
    expect(await secretOf(world.store, 'client-1')).toBe(impostorSecret)
  })

  it('without changes and without a signature does not run the hook', async () => {
    const { world, trail } = await witness()
    const impostor = await startImpostor()
    await post(world, impostor.record())
    expect(
      (await post(world, impostor.record({ oauthSecret: undefined }), '/installable/updated')).status,
    ).toBe(200)
    const signed = { authorization: `JWT ${sign('client-1', impostorSecret)}` }
    expect(
      (await post(world, impostor.record({ oauthSecret: undefined }), '/installable/updated', signed)).status,
    ).toBe(200)
    expect(trail).toEqual(['installed 1', 'updated 1'])
  })

  it('whose hook fails leaves the installation as it was', async () => {
    const world = await startWorld((addon) => {
      addon.on('updated', () => {
        throw new InstallationRefusedError(503, 'Not now.')
      })
    })
    const { installation } = await world.install()
    const token = await world.store.get(`token:${installation.oauthId}`)
    expect(token).toBeDefined()
    await expect(world.install()).rejects.toMatchObject({ reason: expect.stringContaining('Not now.') })
    expect(await world.addon.installation(installation.oauthId)).toEqual(installation)
    // With its own token: another one may have other scopes.
    expect(await world.store.get(`token:${installation.oauthId}`)).toBe(token)
  })

  it.each([
    [
      'an unknown installation',
      { oauthId: 'client-2' },
      404,
      'This installation is not known to the add-on.',
    ],
    [
      'another room',
      { roomId: 2 },
      409,
      'This oauthId is already installed with other credentials; they were not replaced.',
    ],
    ['no id', { oauthId: undefined }, 400, 'The installation record is not complete: oauthId is missing.'],
  ])('of %s is refused', async (_, over, status, text) => {
    const { world } = await witness()
    const impostor = await startImpostor()
    await post(world, impostor.record())
    const record = impostor.record({ oauthSecret: undefined, ...over })
    expect(await said(await post(world, record, '/installable/updated'))).toEqual([status, text])
  })

  it('with two different tokens is refused, and with an empty parameter and a valid header accepted', async () => {
    const { world, trail } = await witness()
    const impostor = await startImpostor()
    await post(world, impostor.record())
    const token = () => sign('client-1', impostorSecret)
    const update = (query: string) =>
      post(
        world,
        impostor.record({ oauthSecret: undefined }),
        `/installable/updated?signed_request=${query}`,
        {
          authorization: `JWT ${token()}`,
        },
      )
    expect((await update(token())).status).toBe(401)
    expect(trail).toEqual(['installed 1'])
    expect((await update('')).status).toBe(200)
    expect(trail).toEqual(['installed 1', 'updated 1'])
  })

  it('with a forged signature is refused', async () => {
    const { world, trail } = await witness()
    const impostor = await startImpostor()
    await post(world, impostor.record())
    const forged = { authorization: `JWT ${sign('client-1', 'guessed')}` }
    expect(
      (await post(world, impostor.record({ oauthSecret: undefined }), '/installable/updated', forged)).status,
    ).toBe(401)
    expect(trail).toEqual(['installed 1'])
  })
})
