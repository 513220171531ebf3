import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { createLinks } from '../../docs/.vitepress/links.ts'
import { slugOf } from '../../docs/.vitepress/slug.ts'
import { markdownBelow, readPage, root } from '../structure/markdown.ts'
import { checkAccessibility, openBrowser, openPage } from './support.ts'

// The build and the tests of it in a browser are in one file, because a build takes long.

/** Below a path, as on a host with other sites. */
const base = '/manual/'
const folder = mkdtempSync(join(tmpdir(), 'hipchat-addon-site-'))

beforeAll(() => {
  execFileSync(
    process.execPath,
    [join(root, 'node_modules/vitepress/bin/vitepress.js'), 'build', 'docs', '--outDir', folder],
    { cwd: root, env: { ...process.env, DOCS_BASE: base, DOCS_REPOSITORY: '' }, stdio: 'pipe' },
  )
}, 180_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

const sources = [
  ...markdownBelow('docs'),
  ...markdownBelow('examples'),
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
]

/** The file that a page is built to. */
function builtFrom(source: string): string {
  if (source === 'examples/README.md') return 'examples/index.html'
  if (!source.includes('/')) return `project/${source.toLowerCase().replace('.md', '.html')}`
  return source
    .replace(/^docs\//, '')
    .replace('/README.md', '.md')
    .replace('.md', '.html')
}

const builtFiles = (ending: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith(ending))

const readBuilt = (file: string): string => readFileSync(join(folder, file), 'utf8')

const decoded = (text: string): string =>
  text.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&lt;', '<').replaceAll('&amp;', '&')

const attributes = (html: string, name: string): string[] =>
  [...html.matchAll(new RegExp(`\\s${name}="([^"]*)"`, 'g'))].map(([, value = '']) => decoded(value))

describe('the site', () => {
  it('has a page for every Markdown file of the documentation, and no others', () => {
    const expected = [...sources.map(builtFrom), '404.html']
    expect(builtFiles('.html').toSorted()).toEqual(expected.toSorted())
  })

  it('names every page in its sidebar, once', () => {
    const [sidebar = ''] = /<aside class="VPSidebar"[\s\S]*?<\/aside>/.exec(readBuilt('index.html')) ?? []
    const expected = sources.filter((source) => source !== 'docs/index.md').map(builtFrom)
    const listed = attributes(sidebar, 'href').map((href) =>
      href.slice(base.length).replace(/\/$/, '/index.html'),
    )
    expect(listed.toSorted()).toEqual(expected.toSorted())
  })

  it('has no link to a missing page or heading', () => {
    const ids = new Map<string, Set<string>>()
    const idsOf = (file: string): Set<string> => {
      const known = ids.get(file) ?? new Set(attributes(readBuilt(file), 'id'))
      ids.set(file, known)
      return known
    }
    let followed = 0
    const broken = builtFiles('.html').flatMap((file) =>
      attributes(readBuilt(file), 'href').flatMap((href) => {
        const { origin, pathname, hash } = new URL(href, `http://site${base}${file}`)
        if (origin !== 'http://site') return []
        followed += 1
        const below = decodeURIComponent(pathname).slice(base.length)
        const target = below === '' || below.endsWith('/') ? `${below}index.html` : below
        const there = pathname.startsWith(base) && existsSync(join(folder, target))
        const found = there && (hash === '' || idsOf(target).has(decodeURIComponent(hash.slice(1))))
        return found ? [] : [`${file}: ${href}`]
      }),
    )
    expect(followed).toBeGreaterThan(1000)
    expect([...new Set(broken)]).toEqual([])
  })

  it('loads nothing from another host', () => {
    const html = builtFiles('.html').flatMap((file) => {
      const text = readBuilt(file)
      const loading = [...text.matchAll(/<(?:script|link|img|source|iframe)\b[^>]*>/g)].map(([tag]) => tag)
      return loading.flatMap((tag) => ['src', 'srcset', 'href'].flatMap((name) => attributes(tag, name)))
    })
    const css = builtFiles('.css').flatMap((file) =>
      [...readBuilt(file).matchAll(/(?:url\(|@import\s*)["']?([^"')]+)/g)].map(([, url = '']) => url),
    )
    expect(html.length).toBeGreaterThan(100)
    expect([...html, ...css].filter((url) => /^(?:[a-z]+:)?\/\//i.test(url))).toEqual([])
  })

  it('finds every page by a word of its text', async () => {
    const [file = ''] = builtFiles('.js').filter((name) => name.includes('localSearchIndex'))
    const { default: text } = await import(pathToFileURL(join(folder, file)).href)
    const index: SearchIndex = JSON.parse(text)
    const field = String(index.fieldIds['text'])
    const postings = new Map(index.index)
    const missing = sources.filter((source) => {
      const page = `/${builtFrom(source)}`.replace(/(^|\/)index\.html$/, '$1')
      const word = longestWord(readPage(source))
      const found = Object.keys(postings.get(word)?.[field] ?? {})
      return !found.some((id) => index.documentIds[id]?.split('#')[0] === page)
    })
    expect(missing).toEqual([])
  })
})

/** The part used of MiniSearch's own form: where each word is. */
interface SearchIndex {
  readonly documentIds: Readonly<Record<string, string>>
  readonly fieldIds: Readonly<Record<string, number>>
  readonly index: readonly (readonly [
    word: string,
    postings: Readonly<Record<string, Readonly<Record<string, number>>>>,
  ])[]
}

/** Of the first paragraph, without code and links. */
function longestWord(markdown: string): string {
  const paragraph = markdown.split('\n\n').find((part) => /^(?:[A-Z]|`[^`])/.test(part)) ?? ''
  const words = paragraph.replace(/`[^`]*`|\]\([^)]*\)/g, ' ').match(/[a-z]+/gi) ?? []
  return words.reduce((longest, word) => (word.length > longest.length ? word : longest), '').toLowerCase()
}

describe('the anchor of a heading', () => {
  it.each([
    ['What is left out, and why', 'what-is-left-out-and-why'],
    ['addon.webhook(event, options, handler)', 'addonwebhookevent-options-handler'],
    ['Look-ahead & _look_-behind', 'look-ahead--_look_-behind'],
    ['Grüße', 'grüße'],
  ])('%s is the same as on code hosts', (heading, anchor) => {
    expect(slugOf(heading)).toBe(anchor)
  })
})

describe('a link of a page', () => {
  const published = 'https://code.example.com/somebody/hipchat-addon'

  it.each([
    ['another page', '../reference/errors.md#errors', '/reference/errors#errors'],
    ['the front page', '../index.md', '/'],
    ['an example', '../../examples/dice/README.md', '/examples/dice'],
    ['the examples', '../../examples/README.md', '/examples/'],
    ['a paper of the project', '../../SECURITY.md', '/project/security'],
    ['another site', 'https://semver.org', 'https://semver.org'],
    ['a heading of its own', '#answer', '#answer'],
  ])('to %s stays on the site, or leads to the right URL', (_, link, address) => {
    for (const repository of [undefined, published])
      expect(createLinks(repository).addressIn('docs/how-to/handlers.md', link)).toBe(address)
  })

  it('to a source leads to the code host, if that is known', () => {
    const { addressIn, copied } = createLinks(published)
    expect(addressIn('docs/how-to/handlers.md', '../../src/index.ts')).toBe(
      `${published}/blob/HEAD/src/index.ts`,
    )
    expect(addressIn('docs/how-to/handlers.md', '../../test/attack')).toBe(
      `${published}/tree/HEAD/test/attack`,
    )
    expect([...copied]).toEqual([])
  })

  it('to a source leads otherwise to a copy that is built with the site', () => {
    const { addressIn, copied } = createLinks(undefined)
    expect(addressIn('docs/explanation/security.md', '../../test/attack')).toBe('/source/test/attack.txt')
    expect([...copied]).toEqual(['test/attack'])
    expect(readBuilt('source/test/attack.txt').split('\n')).toContain('signed-requests.test.ts')
    expect(readBuilt('source/src/addon/deliveries/receive.ts.txt')).toBe(
      readPage('src/addon/deliveries/receive.ts'),
    )
  })

  it.each(['../nothing.md', '../../../etc/passwd'])(
    'to %s, which does not exist, fails the build',
    (link) => {
      expect(() => createLinks(undefined).addressIn('docs/how-to/handlers.md', link)).toThrow(
        `docs/how-to/handlers.md links to ${link}, which is not in the repository`,
      )
    },
  )
})

describe('in a browser the site', () => {
  openBrowser()

  const types: Readonly<Record<string, string>> = {
    '.html': 'text/html; charset=utf-8',
    '.js': 'text/javascript',
    '.css': 'text/css',
    '.svg': 'image/svg+xml',
    '.png': 'image/png',
    '.txt': 'text/plain; charset=utf-8',
  }

  /** A host of files that knows nothing of the site. */
  const host = createServer(({ url = '' }, response) => {
    const path = new URL(url, 'http://site').pathname
    const file = join(folder, path.slice(base.length), path.endsWith('/') ? 'index.html' : '')
    const found = path.startsWith(base) && existsSync(file)
    response.writeHead(found ? 200 : 404, {
      'content-type': types[extname(file)] ?? 'application/octet-stream',
    })
    response.end(found ? readFileSync(file) : undefined)
  })
  beforeAll(() => new Promise<void>((resolve) => host.listen(0, '127.0.0.1', resolve)))
  afterAll(() => void host.close())

  /** Opens a page of the site; a request that fails, or goes elsewhere, fails the test. */
  async function open(path: string, options: Parameters<typeof openPage>[1] = {}): Promise<Page> {
    const url = `http://127.0.0.1:${(host.address() as AddressInfo).port}`
    const problems: string[] = []
    onTestFinished(() => expect(problems).toEqual([]))
    return openPage({ url }, { path: base + path, ...options }, async (page) => {
      page.on('request', (request) => {
        if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(url))
          problems.push(request.url())
      })
      page.on('response', (response) => {
        if (response.status() >= 400) problems.push(`${response.status()} ${response.url()}`)
      })
    })
  }

  /** By how much a page can be scrolled sideways. */
  const widthBeyond = (page: Page) =>
    page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth')

  it('finds the page of errors by "rate limit"', async () => {
    const page = await open('')
    await page.getByRole('heading', { level: 1, name: 'hipchat-addon' }).waitFor()
    await page.getByRole('button', { name: 'Search' }).first().click()
    await page.getByRole('searchbox').fill('rate limit')
    await page.getByRole('option', { name: /^\W*Errors$/ }).click()
    await page.getByRole('heading', { level: 1, name: 'Errors' }).waitFor()
    expect(new URL(page.url()).pathname).toBe(`${base}reference/errors.html`)
    await page.getByText('ERR_RATE_LIMIT').first().waitFor()
  })

  it.each(['light', 'dark'] as const)('is accessible, on a %s screen', async (colorScheme) => {
    for (const path of ['', 'explanation/request-path.html', 'reference/events.html']) {
      const page = await open(path, { colorScheme })
      await page.getByRole('heading', { level: 1 }).waitFor()
      expect(await page.locator('html.dark').count()).toBe(colorScheme === 'dark' ? 1 : 0)
      await checkAccessibility(page)
    }
  })

  it('fits on a phone', async () => {
    // Pages are complete without scripts, and load faster.
    const page = await open('', { viewport: { width: 360, height: 740 }, javaScriptEnabled: false })
    for (const file of sources.map(builtFrom)) {
      await page.goto(new URL(base + file, page.url()).href)
      expect(await widthBeyond(page), file).toBe(0)
    }
  }, 120_000)

  it('has a menu on a phone', async () => {
    const page = await open('', { viewport: { width: 360, height: 740 } })
    await page.locator('.VPLocalNav').getByRole('button', { name: 'Menu' }).click()
    await page.locator('.VPSidebar').getByRole('link', { name: 'Send cards' }).click()
    await page.getByRole('heading', { level: 1, name: 'Send cards' }).waitFor()
  })
})
