import { AssertionError } from 'node:assert'
import { isRecord } from '../../common/is-record.ts'
import { DeadlineError, withDeadline } from '../../common/time-limit.ts'
import { typeName } from '../../common/validate.ts'
import type { Awaitable, Store } from '../../store/store.ts'
import { checks } from './checks.ts'
import { checksOfQueues } from './queue-checks.ts'

/** A store for one check. */
export interface StoreUnderTest {
  /** An empty store. */
  readonly store: Store
  /**
   * A second store object for the same values, such as another process would have. Checks for several processes use both.
   * Default: the same store.
   */
  readonly second?: Store
  /** Removes the data of a check. Called last, when both stores are closed, and also after a check that failed. */
  cleanUp?(): Awaitable<unknown>
}

/** One check of the contract. */
export interface StoreCheck {
  /** What a store does, as a sentence: `loses none of many updates at the same time`. */
  readonly name: string
  /**
   * Opens a store, checks it, closes it and cleans up. Rejects with an `AssertionError` that names the call, the expected and
   * the actual result; with an error of the store itself; or if it does not end within 20 seconds.
   */
  run(): Promise<void>
}

/** The timeout of a check, in milliseconds. */
const longest = 20_000

/**
 * The contract of a store, as a list of checks for any test runner. The checks use real time: a few tenths of a second in all
 * for a store that answers at once.
 *
 * @param open Returns a new, empty store for each check.
 * @throws {TypeError} if `open` is not a function.
 *
 * @example
 * for (const { name, run } of storeContract(() => ({ store: createMyStore() }))) test(name, run)
 */
export function storeContract(open: () => Awaitable<StoreUnderTest>): readonly StoreCheck[] {
  if (typeof open !== 'function')
    throw new TypeError(`storeContract: expected a function that opens a store, got ${typeName(open)}`)
  return Object.entries({ ...checks, ...checksOfQueues }).map(([name, check]) => ({
    name,
    async run() {
      const opened = await open()
      checkOpened(opened)
      const { store, second = store } = opened
      const close = async () => {
        await store.close()
        await second.close()
      }
      const outcomes = [
        await settled(withDeadline(longest, check({ store, second }))),
        await settled(withDeadline(longest, close())),
        await settled(Promise.resolve(opened).then(({ cleanUp }) => cleanUp?.call(opened))),
      ]
      // If the check failed, that error says more than a failure to close.
      const failed = outcomes.find(({ status }) => status === 'rejected')
      if (failed?.status === 'rejected') throw readable(failed.reason, name)
    },
  }))
}

function checkOpened(opened: unknown): asserts opened is StoreUnderTest {
  const store = isRecord(opened) ? opened['store'] : undefined
  if (isRecord(store) && typeof store['close'] === 'function') return
  const got = isRecord(opened) ? `store: ${typeName(store)}` : typeName(opened)
  throw new TypeError(`storeContract: expected open() to return { store } with a store, got ${got}`)
}

async function settled(work: Promise<unknown>): Promise<PromiseSettledResult<unknown>> {
  const [outcome] = await Promise.allSettled([work])
  return outcome
}

const readable = (error: unknown, name: string): unknown =>
  error instanceof DeadlineError
    ? new AssertionError({
        message: `“${name}” did not end within ${longest / 1000} s: an operation never answered`,
      })
    : error
