import type { IncomingMessage } from 'node:http'
import { hostOf, isLoopbackHost } from '../../common/outbound.ts'
import { forbidden } from '../errors.ts'

/** Under which names this server answers, and to pages of which origins. */
export interface OriginRules {
  /** The server listens on a loopback address: then its loopback names are good too. */
  readonly local: boolean
  readonly allowedOrigins: readonly string[]
  /** Origins under which it is reached besides. */
  readonly otherUrls: readonly string[]
  /** The origin was given: a proxy may be in front, whose `Host` says less than that. */
  readonly hasPublicUrl: boolean
  publicUrl(): string
}

/**
 * The Host header must name this server: a page whose host name suddenly resolves to 127.0.0.1 would otherwise be
 * of the same origin as the server (DNS rebinding).
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
 * The origin under which a request has asked: libraries compare what the server says of itself with the address that they
 * asked. The public one, unless the host is that of another one. To be asked of a host that was checked.
 */
export function originAsked(
  header: string,
  { local, otherUrls, hasPublicUrl, publicUrl }: OriginRules,
): string {
  const main = publicUrl()
  const asked = [main, ...otherUrls].find((url) => new URL(url).host === header.toLowerCase())
  if (asked !== undefined) return asked
  const host = hostIn(header)
  // Under any loopback name and through any forwarded port: nobody but this machine can have asked.
  return host && local && !hasPublicUrl && isLoopbackHost(host)
    ? new URL(`${new URL(main).protocol}//${header}`).origin
    : main
}

/** A page of another origin may not make calls in the name of whoever looks at it; with a token it needs nobody's name. */
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
