import { timingSafeEqual } from 'node:crypto'
import type { TokenKind } from '../../api/operation.ts'
import type { Scope } from '../../api/scopes.ts'
import { CallRefusedError, forbidden } from '../errors.ts'
import type { Author, ClientRecord, TokenRecord, UserRecord } from '../state/records.ts'
import type { State } from '../state/state.ts'
import { hashOf } from '../state/token-hash.ts'
import { grantOf } from '../state/tokens.ts'
import { scopesFor } from './granted-scopes.ts'
import { mayRun, maySee } from './room-rights.ts'

/** The caller of one call, and what they may do. */
export interface Caller {
  /** `none` for an open operation. */
  readonly kind: TokenKind | 'none'
  readonly scopes: readonly Scope[]
  readonly user?: UserRecord
  /** The add-on that calls in its own name. */
  readonly client?: ClientRecord
  /** The add-on that holds the token: its own token, or that of a user who gave permission. */
  readonly holder?: ClientRecord
  /** Name of a token that belongs to no user. */
  readonly label?: string
  /** The only room that the caller may name. */
  readonly roomId?: number
  /** OAuth id and secret as sent to the token endpoint; `client` is set if they are right. */
  readonly basic?: BasicCredentials
  /** The access token sent to the token endpoint: some grants are for people who are signed in. */
  readonly bearer?: string
  /** Whether the chat page makes the call. */
  readonly page?: boolean
  /** The hash under which the token of the call is stored. */
  readonly tokenHash?: string
  /** The grant that the token belongs to: everything else that is made with the token ends with it. */
  readonly grant?: string
  /** Key that the caller's rate limits are counted by. */
  readonly identity: string
  /** Network address of the caller. */
  readonly address: string
  /** Absolute address of the call, without tokens, as paging links need it. */
  readonly url: URL
  /**
   * Runs a check of the caller's rights, which throws when they do not suffice, and keeps it: it runs again before
   * the call writes anything.
   */
  hold(check: (caller: Caller) => void): void
  /**
   * The caller as of now, with every check run again. Throws what the call itself would be refused with now. Use it
   * after each wait: a right may have ended meanwhile.
   */
  renew(): Caller
  /** The same without the checks: for a call that has done its work, such as deleting the room that it named. */
  identify(): Caller
}

/** OAuth id and secret of a client. */
export interface BasicCredentials {
  readonly id: string
  readonly secret: string
}

/** The parts of a request that identify the caller. */
export interface RequestCredentials {
  readonly authorization: string | undefined
  readonly queryToken: string | undefined
}

/**
 * The token of a call. The header takes precedence over the query string, which ends up in logs; also when the
 * header names the scheme but holds no readable token.
 */
function tokenOf({ authorization = '', queryToken }: RequestCredentials): string | undefined {
  if (/^Bearer(?![\w.-])/i.test(authorization)) return /^Bearer[ ]+(\S+)[ ]*$/i.exec(authorization)?.[1]
  return queryToken || undefined
}

/** Id and secret of Basic credentials. RFC 6749 percent-encodes both; clients that send them raw are accepted too. */
function basicOf({ authorization }: RequestCredentials): BasicCredentials | undefined {
  const encoded = /^Basic[ ]+([A-Za-z0-9+/_=-]+)[ ]*$/i.exec(authorization ?? '')?.[1]
  if (!encoded) return undefined
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  if (colon < 0) return undefined
  return { id: decoded(text.slice(0, colon)), secret: decoded(text.slice(colon + 1)) }
}

/** The part of a {@link Caller} that the token decides. */
export type CallerIdentity = Pick<
  Caller,
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

/** The caller of a token, as {@link callerBy} finds it. 401 in HipChat's wording when there is no token. */
export function authenticate(state: State, credentials: RequestCredentials): CallerIdentity {
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
 * Finds the caller that a token belongs to. 401 when the token is unknown, expired or revoked, or when its
 * installation, its user or the token it was made with is gone. The token gives no more rights than its user and
 * its installation have now.
 */
export function callerBy(state: State, text: string): CallerIdentity {
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
    // The operator's token changes at each start: what they make with it stays.
    ...(token.admin ? {} : { grant: grantOf(hash, token) }),
    ...(token.page ? { page: true } : {}),
    ...(client ? { holder: client } : {}),
    ...(client && !user ? { client } : {}),
    ...(user ? { user } : {}),
    ...(token.label === null ? {} : { label: token.label }),
    ...(token.roomId === null ? {} : { roomId: token.roomId }),
  }
}

/** Whether a room's token is still good: the room exists, and the person who made the token could still make it. */
function isOfRoom({ madeBy }: TokenRecord, roomId: number, state: State): boolean {
  const room = state.rooms.get(roomId)
  if (!room || madeBy === undefined) return room !== undefined
  const user = state.people.get(madeBy)
  return user !== undefined && !user.isDeleted && maySee(room, { user }) && mayRun(room, user)
}

/**
 * Finds the installation that asks for a token by its OAuth id and secret. The operation refuses a removed or
 * unknown one itself, since a user signs in without credentials of a client.
 */
export function authenticateClient(
  state: State,
  credentials: RequestCredentials,
): Pick<Caller, 'basic' | 'bearer' | 'client' | 'holder'> {
  const token = tokenOf(credentials)
  const bearer = token === undefined ? {} : { bearer: token }
  const basic = basicOf(credentials)
  if (!basic) return bearer
  const client = state.clients.get(basic.id)
  // Compared for an unknown client too, so that the time reveals neither its existence nor a part of its secret.
  const matches = sameText(basic.secret, client?.secret ?? '')
  return { ...bearer, basic, ...(client && matches ? { client, holder: client } : {}) }
}

/** Compares hashes, so that the time reveals neither content nor length. */
const sameText = (one: string, other: string): boolean =>
  timingSafeEqual(Buffer.from(hashOf(one)), Buffer.from(hashOf(other)))

/** The caller as the author of their actions. */
export function authorOf(caller: Caller): Author {
  if (caller.user) return { kind: 'user', id: caller.user.id }
  if (caller.client) return addonAuthor(caller.client)
  return { kind: 'label', name: caller.label ?? 'Integration' }
}

/**
 * The calling user. The table accepts only users' tokens for these operations, so anything else is an error of the
 * server.
 */
export function person({ user }: Caller): UserRecord {
  if (!user) throw forbidden('Only users can do this')
  return user
}

/** The calling add-on. The table accepts only add-ons' tokens for these operations. */
export function addon({ client }: Caller): ClientRecord {
  if (!client) throw forbidden('Only add-ons can do this')
  return client
}

/** An add-on as the author of its notifications. */
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
