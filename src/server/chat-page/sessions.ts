import { scopesOf } from '../auth/granted-scopes.ts'
import { stillSignedIn } from '../auth/sign-in.ts'
import { makeToken } from '../auth/tokens.ts'
import type { Context } from '../context.ts'
import type { UserRecord } from '../state/records.ts'

const lifetime = 14 * 24 * 3600_000 // milliseconds

/**
 * Signs a user in to the chat page, unless they are gone by now. Returns the token and its end, in milliseconds
 * since 1970.
 */
export async function openPageSession(
  signedIn: UserRecord,
  { state }: Pick<Context, 'state'>,
): Promise<{ readonly token: string; readonly expires: number }> {
  const expires = Date.now() + lifetime
  const token = await state.write(() => {
    const user = stillSignedIn(signedIn, state)
    state.tokens.removeExpired()
    return makeToken(state, {
      kind: 'user',
      scopes: scopesOf(user),
      userId: user.id,
      label: 'chat page',
      expires,
      page: true,
    })
  })
  return { token, expires }
}
