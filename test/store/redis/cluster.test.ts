import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import slotOf from 'cluster-key-slot'
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createRedisStore } from '../../../src/store/redis/redis.ts'
import type { Store } from '../../../src/store/store.ts'
import { freePort } from '../../ports.ts'
import { describeStore, list, refused } from '../contract.ts'
import { inspect, soon } from '../failing.ts'
import { type Cluster, type Member, password, startCluster } from '../redis-deployments.ts'
import { ask, needs, patient, startRedis, stopRedis } from '../redis-server.ts'

let starting: Promise<Cluster> | undefined
const stores: Store[] = []
const waiting = { timeout: 20_000, interval: 50 }

/** The cluster all tests of this file share; each has keys of its own. */
async function cluster(): Promise<Cluster> {
  starting ??= startCluster()
  return starting
}

async function open(prefix = `test:${randomUUID()}:`): Promise<Store & { prefix: string }> {
  const store = createRedisStore((await cluster()).url, { prefix })
  stores.push(store)
  return Object.assign(store, { prefix })
}

beforeEach(needs('redis-server'))
afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.close()))
})
afterAll(async () => (await starting)?.stop())

/** Slots that a test moved: back they would be claimed by two. */
const moved = new Set<number>()

/** A key that is kept on this master; `number` tells several apart. */
function keyOn(master: 0 | 1 | 2, prefix: string, number = 0): string {
  let skip = number
  const bounds = [0, 5461, 10923, 16384]
  for (let key = 0; ; key++) {
    const slot = slotOf(`${prefix}k${key}`)
    const there = slot >= (bounds[master] ?? 0) && slot < (bounds[master + 1] ?? 0) && !moved.has(slot)
    if (there && skip-- === 0) return `k${key}`
  }
}

describeStore('Redis cluster', async () => {
  const prefix = `test*[${randomUUID()}]:`
  const { url } = await cluster()
  return {
    store: createRedisStore(url, { prefix, ...patient }),
    second: createRedisStore(url, { prefix, ...patient }),
  }
})

