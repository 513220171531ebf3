import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import type { Query } from '../../../src/store/postgres/connection.ts'
import { createPostgresHolders } from '../../../src/store/postgres/holders.ts'
import { createPostgresJournal } from '../../../src/store/postgres/journal.ts'
import { createPostgresStore, type PostgresStoreOptions } from '../../../src/store/postgres/postgres.ts'
import type { Recovered, Store } from '../../../src/store/store.ts'
import { createDatabase, needs, patient } from '../postgres-server.ts'

const holder = fileURLToPath(new URL('../postgres-holder.ts', import.meta.url))

let database: Awaited<ReturnType<typeof createDatabase>> | undefined
let url: string
let ask: (sql: string) => Promise<readonly Record<string, unknown>[]>

beforeEach(async (context) => {
  needs('postgres')(context)
  database ??= await createDatabase()
  ;({ url, ask } = database)
  await database.empty()
})
afterAll(() => database?.remove())

function open(options: PostgresStoreOptions = {}): Store {
  const store = createPostgresStore(url, { ...patient, ...options })
  onTestFinished(() => store.close())
  return store
}

/** A process that has accepted so much work, and ends with the test at the latest. */
async function startHolder(amount: number, lease = 20_000) {
  const child = fork(holder, [url, 'a:', `${amount}`, `${lease}`], { execArgv: ['--import', 'tsx'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child, 'message')
  return {
    async kill(): Promise<void> {
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    },
  }
}

const recovered = (count: number, attempt = 2, crashes = 1): Recovered[] =>
  Array.from({ length: count }, (_, index) => ({
    id: `a:${index}`,
    attempt,
    crashes,
    work: `work ${index}`,
  }))

describe('the work of a process that was killed', () => {
  it('is taken over at once on the same machine, in the order in which it was accepted', async () => {
    const process = await startHolder(45)
    const store = open()
    expect(await store.journal?.recover('a:')).toEqual([])
    await process.kill()
    expect(await store.journal?.recover('b:')).toEqual([])
    expect(await store.journal?.recover('a:')).toEqual(recovered(45))
    expect(await store.journal?.recover('a:')).toEqual([])
    expect(await store.claim('a:3', 1000)).toBe(false)
  })

  it('is taken over from another machine when its lease is over, and not before', async () => {
    const lease = 2_000
    const process = await startHolder(3, lease)
    const store = open({ lease })
    await database?.moveHolders()
    await delay(lease * 1.5) // it goes on giving signs of life
    expect(await store.journal?.recover('')).toEqual([])
    await process.kill()
    expect(await store.journal?.recover('')).toEqual([])
    await expect
      .poll(() => store.journal?.recover(''), { timeout: 10_000, interval: 100 })
      .toEqual(recovered(3))
  })

  it('goes to one of many stores that ask at the same time', async () => {
    const process = await startHolder(60)
    const stores = Array.from({ length: 4 }, () => open())
    await Promise.all(stores.map((store) => store.ping()))
    await process.kill()
    const shares = await Promise.all(
      [...stores, ...stores].map(async ({ journal }) => (await journal?.recover('')) ?? []),
    )
    const numbersOf = (share: readonly Recovered[]) => share.map(({ id }) => Number(id.slice(2)))
    for (const share of shares) expect(numbersOf(share)).toEqual(numbersOf(share).toSorted((a, b) => a - b))
    const all = shares.flat().toSorted((one, other) => Number(one.id.slice(2)) - Number(other.id.slice(2)))
    expect(all).toEqual(recovered(60))
  })

  it('counts its attempts, however often it changes hands', async () => {
    const process = await startHolder(2)
    await process.kill()
    for (const attempt of [2, 3, 4]) {
      const store = createPostgresStore(url, patient)
      expect(await store.journal?.recover('')).toEqual(recovered(2, attempt))
      await store.close()
    }
  })
})

it('a crash counts against work that had begun, and against nothing else', async () => {
  const process = await startHolder(2)
  await process.kill()
  const second = open()
  expect(await second.journal?.recover('')).toEqual(recovered(2))
  await second.journal?.begin('a:0')
  // As if the second process had been killed on another machine.
  await database?.moveHolders()
  await ask(`update hipchat_addon_holders set seen = now() - interval '1 hour'`)
  await expect
    .poll(async () => (await open().journal?.recover(''))?.map(({ id, crashes }) => [id, crashes]))
    .toEqual([
      ['a:0', 2],
      ['a:1', 1],
    ])
})

describe('the work of a store that is open', () => {
  it('is not taken over after an outage until its store had time to give a sign of life', async () => {
    const lease = 2_000
    const store = open({ lease })
    await store.journal?.accept('a', 60_000, 'work')
    await database?.moveHolders()
    await ask(`update hipchat_addon_holders set seen = now() - interval '1 hour'`)
    const query: Query = async (sql, values = []) => {
      const { Client } = await import('pg')
      const client = new Client(url)
      await client.connect()
      try {
        return (await client.query(sql, [...values])).rows
      } finally {
        await client.end()
      }
    }
    let sinceOutage = 100
    const holders = createPostgresHolders({ query, lease, sinceOutage: () => sinceOutage })
    onTestFinished(() => holders.close(query))
    const journal = createPostgresJournal({ query, holders })
    expect(await journal.recover('')).toEqual([])
    sinceOutage = lease
    await ask(`update hipchat_addon_holders set seen = now() - interval '1 hour'`)
    expect(await journal.recover('')).toEqual([{ id: 'a', attempt: 2, crashes: 1, work: 'work' }])
  })

  it('is taken over again when the answer to a takeover was lost, as the same attempt', async () => {
    const first = createPostgresStore(url, patient)
    for (let index = 0; index < 3; index++) await first.journal?.accept(`a:${index}`, 60_000, `work ${index}`)
    await first.close()
    let isLost = true
    const { Client } = await import('pg')
    const client = new Client(url)
    await client.connect()
    onTestFinished(() => client.end())
    const query: Query = async (sql, values = []) => {
      const { rows } = await client.query(sql, [...values])
      if (isLost && sql.includes('skip locked')) throw new Error('no answer')
      return rows
    }
    const holders = createPostgresHolders({ query, lease: 20_000, sinceOutage: () => 1e6 })
    onTestFinished(() => holders.close(query))
    const journal = createPostgresJournal({ query, holders })
    await expect(journal.recover('')).rejects.toThrow('no answer')
    isLost = false
    await journal.accept('mine', 60_000, 'in the hands of a handler')
    expect(await journal.recover('')).toEqual(recovered(3, 2, 0))
    expect(await journal.recover('')).toEqual([])
  })
})
