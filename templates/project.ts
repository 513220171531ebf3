import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Names } from './names.ts'

/** The templates and their contents. The folder of a template has its name. */
export const templates = {
  basic: 'a command, and a greeting for people who enter',
  ui: 'a glance, a panel, a dialog and a configuration page',
  notifier: 'a route for external reports, shown as cards in every room',
} as const

export type TemplateName = keyof typeof templates

export const templateNames = Object.keys(templates) as TemplateName[]

/** The folder of the package: this file is in it, or in its `dist`. */
const home = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? './' : '../', import.meta.url))

interface Manifest {
  name: string
  version: string
  dependencies: Record<string, string>
  devDependencies: Record<string, string>
}

const manifestOf = (path: string): Manifest => JSON.parse(readFileSync(join(home, path), 'utf8')) // a file of this package

export const { version } = manifestOf('package.json')

/** Dependencies of a new project: it cannot have the name of one of them. */
export const dependencies: readonly string[] = (() => {
  const { dependencies, devDependencies } = manifestOf('shared/package.json')
  return [...Object.keys(dependencies), ...Object.keys(devDependencies)]
})()

/** A new project: the content of its files by their paths, with `/`. */
export type Project = ReadonlyMap<string, string>

/** The files of a new add-on with these names: those that all templates share, and those of its template. */
export function projectFrom(template: TemplateName, names: Names): Project {
  const project = new Map<string, string>()
  for (const folder of ['shared', template])
    for (const path of filesBelow(join(home, folder)))
      project.set(nameInProject(path), readFileSync(join(home, folder, path), 'utf8'))
  for (const [path, text] of project)
    project.set(path, path === 'package.json' ? manifestFor(text, names) : fill(text, names))
  return new Map([...project].toSorted(([one], [other]) => (one < other ? -1 : 1)))
}

/**
 * `npm pack` leaves out `.gitignore` and `.npmrc`, a second `biome.json` would conflict with that of this repository, and
 * `.env` is never committed: here their names begin with `_`.
 */
const nameInProject = (path: string): string =>
  path.replace(/^_(gitignore|npmrc|env)$/, '.$1').replace(/^_(biome\.json)$/, '$1')

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(folder.length + 1)
        .replaceAll(sep, '/'),
    )
    .filter((path) => !/(^|\/)(node_modules|dist)\//.test(path))
}

function manifestFor(text: string, { packageName }: Names): string {
  const manifest: Manifest = JSON.parse(text) // a file of this package
  manifest.name = packageName
  // The scaffolder and the framework have the same version, and are published together.
  manifest.dependencies['hipchat-addon'] = `^${version}`
  return `${JSON.stringify(manifest, null, 2)}\n`
}

/** A template is a working add-on; its names are replaced with those of the new one. */
const fill = (text: string, { shortName, title }: Names): string =>
  text
    .replaceAll('my-addon', () => shortName)
    .replaceAll('My addon', () => title)
    .replaceAll('a-random-secret', () => randomBytes(24).toString('base64url'))
