import { calls } from 'virtual:calls'
import { send } from '../api.ts'
import type { Talk } from '../place.ts'

/** The largest file that the server accepts, in bytes. */
export const longestFile = 20 * 1024 * 1024

/** Shares a file in a room or with a person: the two operations take multipart/related, which no form of a browser can send. */
export async function shareFile(talk: Talk, file: File, message: string): Promise<void> {
  const [method, path] = calls[talk.kind === 'room' ? 'shareFileWithRoom' : 'shareFileWithUser'] ?? [
    'POST',
    '',
  ]
  const boundary = `part-${crypto.randomUUID?.() ?? Math.random().toString(36).slice(2)}`
  const body = new Blob([
    part(boundary, 'application/json; charset=UTF-8', 'name="metadata"'),
    JSON.stringify(message === '' ? {} : { message }),
    `\r\n${part(boundary, 'application/octet-stream', `name="file"; filename="${quoted(file.name)}"`)}`,
    file,
    `\r\n--${boundary}--\r\n`,
  ])
  await send(method, path.replace(/\{\w+\}/, String(talk.id)), {
    body,
    type: `multipart/related; boundary=${boundary}`,
  })
}

const part = (boundary: string, type: string, disposition: string): string =>
  `--${boundary}\r\nContent-Type: ${type}\r\nContent-Disposition: attachment; ${disposition}\r\n\r\n`

// A line end would start another header; the server does not need folders.
const quoted = (name: string): string => name.replace(/[\r\n]+/g, ' ').replace(/["\\]/g, '\\$&')

/** `1.4 MB` */
export function sizeText(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB']
  let [size, unit] = [bytes, 0]
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000
    unit += 1
  }
  return `${size >= 100 || unit === 0 ? Math.round(size) : size.toFixed(1)} ${units[unit]}`
}
