import { createSecretKey } from 'node:crypto'
import jwt from 'jsonwebtoken'
import { randomText } from '../../common/random.ts'

const lifetime = 3600 // seconds; an hour by the comments of Atlassian's Express library

export interface Signing {
  /** `oauthId` of the installation: where the add-on looks up the secret. */
  readonly oauthId: string
  readonly secret: string
  /** The person whose doing caused the request; none for an add-on's own doing. */
  readonly user?: { readonly id: number; readonly timezone: string } | undefined
  readonly roomId?: number | undefined
  /** The user is an administrator of the group, and the request is about the group. HipChat did not say that. */
  readonly administrator?: boolean | undefined
}

/**
 * The token of a signed request: HS256 over the bytes of the secret, as HipChat's page on JWT for add-ons describes
 * it. There is no claim about the receiver or the body: whoever holds the token can show it to the add-on again.
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
  // As a string the secret would first be tried as a PEM key, which takes forty times as long.
  const key = createSecretKey(Buffer.from(signing.secret, 'utf8'))
  return jwt.sign(claims, key, { algorithm: 'HS256', expiresIn: lifetime })
}

/** What a signed request says, for people who look at what was sent. */
export function claimsOf(signature: string): Readonly<Record<string, unknown>> {
  const claims = jwt.decode(signature)
  return typeof claims === 'object' && claims !== null ? { ...claims } : {}
}
