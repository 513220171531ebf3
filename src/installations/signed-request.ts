import type { KeyObject } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import jsonwebtoken from 'jsonwebtoken'
import { readId } from '../api/sender.ts'
import { isRecord } from '../common/is-record.ts'
import { typeName } from '../common/validate.ts'
import { messageOf, SignedRequestError } from '../errors.ts'
import { type Credentials, type Installations, isSame } from './installation.ts'

/** What a signed request says, after its signature, times and room have been checked. */
export interface SignedRequest {
  readonly credentials: Credentials
  /** The acting user's id, when there is one. HipChat also had it under `prn`. */
  readonly userId: string | undefined
  /** The room it is about, when it says so. */
  readonly roomId: number | undefined
  /** The server says that the user is an administrator of the group. HipChat never did; its silence means no. */
  readonly administrator: boolean
  /** The user's time zone, when it says that. */
  readonly timezone: string | undefined
  /** Id of the token; used once. Tokens without a usable one are told apart by their signature. */
  readonly tokenId: string
  /** When it expires, in milliseconds since 1970. */
  readonly expires: number
  /** For how long it says it is good from when it was issued, in milliseconds; it is for {@link LONGEST_LIFETIME} at most. */
  readonly lifetime: number
}

/** Seconds by which clocks may differ. */
export const SKEW = 60
/**
 * Milliseconds for which a token is good at most, whatever it says. HipChat's were for an hour; and for as long as it is
 * good its id is kept, so that nobody sends it again.
 */
export const LONGEST_LIFETIME = 24 * 3_600_000
/** Longest token read, in characters. HipChat's have about 400. */
const LONGEST = 4096

/**
 * Takes the JWT off a request, from the query (`signed_request`) or the header (`Authorization: JWT …`, and the
 * historic `JWT token=…`), and verifies it: signed with HS256 by the installation named in `iss`, issued and not
 * expired, and for a room installation not about another room. Throws a {@link SignedRequestError} that says which part
 * was wrong.
 *
 * The token does not cover the body: what it proves is that this installation's server is calling.
 */
export async function verifySignedRequest(
  request: IncomingMessage,
  query: URLSearchParams | undefined,
  installations: Installations,
): Promise<SignedRequest> {
  const token = findToken(request, query)
  const issuer = readIssuer(token)
  const credentials = await installations.get(issuer)
  if (!credentials)
    throw new SignedRequestError('unknown issuer', `no installation ${JSON.stringify(issuer)} is known here`)
  return readClaims(token, credentials)
}

/**
 * The installation that signed, as it is by now. Called after everything that was waited for, a body above all: what was
 * removed or installed again meanwhile gets nothing done any more. Throws as {@link verifySignedRequest} does for a stranger.
 */
export async function stillInstalled(
  { installation }: Credentials,
  installations: Installations,
): Promise<Credentials> {
  const current = await installations.get(installation.oauthId)
  if (current && isSame(current.installation, installation)) return current
  throw new SignedRequestError(
    'unknown issuer',
    `the installation ${JSON.stringify(installation.oauthId)} was removed while its request was being handled`,
  )
}

/**
 * Finds the one token of a request. Of two that differ neither is taken: a reader in front of us may have looked at the
 * other. An empty parameter is no token, and hides none.
 */
export function findToken(request: IncomingMessage, query: URLSearchParams | undefined): string {
  const inQuery = tokenInQuery(query)
  const inHeader = tokenInHeader(request)
  if (inQuery !== undefined && inHeader !== undefined && inQuery !== inHeader)
    throw new SignedRequestError(
      'malformed',
      'signed_request and the Authorization header hold two signed requests that differ',
    )
  if (inQuery !== undefined && sessionToken.test(request.headers.authorization ?? ''))
    throw new SignedRequestError(
      'malformed',
      'a signed request in the address, and a session token in the header',
    )
  const token = inQuery ?? inHeader
  if (token === undefined)
    throw new SignedRequestError('none', 'no signed request: neither signed_request nor Authorization: JWT')
  if (token.length > LONGEST)
    throw new SignedRequestError('malformed', `a signed request of ${token.length} characters is none`)
  return token
}

/** A JWT as a page's own calls have it. Other schemes and tokens in the header may be those of a proxy. */
const sessionToken = /^Bearer\s+[\w-]+\.[\w-]+\.[\w-]+$/i

/** The token in the address, if there is one. Throws for several, also for the same one twice. */
export function tokenInQuery(query: URLSearchParams | undefined): string | undefined {
  const all = query?.getAll('signed_request') ?? []
  if (all.length > 1) throw new SignedRequestError('malformed', 'signed_request is there more than once')
  return all[0] || undefined
}

/**
 * The token in the header `Authorization: JWT`, if there is just one. Throws for two headers, and for one that names the scheme and
 * gives no token that can be read: a reader in front of us may have found one in it. Other schemes are a proxy's.
 */
export function tokenInHeader(request: IncomingMessage): string | undefined {
  if (occurrences(request, 'authorization') > 1)
    throw new SignedRequestError('malformed', 'the Authorization header is there twice')
  const { authorization = '' } = request.headers
  if (!/^\s*JWT(?![\w.-])/i.test(authorization)) return undefined
  const token = /^\s*JWT\s+(?:token=)?([^\s,:=]+)\s*$/i.exec(authorization)?.[1]
  if (token === undefined)
    throw new SignedRequestError(
      'malformed',
      'the Authorization header names JWT, expected one signed request behind it: Authorization: JWT TOKEN',
    )
  return token
}

