import { describe, expect, it } from 'vitest'
import { allowedOrigins, drawPage, originsOf, serverOf } from '../../../src/addon/pages/page.ts'
import { html, type Installation } from '../../../src/index.ts'

const at = (homepage: string | undefined): Installation => ({
  oauthId: 'a',
  groupId: 1,
  groupName: undefined,
  roomId: undefined,
  capabilitiesUrl: 'https://api.example.net/v2/capabilities',
  apiUrl: 'https://api.example.net/v2/',
  tokenUrl: 'https://api.example.net/v2/oauth/token',
  homepage,
  scopes: [],
  descriptorEtag: '',
  installedAt: new Date(0),
  updatedAt: new Date(0),
  rejectedSince: undefined,
})

describe('the server of a page', () => {
  it.each([
    [
      'https://chat.example.net/web/',
      'https://chat.example.net/web/',
      ['https://chat.example.net', 'https://api.example.net'],
    ],
    ['https://api.example.net', 'https://api.example.net', ['https://api.example.net']],
    [undefined, 'https://api.example.net', ['https://api.example.net']],
    ['javascript:alert(1)', 'https://api.example.net', ['https://api.example.net']],
    ['/relative', 'https://api.example.net', ['https://api.example.net']],
  ])('with the homepage %s has its script at %s, and its web pages there', (homepage, server, origins) => {
    expect(serverOf(at(homepage))).toBe(server)
    expect(originsOf(at(homepage))).toEqual(origins)
  })

  it('has its script below its own path', () => {
    const drawing = { title: 'T', theme: 'light', sessionToken: undefined } as const
    const page = drawPage(html`x`, { ...drawing, server: 'https://chat.example.net/web/' })
    expect(String(page)).toContain('src="https://chat.example.net/web/atlassian-connect/all.js"')
    expect(String(drawPage(html`x`, { ...drawing, server: undefined }))).not.toContain('<script')
  })
})

describe('a page of an unknown server', () => {
  it('can be framed by allowed hosts on any port with https, and by loopback hosts if they are allowed', () => {
    expect(allowedOrigins(['chat.example.net', '*.example.org', '::1'], false)).toEqual([
      'https://chat.example.net:*',
      'https://*.example.org:*',
    ])
    expect(allowedOrigins(undefined, true)).toEqual([
      'http://localhost:*',
      'https://localhost:*',
      'http://127.0.0.1:*',
      'https://127.0.0.1:*',
    ])
  })
})
