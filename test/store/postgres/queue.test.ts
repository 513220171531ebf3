import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { connectPostgres, type Query, type Row } from '../../../src/store/postgres/connection.ts'
import { createPostgresHolders } from '../../../src/store/postgres/holders.ts'
import { createPostgresStore, type PostgresStoreOptions } from '../../../src/store/postgres/postgres.ts'
import { createPostgresQueues } from '../../../src/store/postgres/queue.ts'
import { parsePostgresUrl } from '../../../src/store/postgres/url.ts'
import type { Queue, QueuedWork, Store } from '../../../src/store/store.ts'
import { createDatabase, needs, patient } from '../postgres-server.ts'

const taker = fileURLToPath(new URL('../postgres-taker.ts', import.meta.url))

let database: Awaited<ReturnType<typeof createDatabase>>
beforeEach(async (context) => {
  needs('postgres')(context)
  database ??= await createDatabase()
  await database.empty()
})
afterAll(() => database?.remove())

function open(options: PostgresStoreOptions = {}): Store {
  const store = createPostgresStore(database.url, { ...patient, ...options })
  onTestFinished(() => store.close())
  return store
}

const queueOf = (store: Store): Queue => store.queue?.('jobs') as Queue // these stores have queues

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

const work = (id: string, more: Partial<QueuedWork> = {}): QueuedWork => ({
  id,
  group: 'group',
  due: 1000,
  attempt: 0,
  crashes: 0,
  work: `the work of ${id}`,
  ...more,
})

const roomy = { limit: 100_000 }

/** Works `0`, `1` and so on, the first due at 900. */
async function addSome(queue: Queue, count: number): Promise<void> {
  await Promise.all(
    numbers(count).map((index) => queue.add(work(`${index}`, { due: 900 + (index % 100) }), roomy)),
  )
}

/** What {@link addSome} has added, when it was taken so many times. */
const taken = (count: number, attempt: number, crashes = 0): QueuedWork[] =>
  numbers(count).map((index) => work(`${index}`, { due: 900 + index, attempt, crashes }))

