import { createSecretKey } from 'node:crypto'
import jwt from 'jsonwebtoken'
import { randomText } from '../../common/random.ts'

const lifetime = 3600 // seconds; an hour by the comments of Atlassian's Express library

/** What a signed request contains. */
export interface Signing {
  /** `oauthId` of the installation, by which the add-on looks up the secret. */
  readonly oauthId: string
  readonly secret: string
  /** The person whose action caused the request; absent for an action of an add-on. */
  readonly user?: { readonly id: number; readonly timezone: string } | undefined
  readonly roomId?: number | undefined
  /** The user is an administrator of the group, and the request is about the group. HipChat had no such claim. */
  readonly administrator?: boolean | undefined
}

/**
 * Creates the token of a signed request: HS256 over the bytes of the secret, as HipChat's page on JWT for add-ons
 * describes it. No claim covers the receiver or the body, so anyone who holds the token can send it to the add-on
 * again.
 */
export function signRequest(signing: Signing): string {
  const claims = {
    iss: signing.oauthId,
    ...(signing.user ? { sub: String(signing.user.id) } : {}),
    jti: randomText(20),
    context: {
      ...(signing.roomId === undefined ? {} : { room_id: signing.roomId }),
      ...(signing.user ? { user_tz: signing.user.timezone } : {}),
      ...(signing.administrator ? { is_group_admin: true } : {}),
    },
  }
  // A string would first be tried as a PEM key, which takes forty times as long.
  const key = createSecretKey(Buffer.from(signing.secret, 'utf8'))
  return jwt.sign(claims, key, { algorithm: 'HS256', expiresIn: lifetime })
}

/** The claims of a signed request, for display. */
export function claimsOf(signature: string): Readonly<Record<string, unknown>> {
  const claims = jwt.decode(signature)
  return typeof claims === 'object' && claims !== null ? { ...claims } : {}
}
