import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../../src/errors.ts'
import { parseRedisUrl, type RedisUrl, redisSchemes } from '../../../src/store/redis/url.ts'
import { inspect } from '../failing.ts'

const login = { username: undefined, password: undefined, database: 0, tls: false, ca: undefined }

describe('a Redis URL', () => {
  const read: [url: string, what: Partial<RedisUrl>][] = [
    ['redis://', { name: 'redis://localhost:6379', hosts: [{ host: 'localhost', port: 6379 }], login }],
    ['REDIS://example.com/', { name: 'redis://example.com:6379', kind: 'server' }],
    ['redis://h:7000/3', { name: 'redis://h:7000/3', login: { ...login, database: 3 } }],
    ['redis://[::1]:7000', { name: 'redis://[::1]:7000', hosts: [{ host: '::1', port: 7000 }] }],
    ['redis://:pw@h', { login: { ...login, password: 'pw' }, secrets: ['pw', 'pw'] }],
    ['redis://me:p%40s%3As%2C@h', { login: { ...login, username: 'me', password: 'p@s:s,' } }],
    ['redis://me:a:b@h', { login: { ...login, username: 'me', password: 'a:b' } }],
    ['rediss://h', { name: 'rediss://h:6379', login: { ...login, tls: true } }],
    [
      'redis+sentinel://me:pw@a,b:7000,[::1]/mymaster',
      {
        name: 'redis+sentinel://a:26379,b:7000,[::1]:26379/mymaster',
        kind: 'sentinel',
        hosts: [
          { host: 'a', port: 26379 },
          { host: 'b', port: 7000 },
          { host: '::1', port: 26379 },
        ],
        login: { ...login, username: 'me', password: 'pw' },
        sentinelLogin: login,
        service: 'mymaster',
      },
    ],
    [
      'rediss+sentinel://:pw@a/my%20master/2?sentinelUsername=s&sentinelPassword=p%26w',
      {
        name: 'rediss+sentinel://a:26379/my%20master/2',
        service: 'my master',
        login: { ...login, password: 'pw', database: 2, tls: true },
        sentinelLogin: { ...login, username: 's', password: 'p&w', tls: true },
      },
    ],
    [
      'redis+cluster://:pw@a,b:7001',
      {
        name: 'redis+cluster://a:6379,b:7001',
        kind: 'cluster',
        hosts: [
          { host: 'a', port: 6379 },
          { host: 'b', port: 7001 },
        ],
        login: { ...login, password: 'pw' },
      },
    ],
    ['rediss+cluster://a', { name: 'rediss+cluster://a:6379', login: { ...login, tls: true } }],
  ]
  for (const [url, what] of read)
    it(`${url} is read`, () => {
      expect(parseRedisUrl(url)).toMatchObject(what)
    })

  const unreadable = (example: string): string =>
    `expected a Redis URL such as ${example}, got one that cannot be read (not shown: it may contain a password). Percent-encode special characters in the password.`
  const [server, sentinel, cluster] = [
    'redis://user:password@host:6379/0',
    'redis+sentinel://user:password@host1:26379,host2:26379/mymaster/0',
    'redis+cluster://user:password@host1:6379,host2:6379',
  ]
  const noDatabase = (example: string): string =>
    `expected the number of a database at the end of ${example}, got something else (not shown)`
  const wrong: [url: string, message: string][] = [
    ['http://:geheim@h', `expected ${redisSchemes.join('://, ')}://, got the scheme http:`],
    ['redis+other://:geheim@h', `expected ${redisSchemes.join('://, ')}://, got the scheme redis+other:`],
    ['redis:geheim', unreadable(server)],
    ['geheim', unreadable(server)],
    ['redis://:ge#heim@h', unreadable(server)],
    ['redis://:ge/heim@h', unreadable(server)],
    ['redis://:ge?heim@h', unreadable(server)],
    ['redis://:ge@heim@h', unreadable(server)],
    ['redis://me/geheim@h', unreadable(server)],
    ['redis://:geheim@h:70000', unreadable(server)],
    ['redis://:geheim@a:b', unreadable(server)],
    ['redis://:geheim@h h', unreadable(server)],
    ['redis://:geheim@a%2Cb', unreadable(server)],
    ['redis+sentinel://:geheim@a:b/mymaster', unreadable(sentinel)],
    ['redis+cluster://:geheim@a,:7000', unreadable(cluster)],
    [
      'redis://:geheim@a:1,b:2',
      `expected the URL of one Redis server, got a list of hosts. For several hosts use ${sentinel} or ${cluster}`,
    ],
    ['redis://:geheim%zz@h', 'the password in the Redis URL is not percent-encoded correctly'],
    ['redis://geheim%zz@h', 'the user in the Redis URL is not percent-encoded correctly'],
    ['redis://:geheim@h/name', noDatabase(server)],
    ['redis://:geheim@h/1/2', noDatabase(server)],
    [
      'redis+sentinel://:geheim@h',
      `expected the name of the master after the sentinels, as in ${sentinel}, got nothing`,
    ],
    ['redis+sentinel://:geheim@h/mymaster/x', noDatabase(sentinel)],
    ['redis+sentinel://:geheim@h/mymaster/1/2', noDatabase(sentinel)],
    [
      'redis+cluster://:geheim@h/0',
      'expected nothing after the hosts of a cluster, which has only one database, got something (not shown)',
    ],
    ['redis://:geheim@h?db=1', 'db is not a known parameter; expected one of ca'],
    [
      'redis+sentinel://:geheim@h/m?password=geheim',
      'password is not a known parameter; expected one of ca, sentinelUsername, sentinelPassword',
    ],
    [
      'redis://:geheim@h?sentinelPassword=geheim',
      'sentinelPassword is not a known parameter; expected one of ca',
    ],
  ]
  for (const [url, message] of wrong)
    it(`${url.replaceAll('geheim', '…').replace('heim', '…')} is refused without repeating the password`, () => {
      let thrown: unknown
      try {
        parseRedisUrl(url)
      } catch (error) {
        thrown = error
      }
      expect(thrown).toBeInstanceOf(ConfigurationError)
      expect(thrown).toHaveProperty('message', `store: ${message}`)
      expect(inspect(thrown)).not.toMatch(/heim/)
    })
})
