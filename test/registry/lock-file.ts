import { readFileSync } from 'node:fs'

interface LockFile {
  readonly packages: Readonly<
    Record<string, { readonly optionalDependencies?: Readonly<Record<string, string>> }>
  >
}

/**
 * Packages of other systems that a lock file lacks because the registry lacks them too: some registries that mirror
 * another leave them out. `npm ci` refuses such a lock file. One that is missing although the registry has it is a failure.
 */
export async function missingIn(lockFile: string, registry: string): Promise<string[]> {
  const { packages }: LockFile = JSON.parse(readFileSync(lockFile, 'utf8')) // written by npm
  const has = (name: string): boolean =>
    Object.keys(packages).some((path) => path.endsWith(`node_modules/${name}`))
  const missing = Object.values(packages)
    .flatMap(({ optionalDependencies = {} }) => Object.entries(optionalDependencies))
    .filter(([name]) => !has(name))
  for (const [name, version] of missing) {
    const answer = await fetch(`${registry}${name.replace('/', '%2f')}`)
    const { versions = {} } = answer.ok ? JSON.parse(await answer.text()) : {}
    if (Object.hasOwn(versions, version))
      throw new Error(`${lockFile} does not have ${name}@${version}, which the registry has`)
  }
  return missing.map(([name, version]) => `${name}@${version}`)
}
