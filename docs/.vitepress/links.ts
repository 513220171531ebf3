import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { addressOf, root } from './pages.ts'

/**
 * Pages link to each other, and to sources, as files of the repository. On the site a page is at its address. Anything
 * else is at the code host if its address is known, and otherwise a copy below `/source`, as text: no link is dead because
 * nobody said where the project is published.
 */
export interface Links {
  /** Where on the site a link of a page leads. Throws for one that leads nowhere. */
  addressIn(page: string, link: string): string
  /** Files and folders that a copy is needed of, so far. */
  readonly copied: ReadonlySet<string>
}

export function createLinks(repository: string | undefined): Links {
  const copied = new Set<string>()
  return {
    copied,
    addressIn(page, link) {
      if (link.startsWith('#') || /^[a-z][a-z+.-]*:/i.test(link)) return link
      const [path = '', anchor] = link.split('#', 2)
      const file = normalize(join(dirname(page), decodeURIComponent(path)))
      const hash = anchor === undefined ? '' : `#${anchor}`
      const own = addressOf(file)
      if (own !== undefined) return own + hash
      const entry = statSync(join(root, file), { throwIfNoEntry: false })
      if (!entry || file.startsWith('..'))
        throw new Error(`${page} links to ${link}, which is not in the repository`)
      if (repository !== undefined)
        return `${repository}/${entry.isDirectory() ? 'tree' : 'blob'}/HEAD/${file}${hash}`
      copied.add(file)
      return copyOf(file)
    },
  }
}

/** Address of the copy of a file or folder. */
export const copyOf = (file: string): string => `/source/${file}.txt`

/** What is in a file, or the names of what is in a folder. */
export function textOf(file: string): string {
  const path = join(root, file)
  return statSync(path).isDirectory() ? `${readdirSync(path).join('\n')}\n` : readFileSync(path, 'utf8')
}
