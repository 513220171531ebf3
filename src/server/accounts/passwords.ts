import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'

const length = 32

const derive = (password: string, salt: Buffer): Promise<Buffer> =>
  new Promise((resolve, reject) =>
    scrypt(password.normalize('NFKC'), salt, length, (error, key) => (error ? reject(error) : resolve(key))),
  )

/** How a password is kept: scrypt with a salt of its own. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16)
  return `${salt.toString('hex')}:${(await derive(password, salt)).toString('hex')}`
}

/** Checks a password. Takes as long for a user without one, so that the time tells nothing. */
export async function passwordMatches(password: string, kept: string | null): Promise<boolean> {
  const [salt = '', hash = ''] = (kept ?? '').split(':')
  const derived = await derive(password, Buffer.from(salt, 'hex'))
  const expected = Buffer.from(hash, 'hex')
  return expected.length === derived.length && timingSafeEqual(expected, derived)
}
