import { describe, expect, it } from 'vitest'
import {
  createOutbound,
  hostMatches,
  isLoopbackHost,
  OutboundRefusedError,
} from '../../src/common/outbound.ts'
import { anyText, fc } from './runs.ts'

/** IANA's registry of special-purpose IPv4 addresses, and multicast: first address and prefix length. */
const special: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
]

/** Special-purpose ranges that are nevertheless reachable: both answers are correct. */
const either: readonly (readonly [string, number])[] = [
  ['192.31.196.0', 24],
  ['192.52.193.0', 24],
  ['192.88.99.0', 24],
  ['192.175.48.0', 24],
]

const numberOf = (dotted: string): number =>
  dotted.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)

const within = (address: number, ranges: typeof special): boolean =>
  ranges.some(
    ([first, bits]) =>
      Math.floor(address / 2 ** (32 - bits)) === Math.floor(numberOf(first) / 2 ** (32 - bits)),
  )

const bytesOf = (address: number): number[] =>
  [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256)

const hex = (value: number): string => value.toString(16)

/** The ways to write an IPv4 address in a URL. */
const forms: Readonly<Record<string, (address: number) => string>> = {
  dotted: (address) => bytesOf(address).join('.'),
  'one number': (address) => String(address),
  'one hexadecimal number': (address) => `0x${hex(address)}`,
  'one octal number': (address) => `0${address.toString(8)}`,
  'hexadecimal parts': (address) =>
    bytesOf(address)
      .map((part) => `0X${hex(part)}`)
      .join('.'),
  'octal parts': (address) =>
    bytesOf(address)
      .map((part) => `00${part.toString(8)}`)
      .join('.'),
  'two parts': (address) => `${Math.floor(address / 2 ** 24)}.${address % 2 ** 24}`,
  'a dot at the end': (address) => `${bytesOf(address).join('.')}.`,
  'full-width digits': (address) =>
    bytesOf(address)
      .join('.')
      .replace(/\d/g, (digit) => String.fromCharCode(0xff10 + Number(digit))),
  'mapped into IPv6': (address) => `[::ffff:${bytesOf(address).join('.')}]`,
  'mapped into IPv6, in hex': (address) =>
    `[::ffff:${hex(Math.floor(address / 65536))}:${hex(address % 65536)}]`,
}

/** Addresses of all kinds, more often those at the edges of the special ranges. */
const addresses = fc.oneof(
  fc.nat(0xffffffff),
  fc
    .tuple(fc.constantFrom(...special), fc.integer({ min: -2, max: 2 }), fc.boolean())
    .map(([[first, bits], step, end]) => {
      const edge = numberOf(first) + (end ? 2 ** (32 - bits) : 0) + step
      return Math.min(0xffffffff, Math.max(0, edge))
    }),
)

const rules = createOutbound()

const allows = (url: string, outbound = rules): boolean => {
  try {
    outbound.check(url)
    return true
  } catch (error) {
    expect(error).toBeInstanceOf(OutboundRefusedError)
    return false
  }
}

describe('outbound rules', () => {
  it.each(Object.entries(forms))('refuse addresses that are not public, and no others: %s', (_, form) => {
    fc.assert(
      fc.property(addresses, (address) => {
        fc.pre(!within(address, either))
        expect(allows(`https://${form(address)}/`)).toBe(!within(address, special))
      }),
    )
  })

  it.each(Object.entries(forms))('recognise loopback addresses: %s', (_, form) => {
    const loopback = createOutbound({ hosts: [], loopback: true })
    fc.assert(
      fc.property(fc.oneof(fc.integer({ min: 0x7effffff, max: 0x80000001 }), addresses), (address) => {
        expect(allows(`http://${form(address)}/`, loopback)).toBe(Math.floor(address / 2 ** 24) === 127)
      }),
    )
  })

  it('allow a listed range, including both ends', () =>
    fc.assert(
      fc.property(addresses, fc.integer({ min: 9, max: 32 }), fc.nat(0xffffff), (address, bits, low) => {
        const first = Math.floor((0x0a000000 + low) / 2 ** (32 - bits)) * 2 ** (32 - bits)
        const outbound = createOutbound({ ranges: [`${bytesOf(first).join('.')}/${bits}`] })
        const inside = (one: number): boolean => allows(`https://${bytesOf(one).join('.')}/`, outbound)
        expect([inside(first), inside(first + 2 ** (32 - bits) - 1)]).toEqual([true, true])
        if (first > 0x0a000000) expect(inside(first - 1)).toBe(false)
        if (within(address, special) && Math.floor(address / 2 ** 24) !== 10)
          expect(inside(address)).toBe(false)
      }),
    ))

  it('allow IPv6 addresses only from the allocated block', () =>
    fc.assert(
      fc.property(fc.ipV6(), (address) => {
        if (allows(`https://[${address}]/`)) {
          const { hostname } = new URL(`https://[${address}]/`)
          const first = Number.parseInt(hostname.slice(1), 16)
          const mapped = /^\[::ffff:[0-9a-f]+:[0-9a-f]+\]$/.test(hostname)
          expect(mapped || (first >= 0x2000 && first <= 0x3fff), hostname).toBe(true)
        }
      }),
    ))

  const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,6}[a-z0-9])?$/)
  const name = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'))

  it('match names label by label', () =>
    fc.assert(
      fc.property(
        fc.oneof(name, fc.constant('chat.example.net')),
        fc.array(label, { maxLength: 2 }),
        fc.string(),
        (base, below, odd) => {
          const host = [...below, base].join('.')
          expect(hostMatches(host, [base])).toBe(below.length === 0)
          expect(hostMatches(host, [`*.${base}`])).toBe(below.length > 0)
          fc.pre(odd !== '' && !odd.endsWith('.'))
          expect(hostMatches(odd + base, [base, `*.${base}`])).toBe(false)
          expect(hostMatches(`${base}.${host}x`, [base, `*.${base}`])).toBe(false)
        },
      ),
    ))

  it('refuse or accept any string; an accepted one is on an allowed host, over https', () => {
    const outbound = createOutbound({ hosts: ['chat.example.net', '*.example.org'] })
    const part = fc.oneof(
      anyText(12),
      fc.constantFrom('chat.example.net', 'a.example.org', '@', ':', '/', '\\', '#', '?', '%2f', '.'),
    )
    const urls = fc.tuple(
      fc.constantFrom('https://', 'http://', '//', 'HTTPS:', 'ftp://', ''),
      fc.array(part, { maxLength: 5 }),
    )
    fc.assert(
      fc.property(urls, ([scheme, parts]) => {
        const text = scheme + parts.join('')
        if (!allows(text, outbound)) return
        const url = outbound.check(text)
        expect(url.protocol).toBe('https:')
        expect(url.username + url.password).toBe('')
        expect(url.hostname).toMatch(/^(?:chat\.example\.net|[^/@\\]+\.example\.org)\.?$/)
      }),
    )
  })

  it('treat only localhost and names below it as loopback', () =>
    fc.assert(
      fc.property(
        fc.oneof(
          name,
          name.map((one) => `${one}.localhost`),
          name.map((one) => `localhost.${one}`),
        ),
        (host) => {
          const labels = host.split('.')
          const address = labels.every((one) => /^\d+$/.test(one))
          fc.pre(!address)
          expect(isLoopbackHost(host)).toBe(labels.at(-1) === 'localhost')
        },
      ),
    ))
})
