import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openStore, scopeStore } from '../../src/store/index.ts'
import { impostorSecret, startImpostor } from '../addon/impostor.ts'
import { planted } from '../leaks/planted.ts'
import { createDatabase, needs } from '../store/postgres-server.ts'
import { delivered, sign } from '../support.ts'

const worker = fileURLToPath(new URL('killed-handlers.worker.ts', import.meta.url))

/** An add-on that is installed in room 1, started again as often as its handlers end it. Its store is a folder by default. */
async function startWorker(secretKey = '', setting?: string) {
  const folder = mkdtempSync(join(tmpdir(), 'hipchat-addon-handlers-'))
  const storeSetting = setting ?? folder
  const impostor = await startImpostor()
  const lines: string[] = []
  const children: ChildProcess[] = []
  onTestFinished(() => {
    for (const child of children) child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  })

  /** Starts a process; resolves with its address, or with nothing if it is killed before it listens. */
  async function start(): Promise<string | undefined> {
    const started = fork(worker, [storeSetting, secretKey], {
      execArgv: ['--import', 'tsx'],
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    })
    children.push(started)
    started.stdout?.setEncoding('utf8').on('data', (text: string) => lines.push(...text.trim().split('\n')))
    return Promise.race([
      once(started, 'message').then(([url]) => url as string), // the only message it sends
      once(started, 'exit').then(() => undefined),
    ])
  }

  const url = await start()
  const post = async (path: string, body: unknown, headers: Record<string, string> = {}) => {
    const sent = { method: 'POST', headers: { 'content-type': 'application/json', ...headers } }
    const answer = await fetch(`${url}${path}`, { ...sent, body: JSON.stringify(body) }).catch(
      () => undefined,
    )
    return answer?.status
  }
  expect(await post('/installable', impostor.record())).toBe(200)
  return {
    folder,
    start,
    /** Delivers a message; resolves with the status, or with nothing if the process ended. */
    deliver: (text: string, jti: string, webhook = 'hook') =>
      post(`/webhook/${webhook}`, delivered('client-1', 1, text), {
        authorization: `JWT ${sign('client-1', impostorSecret, { jti })}`,
      }),
    /** Resolves when the last process has ended. */
    async ended(): Promise<void> {
      const last = children.at(-1)
      if (last && last.exitCode === null && last.signalCode === null) await once(last, 'exit')
    },
    /** Lets the handler of `poison` end its process, once these deliveries are in the journal. */
    async end(accepted: readonly string[]): Promise<void> {
      const claims = join(folder, 'claims')
      const written = () =>
        readdirSync(claims)
          .filter((file) => file.endsWith('.log'))
          .map((file) => readFileSync(join(claims, file), 'latin1'))
          .join('')
      const isThere = (id: string): boolean => written().includes(encodeURIComponent(`:client-1:${id}`))
      await expect.poll(() => accepted.every(isThere), { timeout: 20_000 }).toBe(true)
      children.at(-1)?.send('end')
    },
    /** Resolves with what the handlers stored, once there is as much of it, or something like it. */
    async ran(wanted: number | RegExp): Promise<readonly string[]> {
      const store = scopeStore(openStore(storeSetting), 'com.example.killed:')
      try {
        const read = async (): Promise<string[]> => {
          for await (const [key, text] of store.entries('value:'))
            if (key.endsWith(':ran')) return JSON.parse(text)
          return []
        }
        const enough = (all: readonly string[]): boolean =>
          typeof wanted === 'number' ? all.length === wanted : all.some((one) => wanted.test(one))
        await expect.poll(async () => enough(await read()), { timeout: 20_000 }).toBe(true)
        return await read()
      } finally {
        await store.close()
      }
    },
    logged: (message: RegExp) => lines.map((line) => JSON.parse(line)).filter(({ msg }) => message.test(msg)),
  }
}

