import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../../src/errors.ts'
import { parsePostgresUrl } from '../../../src/store/postgres/url.ts'
import { inspect } from '../failing.ts'

const folder = mkdtempSync(join(tmpdir(), 'hipchat-addon-url-'))
const [authorities, other] = [join(folder, 'ca.pem'), join(folder, 'other.pem')]
const pem = '-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n'
writeFileSync(authorities, pem)
writeFileSync(other, 'something else')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('a PostgreSQL URL', () => {
  const server = { host: 'h', port: 5432, database: 'db', user: 'me', password: undefined, tls: undefined }
  const read: [url: string, what: object][] = [
    ['postgres://me@h/db', { name: 'postgres://h:5432/db', secrets: [], ...server }],
    ['PostgreSQL://me@h:7000/db', { ...server, name: 'postgresql://h:7000/db', port: 7000 }],
    ['postgres://me@/db', { ...server, name: 'postgres://localhost:5432/db', host: 'localhost' }],
    ['postgres://me@[::1]:7000/db', { ...server, name: 'postgres://[::1]:7000/db', host: '::1', port: 7000 }],
    ['postgres://me:pw@h/db', { ...server, password: 'pw', secrets: ['pw', 'pw'] }],
    [
      'postgres://me:p%40s%3As%2F@h/db',
      { ...server, password: 'p@s:s/', secrets: ['p%40s%3As%2F', 'p@s:s/'] },
    ],
    ['postgres://m%40e:a:b@h/my%20db', { ...server, user: 'm@e', password: 'a:b', database: 'my db' }],
    [
      'postgres://me@%2Frun%2Fpostgresql/db',
      { ...server, name: 'postgres://%2Frun%2Fpostgresql:5432/db', host: '/run/postgresql' },
    ],
    ['postgres://me@%2Frun:5433/db', { ...server, host: '/run', port: 5433 }],
    ['postgres://me@h/db?sslmode=disable', server],
    [
      'postgres://me@h/db?sslmode=require',
      { ...server, tls: { trusted: false, named: false, ca: undefined } },
    ],
    [
      'postgres://me@h/db?sslmode=verify-full',
      { ...server, tls: { trusted: true, named: true, ca: undefined } },
    ],
    [
      `postgres://me@h/db?sslmode=require&sslrootcert=${authorities}`,
      { ...server, tls: { trusted: true, named: false, ca: pem } },
    ],
    [
      `postgres://me@h/db?sslmode=verify-full&sslrootcert=${encodeURIComponent(authorities)}`,
      { ...server, tls: { trusted: true, named: true, ca: pem } },
    ],
  ]
  for (const [url, what] of read)
    it(`${url.replace(folder, '…')} is read`, () => {
      expect(parsePostgresUrl(url)).toMatchObject(what)
    })

  const example = 'postgres://user:password@host:5432/database'
  const unreadable = `expected a PostgreSQL URL such as ${example}, got one that cannot be read (not shown: it may contain a password). Percent-encode special characters in the password.`
  const wrong: [url: string, message: string][] = [
    ['geheim', unreadable],
    ['postgres:geheim', unreadable],
    ['mysql://me:geheim@h/db', unreadable],
    ['postgres://me:ge#heim@h/db', unreadable],
    ['postgres://me:ge/heim@h/db', unreadable],
    ['postgres://me:ge?heim@h/db', unreadable],
    ['postgres://me:ge@heim@h/db', unreadable],
    ['postgres://me:geheim@h:70000/db', unreadable],
    ['postgres://me:geheim@h h/db', unreadable],
    ['postgres://me:geheim@a%2Cb/db', unreadable],
    ['postgres://me:geheim@h/db/more', unreadable],
    [
      'postgres://me:geheim@a:1,b:2/db',
      'expected the URL of one PostgreSQL server, got a list of hosts. Use a name or a proxy that leads to the primary.',
    ],
    ['postgres://me:geheim%zz@h/db', 'the password in the PostgreSQL URL is not percent-encoded correctly'],
    ['postgres://geheim%zz@h/db', 'the user in the PostgreSQL URL is not percent-encoded correctly'],
    ['postgres://h/geheim', `expected a user and a database, as in ${example}, got no user`],
    ['postgres://:geheim@h/db', `expected a user and a database, as in ${example}, got no user`],
    ['postgres://me:geheim@h', `expected a user and a database, as in ${example}, got no database`],
    [
      'postgres://me:geheim@h/db?password=geheim',
      'password is not a known parameter; expected one of sslmode, sslrootcert',
    ],
    [
      'postgres://me:geheim@h/db?sslmode=geheim',
      'expected sslmode to be disable, require or verify-full, got something else (not shown)',
    ],
    [
      `postgres://me:geheim@h/db?sslrootcert=${authorities}`,
      'certificate authorities (sslrootcert) need TLS: expected sslmode=verify-full or sslmode=require, got neither',
    ],
    [
      `postgres://me:geheim@h/db?sslmode=require&sslrootcert=${folder}/none.pem`,
      `the file of certificate authorities ${folder}/none.pem (sslrootcert) cannot be read`,
    ],
    [
      `postgres://me:geheim@h/db?sslmode=require&sslrootcert=${other}`,
      `expected certificates as PEM in ${other} (sslrootcert), got something else`,
    ],
  ]
  for (const [url, message] of wrong)
    it(`${url.replaceAll('geheim', '…').replace('heim', '…').replace(folder, '…')} is refused without repeating the password`, () => {
      let thrown: unknown
      try {
        parsePostgresUrl(url)
      } catch (error) {
        thrown = error
      }
      expect(thrown).toBeInstanceOf(ConfigurationError)
      expect(thrown).toHaveProperty('message', `store: ${message}`)
      expect(inspect(thrown)).not.toMatch(/heim/)
    })
})
