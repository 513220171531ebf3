import { withoutAt } from '../../api/mentions.ts'
import { hashOf } from '../../common/random.ts'
import { folded } from '../../common/scripts.ts'
import { CallRefusedError, forbidden, oauthError } from '../errors.ts'
import { type Allowance, addressKey, type Counter } from '../http/rate-limits.ts'
import type { UserRecord } from '../state/records.ts'
import type { State } from '../state/state.ts'
import { isLongEnough, passwordMatches, shortestPassword } from './passwords.ts'

/** What signing in needs of the server. */
export interface SignInParts {
  readonly state: State
  /** Failed attempts to sign in with a password. */
  readonly attempts: Counter
  /** Nobody but this machine can reach the server. */
  readonly isLocal: boolean
}

export interface SignIn {
  /** Email address, mention name with or without its `@`, or id. */
  readonly username: string
  readonly password: string
  /** Network address of whoever signs in. */
  readonly address: string
}

/**
 * Failed sign-ins allowed in a quarter of an hour, narrowest first: of one person from one address, from one address for
 * whatever names, and of one person from anywhere. A person is counted as one under all of their names, and a name that
 * nobody has as it is looked up, so that no spelling buys more attempts. The narrowest counter is used up first, and one
 * that refuses uses up none of the others: what one address can use up of a person's attempts is ten, and the person
 * still gets in from elsewhere.
 */
const allowed = { pair: 10, address: 300, person: 100 }

/**
 * Finds the user with a name and a password. 401, always in the same words, for a wrong name, a wrong password, a user
 * without one and a deleted user; 429 after too many failures. Where others can reach the server, 403 for a password that
 * is too short to be set there: it was set while they could not.
 */
export async function signIn(
  { username, password, address }: SignIn,
  { state, attempts, isLocal }: SignInParts,
): Promise<UserRecord> {
  const name = username.trim()
  const user = state.people.find(name) ?? state.people.byMention(name)
  const person = user ? `user ${user.id}` : `name ${hashOf(spelling(name))}`
  const from = addressKey(address)
  const counters = [
    { key: `${person} from ${from}`, limit: allowed.pair },
    { key: `address ${from}`, limit: allowed.address },
    { key: person, limit: allowed.person },
  ]
  // Taken before the password is looked at, and given back for a right one: many attempts at a time count too.
  counters.forEach(({ key, limit }, index) => {
    const taken = attempts.take(key, limit)
    if (!taken.exceeded) return
    for (const other of counters.slice(0, index)) attempts.give(other.key)
    throw tooManyAttempts(taken)
  })
  const matches = await passwordMatches(password, user?.password ?? null, from).catch((error) => {
    for (const { key } of counters) attempts.give(key) // it was not looked at
    throw error
  })
  if (!user || user.isDeleted || !matches) throw wrong()
  for (const { key } of counters) attempts.give(key)
  if (!isLocal && !isLongEnough(password))
    throw forbidden(
      `Your password is shorter than ${shortestPassword} characters: ask an administrator to set another one`,
    )
  return stillSignedIn(user, state)
}

/** Who signed in, as of now: 401 for a user who was deleted, or was given another password, in the meantime. */
export function stillSignedIn({ id, password }: UserRecord, state: State): UserRecord {
  const user = state.people.get(id)
  if (!user || user.isDeleted || user.password !== password) throw wrong()
  return user
}

/** One form for all the spellings that would find the same user, if there were one. */
const spelling = (name: string): string => {
  const text = withoutAt(folded(name.normalize('NFKC').trim()))
  return /^\d+$/.test(text) ? text.replace(/^0+(?=\d)/, '') : text
}

const wrong = (): CallRefusedError => oauthError(401, 'invalid_grant', 'Wrong user name or password')

const tooManyAttempts = ({ reset }: Allowance): CallRefusedError =>
  new CallRefusedError(429, 'Too many attempts to sign in', {
    headers: { 'Retry-After': String(Math.max(1, reset - Math.floor(Date.now() / 1000))) },
  })