/** A process that has taken so many works, and ends with the test at the latest. */
async function startTaker(count: number, lease = 20_000) {
  const args = [database.url, 'jobs', `${count}`, `${lease}`]
  const child = fork(taker, args, { execArgv: ['--import', 'tsx'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child, 'message')
  return {
    suspend: () => child.kill('SIGSTOP'),
    resume: () => child.kill('SIGCONT'),
    async kill(): Promise<void> {
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    },
    /** Has it finish the first work, and put back the others. */
    async end(): Promise<unknown> {
      const answered = once(child, 'message')
      child.send('end')
      const [answer] = await answered
      return answer
    },
  }
}

/** A queue, and the sweep of its store, whose statements go through a function, over one connection. */
async function queueThrough(through: (ask: Query) => Query) {
  await open().ping() // creates the tables
  const connection = await connectPostgres(parsePostgresUrl(database.url), {
    connect: 10_000,
    command: 10_000,
  })
  const query = through(connection.query)
  const holders = createPostgresHolders({ query, lease: 600_000, sinceOutage: () => 1e6 })
  onTestFinished(async () => {
    await holders.close(connection.query)
    await connection.end()
  })
  const queues = createPostgresQueues({ query, holders, store: 'postgres:' })
  async function sweep(): Promise<void> {
    await holders.sweep()
    await queues.sweep()
  }
  return { queue: queues.queue('jobs'), sweep }
}

const isTake = (sql: string): boolean => sql.includes("set state = 'running'")

describe('the work of a process that was killed', () => {
  it('is taken again at once on the same machine', async () => {
    const queue = queueOf(open())
    await addSome(queue, 45)
    const process = await startTaker(45)
    expect(await queue.take(1000, 50)).toEqual([])
    await process.kill()
    expect(await queue.take(1000, 50)).toEqual(taken(45, 2, 1))
    expect(await queue.take(1000, 50)).toEqual([])
  })

  it('is taken again from another machine when its lease is over, and not before', async () => {
    const lease = 2_000
    const queue = queueOf(open({ lease }))
    await addSome(queue, 2)
    const process = await startTaker(2, lease)
    await database.moveHolders()
    await delay(lease * 1.5) // it goes on giving signs of life
    expect(await queue.take(1000, 9)).toEqual([])
    await process.kill()
    expect(await queue.take(1000, 9)).toEqual([])
    await expect.poll(() => queue.take(1000, 9), { timeout: 10_000, interval: 100 }).toEqual(taken(2, 2, 1))
  })

  it('goes to one of many stores that ask at the same time', async () => {
    await addSome(queueOf(open()), 60)
    const process = await startTaker(60)
    const stores = numbers(4).map(() => open())
    await Promise.all(stores.map((store) => store.ping()))
    await process.kill()
    const shares = await Promise.all([...stores, ...stores].map((store) => queueOf(store).take(1000, 10)))
    const rest = await queueOf(open()).take(1000, 60)
    const all = [...shares.flat(), ...rest].toSorted((one, other) => one.due - other.due)
    expect(all).toEqual(taken(60, 2, 1))
  })
})

it('a process that was suspended finishes and puts back nothing that another one has taken meanwhile', async () => {
  const lease = 2_000
  const queue = queueOf(open({ lease }))
  await addSome(queue, 3)
  const process = await startTaker(3, lease)
  process.suspend()
  await expect.poll(() => queue.take(1000, 9), { timeout: 10_000, interval: 100 }).toEqual(taken(3, 2, 1))
  process.resume()
  expect(await process.end()).toEqual([false, false, false])
  expect(await queue.get('0')).toEqual({ ...taken(1, 2, 1)[0], state: 'running' })
  for (const id of ['0', '1', '2']) expect(await queue.finish(id)).toBe(true)
})

it('a process that is not suspended finishes its work and puts it back', async () => {
  const queue = queueOf(open())
  await addSome(queue, 3)
  expect(await (await startTaker(3)).end()).toEqual([true, true, true])
  expect(await queue.counts()).toEqual({ states: { waiting: 2, running: 0, 'given up': 0 }, next: 901 })
})

describe('a take whose answer is lost', () => {
  it('has taken nothing: the next one gets the work, as the same attempt', async () => {
    let isLost = true
    const { queue } = await queueThrough((ask) => async (sql, values) => {
      const rows = await ask(sql, values)
      if (isLost && isTake(sql)) throw new Error('no answer')
      return rows
    })
    await addSome(queueOf(open()), 3)
    await expect(queue.take(1000, 2)).rejects.toThrow('no answer')
    expect(await queueOf(open()).take(1000, 2)).toEqual(taken(3, 1).slice(2))
    isLost = false
    expect(await queue.take(1000, 9)).toEqual(taken(2, 1))
    expect(await queue.take(1000, 9)).toEqual([])
  })

  it('keeps what was taken before it', async () => {
    let answers = 0
    const { queue } = await queueThrough((ask) => async (sql, values) => {
      const rows = await ask(sql, values)
      if (isTake(sql) && ++answers === 2) throw new Error('no answer')
      return rows
    })
    await addSome(queueOf(open()), 50)
    const first = await queue.take(1000, 50)
    expect(first.length).toBeGreaterThan(0)
    expect([...first, ...(await queue.take(1000, 50))]).toEqual(taken(50, 1))
  })

  it('loses no work when the server does it later', async () => {
    let late: (() => Promise<unknown>) | undefined
    let isLost = true
    const { queue } = await queueThrough((ask) => async (sql, values) => {
      if (!isLost || !isTake(sql)) return ask(sql, values)
      late = () => ask(sql, values)
      throw new Error('no answer')
    })
    await addSome(queueOf(open()), 2)
    await expect(queue.take(1000, 1)).rejects.toThrow('no answer')
    isLost = false
    expect(await queue.take(1000, 1)).toEqual(taken(1, 1))
    await late?.()
    expect((await queue.get('1'))?.state).toBe('running')
    expect(await queue.take(1000, 9)).toEqual(taken(2, 1).slice(1))
  })
})

it('an old sign of life is forgotten when its store has no work any more, and not before', async () => {
  const queue = queueOf(open({ sweepEvery: 50 }))
  await addSome(queue, 1)
  const process = await startTaker(1)
  await process.kill()
  await database.ask(`insert into hipchat_addon_holders values ('without work', '{}', now());
    update hipchat_addon_holders set seen = now() - interval '2 days'`)
  const old = `select from hipchat_addon_holders where seen < now() - interval '1 day'`
  await expect.poll(async () => (await database.ask(old)).length).toBe(1)
  expect(await queue.take(1000, 9)).toEqual(taken(1, 2, 1))
  await expect.poll(async () => (await database.ask(old)).length).toBe(0)
})

describe('the number of works of a group', () => {
  it('is never more than its limit, with simultaneous calls from two stores', async () => {
    const queues = [queueOf(open()), queueOf(open())] as const
    for (const round of ['first', 'second']) {
      const answers = await Promise.all(
        numbers(50).map((index) => queues[index % 2 ? 1 : 0].add(work(`${round} ${index}`), { limit: 6 })),
      )
      expect(answers.filter((answer) => answer === 'added')).toHaveLength(6)
      expect(answers.filter((answer) => answer === 'full')).toHaveLength(44)
      expect((await queues[0].counts()).states.waiting).toBe(6)
      for (const { id } of await queues[0].take(1000, 6)) await queues[0].finish(id)
    }
  })

  it('stays right, whatever many callers do at the same time', async () => {
    const queues = numbers(3).map(() => queueOf(open({ sweepEvery: 50 })))
    const doSome = async (queue: Queue, caller: number): Promise<void> => {
      for (const turn of numbers(12)) {
        const id = `${(caller + turn * 5) % 7}`
        const group = `group ${Number(id) % 2}`
        const state = turn % 3 === 0 ? 'given up' : 'waiting'
        await queue.add(work(id, { group }), { limit: 3, state, replace: turn % 2 === 0 })
        const [first, second] = await queue.take(1000, 2)
        if (first) await queue.putBack({ ...first, due: 1000 + turn }, state)
        if (second) await queue.finish(second.id)
        if (turn % 4 === 1) await queue.cancel(id)
        if (turn % 6 === 5) await queue.removeGroup(group)
      }
    }
    await Promise.all(queues.flatMap((queue) => numbers(5).map((caller) => doSome(queue, caller))))
    const rows = await database.ask('select state, count(*)::int from hipchat_addon_queue group by state')
    const states = Object.fromEntries(rows.map(({ state, count }) => [state, count]))
    for (const queue of queues)
      expect((await queue.counts()).states).toEqual({ waiting: 0, running: 0, 'given up': 0, ...states })
    for (const group of ['group 0', 'group 1']) await queues[0]?.removeGroup(group)
    expect((await queues[0]?.counts())?.states).toEqual({ waiting: 0, running: 0, 'given up': 0 })
  })

  it('is locked before the works are, so that two statements never wait for each other', async () => {
    const [store, other] = [open(), open()]
    await addSome(queueOf(store), 1)
    await queueOf(store).take(1000, 1)
    const locker = await connectPostgres(parsePostgresUrl(database.url), { connect: 10_000, command: 10_000 })
    onTestFinished(() => locker.end())
    const waiting = async () =>
      (
        await database.ask(
          `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
        )
      ).length
    await locker.query('begin')
    await locker.query('update hipchat_addon_queue_groups set works = works + 1')
    const added = queueOf(other).add(work('a'), roomy)
    await expect.poll(waiting).toBe(1)
    // The same work comes to be there, and is finished, while it is added.
    await database.ask(`insert into hipchat_addon_queue
      select queue, 'a', group_name, state, due, attempt, crashes, holder, take, work from hipchat_addon_queue`)
    const finished = queueOf(store).finish('a')
    await expect.poll(waiting).toBe(2)
    await locker.query('commit')
    expect(await finished).toBe(true)
    expect(['added', 'exists']).toContain(await added)
  })

  it('is forgotten when there are none, and kept as long as there are', async () => {
    const queue = queueOf(open({ sweepEvery: 50 }))
    await queue.add(work('a'), roomy)
    await queue.add(work('b', { group: 'other' }), roomy)
    await queue.cancel('a')
    await expect
      .poll(() =>
        database.ask(`select convert_from(group_name, 'UTF8') as name from hipchat_addon_queue_groups`),
      )
      .toEqual([{ name: 'other' }])
    expect(await queue.add(work('a'), { limit: 1 })).toBe('added')
    expect(await queue.add(work('c', { group: 'other' }), { limit: 1 })).toBe('full')
  })
})

it('a group with more work than one statement removes is removed', async () => {
  const queue = queueOf(open())
  await addSome(queue, 250)
  await queue.add(work('other', { group: 'other' }), roomy)
  await queue.removeGroup('group')
  expect(await queue.counts()).toEqual({ states: { waiting: 1, running: 0, 'given up': 0 }, next: 1000 })
})

interface Plan extends Row {
  readonly Plans?: readonly Plan[]
}

/** The rows that each scan of the table of works reads, in the plan of a statement that was executed. */
const scansIn = (plan: Plan): { type: string; rows: number }[] => {
  const removed = Object.keys(plan).filter((key) => key.startsWith('Rows Removed'))
  const rows = ['Actual Rows', ...removed].reduce((sum, key) => sum + Number(plan[key]), 0)
  const own = { type: String(plan['Node Type']), rows: rows * Number(plan['Actual Loops']) }
  const isScan = plan['Relation Name'] === 'hipchat_addon_queue' && own.type.endsWith('Scan')
  return [...(isScan ? [own] : []), ...(plan.Plans ?? []).flatMap(scansIn)]
}

describe('with 10,000 waiting works', () => {
  /** The statements, and what they read. */
  let read: { sql: string; scans: { type: string; rows: number }[] }[]
  let queue: Queue
  let sweep: () => Promise<void>

  beforeEach(async () => {
    const made = await queueThrough((ask) => async (sql, values) => {
      await ask('begin')
      const [row = {}] = await ask(`explain (analyze, format json) ${sql}`, values)
      await ask('rollback')
      const [{ Plan: plan }] = row['QUERY PLAN'] as [{ Plan: Plan }] // the format of the server
      read.push({ sql, scans: scansIn(plan) })
      return ask(sql, values)
    })
    queue = made.queue
    sweep = made.sweep
    read = []
    await database.ask(`
      insert into hipchat_addon_queue
      select queue, convert_to('waiting ' || number, 'UTF8'), 'a', 'waiting', 1000 + number, 0, 0, null, null, 'work'
      from generate_series(1, 10000) number, (values ('jobs'::bytea), ('others')) queues (queue);
      insert into hipchat_addon_queue_groups values ('jobs', 'a', 10000, 0), ('others', 'a', 10000, 0)`)
  })

  it('a take with nothing due is one statement, which reads next to nothing', async () => {
    expect(await queue.take(1000, 10)).toEqual([])
    expect(read.map(({ scans }) => scans.reduce((sum, { rows }) => sum + rows, 0))).toEqual([1])
  })

  for (const state of ['new', 'analyzed'])
    it(`no call reads more than a few, when the table is ${state}`, async () => {
      if (state === 'analyzed') await database.ask('analyze')
      expect(await queue.add(work('a', { group: 'a', due: 1 }), { limit: 10_000 })).toBe('full')
      await queue.add(work('a', { due: 1 }), roomy)
      await queue.add(work('a', { due: 2 }), { ...roomy, replace: true })
      await queue.add(work('old', { due: 1 }), { ...roomy, state: 'given up' })
      const many = await queue.take(9000, 30)
      expect(many.map(({ due }) => due)).toEqual([2, ...numbers(29).map((index) => 1001 + index)])
      await queue.putBack(work('a', { due: 3 }), 'given up')
      expect(await queue.finish('waiting 1')).toBe(true)
      expect(await queue.cancel('waiting 5000')).toBe(true)
      expect((await queue.get('waiting 6000'))?.due).toBe(7000)
      for await (const { id } of queue.list('waiting')) if (id === 'waiting 60') break
      const states = { waiting: 9970, running: 28, 'given up': 1 }
      expect(await queue.counts()).toEqual({ states, next: 1030 })
      await queue.removeGroup('group')
      await sweep()
      const scans = read.flatMap(({ sql, scans }) => scans.map((scan) => ({ ...scan, sql })))
      expect(scans.length).toBeGreaterThan(20)
      expect(scans.filter(({ type, rows }) => type === 'Seq Scan' || rows > 100)).toEqual([])
    })
})
