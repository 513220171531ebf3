import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { isWithin, type Range } from '../../common/ranges.ts'

/** The address of whoever makes a request. */
export type AddressOf = (request: IncomingMessage) => string

/**
 * Of proxies only those that are trusted are believed: each appends the address that asked it to `X-Forwarded-For`, so the caller is
 * the last one there that is no trusted proxy. What stands before it anybody can have written.
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
