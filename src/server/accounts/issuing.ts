import { isScope, type Scope, scopeNames } from '../../api/scopes.ts'
import type { Context } from '../context.ts'
import { nowMicros } from '../dates.ts'
import { oauthError } from '../errors.ts'
import { hashOf, randomText } from '../random.ts'
import type { TokenRecord, UserRecord } from '../state/records.ts'

/** A token to be made: whose it is, and what it may do. */
export type Grant = Pick<TokenRecord, 'kind' | 'scopes' | 'oauthId' | 'userId' | 'roomId' | 'label'> & {
  /** Seconds; default {@link Context.tokenLifetime}. */
  readonly lifetime?: number
  /** A refresh token comes along: what it may do, and the sign-in it belongs to. */
  readonly renewal?: { readonly scopes: readonly Scope[]; readonly session: string }
}

export const year = 365 * 24 * 3600 // seconds

/**
 * Makes the tokens of a grant and gives the answer of the token endpoint. What is granted is found inside of the
 * transaction that makes the tokens: so a code or refresh token is used up by one caller only, and one that is shown
 * again ends the tokens that were made of it.
 */
export async function issue({ state, tokenLifetime }: Context, find: () => Grant) {
  const access = randomText(40)
  const refreshing = randomText(40)
  const until = (seconds: number) => Date.now() + seconds * 1000
  const { scopes, renewal, lifetime } = await state.write(() => {
    // Expired tokens go whenever new ones come: nothing else would ever remove them.
    state.tokens.removeExpired()
    const { renewal, lifetime = tokenLifetime, ...grant } = find()
    if (grant.oauthId !== null && !state.clients.get(grant.oauthId))
      throw oauthError(401, 'invalid_client', 'Unknown or removed OAuth client')
    const about = { ...grant, ...(renewal ? { session: renewal.session } : {}), created: nowMicros() }
    state.tokens.put(hashOf(access), { ...about, use: 'access', expires: until(lifetime) })
    if (renewal)
      state.tokens.put(hashOf(refreshing), {
        ...about,
        scopes: renewal.scopes,
        use: 'refresh',
        expires: until(year),
      })
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

/**
 * What was asked for, if all of it is allowed; everything allowed when nothing was asked for. 400 `invalid_scope` names
 * the first that is not.
 */
export function grantedScopes(
  asked: string | undefined,
  allowed: readonly Scope[],
  holder: string,
): readonly Scope[] {
  const names = (asked ?? '').split(/[\s,]+/).filter(Boolean)
  if (names.length === 0) return [...allowed]
  return [...new Set(names)].map((name) => {
    if (!isScope(name)) throw oauthError(400, 'invalid_scope', `There is no scope ${name}`, 'scope')
    if (!allowed.includes(name))
      throw oauthError(400, 'invalid_scope', `The scope ${name} was not granted to ${holder}`, 'scope')
    return name
  })
}

/** What a user may do at most. */
export const scopesOf = (user: UserRecord): Scope[] =>
  scopeNames.filter((scope) => user.isAdmin || (scope !== 'admin_group' && scope !== 'import_data'))

/** Of some scopes, those a user may have. */
export function scopesFor(user: UserRecord, scopes: readonly Scope[]): readonly Scope[] {
  const possible = scopesOf(user)
  return scopes.filter((scope) => possible.includes(scope))
}
