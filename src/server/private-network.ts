import type { OutboundRules } from '../common/outbound.ts'

/**
 * Addresses of the operator's own network, for `allowPrivate`: RFC 1918, RFC 6598 and RFC 4193. Without
 * 169.254.0.0/16, where cloud providers hand out the credentials of machines.
 */
export const privateNetwork: OutboundRules = {
  ranges: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7'],
  loopback: true,
  http: true,
}
