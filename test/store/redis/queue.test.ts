import { type ChildProcess, fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createClient } from '@keyv/redis'
import slotOf from 'cluster-key-slot'
import { afterAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { createRedisStore, type RedisStoreOptions } from '../../../src/store/redis/redis.ts'
import type { Queue, QueuedWork } from '../../../src/store/store.ts'
import { freePort } from '../../ports.ts'
import { refused } from '../contract.ts'
import { type Cluster, password, startCluster } from '../redis-deployments.ts'
import { ask, needs, patient, sharedUrl, startRedis, stopRedis } from '../redis-server.ts'

const worker = fileURLToPath(new URL('queue.worker.ts', import.meta.url))
const roomy = { limit: 1_000_000 }
const newPrefix = (): string => `test:${randomUUID()}:`

const work = (id: string, more: Partial<QueuedWork> = {}): QueuedWork => ({
  id,
  group: 'group',
  due: 1000,
  attempt: 0,
  crashes: 0,
  work: `the work of ${id}`,
  ...more,
})

/** A queue of a store of its own. */
function open(options: RedisStoreOptions, { url = sharedUrl, name = 'queue' } = {}) {
  const { queue, close } = createRedisStore(url, { ...patient, ...options })
  onTestFinished(close)
  return { ...(queue?.(name) as Queue), close } // a Redis store has one
}

async function startClient() {
  const client = createClient({ url: sharedUrl })
  await client.connect()
  onTestFinished(() => void client.destroy())
  return client
}

/** A Redis that a test may stop or change. */
async function startOwn() {
  const port = await freePort()
  const server = await startRedis(port)
  onTestFinished(() => stopRedis(server))
  return { server, url: `redis://127.0.0.1:${port}`, ask: (...command: string[]) => ask(port, command) }
}

/** A process that has taken two works, `a` and `b`. */
async function startTaker(prefix: string, lease: number, url = sharedUrl): Promise<ChildProcess> {
  const child = fork(worker, [url, prefix, `${lease}`], { execArgv: ['--import', 'tsx'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  expect(await once(child, 'message')).toEqual([['a', 'b'], undefined])
  return child
}

describe('work that a process has taken from a queue in Redis', () => {
  beforeEach(needs('redis'))

  it('is taken by one other store, with one crash more, when the process was killed and its lease is over', async () => {
    const [prefix, lease] = [newPrefix(), 2000]
    const [first, second] = [open({ prefix, lease }), open({ prefix, lease })]
    for (const id of ['a', 'b']) await first.add(work(id), roomy)
    const child = await startTaker(prefix, lease)
    const taken: QueuedWork[] = []
    const takeAll = async () => {
      for (const queue of [first, second]) taken.push(...(await queue.take(1000, 9)))
      return taken.length
    }
    for (const end = performance.now() + 1.5 * lease; performance.now() < end; await delay(100))
      expect(await takeAll()).toBe(0) // it lives, and renews its lease
    child.kill('SIGKILL')
    await once(child, 'exit')
    await expect.poll(takeAll, { timeout: 20_000 }).toBe(2)
    expect(taken).toEqual(['a', 'b'].map((id) => work(id, { attempt: 2, crashes: 1 })))
  })

  it('cannot be finished or put back by a suspended process when another store has taken it', async () => {
    const [prefix, lease] = [newPrefix(), 500]
    const queue = open({ prefix, lease })
    for (const id of ['a', 'b']) await queue.add(work(id), roomy)
    const child = await startTaker(prefix, lease)
    child.kill('SIGSTOP')
    await expect.poll(async () => (await queue.take(1000, 9)).length, { timeout: 20_000 }).toBe(2)
    const answer = once(child, 'message')
    child.send('finish and put back')
    child.kill('SIGCONT')
    expect(await answer).toEqual([[false, false], undefined])
    for (const id of ['a', 'b']) expect(await queue.finish(id)).toBe(true)
  })

  it('stays with it when Redis did not answer for longer than the lease', { timeout: 30_000 }, async () => {
    const { server, url } = await startOwn()
    const [prefix, lease] = [newPrefix(), 4000]
    const queue = open({ prefix, lease, connectTimeout: 500, commandTimeout: 500 }, { url })
    for (const id of ['a', 'b']) await queue.add(work(id), roomy)
    await queue.take(0, 1) // from now on it gives signs of life
    const child = await startTaker(prefix, lease, url)
    child.kill('SIGSTOP') // so that it does not give the first sign when Redis continues
    server.kill('SIGSTOP')
    await delay(1.2 * lease)
    server.kill('SIGCONT')
    const taken: unknown[] = []
    await expect.poll(() => queue.take(1000, 9).then((more) => taken.push(...more))).toBe(0)
    const answer = once(child, 'message')
    child.send('finish and put back')
    child.kill('SIGCONT')
    expect(await answer).toEqual([[true, true], undefined])
    expect(taken).toEqual([])
  })

  it('comes back without an attempt more when the answer to the taking was lost', {
    timeout: 30_000,
  }, async () => {
    const { server, url } = await startOwn()
    const queue = open({ lease: 60_000, connectTimeout: 500, commandTimeout: 500 }, { url })
    const observer = open({}, { url })
    await queue.add(work('a'), roomy)
    await queue.take(0, 1)
    server.kill('SIGSTOP')
    await refused(() => queue.take(1000, 1), /went away: no answer within 500 ms/)
    server.kill('SIGCONT')
    await expect.poll(async () => (await observer.counts()).states.running).toBe(1)
    expect(await queue.take(1000, 1)).toEqual([work('a', { attempt: 1 })])
    expect(await queue.finish('a')).toBe(true)
  })
})

describe('a queue in Redis', () => {
  beforeEach(needs('redis'))

  it('leaves no keys behind', async () => {
    const prefix = newPrefix()
    const queue = open({ prefix })
    for (const id of ['a', 'b', 'c', 'd', 'e']) await queue.add(work(id, { group: id }), roomy)
    await queue.take(1000, 2)
    await queue.finish('a')
    await queue.putBack(work('b', { group: 'another', due: 2000 }), 'given up')
    await queue.cancel('c')
    await queue.removeGroup('d')
    await queue.add(work('e', { group: 'e2', due: 9000 }), { ...roomy, replace: true })
    await queue.take(2000, 9)
    await queue.take(9000, 9)
    await queue.finish('e')
    await queue.close()
    expect(await (await startClient()).keys(`*${prefix}*`)).toEqual([])
  })

  it('gives, lists and removes large works in parts', async () => {
    const queue = open({ prefix: newPrefix() })
    const ids = Array.from({ length: 300 }, (_, index) => `work ${String(index).padStart(3, '0')}`)
    const sizeOf = (index: number): number => (index < 20 ? 512 * 1024 : 1)
    for (const [index, id] of ids.entries())
      await queue.add(work(id, { due: index, work: 'x'.repeat(sizeOf(index)) }), roomy)
    const listed: QueuedWork[] = []
    for await (const one of queue.list('waiting')) listed.push(one)
    expect(listed.map(({ id }) => id)).toEqual(ids)
    const first = await queue.take(1000, 300)
    expect(first.length).toBeGreaterThan(1)
    expect(first.length).toBeLessThan(20)
    const rest: QueuedWork[] = []
    for (let more = first; more.length > 0; rest.push(...more)) more = await queue.take(1000, 300)
    expect([...first, ...rest].map(({ id }) => id)).toEqual(ids)
    await queue.removeGroup('group')
    expect((await queue.counts()).states).toEqual({ waiting: 0, running: 0, 'given up': 0 })
  })

  it('runs as many commands with 5,000 waiting works as with ten', { timeout: 120_000 }, async () => {
    const server = await startOwn()
    const queue = open({ lease: 600_000 }, { url: server.url })
    const fill = async (count: number) => {
      for (let at = 0; at < count; at += 1000) {
        const some = Array.from({ length: Math.min(1000, count - at) }, () =>
          work(randomUUID(), { due: 5000 }),
        )
        await Promise.all(some.map((one) => queue.add(one, roomy)))
      }
    }
    /** The commands that each verb needs, also those in its script. */
    const commandsOf = async () => {
      await server.ask('CONFIG', 'RESETSTAT')
      await queue.add(work('a', { due: 1 }), roomy)
      expect(await queue.take(0, 9)).toEqual([])
      expect(await queue.take(1, 9)).toHaveLength(1)
      await queue.putBack(work('a', { due: 1 }))
      expect(await queue.take(1, 9)).toHaveLength(1)
      await queue.finish('a')
      await queue.add(work('a', { due: 1 }), roomy)
      await queue.cancel('a')
      await queue.counts()
      const stats = String(await server.ask('INFO', 'commandstats'))
      return [...stats.matchAll(/^cmdstat_(evalsha|h\w+|z\w+):calls=(\d+)/gm)]
        .map(([, command, calls]) => `${command} ${calls}`)
        .toSorted()
    }
    await fill(10)
    await commandsOf() // the first calls send the scripts
    const few = await commandsOf()
    expect(few).toContain('evalsha 9') // one for each call
    await fill(4_990)
    expect((await queue.counts()).states.waiting).toBe(5_000)
    expect(await commandsOf()).toEqual(few)
  })

  it('sends its scripts again when Redis has lost them', async () => {
    const server = await startOwn()
    const queue = open({}, { url: server.url })
    const other = open({}, { url: server.url })
    const lose = () => server.ask('SCRIPT', 'FLUSH')
    const listed: string[] = []
    await queue.add(work('a'), roomy)
    await lose()
    await queue.add(work('b'), roomy)
    await lose()
    expect((await queue.counts()).states.waiting).toBe(2)
    await lose()
    expect(await queue.get('a')).toMatchObject({ state: 'waiting' })
    await lose()
    for await (const { id } of queue.list('waiting')) listed.push(id)
    expect(listed).toEqual(['a', 'b'])
    await lose()
    expect(await queue.take(1000, 2)).toHaveLength(2)
    await lose()
    expect(await queue.putBack(work('a'))).toBe(true)
    await lose()
    expect(await queue.cancel('a')).toBe(true)
    await lose()
    expect(await queue.finish('b')).toBe(true)
    await lose()
    await queue.add(work('c'), roomy)
    await queue.take(1000, 1)
    await lose()
    await queue.close()
    expect(await other.take(1000, 1)).toEqual([work('c', { attempt: 2 })])
    await lose()
    await other.removeGroup('group')
    expect(await other.finish('c')).toBe(false)
  })

  it('is the same for all who ask the store for it, and is refused by a closed store', async () => {
    const store = createRedisStore(sharedUrl, { prefix: newPrefix(), ...patient })
    onTestFinished(store.close)
    await store.queue?.('queue').add(work('a'), roomy)
    await store.queue?.('queue').take(1000, 1)
    expect(await store.queue?.('queue').finish('a')).toBe(true)
    await store.close()
    await refused(() => store.queue?.('queue'), /is closed/)
  })
})

describe('a queue in a Redis cluster', () => {
  let starting: Promise<Cluster> | undefined
  const cluster = (): Promise<Cluster> => {
    starting ??= startCluster()
    return starting
  }
  beforeEach(needs('redis-server'))
  afterAll(async () => (await starting)?.stop())

  /** The keys of the queue whose prefix has this in it, on all servers. */
  async function keysOf(id: string): Promise<string[]> {
    const { masters, ask } = await cluster()
    const found = await Promise.all(masters.map((master) => ask(master, 'KEYS', `queue:*${id}*`)))
    return (found as string[][]).flat()
  }

  it.each(['plain', '}', '{}', '{x', 'ü{a}{b}'])(
    'has all of its keys in one slot with the name %s',
    async (name) => {
      const { url } = await cluster()
      for (const begin of ['', '{}', '{', '{a}']) {
        const id = randomUUID()
        const queue = open({ prefix: `${begin}${id}:` }, { url, name })
        for (const one of ['runs', 'waits']) await queue.add(work(one), roomy)
        await queue.add(work('is over', { due: 9000 }), { ...roomy, state: 'given up' })
        expect(await queue.take(1000, 1)).toMatchObject([{ id: 'runs' }])
        const keys = await keysOf(id)
        expect(keys).toHaveLength(7)
        expect(new Set(keys.map(slotOf)).size).toBe(1)
      }
    },
  )

  it('refuses calls while its slot moves to another server, and is complete afterwards', async () => {
    const { url, masters, ask, idOf } = await cluster()
    const id = randomUUID()
    const queue = open({ prefix: `${id}:` }, { url })
    for (const one of ['a', 'b']) await queue.add(work(one), roomy)
    await queue.take(1000, 1)
    const keys = await keysOf(id)
    const slot = `${slotOf(keys[0] ?? '')}`
    const owners = await Promise.all(masters.map((master) => ask(master, 'EXISTS', ...keys).catch(() => 0)))
    const [from] = masters.filter((_, index) => owners[index] === keys.length)
    const [to] = masters.filter((master) => master !== from)
    if (!from || !to) throw new Error('expected one server to have all keys')
    await ask(to, 'CLUSTER', 'SETSLOT', slot, 'IMPORTING', await idOf(from))
    await ask(from, 'CLUSTER', 'SETSLOT', slot, 'MIGRATING', await idOf(to))
    await refused(() => queue.finish('a'), /^redis\+cluster:\S+ refused: TRYAGAIN/)
    const move = ['MIGRATE', '127.0.0.1', `${to.port}`, '', '0', '5000', 'AUTH', password, 'KEYS', ...keys]
    await ask(from, ...move)
    for (const one of [to, ...masters]) await ask(one, 'CLUSTER', 'SETSLOT', slot, 'NODE', await idOf(to))
    expect(await queue.finish('a')).toBe(true)
    expect(await queue.take(1000, 9)).toEqual([work('b', { attempt: 1 })])
  })
})
