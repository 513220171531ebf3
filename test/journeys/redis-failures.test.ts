import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { type AddonOptions, createAddon, StoreError } from '../../src/index.ts'
import { createHipChatServer } from '../../src/server/index.ts'
import { createRedisStore } from '../../src/store/index.ts'
import { freePort } from '../ports.ts'
import { startWatched } from '../store/redis-deployments.ts'
import { ask, needs, startRedis, stopRedis } from '../store/redis-server.ts'
import { delivered, secretOf, sign, startWorld, testOptions } from '../support.ts'

const password = 'p@ss word'
const waiting = { timeout: 20_000, interval: 50 }

beforeEach(needs('redis-server'))

/** A Redis that stores on disk everything it acknowledged; ended with the test. */
async function startDurable() {
  const folder = mkdtempSync(join(tmpdir(), 'hipchat-addon-redis-'))
  const port = await freePort()
  const start = async (...settings: string[]) => {
    const started = await startRedis(port, '--requirepass', password, '--dir', folder, ...settings)
    await vi.waitFor(() => ask(port, ['PING'], password)) // it listens before it has loaded its data
    return started
  }
  const durable = ['--appendonly', 'yes', '--appendfsync', 'always']
  let child = await start(...durable)
  onTestFinished(async () => {
    await stopRedis(child)
    rmSync(folder, { recursive: true, force: true })
  })
  return {
    url: `redis://:${encodeURIComponent(password)}@127.0.0.1:${port}`,
    name: `redis://127.0.0.1:${port}`,
    signal: (signal: NodeJS.Signals) => child.kill(signal),
    kill: () => stopRedis(child),
    ask: (...command: string[]) => ask(port, command, password),
    async restart(): Promise<void> {
      child = await start(...durable)
    },
    async restartEmpty(): Promise<void> {
      child = await start()
    },
  }
}

/** Log lines of an add-on, parsed. */
function createLines() {
  const lines: Record<string, unknown>[] = []
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) })
  return { lines, log }
}

/**
 * An add-on over this store, installed in the Lobby. It records every message it handles under `handled`; a message that
 * begins with `wait` only after the gate was opened.
 */
async function startNoting(storeUrl: string) {
  const { lines, log } = createLines()
  const entered: string[] = []
  let open = (): void => {}
  const gate = new Promise<void>((resolve) => {
    open = resolve
  })
  const world = await startWorld(
    (addon) => {
      addon.webhook('room_message', { key: 'note', ordered: false }, async ({ message, store }) => {
        entered.push(message.message)
        if (message.message.startsWith('wait')) await gate
        await store.update<string[]>('handled', (before = []) => [...before, message.message])
      })
    },
    {
      addon: { store: createRedisStore(storeUrl), log, acknowledgeAfter: 20_000 },
      server: { limits: false },
    },
  )
  const { installation } = await world.install()
  const secret = await secretOf(world.store, installation.oauthId)
  const { oauthId } = installation
  return {
    ...world,
    lines,
    entered,
    openGate: () => open(),
    deliver: async (text: string, token = sign(oauthId, secret)): Promise<number> => {
      const answer = await fetch(`${world.url}/webhook/note`, {
        method: 'POST',
        headers: { authorization: `JWT ${token}` },
        body: JSON.stringify(delivered(oauthId, 1, text)),
      })
      await answer.text()
      return answer.status
    },
    token: () => sign(oauthId, secret),
    handled: async (): Promise<string[]> => (await world.addon.store(installation).get('handled')) ?? [],
    get: async (path: string): Promise<[status: number, text: string]> => {
      const answer = await fetch(world.url + path)
      return [answer.status, await answer.text()]
    },
  }
}

type Durable = Awaited<ReturnType<typeof startDurable>>

/** A failure of Redis, and its end. */
interface Failure {
  readonly begin: (redis: Durable) => unknown
  readonly end: (redis: Durable) => unknown
  /** The log line during the failure. */
  readonly says: RegExp
  /** The answer to a delivery whose handler could not write. */
  readonly handlerStatus: 500 | 503
}

