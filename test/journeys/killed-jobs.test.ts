import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished, type TestContext } from 'vitest'
import { openStore, scopeStore } from '../../src/store/index.ts'
import { impostorSecret, startImpostor } from '../addon/impostor.ts'
import { freePort } from '../ports.ts'
import { createDatabase, needs as needsPostgres } from '../store/postgres-server.ts'
import { needs as needsRedis, startRedis, stopRedis } from '../store/redis-server.ts'
import { delivered, sign } from '../support.ts'

/** How often a process is killed; `KILLS=500` for a long run. */
const kills = Number(process.env['KILLS'] ?? 6)
const worker = fileURLToPath(new URL('killed-jobs.worker.ts', import.meta.url))
const kinds = ['plain', 'delayed', 'retried', 'named'] as const

/** The stores, each with the function that creates one and resolves with its setting. */
const stores: Readonly<Record<string, (context: TestContext) => string | Promise<string>>> = {
  'the embedded store': () => {
    const folder = mkdtempSync(join(tmpdir(), 'hipchat-addon-killed-jobs-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    return folder
  },
  Redis: async (context) => {
    needsRedis('redis')(context)
    const port = await freePort()
    const redis = await startRedis(port)
    onTestFinished(() => stopRedis(redis))
    return `redis://127.0.0.1:${port}`
  },
  PostgreSQL: async (context) => {
    needsPostgres('postgres')(context)
    const database = await createDatabase()
    onTestFinished(async () => void (await database.remove()))
    return database.url
  },
}

interface Worker {
  readonly child: ChildProcess
  readonly url: string
}

async function start(store: string): Promise<Worker> {
  const child = fork(worker, [store], { execArgv: ['--import', 'tsx'] })
  const [url] = (await once(child, 'message')) as [string] // the only message it sends
  return { child, url }
}

async function kill({ child }: Worker): Promise<void> {
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}

/** Status of an answer, or 0 if there was none. */
async function post(url: string, body: unknown, headers: Record<string, string> = {}): Promise<number> {
  const sent = { method: 'POST', headers: { 'content-type': 'application/json', ...headers } }
  const answer = await fetch(url, { ...sent, body: JSON.stringify(body) }).catch(() => undefined)
  return answer?.status ?? 0
}

/** Sends deliveries to two processes, which are killed and started again. Resolves with those that were acknowledged. */
async function deliverDuringKills(store: string): Promise<readonly string[]> {
  const impostor = await startImpostor()
  const workers = [await start(store), await start(store)] as [Worker, Worker]
  onTestFinished(async () => void (await Promise.all(workers.map(kill))))
  expect(await post(`${workers[0].url}/installable`, impostor.record())).toBe(200)
  const acknowledged: string[] = []
  let number = 0
  let isOver = false
  const deliver = async (worker: 0 | 1, webhook: string, kind: string): Promise<void> => {
    const text = `${kind} ${++number}`
    const token = sign('client-1', impostorSecret)
    const { url } = workers[worker]
    const status = await post(`${url}/webhook/${webhook}`, delivered('client-1', 1, text), {
      authorization: `JWT ${token}`,
    })
    if (status === 204) acknowledged.push(text)
    else await delay(10)
  }
  const talk = async (worker: 0 | 1): Promise<void> => {
    while (!isOver) await deliver(worker, 'hear', 'heard')
  }
  const add = async (worker: 0 | 1): Promise<void> => {
    while (!isOver) for (const kind of kinds) await deliver(worker, 'add', kind)
  }
  const busy = [talk(0), talk(1), add(0), add(1)]
  for (let killed = 0; killed < kills; killed += 1) {
    const known = acknowledged.length
    while (acknowledged.length < known + 20) await delay(5)
    await delay(Math.random() * 100)
    const victim = Math.random() < 0.5 ? 0 : 1
    await kill(workers[victim])
    workers[victim] = await start(store)
  }
  isOver = true
  await Promise.all(busy)
  return acknowledged
}

/** What the handlers stored, and the work that was given up. */
async function readStore(setting: string) {
  const store = scopeStore(openStore(setting), 'com.example.killed:')
  try {
    const values = new Map<string, unknown>()
    for await (const [key, text] of store.entries('value:'))
      values.set(key.split(':client-1:')[1] ?? '', JSON.parse(text))
    const givenUp: string[] = []
    for await (const { work } of store.queue?.('work').list('given up') ?? []) givenUp.push(work)
    return { values, givenUp }
  } finally {
    await store.close()
  }
}

it.for(Object.entries(stores))(
  `all that two processes acknowledged on %s is done, after ${kills} kill -9`,
  {
    timeout: 180_000 + kills * 10_000,
  },
  async ([, create], context) => {
    const setting = await create(context)
    const acknowledged = await deliverDuringKills(setting)
    const left = async (): Promise<readonly string[]> => {
      const { values, givenUp } = await readStore(setting)
      // Only what was running in several processes that were killed.
      const isGivenUp = (text: string) => givenUp.some((work) => new RegExp(`"${text}\\\\?"`).test(work))
      return acknowledged.filter((text) => !values.has(`ran ${text}`) && !isGivenUp(text))
    }
    await expect.poll(left, { timeout: 120_000, interval: 1_000 }).toEqual([])
    const { values, givenUp } = await readStore(setting)
    const again = [...values].filter(([key, times]) => /^(?:ran|tick)/.test(key) && Number(times) > 1)
    // At most what a process was doing: ten jobs, and the deliveries of two connections that were not handled yet.
    expect(again.length).toBeLessThanOrEqual(kills * 30)
    expect(givenUp.length).toBeLessThanOrEqual(kills)
    expect([...values.keys()].filter((key) => key.startsWith('tick')).length).toBeGreaterThan(2)
    for (const [key, order] of values)
      if (key.startsWith('order')) expect(order).toEqual((order as string[]).toSorted(byNumber)) // written by `hear`
  },
)

const numberOf = (text: string): number => Number(text.split(' ')[1])
const byNumber = (one: string, other: string): number => numberOf(one) - numberOf(other)
