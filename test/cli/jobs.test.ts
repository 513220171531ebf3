import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, type TestContext } from 'vitest'
import type { Job } from '../../src/addon/jobs/job.ts'
import { createWorkForm, queueOf, type Work } from '../../src/addon/jobs/work.ts'
import {
  createEmbeddedStore,
  createSealing,
  openStore,
  type Queue,
  type Store,
  scopeStore,
} from '../../src/store/index.ts'
import { planted } from '../leaks/planted.ts'
import { freePort } from '../ports.ts'
import { createDatabase, needs as needsPostgres } from '../store/postgres-server.ts'
import { needs, startRedis, stopRedis } from '../store/redis-server.ts'
import { startWorld } from '../support.ts'
import { linesOf, main, run, start, temporaryFolder } from './support.ts'

const key = 'com.example.reminders'
const secretKey = planted('a-passphrase-of-some-length')
const hour = 3_600_000

/** The id in the queue of the job `remind` with this id. */
const idOf = (id: string): string => `job:remind:f00:${id}`

const job = (id: string, more: { data?: unknown; error?: string } = {}): Work => ({
  kind: 'job',
  name: 'remind',
  oauthId: 'f00',
  id,
  run: `run of ${id}`,
  roomId: 1,
  ...more,
})

const standup: Work = {
  kind: 'schedule',
  name: 'standup',
  oauthId: 'f00',
  run: 'a run',
  rule: '0 9 * * * UTC',
  occurrence: 0,
}

/** An embedded store that stays open while the command uses it, as that of a running add-on does. */
function openFolder(folder = join(temporaryFolder(), 'store')): { folder: string; store: Store } {
  const store = createEmbeddedStore({ path: folder })
  onTestFinished(() => store.close())
  return { folder, store }
}

/** The queue of an add-on that is installed. */
async function queueFor(store: Store, addon = key): Promise<Queue> {
  const part = scopeStore(store, `${addon}:`)
  await part.set('installation:f00', '{}')
  const queue = queueOf(part)
  if (!queue) throw new Error('the store has no queues')
  return queue
}

/** The address of a Redis of the test's own. */
async function newRedis(test: Pick<TestContext, 'skip'>): Promise<string> {
  needs('redis-server')(test)
  const port = await freePort()
  const server = await startRedis(port)
  onTestFinished(() => stopRedis(server))
  return `redis://127.0.0.1:${port}`
}

/** The address of a database of the test's own. */
async function newDatabase(test: Pick<TestContext, 'skip'>): Promise<string> {
  needsPostgres('postgres')(test)
  const { url, remove } = await createDatabase()
  onTestFinished(async () => void (await remove()))
  return url
}

/** A store with one job or occurrence in each state. */
async function filled() {
  const { folder, store } = openFolder()
  const queue = await queueFor(store)
  const form = createWorkForm(createSealing())
  const add = (work: Work, due: number, state: 'waiting' | 'given up' = 'waiting') =>
    queue.add(form.queued(work, { due, attempt: state === 'waiting' ? 0 : 5 }), { limit: 100, state })
  const now = Date.now()
  await add(job('now'), now)
  expect(await queue.take(now, 1)).toHaveLength(1)
  await add(job('late', { data: { text: 'tea' } }), now - 2.5 * hour)
  await add(standup, now + 2.5 * hour)
  const token = planted('token')
  const error = `no answer\u001b[2J from https://example.com/?token=${token}`
  await add(job('failed', { error, data: { text: 'tea', token } }), now + 49 * hour, 'given up')
  return { folder, queue, at: ['--store', folder] }
}

