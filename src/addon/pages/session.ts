import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import jsonwebtoken from 'jsonwebtoken'
import { readId } from '../../api/sender.ts'
import { SignedRequestError } from '../../errors.ts'
import type { Credentials, Installations } from '../../installations/installation.ts'
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
 * Sessions of pages. A page is opened with a signed request in its address, where it may end in a history or a log. So
 * the page gets a token of our own for its calls: signed with another key, it can never be taken for a signed request,
 * nor one for it, and it is taken from a header only.
 */
export interface Session {
  readonly credentials: Credentials
  readonly roomId: number | undefined
  readonly user: Viewer | undefined
  /** The server said that the user is an administrator of the group, when the page was opened. */
  readonly administrator: boolean
  readonly theme: Theme
  /** Key of the page it was made for. */
  readonly page: string
  /** When the page was opened, in seconds since 1970. */
  readonly opened: number
}

/** Seconds that a token is good for. */
export const LIFETIME = 60 * 60
// A token that is renewed for ever would outlast the person's right to see the room.
const LONGEST = 24 * 60 * 60
// What can be in a header; ours have about 400 characters.
const LONGEST_TOKEN = 4096

const derived = new WeakMap<KeyObject, KeyObject>()

/** The key of an installation's session tokens. It follows from the secret, and the secret does not follow from it. */
function sessionKeyOf({ key }: Credentials): KeyObject {
  let own = derived.get(key)
  if (!own) {
    own = createSecretKey(Buffer.from(hkdfSync('sha256', key, '', 'hipchat-addon session token', 32)))
    derived.set(key, own)
  }
  return own
}

const seconds = (): number => Math.floor(Date.now() / 1000)

/** A session that begins with a signed request. */
export function sessionOf(signed: SignedRequest, page: string, theme: Theme): Session {
  const { credentials, roomId, timezone, administrator } = signed
  const id = signed.userId === undefined ? undefined : readId(signed.userId)
  // A person whom nobody can name must not pass for nobody, which is the server itself.
  if (signed.userId !== undefined && id === undefined)
    throw new SignedRequestError(
      'malformed',
      `the signed request is of the user ${JSON.stringify(signed.userId.slice(0, 20))}, which is not an id`,
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

/** A token for a session, good for an hour. */
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
    exp: Math.min(now + LIFETIME, opened + LONGEST),
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
  /** Why the token is no longer good, if it is not; anything else that is wrong with it throws. */
  readonly expired: SignedRequestError | undefined
  /** Less than half of its time is left. */
  readonly stale: boolean
}

/** Reads a session token. Throws a {@link SignedRequestError} for whatever is none, except for one that has expired. */
export async function readSession(token: string, installations: Installations): Promise<ReadSession> {
  if (token.length > LONGEST_TOKEN)
    throw new SignedRequestError('malformed', `a session token of ${token.length} characters is none`)
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
  const { sub, tz, room, administrator, theme, page, opened, exp } = claims // signed by us, so that they are what we wrote
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
    stale: Number(exp) - seconds() < LIFETIME / 2,
  }
}

/**
 * The session of a page's own call: `Authorization: Bearer` with the page's token, or `Authorization: JWT` with what
 * `HipChat.auth.withToken` gave it. Nothing is taken from cookies, which every site can have sent, nor from the address; a
 * signed request that is there all the same, and another one, is refused.
 */
export async function sessionOfCall(
  request: IncomingMessage,
  query: URLSearchParams,
  installations: Installations,
): Promise<ReadSession> {
  const inAddress = tokenInQuery(query)
  const inHeader = tokenInHeader(request)
  if (inHeader !== undefined) {
    findToken(request, query) // throws when that in the address is another one
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
    throw new SignedRequestError('malformed', 'a session token, and a signed request in the address besides')
  const session = await readSession(token, installations)
  if (session.expired) throw session.expired
  return session
}
