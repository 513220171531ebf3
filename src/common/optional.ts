import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

/**
 * Loads an optional package; returns `undefined` if it is not installed. It is synchronous, so that options that need the
 * package can be refused at once. If an installed package fails to load, its error is thrown.
 */
export function loadOptional(name: string): unknown {
  try {
    require.resolve(name)
  } catch {
    return undefined
  }
  return require(name)
}
