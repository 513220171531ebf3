import type { Scope } from '../../api/scopes.ts'
import { hashOf, randomText } from '../../common/random.ts'
import { nowMicros } from '../dates.ts'
import type { TokenRecord } from '../state/records.ts'
import type { State } from '../state/state.ts'

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
  const access = randomText(40)
  const refreshing = randomText(40)
  const until = (seconds: number) => Date.now() + seconds * 1000
  const issued = await state.write(() => {
    // Expired tokens are removed when new ones are made: nothing else would remove them.
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
    if (uses !== undefined) state.tokens.remove(uses) // removed last: without a token left the grant would end
    return { scopes: grant.scopes, renewal, lifetime }
  })
  const group = state.group()
  return {
    access_token: access,
    token_type: 'bearer' as const,
    expires_in: issued.lifetime,
    scope: issued.scopes.join(' '),
    ...(group ? { group_id: group.id, group_name: group.name } : {}),
    ...(issued.renewal ? { refresh_token: refreshing } : {}),
  }
}
