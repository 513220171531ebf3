import type { IncomingMessage } from 'node:http'
import { hostOf, isLoopbackHost } from '../common/outbound.ts'
import { forbidden } from './errors.ts'

/** Under which names this server answers, and to pages of which origins. */
export interface Doors {
  /** The server listens on a loopback address: then its loopback names are good too. */
  readonly local: boolean
  readonly allowedOrigins: readonly string[]
  publicUrl(): string
}

/**
 * The Host header must name this server: a page whose host name suddenly resolves to 127.0.0.1 would otherwise be
 * of the same origin as the server (DNS rebinding).
 */
export function checkHost(header: string, { local, publicUrl }: Doors): void {
  const url = URL.canParse(`http://${header}`) ? new URL(`http://${header}`) : undefined
  const host = url && hostOf(url)
  if (host && host === hostOf(new URL(publicUrl()))) return
  if (host && local && isLoopbackHost(host)) return
  throw forbidden('This server does not answer to that host name')
}

/** A page of another origin may not make calls in the name of whoever looks at it; with a token it needs nobody's name. */
export function checkOrigin({ method = '', headers }: IncomingMessage, doors: Doors): void {
  const { origin, host, authorization = '' } = headers
  if (!origin || /^(GET|HEAD|OPTIONS)$/.test(method) || /^Bearer /i.test(authorization)) return
  const own = URL.canParse(origin) && new URL(origin).host === host
  if (own || origin === doors.publicUrl() || doors.allowedOrigins.includes(origin)) return
  throw forbidden('Calls from pages of other origins need an access token in the Authorization header')
}
