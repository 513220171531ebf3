import { inject } from 'vitest'

declare module 'vitest' {
  interface ProvidedContext {
    /** Where this run keeps what left the tests, and what no log, error or page may hold. */
    readonly leaks: { readonly folder: string; readonly marker: string }
  }
}

/**
 * A secret for a test. It ends in a marker that is new in each run: after the last test it is searched for in whatever
 * the tests logged, threw, printed and answered.
 */
export const planted = (name: string): string => `${name}-${inject('leaks').marker}`

/** What a careless author throws: with a secret in it. The search knows it by its name. */
export class CarelessError extends Error {
  override name = 'CarelessError'
}
