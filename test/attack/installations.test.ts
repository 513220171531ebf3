import dns from 'node:dns'
import { isIP, isIPv6 } from 'node:net'
import { describe, expect, it, vi } from 'vitest'
import { hostOf } from '../../src/common/outbound.ts'
import { document, impostorSecret, json, startImpostor } from '../addon/impostor.ts'
import { planted } from '../leaks/planted.ts'
import { sign } from '../support.ts'
import { type Attack, allowedHost, open, startTarget, type Target, withstand } from './target.ts'

const post = (target: Target, record: object, path = '/installable', headers: readonly string[] = []) =>
  target.send('POST', path, record, ['Content-Type: application/json', ...headers])

const record = (capabilitiesUrl: string, over: object = {}) => ({
  oauthId: 'client-of-a-stranger',
  oauthSecret: planted('secret-of-a-stranger'),
  capabilitiesUrl,
  groupId: 1,
  roomId: 1,
  ...over,
})

/** Addresses that an add-on on the open internet must not be sent to, with the status of the refusal. */
const addresses: readonly (readonly [name: string, url: string])[] = [
  ['an unknown host', 'https://evil.example/v2/capabilities'],
  ['a host that begins like ours', `https://${allowedHost}.evil.example/`],
  ['a host that ends like ours', `https://evil${allowedHost}/`],
  ['a host below ours', `https://evil.${allowedHost}/`],
  ['our host as the user name', `https://${allowedHost}@evil.example/`],
  ['our host as the user name, percent-encoded', `https://${allowedHost}%2f@evil.example/`],
  ['a backslash instead of a slash', `https://evil.example\\@${allowedHost}.evil.example/`],
  ['userinfo before our host', `https://user:password@${allowedHost}/`],
  ['an empty user name before our host', `https://:password@${allowedHost}/`],
  ['plain http', `http://${allowedHost}/v2/capabilities`],
  ['a file', 'file:///etc/passwd'],
  ['a data: URL', 'data:application/json,{}'],
  ['a script', 'javascript:alert(1)'],
  ['another protocol', `gopher://${allowedHost}/`],
  ['a path', '/v2/capabilities'],
  ['no scheme', `//${allowedHost}/v2/capabilities`],
  ['loopback', 'https://127.0.0.1/'],
  ['loopback in one number', 'https://2130706433/'],
  ['loopback in octal', 'https://0177.0.0.1/'],
  ['loopback in hex', 'https://0x7f000001/'],
  ['loopback in hex with dots', 'https://0x7f.0.0.1/'],
  ['loopback cut short', 'https://127.1/'],
  ['loopback with a dot at the end', 'https://127.0.0.1./'],
  ['loopback in full-width digits', 'https://１２７.０.０.１/'],
  ['loopback in percent-encoding', 'https://%31%32%37.0.0.1/'],
  ['another loopback', 'https://127.127.127.127/'],
  ['this host', 'https://0.0.0.0/'],
  ['loopback in IPv6', 'https://[::1]/'],
  ['loopback in long IPv6', 'https://[0:0:0:0:0:0:0:1]/'],
  ['loopback mapped into IPv6', 'https://[::ffff:127.0.0.1]/'],
  ['loopback mapped into IPv6, in hex', 'https://[::ffff:7f00:1]/'],
  ['loopback in the old form of IPv4 in IPv6', 'https://[::127.0.0.1]/'],
  ['loopback behind NAT64', 'https://[64:ff9b::7f00:1]/'],
  ['loopback behind 6to4', 'https://[2002:7f00:1::]/'],
  ['any address of IPv6', 'https://[::]/'],
  ['a private address', 'https://10.0.0.1/'],
  ['a private address in IPv6', 'https://[fd00::1]/'],
  ['a link-local address', 'https://[fe80::1]/'],
  ['the metadata of a cloud', 'https://169.254.169.254/latest/meta-data/'],
  ['the metadata of a cloud in IPv6', 'https://[::ffff:a9fe:a9fe]/'],
]

