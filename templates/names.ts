import { builtinModules } from 'node:module'
import { basename, dirname, resolve } from 'node:path'

/** The names of a new add-on, derived from its folder. */
export interface Names {
  /** For `package.json`: a name that npm accepts. */
  readonly packageName: string
  /** The same without a scope: for image tags, host names and the key. */
  readonly shortName: string
  /** For the descriptor. */
  readonly key: string
  /** For people. Letters, digits, spaces and dots only, so that it needs no escaping in any file. */
  readonly title: string
}

/**
 * Derives names from a folder: `Münze & Würfel` gives the package `munze-wurfel` and the title `Münze Würfel`. A folder
 * named like a scoped package, `@example/dice`, keeps the scope.
 */
export function namesFor(folder: string, reserved: readonly string[]): Names {
  const path = resolve(folder)
  const scope = /^@[a-z0-9][a-z0-9._-]*$/.exec(basename(dirname(path)))?.[0]
  const plain = plainName(basename(path)) || 'my-addon'
  // npm does not install a package into one of the same name, and Node never finds a package named like its own module.
  const taken = scope === undefined && [...reserved, ...builtinModules, 'node_modules'].includes(plain)
  const shortName = taken ? `my-${plain}` : plain
  return {
    packageName: scope === undefined ? shortName : `${scope}/${shortName}`,
    shortName,
    key: `com.example.${shortName}`,
    title: titleOf(basename(path)) || 'My addon',
  }
}

/** Lower-case ASCII letters, digits, and single dots, dashes and underscores between them; empty if nothing is left. */
const plainName = (text: string): string =>
  text
    .replaceAll('ß', 'ss')
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9._]+/g, '-')
    .replace(/([._-])[._-]+/g, '$1')
    .slice(0, 100)
    .replace(/^[._-]+|[._-]+$/g, '')

function titleOf(text: string): string {
  const words = text
    .normalize('NFC')
    .replace(/[^\p{L}\p{M}\p{N}.]+/gu, ' ')
    .replace(/^[. ]+|[. ]+$/g, '')
  const [first = ''] = words
  return (first.toUpperCase() + words.slice(first.length)).slice(0, 50).trim()
}
