import { AccessTokenError, InstallationRefusedError } from '../errors.ts'
import type { AccessToken, AccessTokens } from './access-token.ts'
import { tooSlow } from './hooks.ts'
import type { Credentials, Installation } from './installation.ts'

/** Credentials that the token endpoint accepted, with their access token. */
export interface Proven {
  readonly credentials: Credentials
  readonly token: AccessToken
}

/**
 * Proves the credentials by exchanging them for a token, and completes the record with the answer. Throws an
 * {@link InstallationRefusedError} if they are not accepted.
 */
export async function prove(
  credentials: Credentials,
  tokens: AccessTokens,
  descriptorEtag: string,
  signal: AbortSignal,
): Promise<Proven> {
  const { installation } = credentials
  const token = await tokens.request(credentials, signal).catch((error: unknown) => {
    if (signal.aborted) throw tooSlow('asking for an access token')
    throw error instanceof AccessTokenError ? notProven(error) : error
  })
  const { groupId } = installation
  if (groupId !== undefined && token.groupId !== undefined && groupId !== token.groupId)
    throw new InstallationRefusedError(
      403,
      'The credentials belong to a different group than the one in the installation record.',
    )
  const completed: Installation = {
    ...installation,
    groupId: groupId ?? token.groupId,
    groupName: token.groupName,
    scopes: token.scopes,
    descriptorEtag,
    updatedAt: new Date(),
    rejectedSince: undefined,
  }
  return { credentials: { ...credentials, installation: completed }, token }
}

function notProven(cause: AccessTokenError): InstallationRefusedError {
  const { status } = cause
  if (status === undefined)
    return new InstallationRefusedError(502, 'The server’s token endpoint could not be reached.', { cause })
  if (status === 429)
    return new InstallationRefusedError(
      503,
      'The server’s token endpoint reports too many requests for access tokens (429). Try again later.',
      { cause },
    )
  if (status === 400 || status === 401 || status === 403)
    return new InstallationRefusedError(
      403,
      'The credentials were not accepted by the server’s token endpoint.',
      { cause },
    )
  const answered = status >= 200 && status < 300 ? '' : `; it answered ${status}`
  return new InstallationRefusedError(502, `The server’s token endpoint gave no access token${answered}.`, {
    cause,
  })
}
