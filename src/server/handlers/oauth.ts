import type { Parameters } from '../../api/operation.ts'
import type { Operations } from '../../api/operations/index.ts'
import { isScope, type Scope, scopeNames } from '../../api/scopes.ts'
import type { Context, Handlers } from '../context.ts'
import { nowMicros } from '../dates.ts'
import { CallRefusedError } from '../errors.ts'
import { addressKey } from '../limits.ts'
import { passwordMatches } from '../passwords.ts'
import { hashOf, randomText } from '../random.ts'
import type { Session } from '../session.ts'
import type { TokenRecord, UserRecord } from '../state/records.ts'
import type { State } from '../state/state.ts'

type TokenRequest = Parameters<Operations['generateToken']>

const supported = ['client_credentials', 'password', 'refresh_token']
const attemptsAllowed = 10
const refreshLifetime = 365 * 24 * 3600 // seconds

export const oauthHandlers: Pick<Handlers, 'generateToken' | 'getSession' | 'deleteSession'> = {
  async generateToken(request, session, context) {
    switch (request.grant_type) {
      case 'client_credentials':
        return clientCredentials(request, session, context)
      case 'password':
        return password(request, session, context)
      case 'refresh_token':
        return refresh(request, context)
      default:
        throw oauthError(
          400,
          'unsupported_grant_type',
          `grant_type ${request.grant_type} is not supported here; supported are ${supported.join(', ')}`,
        )
    }
  },

  getSession({ access_token }, session, { state, present }) {
    const text = String(access_token)
    const { token } = ownToken(text, session, state)
    return {
      access_token: text,
      ...(token.expires === null
        ? {}
        : { expires_in: Math.max(0, Math.ceil((token.expires - Date.now()) / 1000)) }),
      ...present.session(token),
      links: { self: session.url.href },
    }
  },

  /** All tokens of the same sign-in go, those it was renewed with among them. */
  async deleteSession({ access_token }, session, { state }) {
    const { hash, token } = ownToken(String(access_token), session, state)
    await state.write(() => {
      state.tokens.remove(hash)
      if (token.session !== undefined) state.tokens.removeWhere((other) => other.session === token.session)
    })
    return undefined
  },
}

/** 404 for every token but the one the call is made with; the text must not repeat it. */
function ownToken(text: string, { tokenHash }: Session, state: State): { hash: string; token: TokenRecord } {
  const hash = hashOf(text)
  const token = hash === tokenHash ? state.tokens.get(hash) : undefined
  if (!token) throw new CallRefusedError(404, 'A session is found by its own token only')
  return { hash, token }
}

/** A refusal of the token endpoint: HipChat's envelope, with the error code of OAuth 2 beside it. */
const oauthError = (status: number, oauthCode: string, message: string, field?: string): CallRefusedError =>
  new CallRefusedError(status, message, {
    oauthCode,
    ...(field ? { details: { field } } : {}),
    ...(status === 401 ? { headers: { 'WWW-Authenticate': 'Basic realm="hipchat"' } } : {}),
  })

async function clientCredentials(request: TokenRequest, { basic, client }: Session, context: Context) {
  if (!basic) throw oauthError(401, 'invalid_client', 'Send the OAuth id and secret as Basic credentials')
  if (!client) throw oauthError(401, 'invalid_client', 'Unknown or removed OAuth client')
  const scopes = grantedScopes(request.scope, client.scopes, 'the installation')
  return issue(context, {
    kind: client.roomId === null ? 'addon_group' : 'addon_room',
    scopes,
    oauthId: client.oauthId,
    userId: null,
    roomId: client.roomId,
    label: null,
  })
}

async function password(request: TokenRequest, session: Session, context: Context) {
  const { state, attempts } = context
  if (!request.username || !request.password)
    throw oauthError(400, 'invalid_request', 'username and password are required')
  const identity = `${addressKey(session.address)} ${hashOf(request.username.toLowerCase())}`
  const attempt = attempts.take(identity, attemptsAllowed)
  if (attempt.exceeded)
    throw new CallRefusedError(429, 'Too many attempts to sign in', {
      headers: { 'Retry-After': String(Math.max(1, attempt.reset - Math.floor(Date.now() / 1000))) },
    })
  const user = state.people.find(request.username) ?? state.people.byMention(request.username)
  const matches = await passwordMatches(request.password, user?.password ?? null)
  if (!user || user.isDeleted || !matches)
    throw oauthError(401, 'invalid_grant', 'Wrong user name or password')
  const allowed = scopesOf(user)
  return issue(
    context,
    {
      kind: 'user',
      scopes: grantedScopes(request.scope, allowed, 'this user'),
      oauthId: null,
      userId: user.id,
      roomId: null,
      label: request.client_name ?? null,
    },
    true,
  )
}

async function refresh(request: TokenRequest, context: Context) {
  if (!request.refresh_token) throw oauthError(400, 'invalid_request', 'refresh_token is required')
  const { state } = context
  const hash = hashOf(request.refresh_token)
  const token = state.tokens.get(hash)
  const expired = token?.expires !== null && (token?.expires ?? 0) <= Date.now()
  if (token?.use !== 'refresh' || expired)
    throw oauthError(400, 'invalid_grant', 'The refresh token is unknown, used or expired')
  const scopes = grantedScopes(request.scope, token.scopes, 'the refresh token')
  // A refresh token is good once: of two callers one gets nothing.
  if (!(await state.write(() => state.tokens.remove(hash))))
    throw oauthError(400, 'invalid_grant', 'The refresh token is unknown, used or expired')
  const { kind, oauthId, userId, roomId, label, session } = token
  const grant = {
    kind,
    scopes,
    oauthId,
    userId,
    roomId,
    label,
    ...(session === undefined ? {} : { session }),
  }
  return issue(context, grant, true)
}

type Grant = Pick<TokenRecord, 'kind' | 'scopes' | 'oauthId' | 'userId' | 'roomId' | 'label' | 'session'>

async function issue({ state, tokenLifetime }: Context, grant: Grant, refreshable = false) {
  const access = randomText(40)
  const refreshing = refreshable ? randomText(40) : undefined
  const group = state.group()
  const session = refreshing ? { session: grant.session ?? randomText(20) } : {}
  const until = (seconds: number) => Date.now() + seconds * 1000
  await state.write(() => {
    const created = nowMicros()
    // Expired tokens go whenever new ones come: nothing else would ever remove them.
    state.tokens.removeExpired()
    if (grant.oauthId !== null && !state.clients.get(grant.oauthId))
      throw oauthError(401, 'invalid_client', 'Unknown or removed OAuth client')
    state.tokens.put(hashOf(access), {
      ...grant,
      ...session,
      use: 'access',
      expires: until(tokenLifetime),
      created,
    })
    if (refreshing)
      state.tokens.put(hashOf(refreshing), {
        ...grant,
        ...session,
        use: 'refresh',
        expires: until(refreshLifetime),
        created,
      })
  })
  return {
    access_token: access,
    token_type: 'bearer' as const,
    expires_in: tokenLifetime,
    scope: grant.scopes.join(' '),
    ...(group ? { group_id: group.id, group_name: group.name } : {}),
    ...(refreshing ? { refresh_token: refreshing } : {}),
  }
}

/** What was asked for, if all of it is allowed; everything allowed when nothing was asked for. */
function grantedScopes(asked: string | undefined, allowed: readonly Scope[], holder: string): Scope[] {
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
