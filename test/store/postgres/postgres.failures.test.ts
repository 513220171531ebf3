import { once } from 'node:events'
import { createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createPostgresStore, type PostgresStoreOptions } from '../../../src/store/postgres/postgres.ts'
import type { QueuedWork, Store } from '../../../src/store/store.ts'
import { planted } from '../../leaks/planted.ts'
import { list, refused } from '../contract.ts'
import { allVerbs, inspect, soon, writingVerbs } from '../failing.ts'
import { createServer, needs, type PostgresServer } from '../postgres-server.ts'

const geheim = planted('geheim')
const job: QueuedWork = { id: 'a', group: 'g', due: 1000, attempt: 0, crashes: 0, work: 'work' }
const stores: Store[] = []

function open(url: string, options: PostgresStoreOptions = {}): Store {
  const store = createPostgresStore(url, options)
  stores.push(store)
  return store
}

afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.close()))
})

/** All verbs, those of the journal and of queues too. */
const everyVerb = (store: Store): (() => unknown)[] => [
  ...allVerbs(store),
  () => store.release('c'),
  () => store.journal?.finish('c'),
  () => store.queue?.('q').add(job, { limit: 1 }),
  () => store.queue?.('q').take(1000, 1),
  () => store.queue?.('q').putBack(job),
  () => store.queue?.('q').finish('a'),
  () => store.queue?.('q').cancel('a'),
  () => store.queue?.('q').removeGroup('g'),
  () => store.queue?.('q').get('a'),
  () => store.queue?.('q').list('waiting')[Symbol.asyncIterator]().next(),
  () => store.queue?.('q').counts(),
]