/** How often a header is there. */
// Of two Node gives the first; its list of all, taken apart for each delivery, costs more than the delivery's JSON.
export function occurrences({ rawHeaders }: IncomingMessage, header: string): number {
  let found = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]
    if (name?.length === header.length && name.toLowerCase() === header) found += 1
  }
  return found
}

/** Reads `iss` without verifying anything: only to know whose key to verify with. */
export function readIssuer(token: string): string {
  const parts = token.split('.')
  const claims = parts.length === 3 ? decode(parts[1]) : undefined
  if (!claims) throw new SignedRequestError('malformed', 'the signed request is not a JWT')
  const { iss } = claims
  if (typeof iss !== 'string' || iss === '' || iss.length > 255)
    throw new SignedRequestError('malformed', 'the signed request names no issuer (iss)')
  return iss
}

function decode(part: string | undefined): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part ?? '', 'base64url').toString('utf8'))
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}

function readClaims(token: string, credentials: Credentials): SignedRequest {
  const claims = verifySignature(token, credentials.key)
  const times = checkTimes(claims)
  return readContext(token, claims, credentials, times)
}

type Times = Pick<SignedRequest, 'expires' | 'lifetime'>

/** Checks when a token was issued and when it expires. */
export function checkTimes(claims: Record<string, unknown>): Times {
  const now = Math.floor(Date.now() / 1000)
  const { exp, iat } = claims
  if (typeof exp !== 'number' || typeof iat !== 'number' || !Number.isFinite(exp) || !Number.isFinite(iat))
    throw new SignedRequestError(
      'malformed',
      'the signed request has no exp or no iat, or they are no numbers',
    )
  if (exp + SKEW <= now)
    throw new SignedRequestError('expired', `the signed request expired ${now - exp} s ago`)
  if (iat + LONGEST_LIFETIME / 1000 + SKEW <= now)
    throw new SignedRequestError(
      'expired',
      `the signed request was issued ${now - iat} s ago: it is good for a day at most, whatever its exp says`,
    )
  if (iat - SKEW > now)
    throw new SignedRequestError(
      'clock ahead',
      `the signed request was issued ${iat - now} s in the future: the server's clock or this one is wrong`,
    )
  const { nbf } = claims
  if (nbf !== undefined && nbf !== null && !(typeof nbf === 'number' && nbf - SKEW <= now))
    throw new SignedRequestError('clock ahead', 'the signed request is not valid yet (nbf)')
  const lifetime = Math.max(0, exp - iat) * 1000
  return { lifetime, expires: Math.min(exp * 1000, iat * 1000 + LONGEST_LIFETIME) }
}

function readContext(
  token: string,
  claims: Record<string, unknown>,
  credentials: Credentials,
  times: Times,
): SignedRequest {
  const context = isRecord(claims['context']) ? claims['context'] : {}
  const { roomId } = credentials.installation
  // HipChat once sent the room under both names.
  const room = context['room_id'] ?? context['roomId'] ?? undefined
  if (roomId !== undefined && room !== undefined && readId(room) !== roomId)
    throw new SignedRequestError(
      'wrong room',
      `the signed request is about room ${JSON.stringify(room).slice(0, 20)}, the installation about room ${roomId}`,
    )
  if (room !== undefined && readId(room) === undefined)
    throw new SignedRequestError(
      'malformed',
      `the signed request is about the room ${JSON.stringify(room).slice(0, 20)}, which is not an id`,
    )
  const { jti } = claims
  // Test data of other frameworks has it as `tz`.
  const timezone = context['user_tz'] ?? context['tz']
  return {
    credentials,
    userId: userOf(claims),
    roomId: readId(room),
    administrator: context['is_group_admin'] === true,
    timezone: typeof timezone === 'string' ? timezone : undefined,
    // It becomes part of a key in the store, where not every text can be one.
    tokenId: typeof jti === 'string' && /^[\x21-\x7e]{1,120}$/.test(jti) ? jti : (token.split('.')[2] ?? ''),
    ...times,
  }
}

/** Whom a token names. One that names somebody in a way that cannot be read must not pass for the server's own. */
function userOf(claims: Record<string, unknown>): string | undefined {
  const user = claims['sub'] ?? claims['prn'] ?? undefined
  if (user === undefined || typeof user === 'string' || typeof user === 'number')
    return user === undefined ? undefined : String(user)
  throw new SignedRequestError(
    'malformed',
    `expected the user of a signed request (sub) to be a string or a number, got ${typeName(user)}`,
  )
}

/** The signature alone; times are checked by {@link checkTimes}, which says by how much they are off. */
export function verifySignature(token: string, key: KeyObject): Record<string, unknown> {
  try {
    const claims = jsonwebtoken.verify(token, key, {
      algorithms: ['HS256'],
      ignoreExpiration: true,
      ignoreNotBefore: true,
    })
    if (isRecord(claims)) return claims
  } catch (error) {
    const header = decode(token.split('.')[0])
    if (header?.['alg'] !== 'HS256')
      throw new SignedRequestError(
        'malformed',
        `expected a JWT signed with HS256, came ${String(JSON.stringify(header?.['alg'])).slice(0, 20)}`,
      )
    throw new SignedRequestError('wrong signature', `the signature does not fit: ${messageOf(error)}`, {
      cause: error,
    })
  }
  throw new SignedRequestError('malformed', 'the signed request holds no claims')
}
