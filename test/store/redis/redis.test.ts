import type { ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { createClient } from '@keyv/redis'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createRedisStore, type RedisStoreOptions } from '../../../src/store/redis/redis.ts'
import type { Store } from '../../../src/store/store.ts'
import { planted } from '../../leaks/planted.ts'
import { freePort } from '../../ports.ts'
import { readPage } from '../../structure/markdown.ts'
import { describeStore, list, refused } from '../contract.ts'
import { allVerbs, inspect, ownVerbs, queueVerbs, soon, writingVerbs } from '../failing.ts'
import { ask as askRedis, needs, patient, sharedUrl, startRedis, stopRedis } from '../redis-server.ts'

const geheim = planted('geheim')

describe('with a Redis', () => {
  beforeEach(needs('redis'))

  describeStore('Redis', async () => {
    const prefix = `test*[${randomUUID()}]:`
    return {
      store: createRedisStore(sharedUrl, { prefix, ...patient }),
      second: createRedisStore(sharedUrl, { prefix, ...patient }),
      cleanUp: () => empty(prefix),
    }
  })

  it('keeps values as plain text under its prefix, out of reach of other prefixes', async () => {
    const prefix = `test:${randomUUID()}:`
    const one = createRedisStore(sharedUrl, { prefix: `${prefix}one:` })
    const two = createRedisStore(sharedUrl, { prefix: `${prefix}two:` })
    const client = createClient({ url: sharedUrl })
    await client.connect()
    await one.set('a', 'plain "text"')
    await two.set('a', 'other', 60_000)
    expect(await client.get(`${prefix}one:a`)).toBe('plain "text"')
    expect(await client.pTTL(`${prefix}one:a`)).toBe(-1)
    expect(await client.pTTL(`${prefix}two:a`)).toBeGreaterThan(50_000)
    expect(await list(one, '')).toEqual({ a: 'plain "text"' })
    await one.close()
    await two.close()
    await client.close()
    await empty(prefix)
  })

  it('begins its keys with hipchat-addon: by default', async () => {
    const key = `test:${randomUUID()}`
    const store = createRedisStore(sharedUrl)
    const client = createClient({ url: sharedUrl })
    await client.connect()
    await store.set(key, 'x', 5000)
    expect(await client.get(`hipchat-addon:${key}`)).toBe('x')
    await store.delete(key)
    await store.close()
    await client.close()
  })
})

