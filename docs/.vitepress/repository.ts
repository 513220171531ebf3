import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import type { MarkdownOptions, UserConfig } from 'vitepress'
import { addressOf, root } from './pages.ts'

type Vite = NonNullable<UserConfig['vite']>
type Plugin = Extract<NonNullable<Vite['plugins']>[number], { name: string }>
type Markdown = Parameters<NonNullable<MarkdownOptions['config']>>[0]

/**
 * Pages link to each other, and to sources, as files of the repository. On the site a page is at its address. Anything
 * else is at the code host if its address is known, and otherwise below `/source`, as text: no link is dead because
 * nobody said where the project is published.
 */
export function repositoryLinks(repository: string | undefined) {
  const copied = new Set<string>()

  function addressIn(page: string, link: string): string {
    if (link.startsWith('#') || /^[a-z][a-z+.-]*:/i.test(link)) return link
    const [path = '', anchor] = link.split('#', 2)
    const file = normalize(join(dirname(page), decodeURIComponent(path)))
    const hash = anchor === undefined ? '' : `#${anchor}`
    const own = addressOf(file)
    if (own !== undefined) return own + hash
    const entry = statSync(join(root, file), { throwIfNoEntry: false })
    if (!entry) throw new Error(`${page} links to ${link}, which is not in the repository`)
    if (repository !== undefined)
      return `${repository}/${entry.isDirectory() ? 'tree' : 'blob'}/HEAD/${file}${hash}`
    copied.add(file)
    return `/source/${file}.txt`
  }

  return {
    /** Writes the addresses into pages, as a part of markdown-it. */
    markdown(md: Markdown): void {
      md.core.ruler.after('inline', 'repository_links', ({ tokens, env }) => {
        const page = relative(root, env.realPath ?? env.path)
        for (const token of tokens.flatMap(({ children }) => children ?? []))
          if (token.type === 'link_open') token.attrSet('href', addressIn(page, token.attrGet('href') ?? ''))
      })
    },

    /** Serves the copies, and puts them into what is built. */
    plugin: {
      name: 'source-files',
      configureServer({ middlewares }) {
        middlewares.use('/source', (request, response, next) => {
          const file = decodeURIComponent(request.url ?? '').replace(/^\/(.*)\.txt$/, '$1')
          if (!copied.has(file)) return next()
          response.setHeader('Content-Type', 'text/plain; charset=utf-8')
          response.end(textOf(file))
        })
      },
      generateBundle() {
        for (const file of copied)
          this.emitFile({ type: 'asset', fileName: `source/${file}.txt`, source: textOf(file) })
      },
    } satisfies Plugin,
  }
}

/** What is in a file, or the names of what is in a folder. */
function textOf(path: string): string {
  const full = join(root, path)
  return statSync(full).isDirectory() ? `${readdirSync(full).join('\n')}\n` : readFileSync(full, 'utf8')
}
