import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Folder of the project, which contains the site's Markdown files. */
export const root = fileURLToPath(new URL('../../', import.meta.url))

interface Shelf {
  readonly text: string
  /** Folder whose Markdown files are the pages, at any depth. */
  readonly folder: string
  /** Pages that come first, in this order; the others follow, sorted by title. */
  readonly first: readonly string[]
}

const shelves: readonly Shelf[] = [
  { text: 'Tutorial', folder: 'docs/tutorial', first: [] },
  {
    text: 'How to',
    folder: 'docs/how-to',
    first: [
      'handlers.md',
      'jobs.md',
      'beside-the-chat.md',
      'configure.md',
      'values.md',
      'cards.md',
      'test-an-add-on.md',
      'production.md',
      'observe.md',
    ],
  },
  {
    text: 'Reference',
    folder: 'docs/reference',
    first: [
      'options.md',
      'functions.md',
      'events.md',
      'modules.md',
      'api.md',
      'errors.md',
      'routes.md',
      'metrics.md',
    ],
  },
  {
    text: 'Explanation',
    folder: 'docs/explanation',
    first: ['architecture.md', 'request-path.md', 'security.md', 'reliability.md', 'design.md'],
  },
  { text: 'Examples', folder: 'examples', first: ['README.md'] },
]

/** Files in the root folder that are pages too. */
const rootPages = ['CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md']

const filesOf = ({ folder }: Shelf): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => join(folder, file))

/** Every page: from its file in the project to its file on the site. */
export const pages: ReadonlyMap<string, string> = new Map(
  ['docs/index.md', ...shelves.flatMap(filesOf), ...rootPages].map((file) => [file, pageOf(file)]),
)

/** Patterns for everything else in the project's folder, where no pages are. */
export const elsewhere: readonly string[] = readdirSync(root)
  .filter((name) => ![...pages.keys()].some((file) => file === name || file.startsWith(`${name}/`)))
  .map((name) => `${name}{,/**}`)

/** `docs` is the root of the site. A README is the page of its folder, or of its example. */
function pageOf(file: string): string {
  if (rootPages.includes(file)) return `project/${file.toLowerCase()}`
  if (file === 'examples/README.md') return 'examples/index.md'
  return file.replace(/^docs\//, '').replace(/\/README\.md$/, '.md')
}

/** Address of a file's page on the site; `undefined` for a file that is not a page. */
export const addressOf = (file: string): string | undefined =>
  pages.has(file) ? `/${pageOf(file).replace(/(?:(^|\/)index)?\.md$/, '$1')}` : undefined

/** All pages by shelf. Every page in the folder of a shelf is included. */
export const sidebar = () => [
  ...shelves.map((shelf) => ({
    text: shelf.text,
    items: sorted(filesOf(shelf), (file) => shelf.first.indexOf(file.slice(shelf.folder.length + 1))),
  })),
  { text: 'Project', items: sorted(rootPages, () => -1) },
]

function sorted(files: readonly string[], indexOf: (file: string) => number) {
  const place = (file: string): number => (indexOf(file) < 0 ? Number.POSITIVE_INFINITY : indexOf(file))
  return files
    .map((file) => ({ place: place(file), text: titleOf(file), link: `/${pageOf(file)}` }))
    .toSorted((a, b) => (a.place === b.place ? a.text.localeCompare(b.text, 'en') : a.place - b.place))
    .map(({ text, link }) => ({ text, link }))
}

/** The first heading of a page. */
function titleOf(file: string): string {
  const title = /^# +(.+)$/m.exec(readFileSync(join(root, file), 'utf8'))?.[1]
  if (!title) throw new Error(`${file} has no heading of the first level, which is its title on the site`)
  return title.replaceAll('`', '')
}
