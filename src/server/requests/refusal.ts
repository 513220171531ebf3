import { BodyRefusedError } from '../../common/body.ts'
import { badRequest, CallRefusedError, envelope, reason } from '../errors.ts'
import type { Route } from '../http/routes.ts'

/** The refusal that an error is answered with: 500 unless the error is one of the caller. */
export function refusalOf(error: unknown): CallRefusedError {
  if (error instanceof CallRefusedError) return error
  if (error instanceof BodyRefusedError) {
    const text = error.message.charAt(0).toUpperCase() + error.message.slice(1)
    return error.status === 400 ? badRequest(text) : new CallRefusedError(error.status, text)
  }
  return new CallRefusedError(500, reason(500))
}

/** The body of a refusal. */
export const refusalBody = (route: Route | undefined, refused: CallRefusedError): string =>
  JSON.stringify({ ...envelope(refused), ...oauthDescription(route, refused) })

/** The token endpoint also sends OAuth 2's error code, which its clients look for. */
function oauthDescription(
  route: Route | undefined,
  refused: CallRefusedError,
): { error_description?: string } {
  if (!route?.operation.tokens.includes('basic')) return {}
  if (!refused.oauthCode && refused.status !== 400) return {}
  const { field, validation } = refused.details
  const derived =
    field === 'grant_type' && validation === 'enum' ? 'unsupported_grant_type' : 'invalid_request'
  return { error_description: refused.oauthCode ?? derived }
}
