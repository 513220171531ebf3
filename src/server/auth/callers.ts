import { timingSafeEqual } from 'node:crypto'
import type { TokenKind } from '../../api/operation.ts'
import type { Scope } from '../../api/scopes.ts'
import { hashOf } from '../../common/random.ts'
import { CallRefusedError, forbidden } from '../errors.ts'
import { grantOf } from '../state/clients.ts'
import type { Author, ClientRecord, TokenRecord, UserRecord } from '../state/records.ts'
import type { State } from '../state/state.ts'
import { scopesFor } from './granted-scopes.ts'
import { mayRun, maySee } from './room-rights.ts'

/** Who makes a call, and what for. One per call. */
export interface Session {
  /** `none`: an open operation. */
  readonly kind: TokenKind | 'none'
  readonly scopes: readonly Scope[]
  readonly user?: UserRecord
  /** The add-on that calls in its own name. */
  readonly client?: ClientRecord
  /** The add-on that holds the token, its own or one of a user who allowed it. */
  readonly holder?: ClientRecord
  /** What a token that belongs to nobody is called. */
  readonly label?: string
  /** The only room the caller may name. */
  readonly roomId?: number
  /** OAuth id and secret as sent to the token endpoint; `client` is there if they are right. */
  readonly basic?: BasicCredentials
  /** The access token that came to the token endpoint: some grants are for people who are signed in. */
  readonly bearer?: string
  /** The chat page makes the call. */
  readonly page?: boolean
  /** The token of the call, as it is kept. */
  readonly tokenHash?: string
  /** What the token belongs to: whatever else is made with it ends with it. */
  readonly grant?: string
  /** What the caller's allowance is counted by. */
  readonly identity: string
  /** Network address of the caller. */
  readonly address: string
  /** Absolute address of the call as paging links need it: without tokens. */
  readonly url: URL
  /**
   * Makes a check of the caller's rights, which throws where they do not suffice, and keeps it: it is made again before
   * the call writes anything.
   */
  hold(check: (session: Session) => void): void
  /**
   * Who calls as of now, with every check made again. Throws as the call itself would be refused now. For after each wait:
   * a right may have ended meanwhile.
   */
  renew(): Session
  /** The same without those checks: for a call that has done what it does, such as deleting the room that it named. */
  identify(): Session
}

export interface BasicCredentials {
  readonly id: string
  readonly secret: string
}

/** What of a request says who is calling. */
export interface Credentials {
  readonly authorization: string | undefined
  readonly queryToken: string | undefined
}

/**
 * The token of a call. The header counts before the query, which ends up in logs; also where it names the scheme and holds no token
 * that can be read.
 */
export function tokenOf({ authorization = '', queryToken }: Credentials): string | undefined {
  if (/^Bearer(?![\w.-])/i.test(authorization)) return /^Bearer[ ]+(\S+)[ ]*$/i.exec(authorization)?.[1]
  return queryToken || undefined
}

/** Id and secret of Basic credentials. RFC 6749 has both percent-encoded; clients that sent them raw are read too. */
export function basicOf({ authorization }: Credentials): BasicCredentials | undefined {
  const encoded = /^Basic[ ]+([A-Za-z0-9+/_=-]+)[ ]*$/i.exec(authorization ?? '')?.[1]
  if (!encoded) return undefined
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  if (colon < 0) return undefined
  return { id: decoded(text.slice(0, colon)), secret: decoded(text.slice(colon + 1)) }
}

export type Caller = Pick<
  Session,
  | 'kind'
  | 'scopes'
  | 'user'
  | 'client'
  | 'holder'
  | 'label'
  | 'roomId'
  | 'page'
  | 'tokenHash'
  | 'grant'
  | 'identity'
>

/** Who makes a call: {@link callerBy} its token. 401 in HipChat's words when there is none. */
export function authenticate(state: State, credentials: Credentials): Caller {
  const text = tokenOf(credentials)
  if (!text)
    throw new CallRefusedError(
      401,
      'Authenticated requests only. Send an access token: Authorization: Bearer TOKEN.',
      { headers: { 'WWW-Authenticate': 'Bearer' } },
    )
  return callerBy(state, text)
}

