import type { IncomingHttpHeaders } from 'node:http'
import { methodsOf, restRouter } from './routes.ts'

type Headers = Readonly<Record<string, string>>

/** Headers that pages of other origins may read, in addition to the body. */
const exposed = [
  'X-Ratelimit-Limit',
  'X-Ratelimit-Remaining',
  'X-Ratelimit-Reset',
  'X-FloodControl-Limit',
  'X-FloodControl-Remaining',
  'X-FloodControl-Reset',
  'Retry-After',
]

const anybody: Headers = { 'Access-Control-Allow-Origin': '*' }

/**
 * Lets pages of every origin read an answer of the REST API to a call with a token in its header, as HipChat did.
 * No browser adds such a token by itself, so the page must already have it and gains nothing that it could not
 * have; there are no cookies.
 *
 * Everything else stays closed: calls with the token in the query string, which may be part of a link; calls
 * without a token, including the one-time installation documents; and everything outside the REST API.
 */
export const crossOriginHeaders = (path: string, { authorization = '' }: IncomingHttpHeaders): Headers =>
  isApi(path) && /^Bearer /i.test(authorization)
    ? { ...anybody, 'Access-Control-Expose-Headers': exposed.join(', ') }
    : {}

/**
 * The answer to a browser that asks whether a page of another origin may make a call (a preflight request);
 * `undefined` for all other requests and for calls that take no token. Calls with an OAuth client's secret are
 * among those: such a secret does not belong on a page.
 */
export function preflightHeaders(
  method: string,
  path: string,
  headers: IncomingHttpHeaders,
): Headers | undefined {
  const wanted = headers['access-control-request-method']
  if (method !== 'OPTIONS' || !headers.origin || !wanted || !isApi(path)) return undefined
  const methods = methodsWithToken(path.slice('/v2'.length))
  if (!methods.includes(wanted)) return undefined
  return {
    ...anybody,
    'Access-Control-Allow-Methods': methods.join(', '),
    'Access-Control-Allow-Headers': 'Authorization, Content-Type, X-Requested-With',
    'Access-Control-Max-Age': '600',
  }
}

/** Methods of the operations at a path that take an access token. */
function methodsWithToken(path: string): string[] {
  const open = restRouter.at(path).filter(({ tokens }) => tokens.length > 0 && !tokens.includes('basic'))
  return [...new Set(open.flatMap(methodsOf))]
}

const isApi = (path: string): boolean => path.startsWith('/v2/')