const failures: [what: string, failure: Failure][] = [
  [
    'hangs and continues',
    {
      begin: (redis) => redis.signal('SIGSTOP'),
      end: (redis) => redis.signal('SIGCONT'),
      says: /went away|cannot be reached/,
      handlerStatus: 503,
    },
  ],
  [
    'is killed and started again',
    {
      begin: (redis) => redis.kill(),
      end: (redis) => redis.restart(),
      says: /went away|cannot be reached/,
      handlerStatus: 503,
    },
  ],
  [
    'answers late',
    {
      begin: (redis) => redis.ask('CLIENT', 'PAUSE', '6000', 'ALL'),
      end: () => {}, // by itself
      says: /went away|cannot be reached/,
      handlerStatus: 503,
    },
  ],
  [
    'is made a replica and master again',
    {
      begin: (redis) => redis.ask('REPLICAOF', '127.0.0.1', '1'),
      end: (redis) => redis.ask('REPLICAOF', 'NO', 'ONE'),
      says: /(?:refused|went away): READONLY/, // the first refused command drops the connection, and others with it
      handlerStatus: 503,
    },
  ],
  [
    'is full and gets space',
    {
      begin: (redis) => redis.ask('CONFIG', 'SET', 'maxmemory', '1'),
      end: (redis) => redis.ask('CONFIG', 'SET', 'maxmemory', '0'),
      says: /refused: OOM/,
      handlerStatus: 500, // releasing its claim takes no space
    },
  ],
]