/**
 * Finds who a token belongs to. 401 when it is unknown, expired or revoked, or what it was made with is gone: its installation,
 * its user, the token it was made with. It does no more than its user and its installation may now.
 */
export function callerBy(state: State, text: string): Caller {
  const hash = hashOf(text)
  const token = state.tokens.get(hash)
  const identity = `token ${hash}`
  if (token?.use !== 'access' || !state.tokens.isGood(token)) throw badSession()
  const client = token.oauthId === null ? undefined : state.clients.get(token.oauthId)
  const user = token.userId === null ? undefined : state.people.get(token.userId)
  if (token.oauthId !== null && !client) throw badSession()
  if (token.userId !== null && (!user || user.isDeleted)) throw badSession()
  if (token.roomId !== null && !isOfRoom(token, token.roomId, state)) throw badSession()
  const scopes = client ? token.scopes.filter((scope) => client.scopes.includes(scope)) : token.scopes
  return {
    kind: token.kind,
    scopes: user?.isGuest ? scopesFor(user, scopes) : scopes,
    identity,
    tokenHash: hash,
    // Whoever runs the server has a token of its own for each start: what they make with it stays.
    ...(token.admin ? {} : { grant: grantOf(hash, token) }),
    ...(token.page ? { page: true } : {}),
    ...(client ? { holder: client } : {}),
    ...(client && !user ? { client } : {}),
    ...(user ? { user } : {}),
    ...(token.label === null ? {} : { label: token.label }),
    ...(token.roomId === null ? {} : { roomId: token.roomId }),
  }
}

/** Whether a token is still one of its room: the room is there, and whoever made the token by hand could make it now. */
function isOfRoom({ madeBy }: TokenRecord, roomId: number, state: State): boolean {
  const room = state.rooms.get(roomId)
  if (!room || madeBy === undefined) return room !== undefined
  const user = state.people.get(madeBy)
  return user !== undefined && !user.isDeleted && maySee(room, { user }) && mayRun(room, user)
}

/**
 * Who asks for a token: the installation whose OAuth id and secret came. A removed or unknown one is for the operation to
 * refuse, since a user signs in without.
 */
export function authenticateClient(
  state: State,
  credentials: Credentials,
): Pick<Session, 'basic' | 'bearer' | 'client' | 'holder'> {
  const token = tokenOf(credentials)
  const bearer = token === undefined ? {} : { bearer: token }
  const basic = basicOf(credentials)
  if (!basic) return bearer
  const client = state.clients.get(basic.id)
  // Compared for an unknown client too: the time tells neither its existence nor a piece of its secret.
  const matches = sameText(basic.secret, client?.secret ?? '')
  return { ...bearer, basic, ...(client && matches ? { client, holder: client } : {}) }
}

/** Compares hashes, so that neither content nor length shows in the time it takes. */
const sameText = (one: string, other: string): boolean =>
  timingSafeEqual(Buffer.from(hashOf(one)), Buffer.from(hashOf(other)))

/** The caller as the author of what he does. */
export function authorOf(session: Session): Author {
  if (session.user) return { kind: 'user', id: session.user.id }
  if (session.client) return addonAuthor(session.client)
  return { kind: 'label', name: session.label ?? 'Integration' }
}

/** The calling user. The table lets only users' tokens through where this is asked; another one would be a fault of ours. */
export function person({ user }: Session): UserRecord {
  if (!user) throw forbidden('Only users can do this')
  return user
}

/** The calling add-on. The table lets only add-ons' tokens through where this is asked. */
export function addon({ client }: Session): ClientRecord {
  if (!client) throw forbidden('Only add-ons can do this')
  return client
}

export const addonAuthor = (client: ClientRecord): Author => ({
  kind: 'addon',
  oauthId: client.oauthId,
  key: client.key,
  name: client.fromName,
})

const badSession = () =>
  new CallRefusedError(401, 'Invalid OAuth session', { headers: { 'WWW-Authenticate': 'Bearer' } })

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}
