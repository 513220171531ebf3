import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

/** An address range: the first address, and the length of the common prefix in bits. */
export type Range = ReturnType<typeof ipaddr.parseCIDR>

/** Parses a range such as `10.0.0.0/8`, or a single address; returns `undefined` for anything else. */
export function parseRange(text: string): Range | undefined {
  const [address = '', bits, ...rest] = text.split('/')
  const most = { 4: 32, 6: 128 }[isIP(address)]
  if (most === undefined || rest.length > 0) return undefined
  if (bits === undefined) return [ipaddr.parse(address), most]
  return /^\d+$/.test(bits) && Number(bits) <= most ? [ipaddr.parse(address), Number(bits)] : undefined
}

/** Whether an address is in one of the ranges. An IPv4 address mapped into IPv6 counts as the IPv4 address. */
export function isWithin(ranges: readonly Range[], text: string): boolean {
  if (isIP(text) === 0) return false
  const address = ipaddr.process(text)
  return ranges.some((range) => range[0].kind() === address.kind() && address.match(range))
}
