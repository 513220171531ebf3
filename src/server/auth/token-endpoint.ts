import type { Parameters, ResultOf } from '../../api/operation.ts'
import type { Operations } from '../../api/operations/index.ts'
import type { Scope } from '../../api/scopes.ts'
import { randomText } from '../../common/random.ts'
import { type CallRefusedError, forbidden, oauthError } from '../errors.ts'
import type { ClientRecord, UserRecord } from '../state/records.ts'
import type { State } from '../state/state.ts'
import { hashOf } from '../state/token-hash.ts'
import { roomRunBy } from './access.ts'
import { type Caller, callerBy } from './callers.ts'
import { grantedScopes, scopesFor, scopesOf } from './granted-scopes.ts'
import { checkHandmadeCount } from './handmade-tokens.ts'
import { type SignInParts, signIn, stillSignedIn } from './sign-in.ts'
import { endGrant, type Grant, issue, type TokenParts, year } from './tokens.ts'

/** What the token endpoint needs from the server. */
export type GrantParts = SignInParts & TokenParts

type TokenRequest = Parameters<Operations['generateToken']>
type Granting = (
  request: TokenRequest,
  caller: Caller,
  parts: GrantParts,
) => Promise<ResultOf<Operations['generateToken']>>

/** How the token endpoint serves each grant. */
export const grants: Readonly<Record<TokenRequest['grant_type'], Granting>> = {
  client_credentials: clientCredentials,
  authorization_code: authorizationCode,
  password: passwordGrant,
  refresh_token: refreshToken,
  personal: personalToken,
  room_notification: roomToken,
}

/** For an add-on in its own name. There is no refresh token: it requests a new one. */
async function clientCredentials(request: TokenRequest, caller: Caller, parts: GrantParts) {
  const client = authenticated(caller)
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

/** For an add-on in the name of a user who gave consent. */
async function authorizationCode(request: TokenRequest, caller: Caller, parts: GrantParts) {
  const client = authenticated(caller)
  const { state } = parts
  const hash = hashOf(required(request, 'code'))
  return issue(parts, () => {
    const code = state.codes.get(hash)
    if (code?.used) {
      // RFC 6749, 4.1.2: when a code is used twice, one of the two stole it, and nobody knows which.
      endGrant(state, code.session)
      throw badCode()
    }
    if (!code || code.expires <= Date.now() || code.oauthId !== client.oauthId) throw badCode()
    const named = request.redirect_uri ?? (code.redirectNamed ? undefined : code.redirectUri)
    if (named !== code.redirectUri)
      throw oauthError(
        400,
        'invalid_grant',
        'redirect_uri is not the one that the code was requested with',
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

/** For a user whose program asks them for their password. */
async function passwordGrant(request: TokenRequest, caller: Caller, parts: GrantParts) {
  const before = await signedInByPassword(request, caller, parts)
  return issue(parts, () => {
    const user = stillSignedIn(before, parts.state)
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

/** A refresh token works once: a second caller gets nothing. One that an add-on holds works for this add-on only. */
async function refreshToken(request: TokenRequest, caller: Caller, parts: GrantParts) {
  const { state } = parts
  const hash = hashOf(required(request, 'refresh_token'))
  const known = state.tokens.get(hash)
  if (caller.basic || (known?.use === 'refresh' && known.oauthId !== null)) authenticated(caller)
  return issue(parts, () => {
    const token = state.tokens.get(hash)
    const expired = token?.expires !== null && (token?.expires ?? 0) <= Date.now()
    const foreign = token?.oauthId !== null && token?.oauthId !== caller.client?.oauthId
    if (token?.use !== 'refresh' || expired || foreign || token.session === undefined)
      throw oauthError(400, 'invalid_grant', 'The refresh token is unknown, used or expired')
    const { kind, oauthId, userId, roomId, label, madeWith } = token
    const allowed = userId === null ? token.scopes : scopesFor(activeUser(state, userId), token.scopes)
    const scopes = grantedScopes(request.scope, allowed, 'the refresh token')
    // The new refresh token keeps the scopes of the old one, even when fewer were requested now (RFC 6749, 6).
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

/** A token that users make for themselves, as on HipChat's account page. */
async function personalToken(request: TokenRequest, caller: Caller, parts: GrantParts) {
  const find = await signedIn(request, caller, parts)
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

/** A token that a person who runs a room makes for it, as on HipChat's page of the room's integrations. */
async function roomToken(request: TokenRequest, caller: Caller, parts: GrantParts) {
  const name = required(request, 'room_id')
  const find = await signedIn(request, caller, parts)
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

/** The add-on whose id and secret were sent; 401 when they are wrong or missing. */
function authenticated({ basic, client }: Caller): ClientRecord {
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
  { address }: Caller,
  parts: GrantParts,
): Promise<UserRecord> {
  if (!username || !password) throw oauthError(400, 'invalid_request', 'username and password are required')
  return signIn({ username, password, address }, parts)
}

/** The person who makes a token by hand, the most it may do, and the grant that it ends with. */
interface Signed {
  readonly user: UserRecord
  readonly scopes: readonly Scope[]
  readonly origin: Pick<Grant, 'madeWith' | 'madeWithPassword'>
}

/**
 * Identifies a user who makes a token by hand: by name and password, or by their own access token, which limits the
 * new one. The returned function looks the user up again at the time of the call.
 */
async function signedIn(request: TokenRequest, caller: Caller, parts: GrantParts): Promise<() => Signed> {
  const { state } = parts
  const { bearer } = caller
  if (bearer === undefined) {
    const signed = await signedInByPassword(request, caller, parts)
    return () => {
      const user = stillSignedIn(signed, state)
      return { user, scopes: scopesOf(user), origin: { madeWithPassword: true } }
    }
  }
  return () => {
    const { user, holder, scopes, page, grant } = callerBy(state, bearer)
    // A token that outlives the add-on it was lent to would escape a user who revokes the permission.
    if (!user || holder)
      throw forbidden('Only users can create these tokens, with a password or a token of their own')
    // Tokens made on the chat page survive signing out: they are listed there, and revoked there.
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
  if (!user || user.isDeleted) throw oauthError(400, 'invalid_grant', 'The user no longer exists')
  return user
}

const unknownClient = (): CallRefusedError =>
  oauthError(401, 'invalid_client', 'Unknown or removed OAuth client')

const badCode = (): CallRefusedError =>
  oauthError(400, 'invalid_grant', 'The code is unknown, used, expired or was given to another client')