describe('a separate Redis', () => {
  let port: number
  let server: ChildProcess
  const stores: Store[] = []
  const open = (url: string, options: RedisStoreOptions = {}): Store => {
    const store = createRedisStore(url, options)
    stores.push(store)
    return store
  }

  beforeEach(async (context) => {
    needs('redis-server')(context)
    port = await freePort()
    server = await startRedis(port, '--requirepass', 'p@ss word', '--databases', '4')
  })
  afterEach(async () => {
    await Promise.all(stores.splice(0).map((store) => store.close()))
    await stopRedis(server)
  })
  const url = (rest = ''): string => `redis://:${encodeURIComponent('p@ss word')}@127.0.0.1:${port}${rest}`
  const ask = (...command: string[]): Promise<unknown> => askRedis(port, command, 'p@ss word')

  it('says which of its settings can lose data, once for all servers, and nothing when there are none', async () => {
    const store = open(url())
    await ask('config', 'set', 'maxmemory-policy', 'allkeys-lru')
    expect(await store.risks?.()).toEqual([
      expect.stringMatching(/^redis:\/\/127\.0\.0\.1:\d+: appendonly is off, .* Set appendonly to yes\.$/),
      expect.stringMatching(/maxmemory-policy is allkeys-lru, .* Set it to noeviction\.$/),
    ])
    await ask('config', 'set', 'maxmemory-policy', 'noeviction')
    await ask('config', 'set', 'appendonly', 'yes')
    expect(await store.risks?.()).toEqual([])
    await ask('acl', 'setuser', 'default', '-info')
    expect(await store.risks?.()).toEqual([])
  })

  it('is used with the password and the database of the URL', async () => {
    const [zero, three] = [open(url()), open(url('/3'))]
    await three.set('a', 'x')
    expect(await zero.get('a')).toBeUndefined()
    expect(await three.get('a')).toBe('x')
    expect(three.name).toBe(`redis://127.0.0.1:${port}/3`)
  })

  it('needs no other keys than those that the documentation names', async () => {
    const patterns = /`(~hipchat-addon:[^`]*)`/.exec(readPage('docs/how-to/deploy.md'))?.[1]?.split(' ') ?? []
    await ask('acl', 'setuser', 'addon', 'on', `>${geheim}`, '+@all', ...patterns)
    const own = `redis://addon:${geheim}@127.0.0.1:${port}`
    for (const verb of allVerbs(open(own))) await verb()
    await refused(() => open(own, { prefix: 'other:' }).get('a'), /refused: NOPERM/)
  })

  it('is not used with a wrong password, which no error shows', async () => {
    const store = open(`redis://:${geheim}@127.0.0.1:${port}`)
    const error = await refused(() => store.get('a'), /cannot be reached: WRONGPASS/)
    expect(error.message).toContain(`redis://127.0.0.1:${port} `)
    expect(inspect(error)).not.toContain(geheim)
  })

  it('rejects soon while it is unavailable, and is used again when it is back, without a restart', {
    timeout: 30_000,
  }, async () => {
    const store = open(url())
    await store.set('a', 'x')
    await stopRedis(server)
    for (const verb of allVerbs(store)) {
      const error = await soon(() => refused(verb, /cannot be reached|went away/))
      expect(error.message).toContain(`redis://127.0.0.1:${port}`)
      expect(inspect(error)).not.toMatch(/p@ss|p%40ss/)
    }
    server = await startRedis(port, '--requirepass', 'p@ss word', '--databases', '4')
    await store.set('a', 'again')
    expect(await store.get('a')).toBe('again')
  })

  it('rejects pending calls when it stops answering, and serves again when it continues', {
    timeout: 30_000,
  }, async () => {
    const store = open(url())
    await store.set('kept', 'x')
    server.kill('SIGSTOP')
    const errors = await soon(() =>
      Promise.all(allVerbs(store).map((verb) => refused(verb, /went away|cannot be reached/))),
    )
    for (const error of errors) expect(error.message).toContain(`redis://127.0.0.1:${port}`)
    // Many updates waiting for a Redis that hangs fail together, not one after the other.
    await soon(() =>
      Promise.all(Array.from({ length: 50 }, () => refused(() => store.update('a', () => 'y'), /redis:/))),
    )
    server.kill('SIGCONT')
    await vi.waitFor(async () => expect(await store.get('kept')).toBe('x'), { timeout: 5000 })
  })

  it('rejects requests in flight when it is killed', { timeout: 30_000 }, async () => {
    const store = open(url())
    await store.ping()
    server.kill('SIGSTOP')
    const waiting = Array.from({ length: 10 }, (_, index) =>
      refused(() => store.set(`k${index}`, 'x'), /went away/),
    )
    await stopRedis(server)
    await soon(() => Promise.all(waiting))
  })

  it('reports that Redis requires a password when the URL has none', async () => {
    const store = open(`redis://127.0.0.1:${port}`)
    for (const verb of ownVerbs(store)) await refused(verb, /^redis:\S+ refused: NOAUTH/)
    // Before the password Redis reads no more than ten arguments: scripts have more, which ends the connection.
    for (const verb of queueVerbs(store))
      await refused(verb, /^redis:\S+ (refused: (NOAUTH|.*unauthenticated)|went away)/)
  })

  it('may be unavailable when the store is created, and is used once it is available', {
    timeout: 30_000,
  }, async () => {
    await stopRedis(server)
    const store = open(url())
    for (const verb of allVerbs(store))
      await soon(() => refused(verb, /cannot be reached: connect ECONNREFUSED/))
    server = await startRedis(port, '--requirepass', 'p@ss word')
    await store.set('a', 'x')
    expect(await store.get('a')).toBe('x')
  })

  it('is not waited for while it answers late, and is used again when it is fast', {
    timeout: 30_000,
  }, async () => {
    const store = open(url())
    await store.set('kept', 'x')
    await ask('CLIENT', 'PAUSE', '4000', 'ALL')
    await soon(() =>
      Promise.all(
        allVerbs(store).map((verb) => refused(verb, /(went away|cannot be reached): .*(within|time)/i)),
      ),
    )
    await vi.waitFor(async () => expect(await store.get('kept')).toBe('x'), { timeout: 10_000 })
  })

  it('refuses writes but not reads while it is a replica, and accepts writes again when it is master', async () => {
    const store = open(url())
    await store.set('a', 'kept')
    await ask('REPLICAOF', '127.0.0.1', '1')
    for (const verb of writingVerbs(store)) {
      await refused(verb, /^redis:\S+ refused: READONLY/)
      expect(await store.get('a')).toBe('kept')
    }
    expect(await list(store, '')).toEqual({ a: 'kept' })
    await ask('REPLICAOF', 'NO', 'ONE')
    await store.ping()
    expect(await store.update('a', (value) => `${value} on`)).toBe('kept on')
  })

  it('refuses writes but not reads and deletions while it is full, and accepts writes again when it has space', async () => {
    const store = open(url())
    await store.set('a', 'kept')
    await store.set('b', 'x')
    await ask('CONFIG', 'SET', 'maxmemory', '1')
    for (const verb of writingVerbs(store)) await refused(verb, /^redis:\S+ refused: OOM/)
    expect(await list(store, '')).toEqual({ a: 'kept', b: 'x' })
    expect(await store.delete('b')).toBe(true)
    expect(await store.update('a', () => undefined)).toBeUndefined()
    await ask('CONFIG', 'SET', 'maxmemory', '0')
    await store.ping()
    await store.set('b', 'again')
    expect(await list(store, '')).toEqual({ b: 'again' }) // asking whether it can be written left nothing behind
  })

  it('reports the reason of Redis when it refuses', async () => {
    await ask('LPUSH', 'hipchat-addon:list', 'x')
    const store = open(url())
    await refused(() => store.get('list'), /refused: WRONGTYPE/)
    await store.set('a', 'x')
    expect(await list(store, '')).toEqual({ a: 'x' })
  })
})

