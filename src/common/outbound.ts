import dns from 'node:dns'
import type { LookupFunction } from 'node:net'
import { rootCertificates } from 'node:tls'
import ipaddr from 'ipaddr.js'
import { type Connections, createConnections } from './connections.ts'
import { isWithin } from './ranges.ts'

/** The addresses that this process may call when the URL comes from somebody else, in a request or a document. */
export interface OutboundRules {
  /** Allowed host names; `*.example.com` allows every name below example.com. Default: any name. */
  readonly hosts?: readonly string[] | undefined
  /** Allowed address ranges that are not public, in CIDR form: `10.0.0.0/8`. Default: none. */
  readonly ranges?: readonly string[] | undefined
  /** Allows loopback addresses (and `localhost` as a host), and plain http to them. Default false. */
  readonly loopback?: boolean | undefined
  /**
   * Allows plain http to other hosts too. A list of names allows it for these hosts only, which may also have a private or
   * loopback address: for development, where containers call each other by name. Default false.
   */
  readonly http?: boolean | readonly string[] | undefined
  /** Certificate authorities to trust in addition to the public ones, as PEM. */
  readonly ca?: string | readonly string[] | undefined
  /** Wraps each exchange under these rules. */
  readonly around?: Outbound['around']
}

/** A URL was refused before anything was sent. The message names the host, never the query. */
export class OutboundRefusedError extends Error {
  readonly code = 'ERR_OUTBOUND_REFUSED'
  override name = 'OutboundRefusedError'
}

/** Compiled rules, and the connections that follow them. */
export interface Outbound extends Connections {
  /**
   * Parses a URL and refuses it unless the rules allow it. The addresses of a name are checked when connecting.
   *
   * @throws {OutboundRefusedError}
   */
  check(url: string): URL
  /** Wraps the work of each exchange; see the rules. */
  readonly around?: (<T>(work: () => Promise<T>) => Promise<T>) | undefined
}

/**
 * Compiles the rules. A name is resolved once per connection and every address is checked then, so that a name with
 * different answers the second time gains nothing.
 */
export function createOutbound(rules: OutboundRules = {}): Outbound {
  const hosts = rules.hosts?.map((host) => host.toLowerCase())
  const named = typeof rules.http === 'object' ? rules.http.map((host) => host.toLowerCase()) : []
  const isNamed = (host: string): boolean => hostMatches(host.toLowerCase(), named)
  const ranges = (rules.ranges ?? []).map((range) => ipaddr.parseCIDR(range))

  /** Whether an address may be called for a host name. */
  function addressAllowed(text: string, host: string): boolean {
    if (!ipaddr.isValid(text)) return false
    const address = ipaddr.process(text) // an IPv4 address mapped into IPv6 counts as the IPv4 address
    const kind = address.range()
    if (kind === 'unicast' && isAssigned(address)) return true
    if (kind === 'loopback' && rules.loopback) return true
    if (isOwnNetwork(kind) && isNamed(host)) return true
    return isWithin(ranges, text)
  }

  function check(text: string): URL {
    let url: URL
    try {
      url = new URL(text)
    } catch {
      throw new OutboundRefusedError(`expected an absolute http or https URL, got ${quote(text)}`)
    }
    const host = hostOf(url)
    if (url.protocol !== 'https:' && url.protocol !== 'http:')
      throw new OutboundRefusedError(`expected an http or https URL, got the scheme ${quote(url.protocol)}`)
    if (url.username || url.password)
      throw new OutboundRefusedError(`a URL with a user name or password in it is not fetched (host ${host})`)
    const local = rules.loopback === true && isLoopbackHost(host)
    if (!local && hosts && !hostMatches(host, hosts))
      throw new OutboundRefusedError(`host ${host} is not among the allowed hosts`)
    if (url.protocol === 'http:' && !local && rules.http !== true && !isNamed(host))
      throw new OutboundRefusedError(`plain http to ${host} is refused: https is required`)
    if (ipaddr.isValid(host) && !addressAllowed(host, host))
      throw new OutboundRefusedError(`address ${host} is not public`)
    return url
  }

  const lookup: LookupFunction = (hostname, options, callback) => {
    dns.lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, '')
      const refused = addresses.find(({ address }) => !addressAllowed(address, hostname))
      if (refused)
        return callback(
          new OutboundRefusedError(
            `host ${hostname} resolves to ${refused.address}, which is not a public address`,
          ),
          '',
        )
      const first = addresses[0]
      if (options.all) return callback(null, addresses)
      callback(null, first?.address ?? '', first?.family)
    })
  }

  // Authorities given to an agent replace the public ones, so these are added.
  const ca = rules.ca ? [...rootCertificates, ...[rules.ca].flat()] : undefined
  const connections = createConnections({ maxSockets: 64, lookup }, ca)

  return {
    check,
    ...connections,
    around: rules.around,
  }
}

/** Excludes link-local addresses, where the machines of cloud providers serve their credentials. */
const isOwnNetwork = (kind: string): boolean =>
  ['loopback', 'private', 'uniqueLocal', 'carrierGradeNat'].includes(kind)

// ipaddr.js calls every range without a name unicast: in IPv6 also the old forms of IPv4 (`::127.0.0.1`) and of private
// addresses (`fec0::`). Public addresses are assigned from one block only (RFC 4291 section 2.4 and IANA's registry).
const assigned = ipaddr.IPv6.parseCIDR('2000::/3')

const isAssigned = (address: ipaddr.IPv4 | ipaddr.IPv6): boolean =>
  address instanceof ipaddr.IPv4 || address.match(assigned)

/** Whether a name or address literal means this machine. */
export function isLoopbackHost(host: string): boolean {
  if (host === 'localhost' || host.endsWith('.localhost')) return true
  return ipaddr.isValid(host) && ipaddr.process(host).range() === 'loopback'
}

/** The host of a URL, without the port and the brackets of an IPv6 address. */
export const hostOf = (url: URL): string => url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')

/** Whether a host is one of the listed names; `*.example.com` matches every name below example.com. */
export function hostMatches(host: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) =>
    pattern.startsWith('*.')
      ? host.endsWith(pattern.slice(1)) && host.length >= pattern.length
      : host === pattern,
  )
}

const quote = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)
