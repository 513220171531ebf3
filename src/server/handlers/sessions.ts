import type { Session } from '../accounts/session.ts'
import type { Handlers } from '../context.ts'
import { formatSeconds } from '../dates.ts'
import { page } from '../rest/paging.ts'
import type { TokenRecord } from '../state/records.ts'

export const sessionHandlers: Pick<Handlers, 'getActiveSessions'> = {
  /** A session is a sign-in, with a password or on the consent page of an add-on, whose token is still good. */
  getActiveSessions(parameters, session, { state, present }) {
    const isShown = shownTo(session)
    const sessions = state.tokens
      .all()
      .filter(({ token }) => token.kind === 'user' && token.use === 'access')
      .filter(({ token }) => token.expires === null || token.expires > Date.now())
      .filter(({ token }) => isShown(token))
      .sort((one, other) => one.token.created - other.token.created)
      .flatMap(({ hash, token }) => {
        const user = token.userId === null ? undefined : state.people.get(token.userId)
        if (!user) return []
        return [
          {
            id: hash.slice(0, 16), // a piece of a hash names the session and opens nothing
            user: present.userReference(user),
            client: { type: token.label ?? 'api' },
            created: formatSeconds(token.created),
          },
        ]
      })
    return page(sessions, parameters, session.url, (one) => one)
  },
}

/** Administrators see all, others their own; and so do add-ons: theirs are those that people gave them. */
function shownTo({ user, client, scopes }: Session): (token: TokenRecord) => boolean {
  if (user) return user.isAdmin ? () => true : (token) => token.userId === user.id
  return scopes.includes('admin_group') ? () => true : (token) => token.oauthId === client?.oauthId
}
