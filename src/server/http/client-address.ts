import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { isWithin, type Range } from '../../common/ranges.ts'

/** Returns the caller's address. */
export type AddressOf = (request: IncomingMessage) => string

/**
 * Creates the lookup of callers' addresses. Only trusted proxies are believed: each appends the address that called
 * it to `X-Forwarded-For`, so the caller is the last address there that is not a trusted proxy. Anyone can have
 * written what comes before it.
 */
export function createAddressOf(trustedProxies: readonly Range[]): AddressOf {
  return (request) => {
    let address = request.socket.remoteAddress ?? 'unknown'
    const told = [request.headers['x-forwarded-for'] ?? []].flat().join(',').split(',')
    for (const before of told.reverse()) {
      const text = before.trim()
      if (!isWithin(trustedProxies, address) || isIP(text) === 0) break
      address = text
    }
    return address
  }
}
