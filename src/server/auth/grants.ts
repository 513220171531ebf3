import type { Parameters, ResultOf } from '../../api/operation.ts'
import type { Operations } from '../../api/operations/index.ts'
import type { Scope } from '../../api/scopes.ts'
import { hashOf, randomText } from '../../common/random.ts'
import { type CallRefusedError, forbidden, oauthError } from '../errors.ts'
import type { ClientRecord, UserRecord } from '../state/records.ts'
import type { State } from '../state/state.ts'
import { roomRunBy } from './access.ts'
import { callerBy, type Session } from './callers.ts'
import { grantedScopes, scopesFor, scopesOf } from './granted-scopes.ts'
import { checkHandmadeCount } from './handmade-tokens.ts'
import { type SignInParts, signIn, stillSignedIn } from './sign-in.ts'
import { type Grant, issue, type TokenParts, year } from './tokens.ts'

/** What the token endpoint needs of the server. */
export type GrantParts = SignInParts & TokenParts

type TokenRequest = Parameters<Operations['generateToken']>
type Granting = (
  request: TokenRequest,
  session: Session,
  parts: GrantParts,
) => Promise<ResultOf<Operations['generateToken']>>

/** How each grant of the token endpoint is served. */
export const grants: Readonly<Record<TokenRequest['grant_type'], Granting>> = {
  client_credentials: clientCredentials,
  authorization_code: authorizationCode,
  password: passwordGrant,
  refresh_token: refreshToken,
  personal: personalToken,
  room_notification: roomToken,
}

/** An add-on in its own name. No refresh token: it asks again. */
async function clientCredentials(request: TokenRequest, session: Session, parts: GrantParts) {
  const client = authenticated(session)
  return issue(parts, () => {
    const { oauthId, roomId, scopes } = installed(client, parts.state)
    return {
      kind: roomId === null ? 'addon_group' : 'addon_room',
      scopes: grantedScopes(request.scope, scopes, 'the installation'),
      oauthId,
      userId: null,
      roomId,
      label: null,
    }
  })
}

/** An add-on in the name of a user who allowed it on the consent page. */
async function authorizationCode(request: TokenRequest, session: Session, parts: GrantParts) {
  const client = authenticated(session)
  const { state } = parts
  const hash = hashOf(required(request, 'code'))
  return issue(parts, () => {
    const code = state.codes.get(hash)
    if (code?.used) {
      // RFC 6749, 4.1.2: of two who show the code one stole it, and nobody knows which.
      for (const { hash } of state.tokens.ofGrant(code.session)) state.tokens.remove(hash)
      throw badCode()
    }
    if (!code || code.expires <= Date.now() || code.oauthId !== client.oauthId) throw badCode()
    const named = request.redirect_uri ?? (code.redirectNamed ? undefined : code.redirectUri)
    if (named !== code.redirectUri)
      throw oauthError(
        400,
        'invalid_grant',
        'redirect_uri is not the one that the code was asked for with',
        'redirect_uri',
      )
    const user = activeUser(state, code.userId)
    const { scopes: granted } = installed(client, state)
    const allowed = scopesFor(user, code.scopes).filter((scope) => granted.includes(scope))
    const scopes = grantedScopes(request.scope, allowed, 'the code')
    state.codes.put(hash, { ...code, used: true })
    return {
      kind: 'user',
      scopes,
      oauthId: client.oauthId,
      userId: user.id,
      roomId: null,
      label: client.name,
      renewal: { scopes: allowed, session: code.session },
    }
  })
}

/** A user through a program that asks him for his password. */
async function passwordGrant(request: TokenRequest, session: Session, parts: GrantParts) {
  const signedIn = await signedInByPassword(request, session, parts)
  return issue(parts, () => {
    const user = stillSignedIn(signedIn, parts.state)
    const scopes = grantedScopes(request.scope, scopesOf(user), 'this user')
    return {
      kind: 'user',
      scopes,
      oauthId: null,
      userId: user.id,
      roomId: null,
      label: request.client_name ?? null,
      renewal: { scopes, session: randomText(20) },
    }
  })
}

/** A refresh token is good once: of two callers one gets nothing. One that an add-on holds is good for this add-on only. */
async function refreshToken(request: TokenRequest, session: Session, parts: GrantParts) {
  const { state } = parts
  const hash = hashOf(required(request, 'refresh_token'))
  const known = state.tokens.get(hash)
  if (session.basic || (known?.use === 'refresh' && known.oauthId !== null)) authenticated(session)
  return issue(parts, () => {
    const token = state.tokens.get(hash)
    const expired = token?.expires !== null && (token?.expires ?? 0) <= Date.now()
    const foreign = token?.oauthId !== null && token?.oauthId !== session.client?.oauthId
    if (token?.use !== 'refresh' || expired || foreign || token.session === undefined)
      throw oauthError(400, 'invalid_grant', 'The refresh token is unknown, used or expired')
    const { kind, oauthId, userId, roomId, label, madeWith } = token
    const allowed = userId === null ? token.scopes : scopesFor(activeUser(state, userId), token.scopes)
    const scopes = grantedScopes(request.scope, allowed, 'the refresh token')
    // The new refresh token keeps what the old one had, also where less was asked for now (RFC 6749, 6).
    return {
      kind,
      scopes,
      oauthId,
      userId,
      roomId,
      label,
      renewal: { scopes: allowed, session: token.session },
      uses: hash,
      ...(madeWith === undefined ? {} : { madeWith }),
    }
  })
}

