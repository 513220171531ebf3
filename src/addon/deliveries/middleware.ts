import { ConfigurationError } from '../../errors.ts'
import type { EventContext, Middleware, Returned } from './context.ts'

/**
 * Runs middleware around `last`. Also waits for a `next()` that middleware forgets to await: otherwise the
 * answer would be lost, and an unhandled error of the handler would end the process.
 */
export function runMiddleware(
  middleware: readonly Middleware[],
  context: EventContext,
  last: () => Promise<Returned>,
): Promise<Returned> {
  const step = async (index: number): Promise<Returned> => {
    const current = middleware[index]
    if (!current) return last()
    let inner: Promise<Returned> | undefined
    let settled = false
    let over = false
    const next = (): Promise<Returned> => {
      const problem = inner
        ? 'a middleware called next() twice'
        : 'a middleware called next() after it had ended; return or await the promise of next()'
      if (inner || over) {
        const refused = Promise.reject(new ConfigurationError(problem))
        refused.catch(() => context.log.error(problem))
        return refused
      }
      inner = step(index + 1)
      inner.then(
        () => (settled = true),
        () => (settled = true),
      )
      return inner
    }
    try {
      const answering = current(context, next)
      const answered = await answering
      // If `next()` had settled before the middleware ended, the middleware may have handled its error; not
      // if it is synchronous, since then it never awaited.
      const unattended = !settled || !isThenable(answering)
      return answered ?? (unattended ? await inner : await inner?.catch(() => undefined))
    } finally {
      over = true
    }
  }
  return step(0)
}

const isThenable = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
