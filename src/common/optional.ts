import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

/**
 * Loads a package that need not be installed; `undefined` when it is not. Synchronous, so that what depends on it can
 * be refused at once. A package that is there and fails to load throws what it throws.
 */
export function loadOptional(name: string): unknown {
  try {
    require.resolve(name)
  } catch {
    return undefined
  }
  return require(name)
}