describe('hipchat-addon jobs list', () => {
  it('lists what is running, waiting and given up, with the time it is due', async () => {
    const { at } = await filled()
    const { code, out, err } = await run(['jobs', 'list', ...at])
    expect([code, err]).toEqual([0, ''])
    const [head, ...rows] = linesOf(out).map((line) => line.split(/ {2,}/))
    expect(head).toEqual(['id', 'kind', 'name', 'installation', 'due', 'state', 'attempt', 'error'])
    const time = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d`
    const due = (text: string) => expect.stringMatching(new RegExp(`^${time}${text}$`))
    const error = 'no answer [2J from https://example.com/?[redacted]'
    expect(rows).toEqual([
      [idOf('now'), 'job', 'remind', 'f00', due(''), 'running', '1'],
      [idOf('late'), 'job', 'remind', 'f00', due(', 2 h late'), 'waiting', '0'],
      ['schedule:standup:f00', 'schedule', 'standup', 'f00', due(', in 2 h'), 'waiting', '0'],
      [idOf('failed'), 'job', 'remind', 'f00', due(', forgotten in 2 d'), 'given up', '5', error],
    ])
  })

  it('lists one state, as JSON when asked', async () => {
    const { at } = await filled()
    const idsIn = async (state: string): Promise<string[]> => {
      const { out } = await run(['jobs', 'list', '--state', state, '--json', ...at])
      return JSON.parse(out).map((one: { id: string }) => one.id)
    }
    expect(await idsIn('running')).toEqual([idOf('now')])
    expect(await idsIn('waiting')).toEqual([idOf('late'), 'schedule:standup:f00'])
    expect(await idsIn('given-up')).toEqual([idOf('failed')])
  })

  it('says that there is nothing', async () => {
    const { folder, store } = openFolder()
    await queueFor(store)
    const at = ['--store', folder]
    expect((await run(['jobs', 'list', ...at])).out).toBe('Nothing is queued.\n')
    expect((await run(['jobs', 'list', '--state', 'given-up', ...at])).out).toBe('Nothing is given up.\n')
    expect((await run(['jobs', 'list', '--json', ...at])).out).toBe('[]\n')
  })
})

describe('hipchat-addon jobs show', () => {
  it('prints all of a job and its data, but no secret', async () => {
    const { at } = await filled()
    const { code, out, err } = await run(['jobs', 'show', idOf('failed'), ...at])
    expect([code, err]).toEqual([0, ''])
    expect(linesOf(out)).toEqual([
      `id            ${idOf('failed')}`,
      'kind          job',
      'name          remind',
      'installation  f00',
      'room          1',
      'job id        failed',
      expect.stringMatching(/^due {11}\d.*, forgotten in 2 d$/),
      'state         given up',
      'attempt       5',
      'crashes       0',
      'error         no answer [2J from https://example.com/?[redacted]',
      'data          {',
      '                "text": "tea",',
      '                "token": "[redacted]"',
      '              }',
    ])
    const json = await run(['jobs', 'show', idOf('late'), '--json', ...at])
    expect(JSON.parse(json.out)).toEqual({
      id: idOf('late'),
      kind: 'job',
      name: 'remind',
      installation: 'f00',
      roomId: 1,
      jobId: 'late',
      state: 'waiting',
      due: expect.stringMatching(/Z$/),
      attempt: 0,
      crashes: 0,
      data: { text: 'tea' },
    })
  })
})

describe('hipchat-addon jobs run and cancel', () => {
  it('make a job of a running add-on run, and remove one', async () => {
    const { folder, store } = openFolder()
    const ran: unknown[] = []
    let remind: Job<string> | undefined
    const world = await startWorld(
      (addon) => {
        remind = addon.job<string>('remind', ({ data, attempt }) => void ran.push([data, attempt]))
      },
      { addon: { store } },
    )
    const { installation } = await world.install()
    for (const id of ['tea', 'milk']) await remind?.add(installation, id, { id, delay: hour })
    const at = ['--store', folder]
    const tea = `job:remind:${installation.oauthId}:tea`
    const milk = `job:remind:${installation.oauthId}:milk`
    expect(await run(['jobs', 'cancel', milk, ...at])).toEqual({
      code: 0,
      out: `Removed  ${milk}\n`,
      err: '',
    })
    expect(await run(['jobs', 'run', tea, ...at])).toEqual({
      code: 0,
      out: `Due now  ${tea}: it runs within seconds, or when the add-on starts\n`,
      err: '',
    })
    await expect.poll(() => ran, { timeout: 10_000 }).toEqual([['tea', 1]])
    await expect.poll(async () => (await run(['jobs', 'list', ...at])).out).toBe('Nothing is queued.\n')
  })

  it('make due what was given up, and say what becomes of a schedule', async () => {
    const { at, queue } = await filled()
    const given = ['--json', '--key', key, ...at]
    const again = await run(['jobs', 'run', idOf('failed'), ...given])
    expect(JSON.parse(again.out)).toEqual({ id: idOf('failed'), key })
    expect(await queue.get(idOf('failed'))).toMatchObject({ state: 'waiting', attempt: 0 })
    expect(await run(['jobs', 'cancel', 'schedule:standup:f00', ...at])).toMatchObject({
      code: 0,
      out: 'Removed  schedule:standup:f00: the schedule itself goes on when the add-on starts again\n',
    })
    expect(await queue.get('schedule:standup:f00')).toBeUndefined()
  })

  it.each(['run', 'cancel'])('%s refuses a job that is running, and leaves it as it is', async (action) => {
    const { at, queue } = await filled()
    const refused = await run(['jobs', action, idOf('now'), ...at])
    expect(refused).toMatchObject({ code: 1, out: '' })
    expect(refused.err).toBe(
      `${idOf('now')} is running: try again when it has ended; if its process was killed, when the add-on has started again\n`,
    )
    expect(await queue.get(idOf('now'))).toMatchObject({ state: 'running' })
  })

  it.each(['show', 'run', 'cancel'])('%s refuses an id that there is not', async (action) => {
    const { at } = await filled()
    const refused = await run(['jobs', action, idOf('none'), ...at])
    expect(refused).toMatchObject({ code: 1, out: '' })
    expect(refused.err).toMatch(/^no job has the id job:remind:f00:none: it has run or was removed, or .*\n$/)
  })
})

describe('the store of hipchat-addon jobs', () => {
  const running = ['jobs', 'list', '--state', 'running', '--json']

  it('is that of the environment, or of a file .env', async () => {
    const { folder, at } = await filled()
    const expected = await run([...running, ...at])
    expect(JSON.parse(expected.out)).toMatchObject([{ id: idOf('now') }])
    expect(await run(running, { STORE_URL: `file:${folder}` })).toEqual(expected)
    const cwd = temporaryFolder()
    writeFileSync(join(cwd, '.env'), `STORE_URL=${folder}`)
    const { ended, printed } = start(process.execPath, [main, ...running], { cwd, env: { STORE_URL: '' } })
    expect(await ended).toBe(0)
    expect(printed()).toBe(expected.out)
  })

  it('is otherwise the folder that add-ons use by default', async () => {
    const cwd = temporaryFolder()
    const { store } = openFolder(join(cwd, '.hipchat-addon'))
    await queueFor(store)
    const { ended, printed } = start(process.execPath, [main, ...running], { cwd })
    expect(await ended).toBe(0)
    expect(printed()).toBe('[]\n')
  })

  it.for([
    ['Redis', newRedis],
    ['PostgreSQL', newDatabase],
  ] as const)('can be in %s, whose address may come from the environment', async ([, create], test) => {
    const STORE_URL = await create(test)
    const store = openStore(STORE_URL)
    onTestFinished(() => store.close())
    const queue = await queueFor(store)
    const form = createWorkForm(createSealing())
    await queue.add(form.queued(job('tea'), { due: Date.now() + hour }), { limit: 1 })
    const act = async (...given: string[]) => (await run(['jobs', ...given], { STORE_URL })).code
    expect(await act('run', idOf('tea'))).toBe(0)
    expect(await queue.take(Date.now(), 1)).toMatchObject([{ id: idOf('tea') }])
    expect(await act('cancel', idOf('tea'))).toBe(1)
    await queue.putBack(form.queued(job('tea'), { due: Date.now() + hour }))
    expect(await act('cancel', idOf('tea'))).toBe(0)
    expect(await queue.get(idOf('tea'))).toBeUndefined()
  })

  it('is not created where there is none', async () => {
    const folder = temporaryFolder()
    for (const path of [folder, join(folder, 'typo')]) {
      const refused = await run(['jobs', 'list', '--store', path])
      expect(refused).toMatchObject({ code: 2, out: '' })
      expect(refused.err).toBe(
        `error: --store: expected the folder of an add-on's store, or redis://… or postgres://…; there is no store in ${path} (see hipchat-addon --help)\n`,
      )
    }
    expect(existsSync(join(folder, 'typo'))).toBe(false)
    expect(existsSync(join(folder, 'data.mdb'))).toBe(false)
  })

  it('can have the data of several add-ons: then --key chooses', async () => {
    const { folder, store } = openFolder()
    const form = createWorkForm(createSealing())
    for (const addon of ['com.example.b', 'com.example.a']) {
      const queue = await queueFor(store, addon)
      await queue.add(form.queued(job(addon), { due: Date.now() + hour }), { limit: 1 })
    }
    const list = (...given: string[]) => run(['jobs', 'list', '--store', folder, ...given])
    expect(await list()).toEqual({
      code: 2,
      out: '',
      err: 'error: --key: expected one of com.example.a, com.example.b; got none (see hipchat-addon --help)\n',
    })
    expect((await list('--key', 'com.example')).err).toContain(
      '--key: expected one of com.example.a, com.example.b; got com.example (',
    )
    const { out } = await list('--key', 'com.example.b', '--json')
    expect(JSON.parse(out)).toMatchObject([{ id: idOf('com.example.b') }])
  })

  it('is read with SECRET_KEY, which is asked for by name and never printed', async () => {
    const { folder, store } = openFolder()
    const queue = await queueFor(store)
    const form = createWorkForm(createSealing(secretKey))
    await queue.add(form.queued(job('tea', { data: 'tea' }), { due: Date.now() + hour }), { limit: 1 })
    const act = (action: string, key: string) =>
      run(['jobs', action, idOf('tea'), '--store', folder], { SECRET_KEY: key })
    expect((await act('show', secretKey)).out).toMatch(/^data +"tea"$/m)
    const failures: [given: string, message: RegExp][] = [
      ['', /is encrypted, but there is no SECRET_KEY: set the key it was encrypted with \(id \w+\)/],
      [
        planted('another-passphrase'),
        /encrypted with a key that is not in SECRET_KEY: expected the id \w+, got \w+\. Set SECRET_KEY to that key\. /,
      ],
      ['short', /error: SECRET_KEY: expected 32 random bytes .*, got a string of 5 characters/],
    ]
    for (const [given, message] of failures) {
      const refused = await act('run', given)
      expect(refused).toMatchObject({ code: 2, out: '' })
      expect(refused.err).toMatch(message)
      expect(linesOf(refused.err)).toHaveLength(1)
    }
    expect((await act('run', secretKey)).code).toBe(0)
    const [taken] = await queue.take(Date.now(), 1)
    expect(taken && form.read(taken)).toMatchObject({ data: 'tea' })
  })

  it.each<[string, string[], number, RegExp]>([
    ['no action', [], 2, /missing required argument 'action'/],
    ['an unknown action', ['lst'], 2, /'lst' is invalid .* Allowed choices are list, show, run, cancel\./],
    ['no id', ['show'], 2, /show: expected the id of a job, as printed by list/],
    ['an empty id', ['cancel', ''], 2, /cancel: expected the id of a job, as printed by list/],
    ['an id for list', ['list', 'x'], 2, /list: expected no id, got x/],
    [
      'a state for show',
      ['show', 'x', '--state', 'waiting'],
      2,
      /--state: expected with list only, got with show/,
    ],
    ['an unknown state', ['list', '--state', 'done'], 2, /Allowed choices are waiting, running, given-up\./],
    ['an empty store', ['list', '--store', ''], 2, /error: --store: expected .* got an empty string/],
    [
      'an unknown scheme',
      ['list', '--store', 'mysql://db/a'],
      2,
      /--store: expected .* got the scheme mysql:/,
    ],
    [
      'a store that does not answer',
      ['list', '--store', 'redis://127.0.0.1:1'],
      1,
      /^redis:\/\/127\.0\.0\.1:1 /,
    ],
    [
      'a store without add-ons',
      ['list', '--store', 'memory:'],
      2,
      /--store: no add-on is installed in memory:/,
    ],
  ])('or the arguments are refused in one line: %s', async (_, given, code, message) => {
    const ended = await run(['jobs', ...given])
    expect(ended).toMatchObject({ code, out: '' })
    expect(ended.err).toMatch(message)
    expect(linesOf(ended.err)).toHaveLength(1)
  })
})
