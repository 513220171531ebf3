import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { StaticOptions } from '../../../src/index.ts'
import { raw, request } from '../../attack/raw.ts'
import { planted } from '../../leaks/planted.ts'
import { startWorld } from '../../support.ts'
import { idle } from '../viewer.ts'

/** A folder with files, a secret next to it, and an add-on that serves the folder. */
async function serving(options?: StaticOptions) {
  const base = mkdtempSync(join(tmpdir(), 'hipchat-assets-'))
  onTestFinished(() => rmSync(base, { recursive: true, force: true }))
  const secret = planted('beside-the-folder')
  const folder = join(base, 'public')
  mkdirSync(join(folder, 'deep'), { recursive: true })
  mkdirSync(join(base, 'public-too'))
  const files: Record<string, string> = {
    'public/style.css': 'p {}',
    'public/deep/a b.js': 'x()',
    'public/empty.txt': '',
    'public/what.unknown': '<script>',
    'public/.env': secret,
    'secret.txt': secret,
    'another-file-that-lies-beside': secret,
    'public-too/secret.txt': secret,
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(base, name), text)
  symlinkSync(join(base, 'secret.txt'), join(folder, 'link.txt'))
  symlinkSync(join(base, 'another-file-that-lies-beside'), join(folder, 'beside.txt'))
  symlinkSync(base, join(folder, 'up'))
  symlinkSync(join(folder, '.env'), join(folder, 'env.txt'))
  symlinkSync(join(folder, 'style.css'), join(folder, 'inside.css'))
  const { url } = await startWorld(
    (addon) => void addon.static('/assets', pathToFileURL(`${folder}/`), options),
  )
  return {
    secret,
    /** The path is sent unchanged. */
    ask: (path: string) => raw(url, request([`GET ${path} HTTP/1.1`, 'Host: addon'])),
    get: (path: string, init?: RequestInit) => fetch(url + path, init),
  }
}

describe('a static file', () => {
  it('is served with its type and tags, and not again until it changes', async () => {
    const { get } = await serving()
    const first = await get('/assets/style.css')
    expect([first.status, await first.text()]).toEqual([200, 'p {}'])
    expect(first.headers.get('content-type')).toBe('text/css; charset=utf-8')
    expect(first.headers.get('content-length')).toBe('4')
    expect(first.headers.get('x-content-type-options')).toBe('nosniff')
    expect(first.headers.get('cache-control')).toBe('no-cache')
    const [etag, modified] = [first.headers.get('etag') ?? '', first.headers.get('last-modified') ?? '']
    const cached = { 'cache-control': 'max-age=0' } // fetch itself would ask for a fresh one
    expect((await get('/assets/style.css', { headers: { ...cached, 'if-none-match': etag } })).status).toBe(
      304,
    )
    expect(
      (await get('/assets/style.css', { headers: { ...cached, 'if-modified-since': modified } })).status,
    ).toBe(304)
    expect(
      (await get('/assets/style.css', { headers: { ...cached, 'if-none-match': 'W/"x"' } })).status,
    ).toBe(200)
  })

  it('can be in a folder, empty, of an unknown type, or behind a link inside the folder', async () => {
    const { get } = await serving()
    const answers = ['deep/a%20b.js', 'empty.txt', 'what.unknown', 'inside.css'].map(async (name) => {
      const answer = await get(`/assets/${name}`)
      return [answer.status, answer.headers.get('content-type'), await answer.text()]
    })
    expect(await Promise.all(answers)).toEqual([
      [200, 'text/javascript; charset=utf-8', 'x()'],
      [200, 'text/plain; charset=utf-8', ''],
      [200, 'application/octet-stream', '<script>'],
      [200, 'text/css; charset=utf-8', 'p {}'],
    ])
  })

  it('is served for HEAD, and not for methods with a body', async () => {
    const { get } = await serving()
    const head = await get('/assets/style.css', { method: 'HEAD' })
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '4', ''])
    expect((await get('/assets/style.css', { method: 'POST' })).status).toBe(404)
  })

  it.each<[StaticOptions, string]>([
    [{ maxAge: 90_500 }, 'public, max-age=90'],
    [{ immutable: true }, 'public, max-age=31536000, immutable'],
    [{ maxAge: 60_000, immutable: true }, 'public, max-age=60, immutable'],
  ])('is cached by browsers as %j says', async (options, header) => {
    const { get } = await serving(options)
    expect((await get('/assets/style.css')).headers.get('cache-control')).toBe(header)
  })
})

describe('a path that leads elsewhere', () => {
  it.each([
    '/assets/../secret.txt',
    '/assets/%2e%2e/secret.txt',
    '/assets/..%2fsecret.txt',
    '/assets/%2e%2e%2fsecret.txt',
    '/assets/..%5csecret.txt',
    '/assets/deep/../../secret.txt',
    '/assets/deep/%252e%252e/%252e%252e/secret.txt',
    '/assets//secret.txt',
    '/assets/%00/../../secret.txt',
    '/assets/style.css%00.txt',
    '/assets/%c0%ae%c0%ae/secret.txt',
    '/assets/%zz',
    '/assets-too/secret.txt',
    '/assets/../public-too/secret.txt',
    '/assets/link.txt',
    '/assets/beside.txt',
    '/assets/up/secret.txt',
    '/assets/env.txt',
    '/assets/.env',
    '/assets/%2eenv',
    '/assets/./.env',
    '/assets/',
    '/assets',
    '/assets/deep',
    '/assets/deep/',
    '/assets/none.css',
  ])('%s is not found', async (path) => {
    const { ask, secret } = await serving()
    const { status, text } = await ask(path)
    expect(status).toBe(404)
    expect(text).not.toContain(secret)
  })
})

describe('static', () => {
  it.each<[string, unknown[], string | RegExp]>([
    ['a path without a slash', ['assets', '.'], 'static: expected a path such as /assets, got "assets"'],
    ['the root', ['/', '.'], 'static: expected a path such as /assets, got "/"'],
    ['an undefined folder', ['/assets'], /^static \/assets: expected a folder, .*; got undefined$/],
    ['a missing folder', ['/assets', './none'], /^static \/assets: the folder cannot be read: ENOENT/],
    [
      'a file',
      ['/assets', './package.json'],
      'static /assets: expected a folder, got the file ./package.json',
    ],
    [
      'an unknown option',
      ['/assets', '.', { ttl: 5 }],
      'static /assets: ttl is not a known option; expected one of maxAge, immutable',
    ],
    [
      'a wrong option',
      ['/assets', '.', { maxAge: '1d' }],
      'static /assets: expected maxAge to be a number of milliseconds, got "1d"',
    ],
  ])('refuses %s', (_, all, message) => {
    const addon = idle() as unknown as { static: (...all: unknown[]) => unknown }
    expect(() => addon.static(...all)).toThrow(message)
  })

  it('refuses the same path twice', () => {
    const addon = idle().static('/assets', './src')
    expect(() => addon.static('/assets/', './test')).toThrow(
      'static /assets/: another folder already has this path',
    )
  })
})
