import { withoutAt } from '../../api/mentions.ts'
import { folded } from '../../common/text.ts'
import { CallRefusedError, forbidden, oauthError } from '../errors.ts'
import { type Allowance, addressKey, type Counter } from '../http/window-counter.ts'
import type { UserRecord } from '../state/records.ts'
import type { State } from '../state/state.ts'
import { hashOf } from '../state/token-hash.ts'
import { isLongEnough, passwordMatches, shortestPassword } from './passwords.ts'

/** What signing in needs from the server. */
export interface SignInParts {
  readonly state: State
  /** Counts failed sign-ins with a password. */
  readonly attempts: Counter
  /** No other machine can reach the server. */
  readonly isLocal: boolean
}

/** A sign-in with a password. */
export interface SignIn {
  /** Email address, mention name with or without its `@`, or id. */
  readonly username: string
  readonly password: string
  /** Network address of the caller. */
  readonly address: string
}

/**
 * Failed sign-ins allowed in a quarter of an hour, narrowest first: of one person from one address, from one
 * address for all names, and of one person from anywhere. All names of a person count as one, and an unknown name
 * counts as it is looked up, so that other spellings give no further attempts. The narrowest counter is used up
 * first, and a counter that refuses uses up none of the others: one address can use up ten of a person's attempts,
 * and the person can still sign in from elsewhere.
 */
const allowed = { pair: 10, address: 300, person: 100 }

/**
 * Finds the user with a name and a password. 401, always with the same message, for a wrong name, a wrong password,
 * a user without a password and a deleted user; 429 after too many failures. On a server that other machines can
 * reach, 403 for a password that is too short to be set there: it was set when they could not reach it.
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
  // Counted before the password is checked, and given back for a right one, so that simultaneous attempts count
  // too.
  counters.forEach(({ key, limit }, index) => {
    const taken = attempts.take(key, limit)
    if (!taken.exceeded) return
    for (const other of counters.slice(0, index)) attempts.give(other.key)
    throw tooManyAttempts(taken)
  })
  const matches = await passwordMatches(password, user?.password ?? null, from).catch((error) => {
    for (const { key } of counters) attempts.give(key) // the password was not checked
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

/** The user as of now: 401 when they were deleted or got another password meanwhile. */
export function stillSignedIn({ id, password }: UserRecord, state: State): UserRecord {
  const user = state.people.get(id)
  if (!user || user.isDeleted || user.password !== password) throw wrong()
  return user
}

/** One form for all spellings that would find the same user. */
const spelling = (name: string): string => {
  const text = withoutAt(folded(name.normalize('NFKC').trim()))
  return /^\d+$/.test(text) ? text.replace(/^0+(?=\d)/, '') : text
}

const wrong = (): CallRefusedError => oauthError(401, 'invalid_grant', 'Wrong user name or password')

const tooManyAttempts = ({ reset }: Allowance): CallRefusedError =>
  new CallRefusedError(429, 'Too many attempts to sign in', {
    headers: { 'Retry-After': String(Math.max(1, reset - Math.floor(Date.now() / 1000))) },
  })
