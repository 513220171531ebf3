import type { IncomingHttpHeaders } from 'node:http'
import { methodsOf, restRouter } from './routes.ts'

type Headers = Readonly<Record<string, string>>

/** What pages of other origins get to read besides the body. */
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
 * Lets pages of every origin read an answer of the REST API to a call with a token in its header, as HipChat did. Such a
 * token is what makes the call good, and no browser adds it by itself: the page has to know it. So nothing is lent to a page
 * that it does not have, and no cookie is ever meant (there are none).
 *
 * Everything else stays closed: calls with the token in the query, which may stand in a link; calls without a token, among
 * them the one-time installation documents; and what is not the REST API.
 */
export const crossOriginHeaders = (path: string, { authorization = '' }: IncomingHttpHeaders): Headers =>
  isApi(path) && /^Bearer /i.test(authorization)
    ? { ...anybody, 'Access-Control-Expose-Headers': exposed.join(', ') }
    : {}

/**
 * The answer to a browser that asks whether a page of another origin may make a call (a preflight); `undefined` for all other
 * requests, and for calls that take no token. What has an OAuth client's secret for its credentials is one of these:
 * such a secret has no place on a page.
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

/** The methods of the calls at a path that are made with an access token. */
function methodsWithToken(path: string): string[] {
  const open = restRouter.at(path).filter(({ tokens }) => tokens.length > 0 && !tokens.includes('basic'))
  return [...new Set(open.flatMap(methodsOf))]
}

const isApi = (path: string): boolean => path.startsWith('/v2/')
