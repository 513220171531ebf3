/** A string as its bytes; PostgreSQL compares them one by one. */
export const bytesOf = (text: string): Buffer => Buffer.from(text)

/** The string of a `bytea` in a result. */
export const textOf = (value: unknown): string => (value as Buffer).toString() // `pg` reads each bytea as a Buffer

/** The first bytes after all those that begin with a prefix; `null` for all, since there is nothing after them. */
export function afterPrefix(prefix: string): Buffer | null {
  const end = bytesOf(prefix)
  const last = end.at(-1)
  if (last === undefined) return null
  end[end.length - 1] = last + 1 // no byte of UTF-8 is 255
  return end
}

/** The first bytes after a key. */
export const afterKey = (key: Buffer): Buffer => Buffer.concat([key, Buffer.of(0)])

/** An expression for the time after so many milliseconds, given as a parameter such as `$2`; after `null`, never. */
export const timeAfter = (milliseconds: string): string =>
  `coalesce(clock_timestamp() + ${milliseconds}::float8 * interval '1 millisecond', 'infinity')`
