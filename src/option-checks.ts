import { type Checks, optionsFault } from './common/checks.ts'
import { typeName } from './common/validate.ts'
import { ConfigurationError } from './errors.ts'

/**
 * Checks an object of options. Throws a {@link ConfigurationError} that names the first unknown, missing or
 * invalid option; `what` starts its message. An option that is `undefined` counts as left out.
 */
export function checkOptions<Options extends object>(
  what: string,
  given: unknown,
  checks: Checks<Options>,
  required: readonly (keyof Options & string)[] = [],
): asserts given is Options {
  refuse(what, optionsFault(given, checks, required))
}

/** Throws a {@link ConfigurationError} if a check found a fault; `what` starts its message. */
export function refuse(what: string, fault: string | undefined): void {
  if (fault !== undefined) throw new ConfigurationError(`${what}: ${fault}`)
}

/** Throws a {@link ConfigurationError} unless the value is a function; `expected` starts its message. */
export function expectFunction(
  value: unknown,
  expected: string,
): asserts value is (...all: never[]) => unknown {
  if (typeof value !== 'function') throw new ConfigurationError(`${expected}, got ${typeName(value)}`)
}
