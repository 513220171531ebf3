import { randomBytes } from 'node:crypto'

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

/** Letters and digits, about 6 bits of chance each. HipChat's secrets and tokens had 40 of them, its `jti`s 20. */
export function randomText(length: number): string {
  let text = ''
  while (text.length < length)
    for (const byte of randomBytes(length)) {
      // 248 is the largest multiple of 62 in a byte: taking the rest too would favour the first letters
      if (byte < 248 && text.length < length) text += alphabet[byte % 62]
    }
  return text
}

/** Eight capital letters and digits: the `version` of a room or user, which changes whenever the object does. */
export const randomVersion = (): string => randomText(8).toUpperCase()