describe('an add-on whose Redis', () => {
  it.each(failures)(
    '%s answers 503 meanwhile, loses nothing it acknowledged, and resumes without a restart',
    { timeout: 60_000 },
    async (_, { begin, end, says, handlerStatus: refused }) => {
      const redis = await startDurable()
      const { deliver, entered, openGate, handled, get, lines, admin, addon, install } = await startNoting(
        redis.url,
      )
      expect(await deliver('before')).toBe(204)
      expect(await get('/readyz')).toEqual([200, 'ready'])
      const gated = deliver('wait for the gate')
      await vi.waitFor(() => expect(entered).toContain('wait for the gate'), waiting)

      // A handler at work, and deliveries and an installation in transit.
      const noted = lines.length
      const descriptor = addon.descriptor.links.self
      const underWay = [deliver('on its way 1'), deliver('on its way 2')]
      const installing = admin.installAddon({ url: descriptor, room_id: 'Workshop' }).then(
        ({ id }) => id,
        () => undefined,
      )
      await begin(redis)
      openGate()
      const meanwhile = await Promise.all([deliver('meanwhile 1'), deliver('meanwhile 2')])
      expect(meanwhile).toEqual([503, 503])
      expect(await get('/readyz')).toEqual([503, `the store does not answer: ${redis.name}`])
      expect(await get('/healthz')).toEqual([200, 'ok'])
      expect(await gated).toBe(refused)
      const statuses = await Promise.all(underWay)
      for (const status of statuses) expect([204, 500, 503]).toContain(status)
      const installed = await installing

      const logged = JSON.stringify(lines.slice(noted))
      expect(lines.find(({ msg }) => msg === 'not ready')).toMatchObject({
        level: 50,
        err: { code: 'ERR_STORE', message: expect.stringMatching(says) },
      })
      expect(lines.find(({ msg }) => msg === 'a request failed')).toMatchObject({
        level: 50,
        path: '/webhook/note',
        err: { code: 'ERR_STORE', message: expect.stringContaining(redis.name) },
      })
      expect(logged).not.toMatch(/p@ss word|p%40ss/)

      await end(redis)
      await vi.waitFor(async () => expect(await get('/readyz')).toEqual([200, 'ready']), waiting)
      expect(await deliver('after')).toBe(204)
      const acknowledged = [
        'before',
        'after',
        ...['on its way 1', 'on its way 2'].filter((_, at) => statuses[at] === 204),
      ]
      expect(await handled()).toEqual(expect.arrayContaining(acknowledged))
      // Requests that were refused before they were claimed may come again, under another token.
      expect(await deliver('meanwhile 1')).toBe(204)
      expect(await handled()).toContain('meanwhile 1')
      if (installed !== undefined) expect(await addon.installation(installed)).toBeDefined()
      else await install('Workshop')
    },
  )

  it('comes back empty refuses unknown installations, and can be installed again', {
    timeout: 60_000,
  }, async () => {
    const redis = await startDurable()
    const { deliver, get, lines, install } = await startNoting(redis.url)
    expect(await deliver('before')).toBe(204)
    await redis.kill()
    expect(await deliver('meanwhile')).toBe(503)
    await redis.restartEmpty()
    expect(await get('/readyz')).toEqual([200, 'ready'])
    expect(await deliver('after')).toBe(401)
    expect(lines.at(-1)).toMatchObject({ fault: 'unknown issuer' })
    const { installation } = await install('Workshop')
    expect(installation.roomId).toBeGreaterThan(0)
  })

  it('restarts with its data still refuses replays', { timeout: 60_000 }, async () => {
    const redis = await startDurable()
    const { deliver, token, handled } = await startNoting(redis.url)
    const once = token()
    expect(await deliver('once', once)).toBe(204)
    await redis.kill()
    await redis.restart()
    expect(await deliver('once', once)).toBe(204)
    expect(await handled()).toEqual(['once'])
  })

  it('is unavailable at start fails within seconds, and listens once Redis is available', async () => {
    const redis = await startDurable()
    await redis.kill()
    const addon = createAddon({ ...testOptions, store: redis.url } satisfies AddonOptions)
    onTestFinished(() => addon.close())
    const error: unknown = await addon.listen().catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(StoreError)
    expect(String(error)).toContain(`${redis.name} cannot be reached: connect ECONNREFUSED`)
    await redis.restart()
    const { url } = await addon.listen()
    expect((await fetch(`${url}/readyz`)).status).toBe(200)
  })

  it('has a different password from the URL cannot start, and shows the wrong one nowhere', async () => {
    const redis = await startDurable()
    const { lines, log } = createLines()
    for (const [userinfo, says] of [
      [':geheim@', /cannot be reached: WRONGPASS/],
      ['', /refused: NOAUTH/],
    ] as const) {
      const addon = createAddon({ ...testOptions, log, store: redis.name.replace('//', `//${userinfo}`) })
      onTestFinished(() => addon.close())
      const error: unknown = await addon.listen().catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(StoreError)
      expect(String(error)).toMatch(says)
      expect(String((error as Error).stack)).not.toContain('geheim')
    }
    expect(JSON.stringify(lines)).not.toContain('geheim')
  })

  it('fails over to a replica continues with it without a restart', { timeout: 60_000 }, async () => {
    const redis = await startWatched()
    onTestFinished(() => redis.stop())
    const { deliver, get, handled } = await startNoting(redis.url)
    expect(await deliver('before')).toBe(204)
    const old = await redis.master()
    await vi.waitFor(async () => expect(await redis.ask(old, 'WAIT', '1', '1000')).toBe(1), waiting)
    await redis.replaceAfter(60_000) // not before the outage was seen
    await stopRedis(old.child)
    expect(await deliver('meanwhile')).toBe(503)
    expect((await get('/readyz'))[0]).toBe(503)
    await redis.replaceAfter(500)
    await vi.waitFor(async () => expect(await get('/readyz')).toEqual([200, 'ready']), waiting)
    expect(await deliver('after')).toBe(204)
    expect(await handled()).toEqual(['before', 'after'])
  })
})

it('the server records a delivery that could not be handled because of Redis', async () => {
  const redis = await startDurable()
  const server = createHipChatServer({ port: 0, checkResponses: true })
  const addon = createAddon({ ...testOptions, store: redis.url })
  addon.webhook('room_message', () => 'heard')
  await server.listen()
  await addon.listen()
  onTestFinished(async () => {
    await addon.close()
    await server.close()
  })
  await server.install(addon.descriptor.links.self, { room: 'Lobby' })
  await redis.kill()
  await server.say('Lobby', 'alice', 'hello')
  await server.idle()
  expect(server.deliveries().at(-1)).toMatchObject({ status: 503 })
  await redis.restart()
  await server.say('Lobby', 'alice', 'hello again')
  await server.idle()
  expect(server.deliveries().at(-1)).toMatchObject({ status: 200 })
  expect(server.history('Lobby').at(-1)?.message).toBe('heard')
})
