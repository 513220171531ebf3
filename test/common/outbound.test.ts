import dns from 'node:dns'
import { once } from 'node:events'
import { createServer, get } from 'node:http'
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  createOutbound,
  hostMatches,
  isLoopbackHost,
  OutboundRefusedError,
} from '../../src/common/outbound.ts'

const allowed = (rules: Parameters<typeof createOutbound>[0], url: string): boolean => {
  try {
    createOutbound(rules).check(url)
    return true
  } catch (error) {
    expect(error).toBeInstanceOf(OutboundRefusedError)
    return false
  }
}

describe('outbound rules', () => {
  afterEach(() => vi.restoreAllMocks())

  it('allow https to public addresses and names, and nothing else, when none are given', () => {
    for (const url of ['https://example.com/a?b', 'https://8.8.8.8', 'https://[2606:4700::1111]:8443/'])
      expect(allowed({}, url), url).toBe(true)
    for (const url of [
      'http://example.com',
      'ftp://example.com',
      'file:///etc/passwd',
      'example.com',
      '',
      '//a',
    ])
      expect(allowed({}, url), url).toBe(false)
  })

  it('report what is wrong, without the query', () => {
    const { check } = createOutbound({ hosts: ['a.example'] })
    expect(() => check('https://b.example/?token=geheim')).toThrow(
      'host b.example is not among the allowed hosts',
    )
    expect(() => check('http://a.example/?token=geheim')).toThrow('plain http to a.example is refused')
    expect(() => check('data:text/html,x')).toThrow('got the scheme "data:"')
    expect(() => check('https://user:geheim@a.example/')).toThrow(
      /user name or password .*\(host a\.example\)/,
    )
    for (const url of ['https://b.example/?token=geheim', 'https://u:geheim@a.example/'])
      expect(() => check(url)).not.toThrow(/geheim/)
  })

  const loopback = [
    'https://127.0.0.1/',
    'https://127.1/',
    'https://2130706433/',
    'https://0x7f000001/',
    'https://0177.0.0.1/',
    'https://127.0.0.1./',
    'https://%31%32%37.0.0.1/',
    'https://１２７.0.0.1/',
    'https://[::1]/',
    'https://[0:0:0:0:0:0:0:1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[::ffff:7f00:1]/',
  ]
  for (const url of loopback)
    it(`see loopback in ${url}`, () => {
      expect(allowed({}, url)).toBe(false)
      expect(allowed({ loopback: true }, url)).toBe(true)
    })

  it('refuse addresses that are not public, in any form', () => {
    const hosts = [
      '0.0.0.0',
      '10.1.2.3',
      '100.64.0.1',
      '169.254.169.254',
      '172.16.0.1',
      '192.168.1.1',
      '198.18.0.1',
      '224.0.0.1',
      '255.255.255.255',
      '[::]',
      '[fe80::1]',
      '[fc00::1]',
      '[fec0::1]',
      '[ff02::1]',
      '[::ffff:10.0.0.1]',
      '[::10.0.0.1]',
      '[::127.0.0.1]',
      '[64:ff9b::a00:1]',
      '[2002:a00:1::]',
      '[2001:db8::1]',
    ]
    for (const host of hosts) expect(allowed({ loopback: true }, `https://${host}/`), host).toBe(false)
  })

  it('allow private ranges that are listed, and only those', () => {
    const rules = { ranges: ['10.0.0.0/8', 'fd00::/8'] }
    for (const host of ['10.1.2.3', '[::ffff:10.1.2.3]', '[fd12::1]'])
      expect(allowed(rules, `https://${host}/`), host).toBe(true)
    for (const host of ['192.168.0.1', '127.0.0.1', '[fc12::1]'])
      expect(allowed(rules, `https://${host}/`), host).toBe(false)
  })

  it('match hosts by whole names, wildcards by whole labels', () => {
    const rules = { hosts: ['Chat.Example.net', '*.example.org'] }
    for (const host of [
      'chat.example.net',
      'CHAT.example.NET',
      'chat.example.net.',
      'a.example.org',
      'a.b.example.org',
    ])
      expect(allowed(rules, `https://${host}/`), host).toBe(true)
    for (const host of [
      'example.net',
      'xchat.example.net',
      'chat.example.net.evil',
      'example.org',
      'xexample.org',
    ])
      expect(allowed(rules, `https://${host}/`), host).toBe(false)
    expect(hostMatches('.example.org', ['*.example.org'])).toBe(false)
  })

  it('allow plain http to loopback when loopback is allowed, and elsewhere only with the option http', () => {
    for (const host of ['localhost:3000', 'LOCALHOST', 'app.localhost', '127.0.0.1:1', '[::1]'])
      expect(allowed({ loopback: true, hosts: ['a.example'] }, `http://${host}/`), host).toBe(true)
    expect(allowed({ loopback: true }, 'http://example.com/')).toBe(false)
    expect(allowed({ http: true }, 'http://example.com/')).toBe(true)
    expect(isLoopbackHost('localhost.evil')).toBe(false)
    expect(isLoopbackHost('notlocalhost')).toBe(false)
  })

  it('refuse to connect to a name that resolves to a private address, even to one among public ones', async () => {
    let reached = false
    const server = createServer((_, response) => {
      reached = true
      response.end()
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    const port = typeof address === 'object' ? address?.port : undefined
    stubLookup([
      { address: '93.184.216.34', family: 4 },
      { address: '127.0.0.1', family: 4 },
    ])
    const outbound = createOutbound({ http: true })
    const url = outbound.check(`http://rebound.example:${port}/`)
    const request = get(url, { agent: outbound.agent.http })
    const [error] = await once(request, 'error').catch((reason: unknown) => [reason])
    expect(error).toBeInstanceOf(OutboundRefusedError)
    expect(String(error)).toMatch(/host rebound.example resolves to 127.0.0.1, which is not a public address/)
    expect(reached).toBe(false)
    outbound.close()

    // The same name is reached where the rules allow its addresses.
    stubLookup([{ address: '127.0.0.1', family: 4 }])
    const open = createOutbound({ http: true, ranges: ['127.0.0.0/8'] })
    const [response] = await once(
      get(open.check(`http://rebound.example:${port}/`), { agent: open.agent.http }),
      'response',
    )
    expect(response.statusCode).toBe(200)
    response.resume()
    open.close()
    server.close()
  })
})

function stubLookup(addresses: dns.LookupAddress[]): void {
  // The signature has many overloads; the rules call the one with `all`.
  const stub = (_: string, __: unknown, callback: (error: null, found: dns.LookupAddress[]) => void): void =>
    callback(null, addresses)
  vi.spyOn(dns, 'lookup').mockImplementation(stub as unknown as typeof dns.lookup)
}
