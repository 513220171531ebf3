import { chunkLength, nextTurn } from '../../common/next-turn.ts'
import type { Caller } from '../auth/callers.ts'
import type { Handlers } from '../context.ts'
import { formatSeconds } from '../dates.ts'
import { page } from '../http/paging.ts'
import type { TokenRecord } from '../state/records.ts'
import type { HashedToken, Tokens } from '../state/tokens.ts'

export const sessionHandlers: Pick<Handlers, 'getActiveSessions'> = {
  /** A session is a sign-in, with a password or on an add-on's consent page, whose token is still good. */
  async getActiveSessions(parameters, caller, { state, present }) {
    const found = await sessionsFor(caller, state.tokens)
    found.sort((one, other) => one.token.created - other.token.created)
    return page(found, parameters, caller.url, ({ hash, token }) => {
      const user = state.people.get(token.userId ?? 0) // people stay, even when they are deleted
      return {
        id: hash.slice(0, 16), // a part of a hash identifies the session and grants no access
        ...(user ? { user: present.userReference(user) } : {}),
        client: { type: token.label ?? 'api' },
        created: formatSeconds(token.created),
      }
    })
  },
}

const isSession = ({ kind, use, expires, userId }: TokenRecord): boolean =>
  kind === 'user' && use === 'access' && userId !== null && (expires === null || expires > Date.now())

/**
 * Administrators see all sessions, others their own. An add-on's own are those that people gave it. All tokens are
 * read in parts.
 */
async function sessionsFor({ user, client, scopes }: Caller, tokens: Tokens): Promise<HashedToken[]> {
  const sessions = (some: readonly HashedToken[]) => some.filter(({ token }) => isSession(token))
  const seesAll = user ? user.isAdmin : scopes.includes('admin_group')
  if (!seesAll) {
    if (user) return sessions(tokens.of({ userId: user.id }))
    return client ? sessions(tokens.of({ oauthId: client.oauthId })) : []
  }
  const found: HashedToken[] = []
  for (let after: string | undefined; ; ) {
    const part = tokens.from(after, chunkLength)
    found.push(...sessions(part))
    if (part.length < chunkLength) return found
    after = part.at(-1)?.hash
    await nextTurn()
  }
}
