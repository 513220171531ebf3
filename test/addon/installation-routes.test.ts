import { describe, expect, it } from 'vitest'
import { known, post, remove, witness } from '../installations/support.ts'
import type { World } from '../support.ts'
import { json, startImpostor } from './impostor.ts'

describe('an installation by the browser', () => {
  const browser = { installation: 'browser' } as const
  const open = (world: World, path: string, query: Record<string, string>) =>
    fetch(`${world.url}${path}?${new URLSearchParams(query)}`, { redirect: 'manual' })

  it('fetches the one-time document, and sends the browser back', async () => {
    const { world, trail } = await witness(browser)
    let reads = 0
    let record: unknown
    const impostor = await startImpostor({
      '/once': (_, response) => {
        reads += 1
        json(response, record)
      },
    })
    record = impostor.record()
    const query = { installable_url: `${impostor.url}/once`, redirect_url: `${impostor.url}/back?x=1` }
    const installed = await open(world, '/installed', query)
    expect([installed.status, installed.headers.get('location')]).toEqual([302, `${impostor.url}/back?x=1`])
    expect([reads, ...trail]).toEqual([1, 'installed 1'])

    expect((await open(world, '/updated', query)).status).toBe(302)
    expect((await open(world, '/uninstalled', query)).status).toBe(302)
    expect((await open(world, '/uninstalled', query)).status).toBe(302)
    expect(trail).toEqual(['installed 1', 'uninstalled'])
  })

  it('from the compatible server succeeds', async () => {
    const { world, trail } = await witness(browser)
    const answer = await fetch(`${world.server.apiUrl}/addon`, {
      method: 'POST',
      headers: { authorization: `Bearer ${world.server.adminToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ url: world.addon.descriptor.links.self, room_id: 'Lobby' }),
    })
    const { installed_url } = (await answer.json()) as { installed_url: string }
    expect((await fetch(installed_url, { redirect: 'manual' })).status).toBe(302)
    expect(trail).toEqual(['installed 1'])
    expect(await known(world)).toHaveLength(1)
  })

  it.each([
    ['no installable_url', { installable_url: '' }, 400, /Expected exactly one parameter installable_url/],
    [
      'a redirect elsewhere',
      { redirect_url: 'https://evil.example/' },
      400,
      /redirect_url is not on an allowed server/,
    ],
    [
      'a redirect to a script',
      { redirect_url: 'javascript:alert(1)' },
      400,
      /redirect_url is not on an allowed server/,
    ],
    [
      'a document elsewhere',
      { installable_url: 'https://evil.example/once' },
      403,
      /does not accept installations from this server/,
    ],
  ])('with %s is refused on a page', async (_, over, status, text) => {
    const { world, trail } = await witness(browser)
    const impostor = await startImpostor({ '/once': (_, response) => json(response, {}) })
    const answer = await open(world, '/installed', {
      installable_url: `${impostor.url}/once`,
      redirect_url: `${impostor.url}/`,
      ...over,
    })
    expect(answer.status).toBe(status)
    expect(answer.headers.get('content-type')).toContain('text/html')
    expect(await answer.text()).toMatch(text)
    expect(trail).toEqual([])
    expect(impostor.asked).toEqual([])
  })

  it.each([
    ['backslashes', (url: string) => url.replaceAll('/', '\\')],
    ['spaces around it', (url: string) => ` ${url}\t`],
    ['a line end in it', (url: string) => url.replace('//', '/\r\n/')],
    ['no slashes', (url: string) => url.replace('//', '')],
  ])('with %s in its redirect_url redirects to the normalised address', async (_, odd) => {
    const { world } = await witness(browser)
    let record: unknown
    const impostor = await startImpostor({ '/once': (_, response) => json(response, record) })
    record = impostor.record()
    const answer = await open(world, '/installed', {
      installable_url: `${impostor.url}/once`,
      redirect_url: odd(`${impostor.url}/back`),
    })
    expect([answer.status, answer.headers.get('location')]).toEqual([302, `${impostor.url}/back`])
  })

  it('happens on GET, and not on HEAD', async () => {
    const { world } = await witness(browser)
    const impostor = await startImpostor()
    const query = new URLSearchParams({ installable_url: `${impostor.url}/once`, redirect_url: impostor.url })
    const answer = await fetch(`${world.url}/installed?${query}`, { method: 'HEAD', redirect: 'manual' })
    expect(answer.status).toBe(404)
    expect(impostor.asked).toEqual([])
  })

  it('whose document names another server is refused', async () => {
    const { world } = await witness(browser)
    const other = await startImpostor()
    const impostor = await startImpostor({ '/once': (_, response) => json(response, other.record()) })
    const answer = await open(world, '/installed', {
      installable_url: `${impostor.url}/once`,
      redirect_url: impostor.url,
    })
    expect(answer.status).toBe(400)
    expect(other.asked).toEqual([])
  })

  it('does not enable the routes of installations by the server', async () => {
    const { world } = await witness(browser)
    const impostor = await startImpostor()
    expect((await post(world, impostor.record())).status).toBe(404)
    expect((await remove(world, 'client-1')).status).toBe(404)
    const server = await witness()
    expect((await open(server.world, '/installed', {})).status).toBe(404)
  })
})