describe('an add-on on the open internet refuses an installation from', () => {
  const attacks = addresses.map(
    ([name, url]): Attack => ({ name, status: 403, send: (target) => post(target, record(url)) }),
  )
  it.each(attacks)('$name', async (attack) => {
    const lookup = vi.spyOn(dns, 'lookup')
    await withstand(await startTarget(open), attack)
    expect(lookup.mock.calls.map(([host]) => host)).not.toContain('evil.example')
    lookup.mockRestore()
  })

  const literal = addresses.filter(([, url]) => URL.canParse(url) && isIP(hostOf(new URL(url))) !== 0)
  it.each(literal)('%s, even if the host is listed', async (name, url) => {
    await withstand(await startTarget({ ...open, allowedHosts: [hostOf(new URL(url))] }), {
      name,
      status: 403,
      send: (target) => post(target, record(url)),
      log: /is not public/,
    })
  })

  /** The addresses of a name, which the refusal must not reveal. */
  const resolved: readonly (readonly [name: string, addresses: readonly string[]])[] = [
    ['a private address', ['10.1.2.3']],
    ['loopback', ['127.0.0.1']],
    ['loopback in IPv6', ['::1']],
    ['loopback mapped into IPv6', ['::ffff:127.0.0.1']],
    ['a public address and a private one', ['93.184.216.34', '192.168.1.1']],
    ['the metadata of a cloud', ['169.254.169.254']],
    ['a unique local address', ['fc00::1']],
  ]
  it.each(resolved)('an allowed name that resolves to %s', async (name, ips) => {
    const target = await startTarget(open)
    const real = dns.lookup
    const lookup = vi.spyOn(dns, 'lookup').mockImplementation(((...all: Parameters<typeof dns.lookup>) => {
      if (all[0] !== allowedHost) return real(...all)
      const done = all.at(-1) as unknown as (error: null, addresses: object[]) => void // asked for all addresses
      done(
        null,
        ips.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 })),
      ) // as the system would
    }) as typeof dns.lookup)
    await withstand(target, {
      name,
      status: 400,
      async send(target) {
        const answer = await post(target, record(`https://${allowedHost}/v2/capabilities`))
        expect(lookup.mock.calls.map(([host]) => host)).toContain(allowedHost)
        lookup.mockRestore()
        for (const ip of ips) expect(answer.text).not.toContain(ip)
        return answer
      },
      log: /resolves to \S+, which is not a public address/,
    })
  })
})

type Serve = Parameters<typeof startImpostor>[0]

/** A capabilities document or token endpoint that misbehaves, on a server that is allowed. */
const impostors: readonly (readonly [name: string, status: number, routes: (url: () => string) => Serve])[] =
  [
    ['that redirects to another one', 400, () => ({ '/v2/capabilities': redirect('http://127.0.0.1:1/') })],
    [
      'that redirects to itself',
      400,
      (url) => ({ '/v2/capabilities': (...all) => redirect(`${url()}/x`)(...all) }),
    ],
    [
      'that is not there',
      400,
      () => ({ '/v2/capabilities': (_, response) => response.writeHead(404).end() }),
    ],
    ['that is a page', 400, () => ({ '/v2/capabilities': (_, response) => response.end('<html>') })],
    ['that breaks off', 400, () => ({ '/v2/capabilities': (_, response) => response.destroy() })],
    [
      'that is huge',
      400,
      (url) => ({
        '/v2/capabilities': (_, response) =>
          json(response, { ...document(url()), more: 'x'.repeat(300 * 1024) }),
      }),
    ],
    [
      'that never ends',
      400,
      () => ({
        '/v2/capabilities': (_, response) => {
          const write = (): void => {
            if (!response.destroyed) response.write('x'.repeat(16 * 1024), () => setImmediate(write))
          }
          write()
        },
      }),
    ],
    [
      'that decompresses to a gigabyte',
      400,
      () => ({
        '/v2/capabilities': (_, response) =>
          response.writeHead(200, { 'content-encoding': 'gzip' }).end(Buffer.from('1f8b0800', 'hex')),
      }),
    ],
    [
      'that belongs to another address',
      400,
      (url) => at(url, { self: 'https://api.hipchat.com/v2/capabilities' }),
    ],
    ['with a token address elsewhere', 403, (url) => at(url, { tokenUrl: 'https://evil.example/token' })],
    ['with a token address that is a file', 403, (url) => at(url, { tokenUrl: 'file:///etc/passwd' })],
    ['with an API in a private network', 403, (url) => at(url, { apiUrl: 'http://10.0.0.1/v2/' })],
    ['with web pages elsewhere', 403, (url) => at(url, { homepage: 'https://evil.example' })],
    ['with web pages in a private network', 403, (url) => at(url, { homepage: 'https://10.0.0.1/' })],
    ['with web pages over plain http', 403, (url) => at(url, { homepage: 'http://chat.example.net' })],
    [
      'with web pages at an address with credentials',
      403,
      (url) => at(url, { homepage: 'http://a:b@127.0.0.1/' }),
    ],
    [
      'with an API at an address with credentials',
      403,
      (url) => at(url, { apiUrl: 'http://user:pw@127.0.0.1/' }),
    ],
    [
      'nested a hundred thousand deep',
      400,
      () => ({
        '/v2/capabilities': (_, response) =>
          response.end(`{"links":${'{"a":'.repeat(3e4)}1${'}'.repeat(3e4)}}`),
      }),
    ],
    [
      'and a token endpoint that refuses',
      403,
      () => ({ '/v2/oauth/token': (_, response) => json(response, {}, 401) }),
    ],
    [
      'and a token endpoint that redirects',
      502,
      () => ({ '/v2/oauth/token': redirect('http://127.0.0.1:1/') }),
    ],
    [
      'and a token endpoint that names another group',
      403,
      () => ({
        '/v2/oauth/token': (_, response) =>
          json(response, { access_token: planted('token-of-group-2'), expires_in: 3600, group_id: 2 }),
      }),
    ],
    [
      'and a token that would break a header',
      502,
      () => ({
        '/v2/oauth/token': (_, response) =>
          json(response, { access_token: 'a\r\nX-Injected: 1', expires_in: 60 }),
      }),
    ],
  ]

