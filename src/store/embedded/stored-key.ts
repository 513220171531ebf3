// lmdb's key encoding escapes control characters in strings of less than 64 characters only; longer ones come back as another
// key, or as none (ordered-binary 1.6, `writeKey`). So the characters that it uses itself are escaped here.

/** A key as it is in LMDB. */
export const toStored = (key: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is escaped
  key.replace(/[\u0000-\u0005]/g, (found) => `\u0005${found.charCodeAt(0)}`)

/** The key of what {@link toStored} returned. */
export const fromStored = (stored: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: as above
  stored.replace(/\u0005([0-5])/g, (_, code) => String.fromCharCode(code))
