import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { createFairQueue } from '../../common/fair-queue.ts'
import { badRequest, CallRefusedError } from '../errors.ts'

const length = 32

// Hashing runs on the threads that also do all file work and commit the data: libuv has four of them per process,
// unless this variable says otherwise. Half of them stay free.
const threads = Number(process.env['UV_THREADPOOL_SIZE']) || 4
const queue = createFairQueue(Math.max(1, Math.floor(threads / 2)))

/** Most passwords that may wait to be checked: from one address, and from all. A hundred take about three seconds. */
const mostWaiting = { address: 50, all: 200 }

/** Least number of characters of a password on a server that other machines can reach. */
export const shortestPassword = 10

/** Whether a password is long enough, in characters as people count them, not in UTF-16 units. */
export const isLongEnough = (password: string): boolean =>
  [...password.normalize('NFKC')].length >= shortestPassword

/**
 * What is wrong with a password on every server; `undefined` if nothing is. A password that cannot be typed or seen
 * is an accident.
 */
export function passwordFault(password: string): string | undefined {
  if (password.trim() === '') return 'must not be only whitespace'
  return /\p{Cc}/u.test(password) ? 'must not hold control characters' : undefined
}

/** 400 for a password that is invalid, or too short on a server that other machines can reach. */
export function checkPassword(password: string, { isLocal }: { readonly isLocal: boolean }): void {
  const fault = passwordFault(password)
  if (fault !== undefined) throw badRequest(`password ${fault}`, 'password', { validation: 'pattern' })
  if (isLocal || isLongEnough(password)) return
  throw badRequest(`password must have at least ${shortestPassword} characters`, 'password', {
    validation: 'minLength',
  })
}

const derive = (password: string, salt: Buffer): Promise<Buffer> =>
  new Promise((resolve, reject) =>
    scrypt(password.normalize('NFKC'), salt, length, (error, key) => (error ? reject(error) : resolve(key))),
  )

/** Queue key of new passwords: they are hashed one after the other, and never refused. */
const making = 'new passwords'

/** Hashes a password for storage: scrypt with its own salt. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16)
  return `${salt.toString('hex')}:${(await queue.run(making, () => derive(password, salt))).toString('hex')}`
}

/**
 * Checks a password. Takes as long for a user without one, so that the time reveals nothing. Network addresses take
 * turns; 503 when too many passwords are already waiting.
 */
export async function passwordMatches(
  password: string,
  kept: string | null,
  address: string,
): Promise<boolean> {
  if (queue.waiting(address) >= mostWaiting.address || queue.waiting() >= mostWaiting.all)
    throw new CallRefusedError(503, 'Too many people are signing in: try again in a moment', {
      headers: { 'Retry-After': '5' },
    })
  const [salt = '', hash = ''] = (kept ?? '').split(':')
  const derived = await queue.run(address, () => derive(password, Buffer.from(salt, 'hex')))
  const expected = Buffer.from(hash, 'hex')
  return expected.length === derived.length && timingSafeEqual(expected, derived)
}
