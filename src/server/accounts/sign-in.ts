import type { Context } from '../context.ts'
import { CallRefusedError, oauthError } from '../errors.ts'
import { hashOf } from '../random.ts'
import { type Allowance, addressKey } from '../rest/limits.ts'
import type { UserRecord } from '../state/records.ts'
import { folded } from '../state/table.ts'
import { passwordMatches } from './passwords.ts'

export interface SignIn {
  /** Email address, mention name with or without its `@`, or id. */
  readonly username: string
  readonly password: string
  /** Network address of whoever signs in. */
  readonly address: string
}

/**
 * Failed sign-ins allowed in a quarter of an hour: with one name from one address, with one name from anywhere, and
 * from one address with whatever names. Names are counted as they are typed, whether anybody has them or not: counted
 * by user, they would tell which names belong together.
 */
const allowed = { pair: 10, name: 100, address: 300 }

/**
 * Finds the user with a name and a password. 401, always in the same words, for a wrong name, a wrong password, a user
 * without one and a deleted user; 429 after too many failures.
 */
export async function signIn(
  { username, password, address }: SignIn,
  { state, attempts }: Pick<Context, 'state' | 'attempts'>,
): Promise<UserRecord> {
  const name = hashOf(folded(username.trim()).replace(/^@/, ''))
  const from = addressKey(address)
  const keys = { pair: `${from} ${name}`, name, address: `address ${from}` }
  // Taken before the password is looked at, and given back for a right one: many attempts at a time count too.
  const taken = Object.entries(keys).map(([kind, key]) =>
    attempts.take(key, allowed[kind as keyof typeof keys]),
  )
  const late = taken.find(({ exceeded }) => exceeded)
  if (late) throw tooManyAttempts(late)
  const user = state.people.find(username.trim()) ?? state.people.byMention(username.trim())
  const matches = await passwordMatches(password, user?.password ?? null, from).catch((error) => {
    for (const key of Object.values(keys)) attempts.give(key) // it was not looked at
    throw error
  })
  if (!user || user.isDeleted || !matches)
    throw oauthError(401, 'invalid_grant', 'Wrong user name or password')
  for (const key of Object.values(keys)) attempts.give(key)
  return user
}

const tooManyAttempts = ({ reset }: Allowance): CallRefusedError =>
  new CallRefusedError(429, 'Too many attempts to sign in', {
    headers: { 'Retry-After': String(Math.max(1, reset - Math.floor(Date.now() / 1000))) },
  })
