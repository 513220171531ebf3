import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Names } from './names.ts'

/** The templates, and what each is for. The folder of a template has its name. */
export const templates = {
  basic: 'a command, and a greeting for who comes in',
  ui: 'a glance, a panel, a dialog and a configuration page',
  notifier: 'a route for reports from outside, shown as cards in every room',
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

const manifestOf = (path: string): Manifest => JSON.parse(readFileSync(join(home, path), 'utf8')) // a file of ours

export const { version } = manifestOf('package.json')

/** Packages that a new project depends on: it cannot have the name of one. */
export const dependencies: readonly string[] = (() => {
  const { dependencies, devDependencies } = manifestOf('shared/package.json')
  return [...Object.keys(dependencies), ...Object.keys(devDependencies)]
})()

/** A new project: its files by their path, with `/`. */
export type Project = ReadonlyMap<string, string>

/** The files of a template, written for an add-on with these names: what all templates share, and what is its own. */
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
 * `npm pack` leaves `.gitignore` and `.npmrc` out, a second `biome.json` would disturb the one of our own repository, and
 * `.env` is in no repository at all: they begin with `_` here.
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
  const manifest: Manifest = JSON.parse(text) // a file of ours
  manifest.name = packageName
  // Scaffolder and framework have one version, and are published together.
  manifest.dependencies['hipchat-addon'] = `^${version}`
  return `${JSON.stringify(manifest, null, 2)}\n`
}

/** The templates are an add-on that works as it is; what belongs to this one takes the place of its names. */
const fill = (text: string, { shortName, title }: Names): string =>
  text
    .replaceAll('my-addon', () => shortName)
    .replaceAll('My addon', () => title)
    .replaceAll('a-random-secret', () => randomBytes(24).toString('base64url'))