describe('a server that accepts connections and never answers', () => {
  let server: Server
  const sockets: Socket[] = []
  beforeEach(async () => {
    server = createServer((socket) => sockets.push(socket.resume().on('error', () => {})))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  })
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy()
    server.close()
  })

  for (const scheme of ['redis', 'rediss'])
    it(`makes every call of a ${scheme}:// store reject soon`, { timeout: 30_000 }, async () => {
      const address = server.address()
      const port = typeof address === 'object' ? address?.port : undefined
      const store = createRedisStore(`${scheme}://user:${geheim}@127.0.0.1:${port}`)
      const errors = await soon(() =>
        Promise.all(allVerbs(store).map((verb) => refused(verb, /cannot be reached/))),
      )
      for (const error of errors) {
        expect(error.message).toContain(`${scheme}://127.0.0.1:${port} cannot`)
        expect(inspect(error)).not.toContain(geheim)
      }
      await soon(() => store.close())
      await vi.waitFor(() =>
        expect(sockets.every((socket) => socket.destroyed || socket.readableEnded)).toBe(true),
      )
    })
})

describe('creating a Redis store', () => {
  it('does not connect', async () => {
    const store = createRedisStore(`redis://:${geheim}@127.0.0.1:1/2`)
    expect(store.name).toBe('redis://127.0.0.1:1/2')
    await store.close()
  })
})

async function empty(prefix: string): Promise<void> {
  const client = createClient({ url: sharedUrl })
  await client.connect()
  for (const begin of [prefix, `queue:{${prefix}`]) {
    const pattern = `${begin.replace(/[*[\]]/g, '\\$&')}*`
    for await (const keys of client.scanIterator({ MATCH: pattern, COUNT: 1000 })) {
      if (keys.length > 0) await client.unlink(keys)
    }
  }
  await client.close()
}
