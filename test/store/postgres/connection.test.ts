import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect, createServer as createTcpServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { createPostgresStore } from '../../../src/store/postgres/postgres.ts'
import type { Store } from '../../../src/store/store.ts'
import { certificate } from '../../certificate.ts'
import { refused } from '../contract.ts'
import { inspect } from '../failing.ts'
import { createServer, needs, type PostgresServer } from '../postgres-server.ts'
import { needs as needsPart } from '../redis-server.ts'

let server: PostgresServer | undefined
let running: PostgresServer
const stores: Store[] = []

function open(url: string): Store {
  const store = createPostgresStore(url)
  stores.push(store)
  return store
}

beforeEach(async (context) => {
  needs('postgres-server')(context)
  server ??= await createServer()
  running = server
}, 60_000)
afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.close()))
  await server?.kill()
})
afterAll(() => server?.remove())

describe('a PostgreSQL with a private certificate', { timeout: 60_000 }, () => {
  let authority = ''

  beforeEach(async (context) => {
    needsPart('openssl')(context)
    const { cert, key } = certificate()
    const keyFile = join(running.folder, 'key.pem')
    authority = join(running.folder, 'cert.pem')
    writeFileSync(authority, cert)
    writeFileSync(keyFile, key, { mode: 0o600 })
    running.own(keyFile)
    // The second address is not in the certificate.
    const addresses = 'listen_addresses=127.0.0.1,127.0.0.2'
    await running.start('ssl=on', addresses, `ssl_cert_file=${authority}`, `ssl_key_file=${keyFile}`)
  })

  const root = (): string => `sslrootcert=${encodeURIComponent(authority)}`

  it('is used over TLS when the URL names the certificate authority', async () => {
    for (const host of ['127.0.0.1', 'localhost']) {
      const store = open(`${running.url.replace('127.0.0.1', host)}?sslmode=verify-full&${root()}`)
      await store.set('a', host)
      expect(await store.get('a')).toBe(host)
    }
    const encrypted = await running.ask(
      "select ssl from pg_stat_ssl join pg_stat_activity using (pid) where application_name = 'hipchat-addon'",
    )
    expect(encrypted.length).toBeGreaterThan(0)
    for (const { ssl } of encrypted) expect(ssl).toBe(true)
  })

  it('is refused without a trusted authority, or under a name that is not in the certificate', async () => {
    const stranger = open(`${running.url}?sslmode=verify-full`)
    const error = await refused(() => stranger.get('a'), /cannot be reached: self-signed certificate/)
    expect(inspect(error)).not.toMatch(/p@ss|p%40ss/)
    const misnamed = open(`${running.url.replace('127.0.0.1', '127.0.0.2')}?sslmode=verify-full&${root()}`)
    await refused(() => misnamed.get('a'), /cannot be reached: .*does not match/)
  })

  it('is trusted without an authority by sslmode=require, which checks one that is named', async () => {
    await open(`${running.url}?sslmode=require`).ping()
    const misnamed = open(`${running.url.replace('127.0.0.1', '127.0.0.2')}?sslmode=require&${root()}`)
    await misnamed.ping()
    const other = join(running.folder, 'other.pem')
    writeFileSync(other, certificate().cert)
    const stranger = open(`${running.url}?sslmode=require&sslrootcert=${other}`)
    await refused(() => stranger.get('a'), /cannot be reached: (self-signed|unable to verify)/)
  })
})

describe('a PostgreSQL without TLS', { timeout: 60_000 }, () => {
  beforeEach(() => running.start())

  it('is refused by sslmode=require', async () => {
    const store = open(`${running.url}?sslmode=require`)
    await refused(() => store.get('a'), /cannot be reached: The server does not support SSL connections/)
  })

  it('is used through its socket', async () => {
    const url = new URL(running.url)
    const folder = encodeURIComponent(running.folder)
    const store = open(`postgres://${url.username}:${url.password}@${folder}:${url.port}/postgres`)
    await store.set('a', 'x')
    expect(store.name).toBe(`postgres://${folder}:${url.port}/postgres`)
    await running.kill()
    await refused(() => store.get('a'), /cannot be reached|went away/)
  })

  it('is used through a proxy that refuses the timeout of a statement, as PgBouncer does', async () => {
    const text = 'SFATAL\0C08P01\0Munsupported startup parameter: statement_timeout\0\0'
    const refusal = Buffer.concat([Buffer.from('E'), Buffer.alloc(4), Buffer.from(text)])
    refusal.writeUInt32BE(refusal.length - 1, 1)
    const proxy = createTcpServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', (first) => {
        if (first.includes('statement_timeout')) return void socket.end(refusal)
        const upstream = connect(running.port, '127.0.0.1').on('error', () => {})
        upstream.write(first)
        socket.pipe(upstream).pipe(socket)
      })
    }).listen(0, '127.0.0.1')
    onTestFinished(() => void proxy.close())
    await once(proxy, 'listening')
    const address = proxy.address()
    const url = new URL(running.url)
    url.port = String(typeof address === 'object' ? address?.port : '')
    const store = open(url.href)
    await store.set('a', 'x')
    expect(await store.get('a')).toBe('x')
  })
})

describe('the package pg', () => {
  it('is loaded only when a PostgreSQL store is created', () => {
    const program = `
      import { createRequire } from 'node:module'
      const { openStore } = await import('./src/store/index.ts')
      const loaded = () => Object.keys(createRequire(import.meta.url).cache).some((file) => file.includes('/node_modules/pg/'))
      openStore('memory:')
      const before = loaded()
      await openStore('postgres://me@localhost/db').close()
      console.log(before, loaded())`
    const output = execFileSync(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '--eval', program],
      {
        cwd: join(import.meta.dirname, '../../..'),
        encoding: 'utf8',
      },
    )
    expect(output).toBe('false true\n')
  })
})
