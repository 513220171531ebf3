import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import jsonwebtoken from 'jsonwebtoken'
import { readId } from '../../api/sender.ts'
import { SignedRequestError } from '../../errors.ts'
import type { Credentials } from '../../installations/installation.ts'
import type { Installations } from '../../installations/installation-records.ts'
import {
  checkTimes,
  findToken,
  readIssuer,
  type SignedRequest,
  tokenInHeader,
  tokenInQuery,
  verifySignature,
  verifySignedRequest,
} from '../../installations/signed-request.ts'
import type { Theme } from './page.ts'
import type { Viewer } from './page-context.ts'

/**
 * The session of a page. A page is opened with a signed request in its address, which may end up in a
 * history or a log. So the page gets a token of the add-on's own for its calls. It is signed with another
 * key, so neither can be used in place of the other, and it is accepted only in a header.
 */
export interface Session {
  readonly credentials: Credentials
  readonly roomId: number | undefined
  readonly user: Viewer | undefined
  /** Whether the server said, when the page was opened, that the user is an administrator of the group. */
  readonly administrator: boolean
  readonly theme: Theme
  /** Key of the page that was opened. */
  readonly page: string
  /** When the page was opened, in seconds since 1970. */
  readonly opened: number
}

/** Lifetime of a token in seconds. */
const sessionLifetime = 60 * 60
// A session that could be renewed forever would outlast the person's right to see the room.
const longestSession = 24 * 60 * 60
// Longest token read, in characters. The add-on's own have about 400.
const longestToken = 4096

const derived = new WeakMap<KeyObject, KeyObject>()

/**
 * The key of an installation's session tokens. It is derived from the secret, which cannot be derived from
 * it.
 */
function sessionKeyOf({ key }: Credentials): KeyObject {
  let own = derived.get(key)
  if (!own) {
    own = createSecretKey(Buffer.from(hkdfSync('sha256', key, '', 'hipchat-addon session token', 32)))
    derived.set(key, own)
  }
  return own
}

const seconds = (): number => Math.floor(Date.now() / 1000)

/** Starts a session with a signed request. */
export function sessionOf(signed: SignedRequest, page: string, theme: Theme): Session {
  const { credentials, roomId, timezone, administrator } = signed
  const id = signed.userId === undefined ? undefined : readId(signed.userId)
  // An unreadable user must not count as no user, since a request without a user is from the server itself.
  if (signed.userId !== undefined && id === undefined)
    throw new SignedRequestError(
      'malformed',
      `the signed request names the user ${JSON.stringify(signed.userId.slice(0, 20))}, which is not an id`,
    )
  return {
    credentials,
    roomId: credentials.installation.roomId ?? roomId,
    user: id === undefined ? undefined : { id, timezone },
    administrator,
    theme,
    page,
    opened: seconds(),
  }
}

/** Creates a token for a session, valid for an hour. */
export function sessionToken({
  credentials,
  roomId,
  user,
  administrator,
  theme,
  page,
  opened,
}: Session): string {
  const now = seconds()
  const claims = {
    iss: credentials.installation.oauthId,
    iat: now,
    exp: Math.min(now + sessionLifetime, opened + longestSession),
    ...(user ? { sub: String(user.id), tz: user.timezone } : {}),
    room: roomId,
    ...(administrator ? { administrator } : {}),
    theme,
    page,
    opened,
  }
  return jsonwebtoken.sign(claims, sessionKeyOf(credentials), { algorithm: 'HS256' })
}

/** A session that was read from its token. */
export interface ReadSession extends Session {
  /** The error of an expired token; `undefined` if it is valid. */
  readonly expired: SignedRequestError | undefined
  /** Whether less than half of its lifetime is left. */
  readonly stale: boolean
}

/**
 * Reads a session token, also an expired one. Throws a {@link SignedRequestError} for any other invalid
 * token.
 */
export async function readSession(token: string, installations: Installations): Promise<ReadSession> {
  if (token.length > longestToken)
    throw new SignedRequestError(
      'malformed',
      `expected a session token of at most ${longestToken} characters, got ${token.length}`,
    )
  const issuer = readIssuer(token)
  const credentials = await installations.get(issuer)
  if (!credentials)
    throw new SignedRequestError('unknown issuer', `no installation ${JSON.stringify(issuer)} is known here`)
  const claims = verifySignature(token, sessionKeyOf(credentials))
  let expired: SignedRequestError | undefined
  try {
    checkTimes(claims)
  } catch (error) {
    if (!(error instanceof SignedRequestError) || error.fault !== 'expired') throw error
    expired = error
  }
  const { sub, tz, room, administrator, theme, page, opened, exp } = claims // signed by this add-on, so it wrote them
  const id = readId(sub)
  return {
    credentials,
    roomId: readId(room),
    user: id === undefined ? undefined : { id, timezone: typeof tz === 'string' ? tz : undefined },
    administrator: administrator === true,
    theme: theme === 'dark' ? 'dark' : 'light',
    page: String(page),
    opened: Number(opened),
    expired,
    stale: Number(exp) - seconds() < sessionLifetime / 2,
  }
}

/**
 * The session of a page's call: `Authorization: Bearer` with the page's token, or `Authorization: JWT` with
 * the token from `HipChat.auth.withToken`. Cookies are not accepted, since any site can make a browser send
 * them, and neither is a token in the address. A different signed request in the address is refused.
 */
export async function sessionOfCall(
  request: IncomingMessage,
  query: URLSearchParams,
  installations: Installations,
): Promise<ReadSession> {
  const inAddress = tokenInQuery(query)
  const inHeader = tokenInHeader(request)
  if (inHeader !== undefined) {
    findToken(request, query) // throws if the address has a different token
    const signed = await verifySignedRequest(request, undefined, installations)
    return { ...sessionOf(signed, '', 'light'), expired: undefined, stale: true }
  }
  const token = /^Bearer\s+(\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
  if (!token)
    throw new SignedRequestError(
      'none',
      'no session: neither Authorization: Bearer with a session token nor Authorization: JWT',
    )
  if (inAddress !== undefined)
    throw new SignedRequestError('malformed', 'a session token, and also a signed request in the address')
  const session = await readSession(token, installations)
  if (session.expired) throw session.expired
  return session
}
