/** Half a surrogate pair: UTF-16 that no encoding of text can hold. JSON writes it as an escape, such as `\ud83d`. */
const loneSurrogate = /\p{Surrogate}/u

/** Whether a string is text. Half a surrogate pair is replaced when it is written, and no address can be made of it. */
export const isWellFormed = (text: string): boolean => !loneSurrogate.test(text)

/**
 * The dotted path of the first string in a JSON value that is not text, of a member with such a name the path to its object;
 * `undefined` where all of them are. For values whose depth is known to be small.
 */
export function illFormedAt(value: unknown, path = ''): string | undefined {
  if (typeof value === 'string') return isWellFormed(value) ? undefined : path
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return undefined
  for (const [name, member] of Object.entries(value)) {
    if (!isWellFormed(name)) return path
    const found = illFormedAt(member, path ? `${path}.${name}` : name)
    if (found !== undefined) return found
  }
  return undefined
}
