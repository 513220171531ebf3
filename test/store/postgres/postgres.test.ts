import { afterAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { createPostgresStore, type PostgresStoreOptions } from '../../../src/store/postgres/postgres.ts'
import type { Store } from '../../../src/store/store.ts'
import { describeStore, list, refused } from '../contract.ts'
import { createDatabase, needs, patient } from '../postgres-server.ts'

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

/** A store that is closed after the test. */
function open(options: PostgresStoreOptions = patient): Store {
  const store = createPostgresStore(url, options)
  onTestFinished(() => store.close())
  return store
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

describeStore('PostgreSQL', async () => ({
  store: createPostgresStore(url, patient),
  second: createPostgresStore(url, patient),
}))

describe('the tables of a PostgreSQL store', () => {
  it('are created by whichever of several stores is first', async () => {
    const stores = numbers(6).map(() => open())
    await Promise.all(stores.map((store, index) => store.set(`key ${index}`, 'x')))
    expect(Object.keys(await list(stores[0] as Store, 'key'))).toHaveLength(6)
    expect(await ask('select version from hipchat_addon_version')).toEqual([{ version: 1 }])
    const tables = await ask("select tablename from pg_tables where schemaname = 'public' order by 1")
    expect(tables.map(({ tablename }) => tablename)).toEqual([
      'hipchat_addon_claims',
      'hipchat_addon_holders',
      'hipchat_addon_journal',
      'hipchat_addon_queue',
      'hipchat_addon_queue_groups',
      'hipchat_addon_values',
      'hipchat_addon_version',
    ])
  })

  it('are created again when the database comes back empty', async () => {
    const store = open()
    await store.set('a', 'x')
    await database?.empty()
    await refused(() => store.get('a'), /refused: relation "hipchat_addon_values" does not exist/)
    expect(await store.get('a')).toBeUndefined()
    await store.set('a', 'again')
    expect(await store.get('a')).toBe('again')
  })

  it('are refused when a newer version has changed them', async () => {
    await ask(
      'create table hipchat_addon_version (version integer); insert into hipchat_addon_version values (7)',
    )
    await refused(
      () => open().get('a'),
      /refused: expected tables of version 1 or earlier, got version 7: a newer hipchat-addon/,
    )
  })

  it('can be used by a user who may not create any', async () => {
    await open().set('a', 'x')
    const user = `hipchat_addon_user_${process.pid}`
    await ask(`create role ${user} login; revoke create on schema public from public;
      grant select, insert, update, delete on all tables in schema public to ${user};
      grant usage on schema public to ${user}`)
    const other = createPostgresStore(url.replace(/\/\/[^@]*@/, `//${user}@`), patient)
    try {
      expect(await other.get('a')).toBe('x')
      expect(await other.journal?.accept('b', 1000, 'work')).toBe(true)
      await other.close()
    } finally {
      await other.close()
      await ask(`drop owned by ${user}; drop role ${user}`)
    }
  })

  it('lose expired rows in the background, and nothing else', async () => {
    const store = open({ ...patient, sweepEvery: 50 })
    await store.set('kept', 'x')
    await store.set('kept for a while', 'x', 60_000)
    await store.claim('kept', 60_000)
    await Promise.all(
      numbers(30).map(async (index) => {
        await store.set(`gone ${index}`, 'x', 1)
        await store.claim(`gone ${index}`, 1)
      }),
    )
    await vi.waitFor(async () => {
      expect(await ask('select count(*)::int from hipchat_addon_values')).toEqual([{ count: 2 }])
      expect(await ask('select count(*)::int from hipchat_addon_claims')).toEqual([{ count: 1 }])
    }, 10_000)
    expect(await store.claim('kept', 1000)).toBe(false)
  })
})

describe('several PostgreSQL stores', () => {
  it('give each of many claims to one of them, and lose no update', async () => {
    const stores = numbers(4).map(() => open())
    const won = await Promise.all(
      stores.map(async (store) => {
        const claims = await Promise.all(numbers(100).map((index) => store.claim(`claim ${index}`, 60_000)))
        return claims.filter(Boolean).length
      }),
    )
    expect(won.reduce((sum, count) => sum + count)).toBe(100)
    await Promise.all(
      stores.flatMap((store) =>
        numbers(25).map(() => store.update('count', (count = '0') => String(Number(count) + 1))),
      ),
    )
    expect(await stores[0]?.get('count')).toBe('100')
  })

  it('use no more connections than they may, and close those that they no longer need', async () => {
    const store = open({ ...patient, connections: 3, sweepEvery: 200 })
    const count = async () =>
      (
        await ask(
          "select 1 from pg_stat_activity where application_name = 'hipchat-addon' and datname = current_database()",
        )
      ).length
    await Promise.all(numbers(200).map((index) => store.set(`key ${index}`, 'x')))
    expect(await count()).toBe(3)
    await vi.waitFor(async () => expect(await count()).toBeLessThan(2), 10_000)
    expect(await store.get('key 199')).toBe('x')
  })
})

it('says when the server acknowledges before it has written, and nothing otherwise', async () => {
  const user = `hipchat_addon_hasty_${process.pid}`
  await ask(`create role ${user} login superuser; alter role ${user} set synchronous_commit = off`)
  const hasty = createPostgresStore(url.replace(/\/\/[^@]*@/, `//${user}@`), patient)
  try {
    expect(await open().risks?.()).toEqual([])
    expect(await hasty.risks?.()).toEqual([
      expect.stringMatching(/^postgres:\S+: synchronous_commit is off, so a crash of PostgreSQL loses/),
    ])
  } finally {
    await hasty.close()
    await ask(`drop role ${user}`)
  }
})

describe('the work of a PostgreSQL store', () => {
  it('longer than 512 KiB is refused', async () => {
    const { journal } = open()
    await refused(
      () => journal?.accept('a', 1000, 'x'.repeat(512 * 1024 + 1)),
      /expected work of at most 524288 bytes, got 524289/,
    )
  })

  it('is forgotten with release(), and its claim ends', async () => {
    const store = open()
    expect(await store.journal?.accept('a', 60_000, 'first')).toBe(true)
    await store.release('a')
    expect(await store.journal?.accept('a', 60_000, 'second')).toBe(true)
    await store.close()
    expect(await open().journal?.recover('')).toEqual([{ id: 'a', attempt: 2, crashes: 0, work: 'second' }])
  })

  it('outlives its claim', async () => {
    const store = open()
    await store.journal?.accept('a', 1, 'work')
    await store.close()
    const second = open({ ...patient, sweepEvery: 20 })
    await second.ping()
    await vi.waitFor(async () => expect(await ask('select from hipchat_addon_claims')).toEqual([]), 10_000)
    expect(await second.journal?.recover('')).toEqual([{ id: 'a', attempt: 2, crashes: 0, work: 'work' }])
  })
})
