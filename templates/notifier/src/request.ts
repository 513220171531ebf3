import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** Whether a request carries `Authorization: Bearer` with the secret. Takes equally long whatever came. */
export function knowsSecret(request: IncomingMessage, secret: string): boolean {
  const [, given = ''] = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '') ?? []
  return timingSafeEqual(digest(given), digest(secret))
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

/** The JSON of a request; `undefined` if it is none, or more than `most` characters. */
export async function jsonOf(request: IncomingMessage, most = 20_000): Promise<unknown> {
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
