import { AssertionError } from 'node:assert'
import { typeName } from '../../common/validate.ts'
import { DeadlineError, within } from '../../store/deadline.ts'
import type { Awaitable, Store } from '../../store/store.ts'
import { checks } from './checks.ts'

/** What the contract is tried on. Each check gets one of its own. */
export interface StoreUnderTest {
  /** Empty: nobody has written to it. */
  readonly store: Store
  /**
   * A second access to the same values, as another process has one: what keeps two processes apart is tried with both.
   * Default: the same store.
   */
  readonly second?: Store
  /** Removes what a check left behind. Called last, when both are closed, and also after a check that failed. */
  cleanUp?(): Awaitable<unknown>
}

/** One thing that every store does. */
export interface StoreCheck {
  /** A sentence that is true of a store: `loses none of many updates at the same time`. */
  readonly name: string
  /**
   * Opens a store, tries it, closes it and cleans up. Rejects with an `AssertionError` that says what was done, what was
   * expected and what came; with whatever the store itself threw; or when it does not end within 20 seconds.
   */
  run(): Promise<void>
}

/** For one check, in milliseconds. */
const longest = 20_000

/**
 * What a store must do to keep what an add-on gives it, as a list of checks for any test runner. They take the real time:
 * a few tenths of a second in all for a store that answers at once.
 *
 * @param open Gives a new, empty store for each check.
 * @throws {TypeError} if `open` is no function.
 *
 * @example
 * for (const { name, run } of storeContract(() => ({ store: createMyStore() }))) test(name, run)
 */
export function storeContract(open: () => Awaitable<StoreUnderTest>): readonly StoreCheck[] {
  if (typeof open !== 'function')
    throw new TypeError(`storeContract: expected a function that opens a store; came ${typeName(open)}`)
  return Object.entries(checks).map(([name, check]) => ({
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
        await settled(within(longest, check({ store, second }))),
        await settled(within(longest, close())),
        await settled(Promise.resolve(opened).then(({ cleanUp }) => cleanUp?.call(opened))),
      ]
      // Where the check failed, that says more than what came of closing.
      const failed = outcomes.find(({ status }) => status === 'rejected')
      if (failed?.status === 'rejected') throw readable(failed.reason, name)
    },
  }))
}

function checkOpened(opened: unknown): asserts opened is StoreUnderTest {
  const store = isObject(opened) ? opened['store'] : undefined
  if (isObject(store) && typeof store['close'] === 'function') return
  const came = isObject(opened) ? `store: ${typeName(store)}` : typeName(opened)
  throw new TypeError(
    `storeContract: expected open() to give { store }, a store with its verbs; came ${came}`,
  )
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

async function settled(work: Promise<unknown>): Promise<PromiseSettledResult<unknown>> {
  const [outcome] = await Promise.allSettled([work])
  return outcome
}

const readable = (error: unknown, name: string): unknown =>
  error instanceof DeadlineError
    ? new AssertionError({
        message: `“${name}” did not end within ${longest / 1000} s: a verb never answered`,
      })
    : error
