import { isScope, type Scope, scopeNames } from '../../api/scopes.ts'
import { oauthError } from '../errors.ts'
import type { UserRecord } from '../state/records.ts'

/**
 * The requested scopes, if all of them are allowed; all allowed ones when none were requested. 400 `invalid_scope`
 * names the first that is not allowed.
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

const administrative: readonly Scope[] = ['admin_group', 'import_data']

/** Guests talk in the rooms that they were added to, and see nothing of the group. */
const ofGuests: readonly Scope[] = ['send_message', 'view_messages', 'view_room']

/** All scopes that a user may have. */
export const scopesOf = ({ isAdmin, isGuest }: Pick<UserRecord, 'isAdmin' | 'isGuest'>): Scope[] =>
  scopeNames.filter((scope) =>
    isGuest ? ofGuests.includes(scope) : isAdmin || !administrative.includes(scope),
  )

/** Those of some scopes that a user may have. */
export function scopesFor(user: UserRecord, scopes: readonly Scope[]): readonly Scope[] {
  const possible = scopesOf(user)
  return scopes.filter((scope) => possible.includes(scope))
}