function redirect(location: string): NonNullable<Serve>[string] {
  return (_, response) => response.writeHead(302, { location }).end()
}

function at(url: () => string, over: Parameters<typeof document>[1]): Serve {
  return { '/v2/capabilities': (_, response) => json(response, document(url(), over)) }
}

describe('an installation by a capabilities document', () => {
  it.each(impostors)('%s', async (name, status, routes) => {
    const impostor: { url: string; record(over?: object): object } = await startImpostor(
      routes(() => impostor.url),
    )
    await withstand(await startTarget(), { name, status, send: (target) => post(target, impostor.record()) })
  })
})

const ofTarget = (target: Target, over: object = {}) =>
  record(target.world.server.capabilitiesUrl, {
    oauthId: target.oauthId,
    oauthSecret: target.secret,
    roomId: target.roomId,
    ...over,
  })

const attacks: readonly Attack[] = [
  {
    name: 'credentials that its server does not know',
    status: 403,
    send: (target) => post(target, record(target.world.server.capabilitiesUrl)),
  },
  ...(
    [
      ['another secret', 409, { oauthSecret: planted('takeover') }],
      ['another room', 409, { roomId: 2 }],
      ['no secret', 400, { oauthSecret: '' }],
    ] as const
  ).map(
    ([name, status, over]): Attack => ({
      name: `a known oauthId and ${name}`,
      status,
      send: (target) => post(target, ofTarget(target, over)),
    }),
  ),
  {
    name: 'a known oauthId, its secret, and another origin',
    status: 409,
    async send(target) {
      const impostor = await startImpostor()
      const { capabilitiesUrl } = impostor.record()
      const answer = await post(target, ofTarget(target, { capabilitiesUrl }))
      expect(impostor.asked).toEqual([])
      return answer
    },
  },
  {
    name: 'a known oauthId, and the same origin in another case and with a user name',
    status: 409,
    send: (target) =>
      post(
        target,
        ofTarget(target, {
          capabilitiesUrl: `HTTP://x@${new URL(target.world.server.url).host}.evil.example/`,
        }),
      ),
  },
  {
    name: 'an update with another secret',
    status: 409,
    send: (target) =>
      post(target, ofTarget(target, { oauthSecret: planted('takeover') }), '/installable/updated'),
  },
  {
    name: 'an unsigned update to another document of the same server',
    status: 409,
    send: (target) => {
      const capabilitiesUrl = `${target.world.server.url}/files/mine.json`
      return post(
        target,
        ofTarget(target, { oauthSecret: undefined, capabilitiesUrl }),
        '/installable/updated',
      )
    },
  },
  {
    name: 'an update to another document, signed by a member of the room',
    status: 409,
    send: (target) => {
      const capabilitiesUrl = `${target.world.server.url}/files/mine.json`
      const body = ofTarget(target, { oauthSecret: undefined, capabilitiesUrl })
      return post(target, body, '/installable/updated', [`Authorization: JWT ${target.valid()}`])
    },
  },
  {
    name: 'an update with a forged signature',
    status: 401,
    send: (target) =>
      post(target, ofTarget(target, { oauthSecret: undefined }), '/installable/updated', [
        `Authorization: JWT ${sign(target.oauthId, planted('guessed'))}`,
      ]),
  },
  {
    name: 'an update of an unknown oauthId',
    status: 404,
    send: (target) => post(target, ofTarget(target, { oauthId: 'unknown' }), '/installable/updated'),
  },
  ...['\ud800', 'a b', 'ü', 'a\u0000', '../../x\n', 'x'.repeat(300), '__proto__\r\nX-Injected: 1'].map(
    (oauthId): Attack => ({
      name: `the oauthId ${JSON.stringify(oauthId.slice(0, 40))}`,
      status: 400,
      send: (target) => post(target, record(target.world.server.capabilitiesUrl, { oauthId })),
    }),
  ),
]

