import { hashOf, randomText } from '../../common/random.ts'
import { scopesOf } from '../auth/granted-scopes.ts'
import { stillSignedIn } from '../auth/sign-in.ts'
import type { Context } from '../context.ts'
import { nowMicros } from '../dates.ts'
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
  const token = randomText(40)
  const expires = Date.now() + lifetime
  await state.write(() => {
    const user = stillSignedIn(signedIn, state)
    state.tokens.removeExpired()
    state.tokens.put(hashOf(token), {
      kind: 'user',
      use: 'access',
      scopes: scopesOf(user),
      oauthId: null,
      userId: user.id,
      roomId: null,
      label: 'chat page',
      expires,
      page: true,
      created: nowMicros(),
    })
  })
  return { token, expires }
}
