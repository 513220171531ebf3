import { get } from 'node:http'
import { describe, expect, it } from 'vitest'
import { createAddon } from '../../src/index.ts'
import { freePort } from '../ports.ts'
import { startWorld, testOptions } from '../support.ts'

const addonWith = (over: object) => () => createAddon({ ...testOptions, store: 'memory:', ...over })

describe('the descriptor', () => {
  it('follows from options and registrations', async () => {
    const { addon, url } = await startWorld(
      (addon) => {
        addon.webhook('room_message', { pattern: /^\/hi/i, key: 'hi', name: 'Greeter' }, () => {})
        addon.webhook('room_enter', () => {})
        addon.command('/roll [dice]', () => '6')
      },
      {
        addon: {
          vendor: { name: 'Example', url: 'https://example.com' },
          avatar: 'https://example.com/a.png',
          allowGlobal: false,
          scopes: ['send_notification'],
        },
      },
    )
    expect(addon.descriptor).toEqual({
      key: 'com.example.test',
      name: 'Test',
      description: 'For tests',
      vendor: { name: 'Example', url: 'https://example.com' },
      links: { self: `${url}/atlassian-connect.json`, homepage: `${url}/` },
      capabilities: {
        installable: {
          allowRoom: true,
          allowGlobal: false,
          callbackUrl: `${url}/installable`,
          updateCallbackUrl: `${url}/installable/updated`,
        },
        hipchatApiConsumer: {
          scopes: ['send_notification'],
          fromName: 'Test',
          avatar: 'https://example.com/a.png',
        },
        webhook: [
          {
            key: 'hi',
            name: 'Greeter',
            event: 'room_message',
            pattern: '(?i)^/hi',
            url: `${url}/webhook/hi`,
            authentication: 'jwt',
          },
          {
            key: 'room_enter',
            name: 'room_enter',
            event: 'room_enter',
            url: `${url}/webhook/room_enter`,
            authentication: 'jwt',
          },
          {
            key: 'command.roll',
            name: '/roll',
            event: 'room_message',
            pattern: '(?i)^/roll(?:\\s+([\\s\\S]*))?$',
            url: `${url}/webhook/command.roll`,
            authentication: 'jwt',
          },
        ],
      },
    })
  })

  it('includes what was registered after it was read', () => {
    const addon = addonWith({ baseUrl: 'http://localhost:1' })()
    expect(addon.descriptor.capabilities).not.toHaveProperty('webhook')
    addon.webhook('room_enter', () => {})
    expect(addon.descriptor.capabilities?.webhook).toMatchObject([{ event: 'room_enter' }])
  })

  it('keeps the address of a webhook when another one is put before it', () => {
    const urls = (patterns: RegExp[]) => {
      const addon = addonWith({ baseUrl: 'http://localhost:1' })()
      for (const pattern of patterns) addon.webhook('room_message', { pattern }, () => {})
      return [addon.descriptor.capabilities?.webhook].flat().map((webhook) => webhook?.url)
    }
    const [before] = urls([/^\/b/])
    expect(urls([/^\/a/, /^\/b/])[1]).toBe(before)
    expect(urls([/^\/b/i])[0]).not.toBe(before)
  })

  it('is JSON for clients that do not prefer HTML, at both addresses', async () => {
    const { url } = await startWorld(() => {})
    for (const path of ['/', '/atlassian-connect.json'])
      for (const accept of [undefined, '*/*', 'application/json', 'application/vnd.atlassian+json, */*']) {
        const answer = await fetch(url + path, accept === undefined ? {} : { headers: { accept } })
        expect(answer.headers.get('content-type')).toContain('application/json')
        expect(await answer.json()).toMatchObject({ key: 'com.example.test' })
      }
  })

  it('is a page with an install link for a browser', async () => {
    const { url } = await startWorld(() => {}, { addon: { name: '<script>alert(1)</script>' } })
    const answer = await fetch(url, { headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } })
    expect(answer.headers.get('content-type')).toContain('text/html')
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'")
    const page = await answer.text()
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
    expect(page).not.toContain('<script>alert')
    expect(page).toContain(`data-descriptor="${url}/atlassian-connect.json"`)
  })

  it('is not sent again to a client that already has it', async () => {
    const { url } = await startWorld(() => {})
    const etag = (await fetch(url)).headers.get('etag') ?? ''
    expect(etag).toMatch(/^"[0-9a-f]{16}"$/)
    // Not fetch: it adds `Cache-Control: no-cache`, which asks for the whole document.
    const status = (headers: Record<string, string>) =>
      new Promise((resolve) => get(url, { headers }, (answer) => resolve(answer.resume().statusCode)))
    expect(await status({ 'if-none-match': etag })).toBe(304)
    expect(await status({ 'if-none-match': etag, accept: 'text/html' })).toBe(200)
  })

  it('is served below the path of the base address, whether a proxy removes the path or not', async () => {
    const port = await freePort()
    const { url, addon } = await startWorld(() => {}, {
      addon: { baseUrl: `http://localhost:${port}/hipchat/` },
    })
    expect(addon.descriptor.links.self).toBe(`http://localhost:${port}/hipchat/atlassian-connect.json`)
    for (const path of [
      '/hipchat/atlassian-connect.json',
      '/atlassian-connect.json',
      '/hipchat',
      '/hipchat/',
    ])
      expect((await fetch(url + path)).status).toBe(200)
  })
})
