import { fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createClient } from '@keyv/redis'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { createRedisStore } from '../../../src/store/redis/redis.ts'
import type { Journal } from '../../../src/store/store.ts'
import { needs, patient, sharedUrl } from '../redis-server.ts'

const worker = fileURLToPath(new URL('journal.worker.ts', import.meta.url))

/** The journal of a store of its own, with the store's other parts that are used here. */
function open(prefix: string, lease?: number) {
  const { journal, claim, release, close } = createRedisStore(sharedUrl, {
    prefix,
    ...patient,
    ...(lease === undefined ? {} : { lease }),
  })
  onTestFinished(close)
  return { ...(journal as Journal), claim, release, close } // a Redis store has one
}

async function startClient() {
  const client = createClient({ url: sharedUrl })
  await client.connect()
  onTestFinished(() => void client.destroy())
  return client
}

const newPrefix = (): string => `test:${randomUUID()}:`

describe('the journal of a Redis store', () => {
  beforeEach(needs('redis'))

  it('gives what a killed process left to one other store, in order, when its lease is over', async () => {
    const prefix = newPrefix()
    const child = fork(worker, [sharedUrl, prefix, '1000'], { execArgv: ['--import', 'tsx'] })
    onTestFinished(() => void child.kill('SIGKILL'))
    await once(child, 'message')
    const [first, second] = [open(prefix), open(prefix)]
    await delay(1500)
    expect(await first.recover('')).toEqual([]) // it lives, and renews its lease
    child.kill('SIGKILL')
    await once(child, 'exit')
    const found: unknown[] = []
    await expect
      .poll(async () => {
        for (const journal of [first, second]) found.push(...(await journal.recover('o')))
        return found.length
      })
      .toBe(2)
    expect(found).toEqual([
      { id: 'one', attempt: 2, crashes: 1, work: 'work one' },
      { id: 'other', attempt: 2, crashes: 1, work: 'work other' },
    ])
    expect(await second.recover('')).toEqual([{ id: 'two', attempt: 2, crashes: 1, work: 'work two' }])
    expect(await first.claim('two', 1_000)).toBe(false)
  })

  it('counts each store that did not finish, and how many of them were not closed', async () => {
    const prefix = newPrefix()
    const first = open(prefix)
    await first.accept('a', 60_000, 'x')
    await first.close()
    const second = open(prefix)
    expect(await second.recover('')).toMatchObject([{ attempt: 2 }])
    await second.close()
    const third = open(prefix)
    expect(await third.recover('')).toMatchObject([{ id: 'a', attempt: 3, crashes: 0, work: 'x' }])
    await third.finish('a')
    await third.close()
    expect(await open(prefix).recover('')).toEqual([])
  })

  it('counts a crash of what had begun, and of nothing else', async () => {
    const prefix = newPrefix()
    const child = fork(worker, [sharedUrl, prefix, '300'], { execArgv: ['--import', 'tsx'] })
    await once(child, 'message')
    child.kill('SIGKILL')
    await once(child, 'exit')
    const client = await startClient()
    const second = open(prefix)
    await expect.poll(async () => (await second.recover('o')).map(({ crashes }) => crashes)).toEqual([1, 1])
    await second.begin('one')
    // As if the second process had been killed: it is not closed, and its lease is over.
    const [sign = ''] = await client.keys(`journal:${prefix}alive:*`)
    await client.unlink(sign)
    expect(await open(prefix).recover('o')).toMatchObject([
      { id: 'one', attempt: 3, crashes: 2 },
      { id: 'other', attempt: 3, crashes: 1 },
    ])
  })

  it('keeps the work that is under way when its id arrives again', async () => {
    const prefix = newPrefix()
    const store = open(prefix)
    expect(await store.accept('a', 60_000, 'the first')).toBe(true)
    expect(await store.accept('a', 60_000, 'a replay')).toBe(false)
    expect(await open(prefix).accept('a', 60_000, 'a replay elsewhere')).toBe(false)
    await store.close()
    expect(await open(prefix).recover('')).toEqual([{ id: 'a', attempt: 2, crashes: 0, work: 'the first' }])
  })

  it('accepts an id again when its claim has expired', async () => {
    const prefix = newPrefix()
    const store = open(prefix)
    await store.accept('a', 20, 'old')
    await expect.poll(() => store.accept('a', 60_000, 'new')).toBe(true)
    await store.close()
    expect(await open(prefix).recover('')).toMatchObject([{ id: 'a', work: 'new' }])
  })

  it('forgets work that was written and not claimed, and keeps work whose claim has expired', async () => {
    const prefix = newPrefix()
    const store = open(prefix)
    await store.accept('claimed elsewhere', 60_000, 'x')
    await store.accept('expired', 30, 'x')
    await store.close()
    const client = await startClient()
    await client.set(`claimed:${prefix}claimed elsewhere`, 'the claim of another one')
    await expect.poll(() => client.exists(`claimed:${prefix}expired`)).toBe(0)
    expect(await open(prefix).recover('')).toMatchObject([{ id: 'expired' }])
  })

  it('leaves no keys behind', async () => {
    const prefix = newPrefix()
    const store = open(prefix)
    await store.accept('a', 60_000, 'x')
    await store.accept('b', 60_000, 'x')
    await store.release('a')
    await store.finish('b')
    await store.release('b')
    await store.close()
    const client = await startClient()
    expect(await client.keys(`*${prefix}*`)).toEqual([])
  })

  it('refuses work that is too long', async () => {
    await expect(open(newPrefix()).accept('a', 1_000, 'ü'.repeat(256 * 1024 + 1))).rejects.toThrow(
      'expected work of at most 524288 bytes, got 524290',
    )
  })
})
