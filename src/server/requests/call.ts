import type Koa from 'koa'
import type { Caller, RequestCredentials } from '../auth/callers.ts'
import type { Counted } from '../auth/rate-limits.ts'
import type { Route } from '../http/routes.ts'

/** One request, and what becomes known about it while it is served. */
export interface Call {
  readonly method: string
  readonly path: string
  /** The query string as it was sent, with its question mark. */
  readonly search: string
  readonly query: URLSearchParams
  readonly authorization: string | undefined
  readonly address: string
  route?: Route
  caller?: Caller
  counted?: boolean
  /** Message of the refusal, if the call was refused. */
  error?: string
}

/** Reads the target of a request. Slashes at the end of the path, and double ones, do not count. */
export function callFrom(ctx: Koa.Context, address: string): Call {
  const target = ctx.req.url ?? '/'
  const at = target.indexOf('?')
  const path = at < 0 ? target : target.slice(0, at)
  const search = at < 0 ? '' : target.slice(at)
  return {
    method: ctx.method,
    path: `/${path.split('/').filter(Boolean).join('/')}`,
    search,
    query: new URLSearchParams(search),
    authorization: ctx.get('authorization') || undefined,
    address,
  }
}

/** The tokens that a call was made with. */
export const credentialsOf = ({ authorization, query }: Call): RequestCredentials => ({
  authorization,
  queryToken: query.get('auth_token') ?? undefined,
})

/** Adds the rate limit headers, whether or not the call succeeds. Throws the refusal of a call over its limit. */
export function applyCount(ctx: Koa.Context, call: Call, { headers, refused }: Counted): void {
  ctx.set({ ...headers })
  call.counted = true
  if (refused) throw refused
}
