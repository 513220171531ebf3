import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createRedisStore } from '../../../src/store/redis/redis.ts'
import type { Store } from '../../../src/store/store.ts'
import { describeStore, refused } from '../contract.ts'
import { allVerbs, inspect, soon } from '../failing.ts'
import { startWatched, type Watched } from '../redis-deployments.ts'
import { needs, patient, stopRedis } from '../redis-server.ts'

let starting: Promise<Watched> | undefined
const stores: Store[] = []
const waiting = { timeout: 20_000, interval: 50 }

/** The master, replica and sentinels all tests of this file share; each has keys of its own. */
async function watched(): Promise<Watched> {
  starting ??= startWatched()
  return starting
}

async function open(change: (url: string) => string = (url) => url): Promise<Store> {
  const store = createRedisStore(change((await watched()).url), { prefix: `test:${randomUUID()}:` })
  stores.push(store)
  return store
}

/** Waits until the replica has what was written before. */
async function replicated(): Promise<void> {
  const { ask, master } = await watched()
  await vi.waitFor(async () => expect(await ask(await master(), 'WAIT', '1', '1000')).toBe(1), waiting)
}

beforeEach(needs('redis-server'))
afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.close()))
})
afterAll(async () => (await starting)?.stop())

describeStore('Redis sentinel', async () => {
  const prefix = `test*[${randomUUID()}]:`
  const { url } = await watched()
  return {
    store: createRedisStore(url, { prefix, ...patient }),
    second: createRedisStore(url, { prefix, ...patient }),
  }
})

describe('a store behind sentinels', () => {
  it('is named without passwords', async () => {
    const { sentinels } = await watched()
    const hosts = sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',')
    expect((await open()).name).toBe(`redis+sentinel://${hosts}/mymaster`)
    expect((await open((url) => url.replace('mymaster', 'mymaster/3'))).name).toBe(
      `redis+sentinel://${hosts}/mymaster/3`,
    )
  })

  it('is found while any sentinel answers', async () => {
    const { sentinels } = await watched()
    const [first, second] = sentinels
    const store = await open((url) => url.replace(/127\.0\.0\.1:\d+/, '127.0.0.1:1'))
    second?.child.kill('SIGSTOP')
    try {
      await soon(() => store.set('a', 'x'))
    } finally {
      second?.child.kill('SIGCONT')
    }
    expect(first?.child.exitCode).toBeNull()
  })

  const wrong: [what: string, change: (url: string) => string, message: RegExp][] = [
    [
      'a master that nobody knows',
      (url) => url.replace('mymaster', 'other'),
      /cannot be reached: the sentinel 127\.0\.0\.1:\d+ knows no master other/,
    ],
    [
      'a wrong password for the sentinels',
      (url) => url.replace('for%20sentinels', 'geheim'),
      /cannot be reached: WRONGPASS/,
    ],
    ['no password for the sentinels', (url) => url.replace(/\?.*/, ''), /cannot be reached: NOAUTH/],
    [
      'a wrong password for the servers',
      (url) => url.replace(/:[^:]*@/, ':geheim@'),
      /cannot be reached: WRONGPASS/,
    ],
    [
      'no sentinel at all',
      () => 'redis+sentinel://:geheim@127.0.0.1:1/mymaster',
      /cannot be reached: connect ECONNREFUSED 127\.0\.0\.1:1/,
    ],
  ]
  for (const [what, change, message] of wrong)
    it(`reports ${what}, and shows no password`, async () => {
      const store = await open(change)
      const error = await soon(() => refused(() => store.get('a'), message))
      expect(error.message).toMatch(/^redis\+sentinel:\/\/127\.0\.0\.1:\d+\S* cannot/)
      expect(inspect(error)).not.toMatch(/geheim|for%20sentinels|p%40ss/)
    })

  it.each(['SIGKILL', 'SIGSTOP'] as const)(
    'rejects soon when the master gets %s, and goes on with the replica without a restart',
    { timeout: 60_000 },
    async (signal) => {
      const { master, replica, ask, restart } = await watched()
      const store = await open()
      await store.set('kept', 'x')
      expect(await store.claim('claimed', 600_000)).toBe(true)
      await replicated()
      const old = await master()
      if (signal === 'SIGKILL') await stopRedis(old.child)
      else old.child.kill(signal)
      const verbs = allVerbs(store)
      await soon(() =>
        Promise.all(verbs.map((verb) => refused(verb, /^redis\+sentinel:\S+ (went away|cannot be reached)/))),
      )
      await vi.waitFor(() => store.set('a', 'again'), waiting)
      await vi.waitFor(async () => expect(await master()).not.toBe(old), waiting) // not all sentinels know at once
      expect(await store.get('kept')).toBe('x')
      expect(await store.claim('claimed', 600_000)).toBe(false)
      await store.ping()
      // The old one comes back believing that it is the master, until a sentinel tells it.
      if (signal === 'SIGKILL') await restart(old)
      else old.child.kill('SIGCONT')
      const another = await open()
      await another.set('b', 'x')
      await vi.waitFor(async () => {
        const other = await ask(await replica(), 'INFO', 'replication')
        expect(other).toContain('role:slave')
        expect(other).toContain('master_link_status:up')
      }, waiting)
      await vi.waitFor(async () => expect(await store.get('kept')).toBe('x'), waiting)
      expect(await another.get('b')).toBe('x')
    },
  )

  it('follows a manual failover', { timeout: 60_000 }, async () => {
    const { master, askSentinel } = await watched()
    const store = await open()
    await store.set('kept', 'x')
    await replicated()
    const old = await master()
    await vi.waitFor(() => askSentinel('FAILOVER', 'mymaster'), waiting)
    await vi.waitFor(async () => expect(await master()).not.toBe(old), waiting)
    await vi.waitFor(() => store.set('a', 'again'), waiting)
    expect(await store.get('kept')).toBe('x')
  })

  it('does not use a replica as the master', async () => {
    const { replica, master, agreed, ask } = await watched()
    await agreed() // on what the test before this one has changed
    const store = await open()
    await store.set('a', 'x')
    // As when it is demoted while nobody looks: what is written there would be lost.
    const [old, other] = [await master(), await replica()]
    await ask(old, 'REPLICAOF', '127.0.0.1', `${other.port}`)
    try {
      await soon(() => refused(() => store.set('a', 'y'), /^redis\+sentinel:\S+ refused: READONLY/))
      await refused(
        () => store.set('a', 'y'),
        /cannot be reached: 127\.0\.0\.1:\d+ is named as the master but is not one/,
      )
    } finally {
      await ask(old, 'REPLICAOF', 'NO', 'ONE')
    }
    await vi.waitFor(() => store.set('a', 'z'), waiting)
  })
})
