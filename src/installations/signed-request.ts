import type { KeyObject } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import jsonwebtoken from 'jsonwebtoken'
import { readId } from '../api/sender.ts'
import { isRecord } from '../common/is-record.ts'
import { typeName } from '../common/validate.ts'
import { messageOf, SignedRequestError } from '../errors.ts'
import { type Credentials, isSame } from './installation.ts'
import type { Installations } from './installation-records.ts'

/** The content of a signed request, after its signature, times and room were checked. */
export interface SignedRequest {
  readonly credentials: Credentials
  /** Id of the acting user; `undefined` if it names none. HipChat also had it under `prn`. */
  readonly userId: string | undefined
  /** Id of the room it is about; `undefined` if it names none. */
  readonly roomId: number | undefined
  /**
   * Whether the server says that the user is an administrator of the group. HipChat never did, which means
   * no.
   */
  readonly administrator: boolean
  /** The user's time zone; `undefined` if it names none. */
  readonly timezone: string | undefined
  /** Id of the token, which can be used once. For a token without a usable id, its signature. */
  readonly tokenId: string
  /** When it expires, in milliseconds since 1970. */
  readonly expires: number
  /**
   * Its claimed lifetime since it was issued, in milliseconds. It is valid for {@link longestLifetime} at
   * most.
   */
  readonly lifetime: number
}

/** Seconds by which clocks may differ. */
export const clockSkew = 60
/**
 * Longest lifetime of a token in milliseconds, whatever it claims. HipChat's tokens were valid for an hour.
 * The id of a token is stored for as long as it is valid, so that it cannot be replayed.
 */
export const longestLifetime = 24 * 3_600_000
/** Longest token read, in characters. HipChat's have about 400. */
const longestToken = 4096

/**
 * Finds the JWT of a request, in the query (`signed_request`) or the header (`Authorization: JWT …`, or the
 * historic `JWT token=…`), and verifies it: signed with HS256 by the installation named in `iss`, already
 * issued, not expired, and for a room installation not about another room. Throws a {@link
 * SignedRequestError} that says what is wrong.
 *
 * The token does not cover the body: it only proves that this installation's server is calling.
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
 * Looks up the installation that signed a request again. Called after every await, above all of a body: an
 * installation that was removed or installed again in the meantime must not act any more. Throws a {@link
 * SignedRequestError}, as {@link verifySignedRequest} does for an unknown issuer.
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
 * Finds the token of a request. Two different tokens are refused, since a proxy in front of the add-on may
 * have checked the other one. An empty parameter does not count as a token.
 */
export function findToken(request: IncomingMessage, query: URLSearchParams | undefined): string {
  const inQuery = tokenInQuery(query)
  const inHeader = tokenInHeader(request)
  if (inQuery !== undefined && inHeader !== undefined && inQuery !== inHeader)
    throw new SignedRequestError(
      'malformed',
      'signed_request and the Authorization header have two different signed requests',
    )
  if (inQuery !== undefined && sessionToken.test(request.headers.authorization ?? ''))
    throw new SignedRequestError(
      'malformed',
      'a signed request in the address, and a session token in the header',
    )
  const token = inQuery ?? inHeader
  if (token === undefined)
    throw new SignedRequestError('none', 'no signed request: neither signed_request nor Authorization: JWT')
  if (token.length > longestToken)
    throw new SignedRequestError(
      'malformed',
      `expected a signed request of at most ${longestToken} characters, got ${token.length}`,
    )
  return token
}

/** The header of a page's call with a session token. Other schemes and tokens may belong to a proxy. */
const sessionToken = /^Bearer\s+[\w-]+\.[\w-]+\.[\w-]+$/i

/** The token in the address; `undefined` if there is none. Throws for more than one, even if they are equal. */
export function tokenInQuery(query: URLSearchParams | undefined): string | undefined {
  const all = query?.getAll('signed_request') ?? []
  if (all.length > 1) throw new SignedRequestError('malformed', 'signed_request occurs more than once')
  return all[0] || undefined
}

/**
 * The token in the header `Authorization: JWT`; `undefined` if there is none. Throws for more than one
 * header, and for a header with this scheme but without a readable token, since a proxy in front of the
 * add-on may have read one. Other schemes may belong to a proxy.
 */
export function tokenInHeader(request: IncomingMessage): string | undefined {
  if (occurrences(request, 'authorization') > 1)
    throw new SignedRequestError('malformed', 'the Authorization header occurs more than once')
  const { authorization = '' } = request.headers
  if (!/^\s*JWT(?![\w.-])/i.test(authorization)) return undefined
  const token = /^\s*JWT\s+(?:token=)?([^\s,:=]+)\s*$/i.exec(authorization)?.[1]
  if (token === undefined)
    throw new SignedRequestError(
      'malformed',
      'expected exactly one signed request in the Authorization header, as in Authorization: JWT TOKEN',
    )
  return token
}

/** Number of times that a header occurs. */
// Node keeps only the first of two. Building its list of all (`headersDistinct`) costs more than parsing the
// delivery's JSON.
function occurrences({ rawHeaders }: IncomingMessage, header: string): number {
  let found = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]
    if (name?.length === header.length && name.toLowerCase() === header) found += 1
  }
  return found
}

/** Reads `iss` without verifying anything, to find the key that verifies the token. */
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
    throw new SignedRequestError('malformed', 'expected exp and iat of the signed request to be numbers')
  if (exp + clockSkew <= now)
    throw new SignedRequestError('expired', `the signed request expired ${now - exp} s ago`)
  if (iat + longestLifetime / 1000 + clockSkew <= now)
    throw new SignedRequestError(
      'expired',
      `the signed request was issued ${now - iat} s ago: it is valid for a day at most, whatever its exp says`,
    )
  if (iat - clockSkew > now)
    throw new SignedRequestError(
      'clock ahead',
      `the signed request was issued ${iat - now} s in the future: the server's clock or this one is wrong`,
    )
  const { nbf } = claims
  if (nbf !== undefined && nbf !== null && !(typeof nbf === 'number' && nbf - clockSkew <= now))
    throw new SignedRequestError('clock ahead', 'the signed request is not valid yet (nbf)')
  const lifetime = Math.max(0, exp - iat) * 1000
  return { lifetime, expires: Math.min(exp * 1000, iat * 1000 + longestLifetime) }
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
    // It becomes part of a store key, which cannot be just any string.
    tokenId: typeof jti === 'string' && /^[\x21-\x7e]{1,120}$/.test(jti) ? jti : (token.split('.')[2] ?? ''),
    ...times,
  }
}

/**
 * The user that a token names. An unreadable user must not count as none, since a token without one is the
 * server's.
 */
function userOf(claims: Record<string, unknown>): string | undefined {
  const user = claims['sub'] ?? claims['prn'] ?? undefined
  if (user === undefined || typeof user === 'string' || typeof user === 'number')
    return user === undefined ? undefined : String(user)
  throw new SignedRequestError(
    'malformed',
    `expected the user of a signed request (sub) to be a string or a number, got ${typeName(user)}`,
  )
}

/** Verifies the signature only. {@link checkTimes} checks the times, and says by how much they are off. */
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
        `expected a JWT signed with HS256, got ${String(JSON.stringify(header?.['alg'])).slice(0, 20)}`,
      )
    throw new SignedRequestError('wrong signature', `the signature is not valid: ${messageOf(error)}`, {
      cause: error,
    })
  }
  throw new SignedRequestError('malformed', 'the signed request has no claims')
}
