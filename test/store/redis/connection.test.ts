import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ConfigurationError } from '../../../src/errors.ts'
import { createRedisStore, type RedisStoreOptions } from '../../../src/store/redis/redis.ts'
import type { Store } from '../../../src/store/store.ts'
import { freePort } from '../../ports.ts'
import { refused } from '../contract.ts'
import { inspect } from '../failing.ts'
import { ask, needs, started, startRedis, stopRedis } from '../redis-server.ts'

describe('a Redis with a private certificate', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hipchat-addon-tls-'))
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')]
  let made = false
  const stores: Store[] = []
  const open = (url: string, options: RedisStoreOptions = {}): Store => {
    const store = createRedisStore(url, options)
    stores.push(store)
    return store
  }

  beforeEach((context) => {
    needs('redis-server')(context)
    needs('openssl')(context)
    if (made) return
    execFileSync(
      'openssl',
      ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
        .concat(['-subj', '/CN=Redis of a test', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'])
        .concat(['-keyout', key, '-out', certificate]),
      { stdio: 'ignore' },
    )
    made = true
  })
  afterEach(async () => {
    await Promise.all(stores.splice(0).map((store) => store.close()))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  /** What makes a server speak TLS, and nothing else. */
  const tls = (port: number): string[] => [
    ...['--port', '0', '--tls-port', `${port}`, '--tls-auth-clients', 'no', '--requirepass', 'p@ss'],
    ...['--tls-cert-file', certificate, '--tls-key-file', key, '--tls-ca-cert-file', certificate],
  ]
  const ca = `ca=${encodeURIComponent(certificate)}`

  it('is used when the URL or the option names the certificate authority', async () => {
    const port = await freePort()
    const server = await startRedis(port, ...tls(port))
    try {
      const store = open(`rediss://:p%40ss@127.0.0.1:${port}/2?${ca}`)
      await store.set('a', 'x')
      expect(store.name).toBe(`rediss://127.0.0.1:${port}/2`)
      const other = open(`rediss://:p%40ss@localhost:${port}/2`, { ca: readFileSync(certificate, 'utf8') })
      expect(await other.get('a')).toBe('x')
    } finally {
      await stopRedis(server)
    }
  })

  it('is refused without a trusted authority, or under a name that is not in the certificate', async () => {
    const port = await freePort()
    const server = await startRedis(port, ...tls(port))
    try {
      const stranger = open(`rediss://:p%40ss@127.0.0.1:${port}`)
      const error = await refused(() => stranger.get('a'), /cannot be reached: self-signed certificate/)
      expect(inspect(error)).not.toMatch(/p@ss|p%40ss/)
      const misnamed = open(`rediss://:p%40ss@127.0.0.2:${port}?${ca}`)
      await refused(() => misnamed.get('a'), /cannot be reached: (connect ECONNREFUSED|.*does not match)/)
      const plain = open(`redis://:p%40ss@127.0.0.1:${port}`)
      await refused(() => plain.get('a'), /cannot be reached/)
    } finally {
      await stopRedis(server)
    }
  })

  it('is found through a cluster', async () => {
    const port = await freePort()
    const cluster = ['--tls-cluster', 'yes', '--cluster-enabled', 'yes', '--cluster-config-file']
    const files = ['--dir', folder, '--cluster-port', `${await freePort()}`]
    const server = await startRedis(port, ...tls(port), ...cluster, `${port}.conf`, ...files)
    try {
      await ask(port, ['CLUSTER', 'ADDSLOTSRANGE', '0', '16383'], 'p@ss', readFileSync(certificate, 'utf8'))
      const store = open(`rediss+cluster://:p%40ss@127.0.0.1:${port}?${ca}`)
      await vi.waitFor(() => store.set('a', 'x'), { timeout: 10_000, interval: 50 }) // it forms first
      expect(await store.get('a')).toBe('x')
    } finally {
      await stopRedis(server)
    }
  })

  it('is found through sentinels that have one too', async () => {
    const [port, sentinelPort] = [await freePort(), await freePort()]
    const server = await startRedis(port, ...tls(port))
    const file = join(folder, 'sentinel.conf')
    writeFileSync(file, `sentinel monitor mymaster 127.0.0.1 ${port} 1\nsentinel auth-pass mymaster p@ss\n`)
    const settings = [...tls(sentinelPort), '--tls-replication', 'yes', '--dir', folder]
    const sentinel = await started(
      spawn('redis-server', [file, '--sentinel', ...settings], { stdio: 'ignore' }),
      sentinelPort,
    )
    try {
      const store = open(
        `rediss+sentinel://:p%40ss@127.0.0.1:${sentinelPort}/mymaster/1?sentinelPassword=p%40ss&${ca}`,
      )
      await store.set('a', 'x')
      expect(await store.get('a')).toBe('x')
    } finally {
      await stopRedis(sentinel)
      await stopRedis(server)
    }
  })

  it('reads the file of authorities when the store is created, and refuses a file without any', () => {
    const wrong: [url: string, message: string][] = [
      [
        `rediss://:geheim@host?ca=${folder}/none.pem`,
        `the file of certificate authorities ${folder}/none.pem (ca) cannot be read`,
      ],
      [
        `rediss://:geheim@host?ca=${encodeURIComponent(key)}`,
        `expected certificates as PEM in ${key} (ca), got something else`,
      ],
      [
        `redis://:geheim@host?${ca}`,
        'certificate authorities (ca) need TLS: expected the scheme rediss, got redis',
      ],
    ]
    for (const [url, message] of wrong) {
      expect(() => createRedisStore(url)).toThrow(new ConfigurationError(`store: ${message}`))
    }
  })
})