/** A token that a user makes for himself, as on HipChat's account page. */
async function personalToken(request: TokenRequest, session: Session, parts: GrantParts) {
  const find = await signedIn(request, session, parts)
  return issue(parts, () => {
    const { user, scopes, origin } = find()
    checkHandmadeCount(parts.state, undefined, user.id)
    return {
      ...origin,
      kind: 'personal',
      scopes: grantedScopes(request.scope, scopes, 'this user'),
      oauthId: null,
      userId: user.id,
      roomId: null,
      label: request.client_name ?? null,
      lifetime: year,
    }
  })
}

/** A token that whoever runs a room makes for it, as on HipChat's page of the room's integrations. */
async function roomToken(request: TokenRequest, session: Session, parts: GrantParts) {
  const name = required(request, 'room_id')
  const find = await signedIn(request, session, parts)
  return issue(parts, () => {
    const { user, scopes, origin } = find()
    if (!scopes.includes('admin_room')) throw forbidden('This grant requires the scope admin_room')
    const room = roomRunBy(user, name, parts.state)
    checkHandmadeCount(parts.state, room, user.id)
    return {
      ...origin,
      kind: 'room_notification',
      scopes: grantedScopes(request.scope || 'send_notification', scopes, 'this user'),
      oauthId: null,
      userId: null,
      roomId: room.id,
      label: request.client_name ?? 'Integration',
      madeBy: user.id,
      lifetime: year,
    }
  })
}

/** The add-on whose id and secret came; 401 for wrong ones and for none. */
function authenticated({ basic, client }: Session): ClientRecord {
  if (!basic) throw oauthError(401, 'invalid_client', 'Send the OAuth id and secret as Basic credentials')
  if (!client) throw unknownClient()
  return client
}

function required(request: TokenRequest, name: 'code' | 'refresh_token' | 'room_id'): string {
  const value = request[name]
  if (!value) throw oauthError(400, 'invalid_request', `${name} is required`, name)
  return value
}

function signedInByPassword(
  { username, password }: TokenRequest,
  { address }: Session,
  parts: GrantParts,
): Promise<UserRecord> {
  if (!username || !password) throw oauthError(400, 'invalid_request', 'username and password are required')
  return signIn({ username, password, address }, parts)
}

/** Who makes a token by hand, what it may do at most, and what it ends with. */
interface Signed {
  readonly user: UserRecord
  readonly scopes: readonly Scope[]
  readonly origin: Pick<Grant, 'madeWith' | 'madeWithPassword'>
}

/**
 * A user who makes a token of their own: by name and password, or by an access token of his own, which bounds the new one. What
 * is given finds them as of the moment when it is called.
 */
async function signedIn(request: TokenRequest, session: Session, parts: GrantParts): Promise<() => Signed> {
  const { state } = parts
  const { bearer } = session
  if (bearer === undefined) {
    const signed = await signedInByPassword(request, session, parts)
    return () => {
      const user = stillSignedIn(signed, state)
      return { user, scopes: scopesOf(user), origin: { madeWithPassword: true } }
    }
  }
  return () => {
    const { user, holder, scopes, page, grant } = callerBy(state, bearer)
    // A token that outlives the add-on it was lent to would be out of reach for whoever takes the permission back.
    if (!user || holder)
      throw forbidden('Only users make such tokens, with a password or a token of their own')
    // What somebody makes on the page stays when they sign out there: it is listed there, and revoked there.
    return {
      user,
      scopes: scopesFor(user, scopes),
      origin: page || grant === undefined ? {} : { madeWith: grant },
    }
  }
}

/** An installation as it is now. */
function installed({ oauthId }: ClientRecord, state: State): ClientRecord {
  const client = state.clients.get(oauthId)
  if (!client) throw unknownClient()
  return client
}

function activeUser(state: State, id: number): UserRecord {
  const user = state.people.get(id)
  if (!user || user.isDeleted) throw oauthError(400, 'invalid_grant', 'The user is not there any more')
  return user
}

const unknownClient = (): CallRefusedError =>
  oauthError(401, 'invalid_client', 'Unknown or removed OAuth client')

const badCode = (): CallRefusedError =>
  oauthError(400, 'invalid_grant', 'The code is unknown, used, expired or was given to another client')
