import type { ServerResponse } from 'node:http'
import { describe, expect, it } from 'vitest'
import { document, impostorSecret, json, startImpostor } from '../addon/impostor.ts'
import { sign } from '../support.ts'
import { known, listed, post, remove, said, witness } from './support.ts'

describe('an installation by anyone', () => {
  it.each([
    ['no JSON', 'hello', 'Refused: the body is not valid JSON.'],
    ['nothing', '{}', 'The installation record is not complete: oauthId is missing.'],
    [
      'a secret that is a number',
      { oauthId: 'a', oauthSecret: 1, capabilitiesUrl: 'https://x.example/' },
      'The installation record is not complete: oauthSecret must be string, not number.',
    ],
    [
      'an id as long as a page',
      { oauthId: 'a'.repeat(300), oauthSecret: 'b', capabilitiesUrl: 'https://x.example/' },
      'The installation record is not complete: oauthId must NOT have more than 255 characters, got 300.',
    ],
  ])('with %s is refused with an error that names it', async (_, body, text) => {
    const { world } = await witness()
    expect(await said(await post(world, body))).toEqual([400, text])
  })

  it('can have null for optional members of the record', async () => {
    const { world } = await witness({ baseUrl: 'https://addon.example.com', allowedHosts: ['a.example'] })
    const absent = { groupId: null, roomId: null, relayState: null }
    const record = { oauthId: 'a', oauthSecret: 'b', capabilitiesUrl: 'https://b.example/', ...absent }
    expect(await said(await post(world, record))).toEqual([
      403,
      'The add-on does not accept installations from this server (capabilitiesUrl).',
    ])
  })

  it.each([
    ['an unknown host', 'https://evil.example/v2/capabilities'],
    ['a host that only begins like ours', 'https://chat.example.net.evil.example/'],
    ['plain http', 'http://chat.example.net/v2/capabilities'],
    ['a user name in the address', 'https://chat.example.net@evil.example/'],
    ['credentials in the address', 'https://user:pass@chat.example.net/'],
    ['another scheme', 'file:///etc/passwd'],
    ['no address', 'hello'],
    ['loopback', 'http://127.0.0.1/v2/capabilities'],
    ['loopback by name', 'https://localhost/v2/capabilities'],
    ['loopback in decimal', 'https://2130706433/'],
    ['loopback in octal', 'https://0177.0.0.1/'],
    ['loopback in IPv6', 'https://[::1]/'],
    ['loopback mapped into IPv6', 'https://[::ffff:127.0.0.1]/'],
    ['the address of a cloud’s metadata', 'https://169.254.169.254/latest/meta-data/'],
  ])('from %s is refused before anything is sent', async (_, capabilitiesUrl) => {
    const { world, trail } = await witness({
      baseUrl: 'https://addon.example.com',
      allowedHosts: ['chat.example.net'],
    })
    const record = { oauthId: 'a', oauthSecret: 'b', capabilitiesUrl }
    expect(await said(await post(world, record))).toEqual([
      403,
      'The add-on does not accept installations from this server (capabilitiesUrl).',
    ])
    expect(trail).toEqual([])
  })

  it('from an allowed name that resolves to a private address is refused, without naming the address', async () => {
    const { world } = await witness({
      baseUrl: 'https://addon.example.com',
      allowedHosts: ['*.localhost', 'localhost'],
    })
    const record = { oauthId: 'a', oauthSecret: 'b', capabilitiesUrl: 'https://localhost:1/v2/capabilities' }
    expect(await said(await post(world, record))).toEqual([
      400,
      'The document at capabilitiesUrl could not be fetched.',
    ])
  })

  it.each([
    [
      'belongs somewhere else',
      { self: 'https://api.hipchat.com/v2/capabilities' },
      400,
      'The capabilities document belongs to another address: links.self is not capabilitiesUrl.',
    ],
    [
      'names a token address elsewhere',
      { tokenUrl: 'https://evil.example/token' },
      403,
      'The add-on does not accept installations from this server (oauth2Provider.tokenUrl).',
    ],
    [
      'names an API elsewhere',
      { apiUrl: 'http://169.254.169.254/' },
      403,
      'The add-on does not accept installations from this server (hipchatApiProvider.url).',
    ],
  ])('whose capabilities document %s is refused', async (_, over, status, text) => {
    const { world } = await witness()
    let url = ''
    const impostor = await startImpostor({
      '/v2/capabilities': (_, response) => json(response, document(url, over)),
    })
    url = impostor.url
    expect(await said(await post(world, impostor.record()))).toEqual([status, text])
    expect(await known(world)).toEqual([])
  })

  it.each([
    [
      'is no JSON',
      (response: ServerResponse) => response.end('<html>'),
      'The document at capabilitiesUrl is not a capabilities document: value must be object, not undefined.',
    ],
    [
      'lacks the token address',
      (response: ServerResponse) =>
        json(response, {
          name: 'x',
          links: { self: 'x' },
          capabilities: { hipchatApiProvider: { url: 'x' } },
        }),
      'The document at capabilitiesUrl is not a capabilities document: capabilities.oauth2Provider is missing.',
    ],
    [
      'is not there',
      (response: ServerResponse) => response.writeHead(404).end(),
      'The document at capabilitiesUrl could not be fetched: expected 200, got 404.',
    ],
    [
      'redirects',
      (response: ServerResponse) => response.writeHead(302, { location: 'http://169.254.169.254/' }).end(),
      'The document at capabilitiesUrl could not be fetched: expected 200, got 302.',
    ],
    [
      'never ends',
      (response: ServerResponse) => endless(response),
      'The document at capabilitiesUrl could not be fetched.',
    ],
    [
      'breaks off',
      (response: ServerResponse) => response.destroy(),
      'The document at capabilitiesUrl could not be fetched.',
    ],
  ])('whose capabilities document %s is refused', async (_, answer, text) => {
    const { world } = await witness()
    const impostor = await startImpostor({ '/v2/capabilities': (_, response) => answer(response) })
    expect(await said(await post(world, impostor.record()))).toEqual([400, text])
  })

  it('whose server never answers is refused in time', async () => {
    const { world } = await witness()
    const impostor = await startImpostor({ '/v2/oauth/token': () => {} })
    expect(await said(await post(world, impostor.record()))).toEqual([
      504,
      'The installation took longer than 4 s, while asking for an access token.',
    ])
  })

  it('for a different group than its credentials’ is refused, and nothing is stored', async () => {
    const { world, trail } = await witness()
    const impostor = await startImpostor({
      '/v2/oauth/token': (_, response) =>
        json(response, { access_token: 'x', expires_in: 3600, scope: 'send_notification', group_id: 2 }),
    })
    expect(await said(await post(world, impostor.record({ groupId: 1 })))).toEqual([
      403,
      'The credentials belong to a different group than the one in the installation record.',
    ])
    expect(trail).toEqual([])
    expect(await listed(world.store.entries(''))).toEqual([])
  })

  it('whose token endpoint cannot be reached is not reported as having wrong credentials', async () => {
    const { world } = await witness()
    const impostor = await startImpostor({ '/v2/oauth/token': (_, response) => response.destroy() })
    expect(await said(await post(world, impostor.record()))).toEqual([
      502,
      'The server’s token endpoint could not be reached.',
    ])
  })

  it.each([['\ud800'], ['a b'], ['ü'], ['a\u0000']])('with the id %j is refused', async (oauthId) => {
    const { world } = await witness()
    const impostor = await startImpostor()
    expect(await said(await post(world, impostor.record({ oauthId })))).toEqual([
      400,
      'The installation record is not complete: oauthId must be printable ASCII without spaces.',
    ])
    expect(impostor.asked).toEqual([])
    if (oauthId !== '\ud800') expect((await remove(world, encodeURIComponent(oauthId))).status).toBe(404)
  })

  it('with the id "updated" can be removed too', async () => {
    const { world } = await witness()
    const impostor = await startImpostor()
    await post(world, impostor.record({ oauthId: 'updated' }))
    expect((await remove(world, 'updated', sign('updated', impostorSecret))).status).toBe(204)
    expect(await known(world)).toEqual([])
  })

  it('with unknown credentials is refused', async () => {
    const { world } = await witness()
    const record = { oauthId: 'a', oauthSecret: 'b', capabilitiesUrl: world.server.capabilitiesUrl }
    expect(await said(await post(world, record))).toEqual([
      403,
      'The credentials were not accepted by the server’s token endpoint.',
    ])
    expect(await known(world)).toEqual([])
  })

  it('with a known id and another secret does not change the first one', async () => {
    const { world } = await witness()
    const { installation, secret } = await world.install()
    const impostor = await startImpostor()
    const takeover = { ...impostor.record(), oauthId: installation.oauthId }
    expect((await post(world, takeover)).status).toBe(409)
    expect((await post(world, { ...takeover, capabilitiesUrl: installation.capabilitiesUrl })).status).toBe(
      409,
    )
    // The right secret from the wrong server is a takeover too.
    expect((await post(world, { ...takeover, oauthSecret: secret })).status).toBe(409)
    expect(await world.addon.installation(installation.oauthId)).toEqual(installation)
    expect(impostor.asked).toEqual([])
  })
})

/** Sends as fast as the other side reads, until it goes away. */
function endless(response: ServerResponse): void {
  const more = (): void => {
    while (!response.destroyed && response.write('x'.repeat(64 * 1024)));
  }
  response.on('drain', more)
  response.on('error', () => {})
  more()
}
