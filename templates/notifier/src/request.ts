import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** Whether a request has `Authorization: Bearer` with the secret. Takes the same time for every value. */
export function hasSecret(request: IncomingMessage, secret: string): boolean {
  const [, given = ''] = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '') ?? []
  return timingSafeEqual(digest(given), digest(secret))
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

/** The JSON of a request; `undefined` if it is not JSON, or longer than `most` characters. */
export async function bodyOf(request: IncomingMessage, most = 20_000): Promise<unknown> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) {
    text += chunk
    if (text.length > most) return undefined
  }
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
