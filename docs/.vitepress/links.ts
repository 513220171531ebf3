import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { addressOf, root } from './pages.ts'

/**
 * Pages link to each other, and to sources, as files of the repository. On the site, a link to a page leads to its address.
 * Other links lead to the code host if its address is known, and otherwise to a copy below `/source`, as plain text: so no
 * link is dead when the address of the repository is not set.
 */
export interface Links {
  /** The address on the site for a link of a page. Throws for a dead link. */
  addressIn(page: string, link: string): string
  /** Files and folders that need a copy, so far. */
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

/** The content of a file, or the names in a folder. */
export function textOf(file: string): string {
  const path = join(root, file)
  return statSync(path).isDirectory() ? `${readdirSync(path).join('\n')}\n` : readFileSync(path, 'utf8')
}
