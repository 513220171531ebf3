import type { IncomingMessage } from 'node:http'
import { hostOf, isLoopbackHost } from '../../common/outbound.ts'
import { forbidden } from '../errors.ts'

/** The host names that this server answers to, and the origins whose pages may call it. */
export interface OriginRules {
  /** The server listens on a loopback address, so it also answers to loopback host names. */
  readonly local: boolean
  readonly allowedOrigins: readonly string[]
  /** More origins that the server can be reached at. */
  readonly otherUrls: readonly string[]
  /** Whether the origin was configured: then a proxy may be in front, whose `Host` is less reliable. */
  readonly hasPublicUrl: boolean
  publicUrl(): string
}

/**
 * 403 unless the Host header names this server: a page whose host name suddenly resolves to 127.0.0.1 would
 * otherwise have the server's own origin (DNS rebinding).
 */
export function checkHost(header: string, { local, otherUrls, publicUrl }: OriginRules): void {
  const host = hostIn(header)
  if (host && [publicUrl(), ...otherUrls].some((url) => host === hostOf(new URL(url)))) return
  if (host && local && isLoopbackHost(host)) return
  throw forbidden('This server does not answer to that host name')
}

function hostIn(header: string): string | undefined {
  const url = URL.canParse(`http://${header}`) ? new URL(`http://${header}`) : undefined
  return url && hostOf(url)
}

/**
 * The origin that a request was sent to: libraries compare the addresses in an answer with the one they called. The
 * public origin, unless the host belongs to another one. Call it only after {@link checkHost}.
 */
export function originAsked(
  header: string,
  { local, otherUrls, hasPublicUrl, publicUrl }: OriginRules,
): string {
  const main = publicUrl()
  const asked = [main, ...otherUrls].find((url) => new URL(url).host === header.toLowerCase())
  if (asked !== undefined) return asked
  const host = hostIn(header)
  // Any loopback name and any forwarded port: only this machine can have sent the request.
  return host && local && !hasPublicUrl && isLoopbackHost(host)
    ? new URL(`${new URL(main).protocol}//${header}`).origin
    : main
}

/** 403 for a page of another origin that makes calls without a token, on behalf of the person who looks at it. */
export function checkOrigin({ method = '', headers }: IncomingMessage, originRules: OriginRules): void {
  const { origin, host, authorization = '' } = headers
  if (!origin || /^(GET|HEAD|OPTIONS)$/.test(method) || /^Bearer /i.test(authorization)) return
  const own = URL.canParse(origin) && new URL(origin).host === host
  if (
    own ||
    [originRules.publicUrl(), ...originRules.otherUrls].includes(origin) ||
    originRules.allowedOrigins.includes(origin)
  )
    return
  throw forbidden('Calls from pages of other origins need an access token in the Authorization header')
}
