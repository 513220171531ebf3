import { inject } from 'vitest'

declare module 'vitest' {
  interface ProvidedContext {
    /** Where this run keeps everything that left the tests, and the secrets that no log, error or page may contain. */
    readonly leaks: { readonly folder: string; readonly marker: string }
  }
}

/**
 * A secret for a test. It ends in a marker that is new in each run: after the last test everything that
 * the tests logged, threw, printed and answered is searched for it.
 */
export const planted = (name: string): string => `${name}-${inject('leaks').marker}`

/** What a careless author throws: an error with a secret in it. The search knows it by its name. */
export class CarelessError extends Error {
  override name = 'CarelessError'
}