describe('an installation with', () => {
  it.each(attacks)('$name', async (attack) => withstand(await startTarget(), attack))
})

/**
 * Signatures that the server did not make, for a removal while its token endpoint still accepts the
 * credentials.
 */
const removals: readonly (readonly [
  name: string,
  status: number,
  token: (target: Target) => string | undefined,
])[] = [
  ['no signature', 403, () => undefined],
  ['a forged signature', 401, ({ oauthId }) => sign(oauthId, planted('guessed'))],
  [
    'alg none',
    401,
    ({ valid }) => valid().replace(/^[^.]*/, Buffer.from('{"alg":"none"}').toString('base64url')),
  ],
  ['the signature of a member of the room', 403, ({ valid }) => valid()],
  ['an expired signature of the server', 401, ({ valid }) => valid({ sub: undefined, exp: 1 })],
  ['the signature of another installation', 403, () => sign('client-1', impostorSecret)],
]

describe('a removal while the installation is alive, with', () => {
  it.each(removals)('%s', async (name, status, token) => {
    const target = await startTarget()
    const impostor = await startImpostor()
    await withstand(target, {
      name,
      status,
      prepare: async () => (await post(target, impostor.record())).text,
      send(target) {
        const signature = token(target)
        return target.send('DELETE', `/installable/${target.oauthId}`, '', [
          ...(signature === undefined ? [] : [`Authorization: JWT ${signature}`]),
        ])
      },
    })
  })

  it('a token endpoint that does not answer', async () => {
    const target = await startTarget()
    const { server } = target.world
    await withstand(target, {
      name: 'away',
      status: 503,
      async send(target) {
        await server.close()
        return target.send('DELETE', `/installable/${target.oauthId}`)
      },
    })
  })
})

/** Parameters that an attacker may make an administrator's browser send. */
const visits: readonly (readonly [
  name: string,
  status: number,
  query: (url: string) => Record<string, string>,
])[] = [
  ['a document elsewhere', 403, () => ({ installable_url: 'https://evil.example/once' })],
  ['a document in a file', 403, () => ({ installable_url: 'file:///etc/passwd' })],
  ['a document of the metadata of a cloud', 403, () => ({ installable_url: 'http://169.254.169.254/' })],
  ['a document behind a user name', 403, (url) => ({ installable_url: url.replace('//', '//a:b@') })],
  ['a document that is not there', 400, (url) => ({ installable_url: `${url}/nothing` })],
  ['a document of another server', 400, (url) => ({ installable_url: `${url}/once/foreign` })],
  ['no document', 400, () => ({ installable_url: '' })],
  ['a way back elsewhere', 400, () => ({ redirect_url: 'https://evil.example/' })],
  ['a way back to a script', 400, () => ({ redirect_url: 'javascript:alert(document.domain)' })],
  ['a way back without a scheme', 400, () => ({ redirect_url: '//evil.example/' })],
  ['a way back with a user name', 400, (url) => ({ redirect_url: url.replace('//', '//evil@') })],
  [
    'a way back with markup',
    400,
    () => ({ redirect_url: 'https://evil.example/"><script>alert(1)</script>' }),
  ],
  ['a way back with a header in it', 400, () => ({ redirect_url: 'https://evil.example/\r\nX-Injected: 1' })],
]

describe('a visit of the administrator’s browser with', () => {
  it.each(visits)('%s', async (name, status, query) => {
    const impostor = await startImpostor({
      '/once': (_, response) => json(response, impostor.record()),
      '/once/foreign': (_, response) => json(response, record('http://127.0.0.1:1/v2/capabilities')),
    })
    const target = await startTarget({ installation: 'browser' })
    for (const path of ['/installed', '/updated', '/uninstalled'])
      await withstand(target, {
        name,
        status,
        async send({ send }) {
          const given = {
            installable_url: `${impostor.url}/once`,
            redirect_url: impostor.url,
            ...query(impostor.url),
          }
          const answer = await send('GET', `${path}?${new URLSearchParams(given)}`)
          expect(answer.text).not.toMatch(/<script|^location:/im)
          expect(answer.text).toMatch(/content-security-policy: default-src 'none'/i)
          return answer
        },
      })
  })

  it('a way back with a header in it, on the right server', async () => {
    const impostor = await startImpostor({ '/once': (_, response) => json(response, {}) })
    await withstand(await startTarget({ installation: 'browser' }), {
      name: 'a header',
      status: 400,
      send: ({ send }) => {
        const redirect_url = `${impostor.url}/\r\nX-Injected: 1`
        return send(
          'GET',
          `/installed?${new URLSearchParams({ installable_url: `${impostor.url}/once`, redirect_url })}`,
        )
      },
    })
  })
})
