import { AssertionError } from 'node:assert'
import { setTimeout as delay } from 'node:timers/promises'
import { inspect, isDeepStrictEqual } from 'node:util'
import { StoreError } from '../../errors.ts'
import type { Awaitable, Store } from '../../store/store.ts'

// Independent of the test runner: the message of a failure contains everything.

/** How long an expired value or claim may take to disappear; less than the five seconds that runners give a test. */
const patience = 4000
const interval = 10

/** Formats a value for a message; long strings and arrays are cut. */
const show = (value: unknown): string =>
  inspect(value, { maxStringLength: 60, maxArrayLength: 10, breakLength: Number.POSITIVE_INFINITY, depth: 2 })

/** Expects two values to be deeply equal, including their types. */
export function same(actual: unknown, expected: unknown, what: string): void {
  if (!isDeepStrictEqual(actual, expected)) fail(what, actual, expected)
}

function fail(what: string, actual: unknown, expected: unknown): never {
  throw new AssertionError({
    message: `${what}: expected ${show(expected)}, got ${show(actual)}`,
    // As strings, since runners compare them line by line, and values here may be very long.
    actual: show(actual),
    expected: show(expected),
    operator: 'same',
    stackStartFn: same,
  })
}

/** Expects that a value is reached within a few seconds. */
export async function becomes(ask: () => Awaitable<unknown>, expected: unknown, what: string): Promise<void> {
  const end = performance.now() + patience
  for (;;) {
    const actual = await ask()
    if (isDeepStrictEqual(actual, expected)) return
    if (performance.now() > end) fail(`${what}, even after ${patience} ms`, actual, expected)
    await delay(interval)
  }
}

/** Expects that a value expires. */
export const gone = (store: Store, key: string): Promise<void> =>
  becomes(() => store.get(key), undefined, `get(${show(key)}) when its time to live is over`)

/** All entries with a prefix; expects that no key occurs twice. */
export async function list(store: Store, prefix: string): Promise<Record<string, string>> {
  const found: [string, string][] = []
  for await (const entry of store.entries(prefix)) found.push(entry)
  const keys = found.map(([key]) => key)
  same(keys, [...new Set(keys)], `the keys of entries(${show(prefix)}), each of them once`)
  return Object.fromEntries(found)
}

/** Expects a `StoreError` with this message, thrown or by rejection, and returns it. */
export async function refused(
  action: () => unknown,
  message: RegExp,
  what = 'the operation',
): Promise<StoreError> {
  const outcome = await (async () => action())().then(
    (value: unknown) => ({ value }),
    (reason: unknown) => ({ error: reason }),
  )
  const expected = `a StoreError that matches ${message}`
  if ('value' in outcome) return unexpected(`${what}: expected ${expected}, got ${show(outcome.value)}`)
  const { error } = outcome
  if (!(error instanceof StoreError))
    return unexpected(`${what}: expected ${expected}, got ${nameOf(error)}`, error)
  same(error.code, 'ERR_STORE', `${what}: the code of its error`)
  if (!message.test(error.message))
    return unexpected(`${what}: expected ${expected}, got ${show(error.message)}`, error)
  return error
}

const nameOf = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : show(error)

function unexpected(message: string, cause?: unknown): never {
  const error = new AssertionError({ message, stackStartFn: refused })
  throw cause === undefined ? error : Object.assign(error, { cause })
}
