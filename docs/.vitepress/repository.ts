import { relative } from 'node:path'
import type { MarkdownOptions, UserConfig } from 'vitepress'
import { copyOf, type Links, textOf } from './links.ts'
import { root } from './pages.ts'

type Vite = NonNullable<UserConfig['vite']>
type Plugin = Extract<NonNullable<Vite['plugins']>[number], { name: string }>
type Markdown = Parameters<NonNullable<MarkdownOptions['config']>>[0]

/** Replaces the links of pages with their addresses on the site. */
export function writeLinks(md: Markdown, links: Links): void {
  md.core.ruler.after('inline', 'repository_links', ({ tokens, env }) => {
    const page = relative(root, env.realPath ?? env.path)
    for (const token of tokens.flatMap(({ children }) => children ?? []))
      if (token.type === 'link_open')
        token.attrSet('href', links.addressIn(page, token.attrGet('href') ?? ''))
  })
}

/** Serves the copies of linked files, and adds them to the build. */
export const copies = ({ copied }: Links): Plugin => ({
  name: 'copies-of-sources',
  configureServer({ middlewares, config }) {
    middlewares.use((request, response, next) => {
      const file = [...copied].find((one) => request.url === config.base + copyOf(one).slice(1))
      if (file === undefined) return next()
      response.setHeader('Content-Type', 'text/plain; charset=utf-8')
      response.end(textOf(file))
    })
  },
  generateBundle() {
    for (const file of copied)
      this.emitFile({ type: 'asset', fileName: copyOf(file).slice(1), source: textOf(file) })
  },
})
