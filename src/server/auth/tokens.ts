import type { Scope } from '../../api/scopes.ts'
import { hashOf, randomText } from '../../common/random.ts'
import { nowMicros } from '../dates.ts'
import type { TokenRecord } from '../state/records.ts'
import type { State } from '../state/state.ts'

/** What making tokens needs of the server. */
export interface TokenParts {
  readonly state: State
  /** Seconds. */
  readonly tokenLifetime: number
}

/** A token to be made: whose it is, and what it may do. */
export type Grant = Pick<
  TokenRecord,
  'kind' | 'scopes' | 'oauthId' | 'userId' | 'roomId' | 'label' | 'madeBy' | 'madeWith' | 'madeWithPassword'
> & {
  /** Seconds; default {@link TokenParts.tokenLifetime}. */
  readonly lifetime?: number
  /** A refresh token comes along: what it may do, and the sign-in it belongs to. */
  readonly renewal?: { readonly scopes: readonly Scope[]; readonly session: string }
  /** Hash of the refresh token that is used up. */
  readonly uses?: string
}

/** More than are made, and few enough for one turn of the event loop. */
const mostRemoved = 50

export const year = 365 * 24 * 3600 // seconds

/**
 * Makes the tokens of a grant and gives the answer of the token endpoint. What is granted is found inside of the
 * transaction that makes the tokens: so a code or refresh token is used up by one caller only, and one that is shown
 * again ends the tokens that were made of it.
 */
export async function issue({ state, tokenLifetime }: TokenParts, find: () => Grant) {
  const access = randomText(40)
  const refreshing = randomText(40)
  const until = (seconds: number) => Date.now() + seconds * 1000
  const { scopes, renewal, lifetime } = await state.write(() => {
    // Expired tokens go whenever new ones come: nothing else would ever remove them.
    state.tokens.removeExpired(mostRemoved)
    const { renewal, lifetime = tokenLifetime, uses, ...grant } = find()
    const about = { ...grant, ...(renewal ? { session: renewal.session } : {}), created: nowMicros() }
    state.tokens.put(hashOf(access), { ...about, use: 'access', expires: until(lifetime) })
    if (renewal)
      state.tokens.put(hashOf(refreshing), {
        ...about,
        scopes: renewal.scopes,
        use: 'refresh',
        expires: until(year),
      })
    if (uses !== undefined) state.tokens.remove(uses) // the last: with no token left the grant would end
    return { scopes: grant.scopes, renewal, lifetime }
  })
  const group = state.group()
  return {
    access_token: access,
    token_type: 'bearer' as const,
    expires_in: lifetime,
    scope: scopes.join(' '),
    ...(group ? { group_id: group.id, group_name: group.name } : {}),
    ...(renewal ? { refresh_token: refreshing } : {}),
  }
}
