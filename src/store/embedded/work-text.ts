import type { Recovered } from '../store.ts'

// A line of the log is latin1 and ends with a line feed, so work is written as the latin1 reading of its UTF-8, and line
// feeds are escaped. Neither changes anything in most work, which is JSON or base64.
const mark = '\u001b'

/** Work as the rest of a line: its attempt, its crashes, its id and itself. */
export function workText({ id, attempt, crashes, work }: Recovered): string {
  const escaped = work.replaceAll(mark, `${mark}e`).replaceAll('\n', `${mark}n`)
  const written = isAscii(escaped) ? escaped : Buffer.from(escaped).toString('latin1')
  return `${attempt} ${crashes} ${encodeURIComponent(id)} ${written}`
}

/** Reads the rest of a line; `undefined` if it is damaged. */
export function parseWork(text: string): Recovered | undefined {
  const [attempt, afterAttempt] = splitOnce(text)
  const [crashes, afterCrashes] = splitOnce(afterAttempt)
  const [id, written] = splitOnce(afterCrashes)
  try {
    const escaped = isAscii(written) ? written : Buffer.from(written, 'latin1').toString('utf8')
    const work = escaped.replaceAll(`${mark}n`, '\n').replaceAll(`${mark}e`, mark)
    return { id: decodeURIComponent(id), attempt: Number(attempt), crashes: Number(crashes), work }
  } catch {
    return undefined
  }
}

const isAscii = (text: string): boolean => Buffer.byteLength(text) === text.length

/** A text before and after its first space. */
export function splitOnce(text: string): [string, string] {
  const end = text.indexOf(' ')
  return end < 0 ? [text, ''] : [text.slice(0, end), text.slice(end + 1)]
}