describe('a PostgreSQL of its own', { timeout: 60_000 }, () => {
  let server: PostgresServer | undefined
  let running: PostgresServer

  beforeEach(async (context) => {
    needs('postgres-server')(context)
    server ??= await createServer()
    running = server
    await running.start()
    await running.ask('drop schema public cascade; create schema public')
  }, 60_000)
  afterEach(() => server?.kill())
  afterAll(() => server?.remove())

  it('is used with the password of the URL', async () => {
    const store = open(running.url)
    await store.set('a', 'x')
    expect(await store.get('a')).toBe('x')
    expect(store.name).toBe(running.name)
  })

  it('is not used with a wrong password, or none, and no error shows it', async () => {
    const wrong = open(running.url.replace(/:[^:@]*@/, `:${geheim}@`))
    for (const verb of everyVerb(wrong)) {
      const error = await refused(verb, /cannot be reached: password authentication failed for user "addon"/)
      expect(error.message).toContain(`${running.name} `)
      expect(inspect(error)).not.toContain(geheim)
    }
    vi.stubEnv('PGPASSWORD', geheim)
    const none = open(running.url.replace(/:[^:@]*@/, '@'))
    await refused(() => none.get('a'), /the server requires a password, and the URL has none/)
    vi.unstubAllEnvs()
  })

  it('rejects soon while it is unavailable, and is used again when it is back, without a restart', async () => {
    const store = open(running.url)
    await store.set('a', 'x')
    await running.kill()
    for (const verb of everyVerb(store)) {
      const error = await soon(() => refused(verb, /cannot be reached|went away/))
      expect(error.message).toContain(running.name)
      expect(inspect(error)).not.toMatch(/p@ss|p%40ss/)
    }
    await running.start()
    expect(await store.get('a')).toBe('x')
    await store.set('a', 'again')
  })

  it('rejects pending calls when it stops answering, and serves again when it continues', async () => {
    const store = open(running.url)
    await store.set('kept', 'x')
    running.signal('SIGSTOP')
    const errors = await soon(() =>
      Promise.all(everyVerb(store).map((verb) => refused(verb, /went away|cannot be reached|is busy/))),
    )
    for (const error of errors) expect(error.message).toContain(running.name)
    // Many callers of a server that hangs fail together, not one after the other.
    await soon(() =>
      Promise.all(
        Array.from({ length: 100 }, () => refused(() => store.update('a', () => 'y'), /postgres:/)),
      ),
    )
    running.signal('SIGCONT')
    await vi.waitFor(async () => expect(await store.get('kept')).toBe('x'), { timeout: 5000 })
  })

  it('rejects requests in flight when it is killed, and can be closed', async () => {
    const store = open(running.url)
    await store.ping()
    running.signal('SIGSTOP')
    const waiting = Array.from({ length: 20 }, (_, index) =>
      refused(() => store.set(`k${index}`, 'x'), /went away|cannot be reached|is busy/),
    )
    await running.kill()
    await soon(() => Promise.all(waiting))
    await soon(() => store.close())
  })

  it('may be unavailable when the store is created, and is used once it is available', async () => {
    await running.stop()
    const store = open(running.url)
    for (const verb of everyVerb(store))
      await soon(() => refused(verb, /cannot be reached: connect ECONNREFUSED/))
    await running.start()
    await store.set('a', 'x')
    expect(await store.get('a')).toBe('x')
  })

  it('may restart between two calls: the first one after it is answered', async () => {
    const store = open(running.url)
    await store.set('a', 'x')
    await running.stop()
    await running.start()
    expect(await store.get('a')).toBe('x')
  })

  it('may end connections, and only the calls in flight on these reject', async () => {
    const store = open(running.url)
    await Promise.all(Array.from({ length: 20 }, (_, index) => store.set(`${index}`, 'x')))
    const locked = running.ask('begin; lock table hipchat_addon_values; select pg_sleep(0.3); commit')
    await new Promise((resolve) => setTimeout(resolve, 100))
    const waiting = refused(() => store.get('1'), /went away: terminating connection/)
    await new Promise((resolve) => setTimeout(resolve, 50))
    await running.ask(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'hipchat-addon'",
    )
    await waiting
    await locked
    for (let index = 0; index < 12; index++) expect(await store.get('1')).toBe('x')
  })

  it('refuses writes but not reads while it is read-only, and accepts writes again afterwards', async () => {
    const store = open(running.url)
    await store.set('a', 'kept')
    await running.stop()
    await running.start('default_transaction_read_only=on')
    for (const verb of writingVerbs(store)) {
      await refused(
        verb,
        /refused: cannot execute (INSERT|DELETE|UPDATE|SELECT FOR UPDATE) in a read-only transaction/,
      )
      expect(await store.get('a')).toBe('kept')
    }
    expect(await list(store, '')).toEqual({ a: 'kept' })
    await running.stop()
    await running.start()
    await store.ping()
    expect(await store.update('a', (value) => `${value} on`)).toBe('kept on')
  })

  it('is not waited for while a table is locked, and does not do later what was given up', async () => {
    const store = open(running.url, { commandTimeout: 500 })
    await store.set('a', 'kept')
    const locked = running.ask('begin; lock table hipchat_addon_values; select pg_sleep(2); commit')
    await new Promise((resolve) => setTimeout(resolve, 200))
    await soon(() =>
      refused(() => store.set('a', 'late'), /went away: (no answer within 500 ms|canceling statement)/),
    )
    await locked
    expect(await store.get('a')).toBe('kept')
  })

  it('reports the reason of a full disk, and reads go on', async () => {
    const store = open(running.url)
    await store.set('a', 'kept')
    // As the server reports it, without filling a disk.
    await running.ask(`create function full_disk() returns trigger language plpgsql as $$
      begin raise exception 'could not extend file: No space left on device' using errcode = '53100'; end $$;
      create trigger full_disk before insert or update on hipchat_addon_values
      for each row execute function full_disk()`)
    await refused(() => store.set('a', 'y'), /refused: could not extend file: No space left on device/)
    expect(await store.get('a')).toBe('kept')
    await running.ask('drop trigger full_disk on hipchat_addon_values')
    await store.set('a', 'y')
  })

  it('may refuse more connections, and says so', async () => {
    await running.stop()
    await running.start('max_connections=5', 'superuser_reserved_connections=0', 'max_wal_senders=0')
    const store = open(running.url)
    const outcomes = await Promise.allSettled(
      Array.from({ length: 30 }, (_, index) => store.set(`key ${index}`, 'x')),
    )
    const reasons = outcomes
      .filter((outcome) => outcome.status === 'rejected')
      .map(({ reason }) => `${reason}`)
    for (const reason of reasons) expect(reason).toMatch(/cannot be reached: .*too many clients|is busy/)
    await vi.waitFor(() => store.set('a', 'x'), { timeout: 5000 })
  })
})

describe('a server that accepts connections and never answers', () => {
  let server: Server
  const sockets: Socket[] = []
  beforeEach(async () => {
    server = createTcpServer((socket) => sockets.push(socket.resume().on('error', () => {})))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  })
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy()
    server.close()
  })

  for (const mode of ['disable', 'require'])
    it(`makes every call of a store with sslmode=${mode} reject soon`, { timeout: 30_000 }, async () => {
      const address = server.address()
      const port = typeof address === 'object' ? address?.port : undefined
      const store = open(`postgres://user:${geheim}@127.0.0.1:${port}/db?sslmode=${mode}`)
      const errors = await soon(() =>
        Promise.all(everyVerb(store).map((verb) => refused(verb, /cannot be reached/))),
      )
      for (const error of errors) {
        expect(error.message).toContain(`postgres://127.0.0.1:${port}/db cannot`)
        expect(inspect(error)).not.toContain(geheim)
      }
      await soon(() => store.close())
      await vi.waitFor(() =>
        expect(sockets.every((socket) => socket.destroyed || socket.readableEnded)).toBe(true),
      )
    })
})

describe('creating a PostgreSQL store', () => {
  it('does not connect', async () => {
    const store = createPostgresStore(`postgres://me:${geheim}@127.0.0.1:1/db`)
    expect(store.name).toBe('postgres://127.0.0.1:1/db')
    await store.close()
  })
})
