import { isScope, type Scope, scopeNames } from '../../api/scopes.ts'
import { oauthError } from '../errors.ts'
import type { UserRecord } from '../state/records.ts'

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

const administrative: readonly Scope[] = ['admin_group', 'import_data']

/** Guests talk in the rooms that they are let into, and see nothing of the group. */
const ofGuests: readonly Scope[] = ['send_message', 'view_messages', 'view_room']

/** What a user may do at most. */
export const scopesOf = ({ isAdmin, isGuest }: Pick<UserRecord, 'isAdmin' | 'isGuest'>): Scope[] =>
  scopeNames.filter((scope) =>
    isGuest ? ofGuests.includes(scope) : isAdmin || !administrative.includes(scope),
  )

/** Of some scopes, those a user may have. */
export function scopesFor(user: UserRecord, scopes: readonly Scope[]): readonly Scope[] {
  const possible = scopesOf(user)
  return scopes.filter((scope) => possible.includes(scope))
}
