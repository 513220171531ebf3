/** A package in the lock file; `packages` has it by its place. */
interface Locked {
  readonly dependencies?: Readonly<Record<string, string>>
}

/**
 * The packages that come with one of ours, by the lock file and whatever the platform: `''` is the framework, `templates`
 * the scaffolder. Without binaries, of which each platform gets its own.
 */
export function productionPackages(
  packages: Readonly<Record<string, Locked>>,
  from: '' | 'templates',
): Set<string> {
  const found = new Set<string>()
  const add = (place: string): void => {
    for (const name of Object.keys(packages[place]?.dependencies ?? {})) {
      const at = placeOf(name, place)
      if (found.has(at)) continue
      found.add(at)
      add(at)
    }
  }
  /** Where Node finds a package from there: in its own folder, or in one further up. */
  const placeOf = (name: string, place: string): string => {
    const here = `${place === '' ? '' : `${place}/`}node_modules/${name}`
    if (here in packages) return here
    if (place === '') throw new Error(`the lock file has no ${name}`)
    return placeOf(name, place.replace(/\/?(node_modules\/(@[^/]+\/)?[^/]+|templates)$/, ''))
  }
  add(from)
  return found
}