describe('a delivery whose process is killed in its handler', () => {
  it('is handled again when the add-on starts, before newer ones of its room, and does no step twice', async () => {
    const { start, deliver, ended, ran, logged } = await startWorker()
    expect(await deliver('first', 'a')).toBe(204)
    expect(await deliver('second 1', 'b')).toBeUndefined()
    await ended()
    await start()
    expect(await ran(3)).toEqual([
      'first 1 a: first in attempt 1',
      'second 1 b: second in attempt 1',
      'second 2 b: second in attempt 1',
    ])
    await expect
      .poll(() => logged(/handled again/))
      .toMatchObject([{ installation: 'client-1', webhook: 'hook', delivery: 'b', attempt: 2 }])
  })

  it('is handled by another process on the same folder, within seconds', async () => {
    const { start, deliver, ran } = await startWorker()
    await start()
    expect(await deliver('word 1', 'a')).toBeUndefined() // sent to the first process
    expect(await ran(2)).toEqual(['word 1 a: word in attempt 1', 'word 2 a: word in attempt 1'])
  })

  it('is handled by another process on the same PostgreSQL, within seconds', async (context) => {
    needs('postgres')(context)
    const database = await createDatabase()
    onTestFinished(async () => void (await database.remove()))
    const { start, deliver, ran } = await startWorker('', database.url)
    await start()
    expect(await deliver('word 1', 'a')).toBeUndefined() // sent to the first process
    expect(await ran(2)).toEqual(['word 1 a: word in attempt 1', 'word 2 a: word in attempt 1'])
  })

  it('is given up, with a line that names it, when it ends the process a second time', async () => {
    const { start, end, ended, deliver, ran, logged } = await startWorker()
    const answer = deliver('poison 9', 'a')
    await end(['a'])
    expect(await answer).toBeUndefined()
    await ended()
    await start()
    await ended()
    expect(await start()).toBeDefined()
    expect(await ran(2)).toHaveLength(2)
    await expect
      .poll(() => logged(/given up/))
      .toMatchObject([
        {
          level: 50,
          msg: 'a delivery is given up: 2 processes ended while they handled it',
          installation: 'client-1',
          webhook: 'hook',
          delivery: 'a',
          attempts: 2,
        },
      ])
  })

  it('is given up without those that waited behind it', async () => {
    const { start, end, ended, deliver, ran, logged } = await startWorker()
    const answers = Promise.all([deliver('poison 9', 'a'), deliver('one', 'b'), deliver('two', 'c')])
    await end(['a', 'b', 'c'])
    await ended()
    expect(await answers).toEqual([undefined, undefined, undefined])
    await start()
    await ended()
    expect(await start()).toBeDefined()
    expect((await ran(4)).slice(2)).toEqual(['one 3 b: one in attempt 3', 'two 3 c: two in attempt 3'])
    expect(logged(/given up/)).toMatchObject([{ delivery: 'a' }])
  })

  it('is found among those that were being handled with it, and only it is given up', async () => {
    const { start, end, ended, deliver, ran, logged } = await startWorker()
    const answers = Promise.all([deliver('poison 9', 'a', 'unordered'), deliver('slow', 'b', 'unordered')])
    await end(['a', 'b'])
    for (const _ of ['accepted', 'both again', 'the first alone']) {
      await ended()
      await start()
    }
    expect(await answers).toEqual([undefined, undefined])
    await ran(/^slow [34] b: slow in attempt 1$/) // alone: before or after the one that ends the process
    await expect.poll(() => logged(/given up/)).toHaveLength(1)
    expect(logged(/given up/)).toMatchObject([
      { delivery: 'a', msg: 'a delivery is given up: 3 processes ended while they handled it' },
    ])
  })

  it('is encrypted in the store with secretKey, and handled again with it', async () => {
    const { folder, start, ended, deliver, ran } = await startWorker(planted('secret-key-of-the-journal'))
    expect(await deliver('confidential 1', 'a')).toBeUndefined()
    await ended()
    const claims = join(folder, 'claims')
    const logs = readdirSync(claims).map((file) => readFileSync(join(claims, file), 'latin1'))
    expect(logs.join()).toContain('sealed:v1:')
    expect(logs.join()).not.toContain('confidential')
    await start()
    expect(await ran(2)).toEqual([
      'confidential 1 a: confidential in attempt 1',
      'confidential 2 a: confidential in attempt 1',
    ])
  })
})
