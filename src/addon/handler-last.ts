import { ConfigurationError } from '../errors.ts'

/**
 * Sorts optional options and the handler. Refuses options after the handler, which would otherwise be
 * ignored.
 */
export function handlerLast<Options extends object, H>(
  what: string,
  second: Options | H | undefined,
  third: H | undefined,
): [options: Options | Record<string, never>, handler: H | undefined] {
  if (typeof second !== 'function') return [(second as Options | undefined) ?? {}, third] // not a handler
  if (third !== undefined)
    throw new ConfigurationError(`${what}: expected the handler last, after its options`)
  return [{}, second as H] // the only function of the two
}
