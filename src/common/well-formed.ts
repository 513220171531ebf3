/** Half a surrogate pair, which no text encoding can represent. JSON writes it as an escape, such as `\ud83d`. */
const loneSurrogate = /\p{Surrogate}/u

/** Whether a string is well-formed Unicode. Writing half a surrogate pair replaces it, and a URL cannot contain it. */
const isWellFormed = (text: string): boolean => !loneSurrogate.test(text)

/**
 * The dotted path of the first string in a JSON value that is not well-formed; for the name of a member, the path of its
 * object. `undefined` if all are well-formed. Only for values of a small known depth, since it recurses.
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

/** Bytes as addresses and forms write them. */
const encodedBytes = /(?:%[0-9a-f]{2})+/gi

/**
 * Whether the bytes that a text encodes with percent signs are UTF-8. `URLSearchParams` puts U+FFFD in the place of others, and of an
 * encoded half of a surrogate pair.
 */
export const encodesText = (text: string): boolean =>
  (text.match(encodedBytes) ?? []).every((bytes) => decoded(bytes) !== undefined)

/** What a text encodes with percent signs; `undefined` for one that holds bytes that are not UTF-8, or a sign that encodes nothing. */
export function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

/** The name of the first field, in a form or in the query of an address, whose bytes are not UTF-8; empty if its name is not either. */
export function unreadableField(fields: string): string | undefined {
  const field = fields
    .replace(/^\?/, '')
    .split('&')
    .find((one) => !encodesText(one))
  if (field === undefined) return undefined
  const [name = ''] = field.split('=')
  return decoded(name.replaceAll('+', ' ')) ?? ''
}
