import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineConfig } from 'vitepress'
import { createLinks } from './links.ts'
import { elsewhere, pages, root, sidebar } from './pages.ts'
import { copies, writeLinks } from './repository.ts'
import { slugOf } from './slug.ts'

/** Where the project is published, such as `https://github.com/somebody/hipchat-addon`. */
const repository = process.env['DOCS_REPOSITORY']?.replace(/\/+$/, '') || undefined
/** Path below which the site is served, such as `/hipchat-addon`. */
const base = `/${process.env['DOCS_BASE'] ?? ''}/`.replace(/\/+/g, '/')

const icon = readFileSync(join(root, 'src/chat-page/icon.svg'))
const links = createLinks(repository)

export default defineConfig({
  title: 'hipchat-addon',
  description:
    'HipChat Connect add-ons in TypeScript, and the compatible server that they are installed into.',
  lang: 'en',
  base,
  srcDir: root,
  srcExclude: [...elsewhere],
  rewrites: Object.fromEntries(pages),
  outDir: join(root, 'docs/.vitepress/dist'),
  cacheDir: join(root, 'node_modules/.vitepress'),
  head: [['link', { rel: 'icon', href: `data:image/svg+xml;base64,${icon.toString('base64')}` }]],
  // Addresses on the reader's own machine, which only work while they run something there.
  ignoreDeadLinks: 'localhostLinks',
  markdown: {
    anchor: { slugify: slugOf },
    config(md) {
      md.linkify.set({ fuzzyLink: false }) // otherwise README.md would be a link to a domain in Moldova
      writeLinks(md, links)
    },
  },
  vite: {
    plugins: [copies(links)],
    optimizeDeps: { entries: 'docs/.vitepress/theme/index.ts' }, // instead of all HTML files in the project
  },
  themeConfig: {
    nav: [
      { text: 'Tutorial', link: '/tutorial/first-add-on' },
      { text: 'How to', link: '/how-to/handlers', activeMatch: '/how-to/' },
      { text: 'Reference', link: '/reference/options', activeMatch: '/reference/' },
      { text: 'Explanation', link: '/explanation/design', activeMatch: '/explanation/' },
      { text: 'Examples', link: '/examples/', activeMatch: '/examples/' },
      ...(repository ? [{ text: 'Repository', link: repository }] : []),
    ],
    sidebar: sidebar(),
    outline: [2, 3],
    search: { provider: 'local' },
  },
})
