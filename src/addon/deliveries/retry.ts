import { type Checks, integerFrom, milliseconds, objectOf } from '../../common/checks.ts'

/** When a handler that failed runs again. */
export interface RetryOptions {
  /** How often the handler runs at most, with the first time: 1 to 100. */
  readonly attempts: number
  /**
   * Milliseconds from the first failure to the second attempt. Each further wait is twice as long, up to an hour. Default
   * 5,000.
   */
  readonly backoff?: number
}

/** {@link RetryOptions} with their defaults. */
export type RetryPolicy = Required<RetryOptions>

const retryChecks: Checks<RetryOptions> = { attempts: integerFrom(1, 100), backoff: milliseconds }

/** Checks the option `retry`. */
export const checkRetry = objectOf(retryChecks, ['attempts'])

const longestBackoff = 3_600_000

/** Fills in the defaults. */
export const retryPolicy = ({ attempts, backoff = 5_000 }: RetryOptions): RetryPolicy => ({
  attempts,
  backoff,
})

/** Milliseconds from the failure of an attempt to the next one. */
export const backoffAfter = (attempt: number, { backoff }: RetryPolicy): number =>
  Math.min(backoff * 2 ** (attempt - 1), longestBackoff)