describe('a cluster', () => {
  it('keeps keys on all of its servers, and lists them together', async () => {
    const store = await open()
    const keys = Array.from({ length: 60 }, (_, index) => `k${index}`)
    for (const key of keys) await store.set(key, key)
    expect(await list(store, '')).toEqual(Object.fromEntries(keys.map((key) => [key, key])))
    const { masters, ask } = await cluster()
    for (const master of masters) {
      const [, found] = (await ask(
        master,
        'SCAN',
        '0',
        'MATCH',
        `${store.prefix}*`,
        'COUNT',
        '10000',
      )) as string[][]
      expect(found?.length).toBeGreaterThan(5)
    }
  })

  it('is found through any server that answers, and is named without the password', async () => {
    const { url, replica, masters } = await cluster()
    const [user] = url.split('127.0.0.1')
    const store = createRedisStore(`${user}127.0.0.1:1,127.0.0.1:${replica.port}`)
    stores.push(store)
    await store.ping()
    expect(store.name).toBe(`redis+cluster://127.0.0.1:1,127.0.0.1:${replica.port}`)
    const wrong = createRedisStore(`redis+cluster://:geheim@127.0.0.1:${masters[0].port}`)
    stores.push(wrong)
    const error = await refused(() => wrong.get('a'), /^redis\+cluster:\S+ cannot be reached: WRONGPASS/)
    expect(inspect(error)).not.toContain('geheim')
  })

  it('works while a slot moves to another server', async () => {
    const { masters, ask, idOf } = await cluster()
    const [, from, to] = masters
    const store = await open()
    const key = keyOn(1, store.prefix)
    const full = store.prefix + key
    const slot = `${slotOf(full)}`
    moved.add(slotOf(full))
    await store.set(key, 'here')
    const [idFrom, idTo] = [await idOf(from), await idOf(to)]
    const home = async () => {
      const there = await ask(to, 'GET', full).catch(() => undefined)
      return there === undefined || there === null ? 'from' : 'to'
    }
    await ask(to, 'CLUSTER', 'SETSLOT', slot, 'IMPORTING', idFrom)
    await ask(from, 'CLUSTER', 'SETSLOT', slot, 'MIGRATING', idTo)
    // Not moved yet: new keys are created on the new server (ASK).
    expect(await store.get(key)).toBe('here')
    await store.delete(key)
    expect(await store.update(key, (value) => `${value ?? ''}moving`)).toBe('moving')
    // The move is over (MOVED).
    for (const one of [to, from, masters[0]]) await ask(one, 'CLUSTER', 'SETSLOT', slot, 'NODE', idTo)
    expect(await home()).toBe('to')
    expect(await store.get(key)).toBe('moving')
    const redirected = async () =>
      /errorstat_MOVED:count=(\d+)/.exec(String(await ask(from, 'INFO', 'errorstats')))?.[1]
    const times = await redirected()
    expect(times).toBeDefined()
    expect(await store.update(key, (value) => `${value} over`)).toBe('moving over')
    expect(await redirected()).toBe(times) // it knows the way by now
    expect(await list(store, '')).toEqual({ [key]: 'moving over' })
  })

  it.each([
    ['does not answer', (server: Member) => void server.child.kill('SIGSTOP')],
    ['is killed', (server: Member) => stopRedis(server.child)],
  ])('keeps serving the other keys when a server %s, and all keys when it is back', async (_, stop) => {
    const { masters, restart, ask } = await cluster()
    const server = masters[2]
    const store = await open()
    const [away, here] = [keyOn(2, store.prefix), keyOn(1, store.prefix)]
    const claimAway = keyOn(2, `claimed:${store.prefix}`)
    await store.set(away, 'x')
    await store.set(here, 'y')
    await stop(server)
    for (const verb of [
      () => store.get(away),
      () => store.set(away, 'x'),
      () => store.claim(claimAway, 1000),
      () => store.update(away, () => 'x'),
      () => store.delete(away),
      () => list(store, ''), // what can be had would look like all there is
      () => store.ping(),
    ]) {
      const error = await soon(() =>
        refused(verb, /^redis\+cluster:\S+ (went away|cannot be reached|refused)/),
      )
      expect(inspect(error)).not.toContain('p%40ss')
      expect(await soon(async () => store.get(here))).toBe('y')
      await soon(() => store.set(here, 'y'))
    }
    if (server.child.signalCode === null) server.child.kill('SIGCONT')
    else await restart(server)
    await vi.waitFor(() => store.set(away, 'again'), waiting)
    expect(await store.get(away)).toBe('again')
    await vi.waitFor(async () => {
      for (const one of masters) expect(await ask(one, 'CLUSTER', 'INFO')).toContain('cluster_state:ok')
    }, waiting)
  })

  it('lists the keys of a new server even before a redirection', async () => {
    const { masters, spare, ask, idOf } = await cluster()
    const from = masters[1]
    const store = await open()
    const key = keyOn(1, store.prefix)
    await store.set(key, 'x')
    const full = store.prefix + key
    const slot = `${slotOf(full)}`
    moved.add(slotOf(full))
    const [idFrom, idTo] = [await idOf(from), await idOf(spare)]
    await ask(spare, 'CLUSTER', 'SETSLOT', slot, 'IMPORTING', idFrom)
    await ask(from, 'CLUSTER', 'SETSLOT', slot, 'MIGRATING', idTo)
    await ask(from, 'MIGRATE', '127.0.0.1', `${spare.port}`, full, '0', '5000', 'AUTH', password)
    for (const one of [spare, ...masters]) await ask(one, 'CLUSTER', 'SETSLOT', slot, 'NODE', idTo)
    expect(await list(store, '')).toEqual({ [key]: 'x' })
  })

  it('refuses to list keys while some slots have no server', async () => {
    const port = await freePort()
    const folder = mkdtempSync(join(tmpdir(), 'hipchat-addon-cluster-'))
    const server = await startRedis(
      port,
      ...['--cluster-enabled', 'yes', '--cluster-require-full-coverage', 'no', '--dir', folder],
      ...['--cluster-port', `${await freePort()}`],
    )
    try {
      await ask(port, ['CLUSTER', 'ADDSLOTSRANGE', '0', '16382'])
      const store = createRedisStore(`redis+cluster://127.0.0.1:${port}`)
      stores.push(store)
      const key = Array.from({ length: 1e6 }, (_, index) => `${index}`).find(
        (text) => slotOf(`hipchat-addon:${text}`) === 16383,
      )
      await vi.waitFor(() => store.set('a', 'x'), waiting)
      await refused(() => list(store, ''), /refused: some slots have no server in the cluster/)
      await refused(() => store.ping(), /refused: some slots have no server in the cluster/)
      await refused(() => store.get(key ?? ''), /refused: no server of the cluster has the slot of this key/)
      await ask(port, ['CLUSTER', 'ADDSLOTS', '16383'])
      await store.ping()
      await store.set(key ?? '', 'y')
      expect(await list(store, '')).toEqual({ a: 'x', [key ?? '']: 'y' })
    } finally {
      await stopRedis(server)
      rmSync(folder, { recursive: true, force: true })
    }
  })

  it('works again without a restart, with its values, when a replica takes over for a dead master', async () => {
    const { masters, replica, restart, ask } = await cluster()
    const [server] = masters
    const store = await open()
    const key = keyOn(0, store.prefix)
    await store.set(key, 'kept')
    await vi.waitFor(async () => expect(await ask(server, 'WAIT', '1', '1000')).toBe(1), waiting)
    await stopRedis(server.child)
    await soon(() => refused(() => store.set(key, 'lost'), /^redis\+cluster:/))
    await vi.waitFor(() => store.set(keyOn(0, store.prefix, 1), 'any'), waiting)
    await vi.waitFor(() => store.ping(), waiting)
    expect(await store.get(key)).toBe('kept')
    expect(await store.update(key, (value) => `${value} on`)).toBe('kept on')
    expect(await ask(replica, 'ROLE')).toContain('master')
    // The old one comes back as replica of the new one, which nobody notices.
    await restart(server)
    await vi.waitFor(async () => expect(await ask(server, 'ROLE')).toContain('slave'), waiting)
    expect(await store.get(key)).toBe('kept on')
  })
})
