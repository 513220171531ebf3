import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Icon } from '../../../src/index.ts'
import { startWorld } from '../../support.ts'
import { idle } from '../viewer.ts'

const svg = '<svg xmlns="http://www.w3.org/2000/svg"><circle r="8"/></svg>'
const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

function fileWith(name: string, content: string | Buffer): string {
  const folder = mkdtempSync(join(tmpdir(), 'hipchat-icons-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, name), content)
  return join(folder, name)
}

async function serving(icon: Icon) {
  const { addon } = await startWorld((addon) => void addon.glance({ key: 'g', name: 'G', icon }))
  return addon.descriptor.capabilities?.glance?.[0]?.icon ?? { url: '', 'url@2x': '' }
}

describe('an icon', () => {
  it.each([
    ['a path', () => fileWith('icon.svg', svg), 'image/svg+xml', svg],
    ['a file: URL', () => pathToFileURL(fileWith('icon.png', png)), 'image/png', png.toString('latin1')],
    [
      'bytes',
      () => ({ data: new Uint8Array(png), type: 'image/png' }) as const,
      'image/png',
      png.toString('latin1'),
    ],
    ['a text', () => ({ data: svg, type: 'image/svg+xml' }) as const, 'image/svg+xml', svg],
  ])(
    'given once as %s is served in both sizes, cacheable forever and to anyone',
    async (_, give, type, content) => {
      const { url, 'url@2x': dense } = await serving(give())
      expect(new Set([url, dense]).size).toBe(2)
      for (const address of [url, dense]) {
        expect(address).toMatch(/\/icon\/[0-9a-f]{20}(@2x)?\.(svg|png)$/)
        const { status, headers, ...answer } = await fetch(address).then(async (got) => ({
          status: got.status,
          headers: got.headers,
          body: Buffer.from(await got.arrayBuffer()).toString('latin1'),
        }))
        expect([status, answer.body]).toEqual([200, content])
        expect(headers.get('content-type')).toBe(type)
        expect(headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
        expect(headers.get('access-control-allow-origin')).toBe('*')
        expect(headers.get('cross-origin-resource-policy')).toBe('cross-origin')
        expect(headers.get('x-content-type-options')).toBe('nosniff')
        expect(headers.get('content-security-policy')).toBe(
          type === 'image/svg+xml' ? "default-src 'none'; style-src 'unsafe-inline'; sandbox" : null,
        )
      }
    },
  )

  it('has a new address when its content changes', async () => {
    const one = await serving({ data: svg, type: 'image/svg+xml' })
    const two = await serving({ data: svg.replace('8', '9'), type: 'image/svg+xml' })
    expect(new URL(one.url).pathname).not.toBe(new URL(two.url).pathname)
  })

  it('can be a different picture for each size, a file and an address', async () => {
    const url = { data: svg, type: 'image/svg+xml' } as const
    expect(await serving({ url, 'url@2x': 'https://example.com/2.png' })).toEqual({
      url: expect.stringMatching(/\/icon\/[0-9a-f]{20}\.svg$/),
      'url@2x': 'https://example.com/2.png',
    })
    expect(await serving(new URL('https://example.com/1.png'))).toEqual({
      url: 'https://example.com/1.png',
      'url@2x': 'https://example.com/1.png',
    })
  })

  it('can be the avatar of the add-on', async () => {
    const avatar = { data: png, type: 'image/png' } as const
    const { addon } = await startWorld(() => {}, { addon: { avatar } })
    const served = addon.descriptor.capabilities?.hipchatApiConsumer?.avatar
    expect(served).toEqual({
      url: expect.stringMatching(/\/icon\/[0-9a-f]{20}\.png$/),
      'url@2x': expect.stringMatching(/\/icon\/[0-9a-f]{20}@2x\.png$/),
    })
    expect((await fetch((served as { url: string }).url)).status).toBe(200)
  })

  it.each<[string, unknown, RegExp]>([
    ['a missing file', './no-such-icon.svg', /^glance g: icon: the file cannot be read: ENOENT/],
    [
      'a file that is not a picture',
      './package.json',
      /a file ends in \.svg, \.png, .*, got "\.\/package\.json"$/,
    ],
    ['a number', 5, /^glance g: icon: expected an address \(https:\/\/…\), .*; got number$/],
    ['data without a type', { data: svg }, /^glance g: icon: the option type is missing$/],
    [
      'no data',
      { data: 5, type: 'image/png' },
      /^glance g: icon: expected data to be bytes or a string, got 5$/,
    ],
    [
      'data that is too long',
      { data: 'x'.repeat(2 ** 20 + 1), type: 'image/png' },
      /at most 1048576 bytes, got 1048577$/,
    ],
    [
      'an unknown member',
      { url: 'https://x', 'url@3x': 'https://x' },
      /^glance g: icon: url@3x is not a known option; expected one of url, url@2x$/,
    ],
  ])('is refused at registration if it is %s', (_, icon, message) => {
    const register = () => idle().glance({ key: 'g', name: 'G', icon: icon as Icon })
    expect(register).toThrow(expect.objectContaining({ code: 'ERR_CONFIGURATION' }))
    expect(register).toThrow(message)
  })
})
