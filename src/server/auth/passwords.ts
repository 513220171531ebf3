import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { createFairQueue } from '../../common/fair-queue.ts'
import { badRequest, CallRefusedError } from '../errors.ts'

const length = 32

// Hashing runs on the same threads as all work on files and the commits of the data: libuv has four of them for the process,
// unless this says otherwise. Half of them stay free.
const threads = Number(process.env['UV_THREADPOOL_SIZE']) || 4
const queue = createFairQueue(Math.max(1, Math.floor(threads / 2)))

/** Passwords that may wait to be checked: of one address, and of all. A hundred take about three seconds. */
const mostWaiting = { address: 50, all: 200 }

/** Characters of a password on a server that more than its own machine can reach. */
export const shortestPassword = 10

/** Whether a password has as many characters; as people count them, not in UTF-16. */
export const isLongEnough = (password: string): boolean =>
  [...password.normalize('NFKC')].length >= shortestPassword

/** What is wrong with a password on every server; `undefined` if nothing is. What nobody can type, or see, is an accident. */
export function passwordFault(password: string): string | undefined {
  if (password.trim() === '') return 'must not be blank'
  return /\p{Cc}/u.test(password) ? 'must not hold control characters' : undefined
}

/** 400 for a password that is none, or too short where others can reach the server. */
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

/** Whose turn it is when somebody is given a password: they are made one after the other, and never refused. */
const making = 'new passwords'

/** How a password is kept: scrypt with a salt of its own. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16)
  return `${salt.toString('hex')}:${(await queue.run(making, () => derive(password, salt))).toString('hex')}`
}

/**
 * Checks a password. Takes as long for a user without one, so that the time tells nothing. Network addresses take turns;
 * 503 when too many passwords wait already.
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
