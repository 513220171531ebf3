import type { Scope } from '../../api/scopes.ts'
import { randomText } from '../../common/random.ts'
import { nowMicros } from '../dates.ts'
import type { ClientRecord, TokenRecord } from '../state/records.ts'
import type { State } from '../state/state.ts'
import { hashOf } from '../state/token-hash.ts'

/** What making tokens needs from the server. */
export interface TokenParts {
  readonly state: State
  /** In seconds. */
  readonly tokenLifetime: number
}

/** A token to make: whose it is, and what it may do. */
export type Grant = Pick<
  TokenRecord,
  'kind' | 'scopes' | 'oauthId' | 'userId' | 'roomId' | 'label' | 'madeBy' | 'madeWith' | 'madeWithPassword'
> & {
  /** In seconds. Default {@link TokenParts.tokenLifetime}. */
  readonly lifetime?: number
  /** The refresh token to make with it: what it may do, and the sign-in that it belongs to. */
  readonly renewal?: { readonly scopes: readonly Scope[]; readonly session: string }
  /** Hash of the refresh token that is used up. */
  readonly uses?: string
}

/** An access token to make: whose it is, and what it may do. What is left out is null. */
export type NewToken = Pick<TokenRecord, 'kind' | 'scopes'> & Partial<Omit<TokenRecord, 'use' | 'created'>>

/**
 * Makes an access token, inside a transaction. Returns its text, of which only the hash is kept. Default of `text`: a
 * random one.
 */
export function makeToken(state: State, token: NewToken, text = randomText(40)): string {
  state.tokens.put(hashOf(text), {
    oauthId: null,
    userId: null,
    roomId: null,
    label: null,
    expires: null,
    ...token,
    use: 'access',
    created: nowMicros(),
  })
  return text
}

/** Ends a token, and with it all tokens of its sign-in. Call it inside a transaction. */
export function endToken(state: State, hash: string): void {
  const grant = state.tokens.get(hash)?.session
  state.tokens.remove(hash)
  if (grant !== undefined) endGrant(state, grant)
}

/** Ends all tokens of a sign-in, or of a permission for an add-on. Call it inside a transaction. */
export function endGrant(state: State, grant: string): void {
  for (const { hash } of state.tokens.ofGrant(grant)) state.tokens.remove(hash)
}

/** Ends what was made with a user's password: people who know an old one do not stay signed in. */
export function endTokensOfPassword(state: State, userId: number): void {
  state.tokens.removeOf(
    { userId },
    ({ kind, madeWithPassword }) => kind === 'user' || madeWithPassword === true,
  )
  state.tokens.removeOf({ madeBy: userId }, ({ madeWithPassword }) => madeWithPassword === true)
  state.codes.removeWhere((code) => code.userId === userId)
}

/** Ends tokens with a scope that their installation no longer has. */
export function endTokensBeyond(state: State, { oauthId, scopes: granted }: ClientRecord): void {
  state.tokens.removeOf({ oauthId }, ({ scopes }) => scopes.some((scope) => !granted.includes(scope)))
}

/** Ends what ended while the server was stopped, and the administrator's token of the start before. */
export function endTokensOfEarlierStart(state: State): void {
  state.tokens.removeWhere((token) => token.admin === true)
  state.tokens.removeExpired()
  state.codes.removeExpired()
}

/** More than are made at a time, and few enough for one turn of the event loop. */
const mostRemoved = 50

/** A year in seconds: the lifetime of refresh tokens, and of tokens made by hand. */
export const year = 365 * 24 * 3600

/**
 * Makes the tokens of a grant, and returns the answer of the token endpoint. The grant is found inside the
 * transaction that makes the tokens. So only one caller can use a code or refresh token, and using it again ends
 * the tokens that were made from it.
 */
export async function issue({ state, tokenLifetime }: TokenParts, find: () => Grant) {
  const refreshing = randomText(40)
  const until = (seconds: number) => Date.now() + seconds * 1000
  const issued = await state.write(() => {
    // Expired tokens are removed when new ones are made: nothing else would remove them.
    state.tokens.removeExpired(mostRemoved)
    const { renewal, lifetime = tokenLifetime, uses, ...grant } = find()
    const about = { ...grant, ...(renewal ? { session: renewal.session } : {}) }
    const access = makeToken(state, { ...about, expires: until(lifetime) })
    if (renewal)
      state.tokens.put(hashOf(refreshing), {
        ...about,
        scopes: renewal.scopes,
        use: 'refresh',
        expires: until(year),
        created: nowMicros(),
      })
    if (uses !== undefined) state.tokens.remove(uses) // removed last: without a token left the grant would end
    return { access, scopes: grant.scopes, renewal, lifetime }
  })
  const group = state.group()
  return {
    access_token: issued.access,
    token_type: 'bearer' as const,
    expires_in: issued.lifetime,
    scope: issued.scopes.join(' '),
    ...(group ? { group_id: group.id, group_name: group.name } : {}),
    ...(issued.renewal ? { refresh_token: refreshing } : {}),
  }
}
