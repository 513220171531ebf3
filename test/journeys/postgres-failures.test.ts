import { pino } from 'pino'
import { afterAll, afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { createAddon, StoreError } from '../../src/index.ts'
import { createPostgresStore } from '../../src/store/index.ts'
import { createServer, needs, type PostgresServer } from '../store/postgres-server.ts'
import { delivered, secretOf, sign, startWorld, testOptions } from '../support.ts'

const waiting = { timeout: 20_000, interval: 50 }

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

/** An add-on over this server, installed in the Lobby. It records every message it handles under `handled`. */
async function startNoting() {
  const lines: Record<string, unknown>[] = []
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) })
  const world = await startWorld(
    (addon) => {
      addon.webhook('room_message', { key: 'note', ordered: false }, async ({ message, store }) => {
        await store.update<string[]>('handled', (before = []) => [...before, message.message])
      })
    },
    { addon: { store: createPostgresStore(running.url), log }, server: { limits: false } },
  )
  const { installation } = await world.install()
  const secret = await secretOf(world.store, installation.oauthId)
  const { oauthId } = installation
  return {
    lines,
    token: () => sign(oauthId, secret),
    deliver: async (text: string, token = sign(oauthId, secret)): Promise<number> => {
      const answer = await fetch(`${world.url}/webhook/note`, {
        method: 'POST',
        headers: { authorization: `JWT ${token}` },
        body: JSON.stringify(delivered(oauthId, 1, text)),
      })
      await answer.text()
      return answer.status
    },
    handled: async (): Promise<string[]> => (await world.addon.store(installation).get('handled')) ?? [],
    get: async (path: string): Promise<[status: number, text: string]> => {
      const answer = await fetch(world.url + path)
      return [answer.status, await answer.text()]
    },
  }
}

/** A failure of PostgreSQL, and its end. */
interface Failure {
  readonly begin: () => unknown
  readonly end: () => unknown
  /** The log line during the failure. */
  readonly says: RegExp
}

const failures: [what: string, failure: Failure][] = [
  [
    'hangs and continues',
    {
      begin: () => running.signal('SIGSTOP'),
      end: () => running.signal('SIGCONT'),
      says: /went away|cannot be reached/,
    },
  ],
  [
    'is killed and started again',
    { begin: () => running.kill(), end: () => running.start(), says: /went away|cannot be reached/ },
  ],
  [
    'is restarted as a read-only server, and as one that can be written to',
    {
      begin: async () => {
        await running.stop()
        await running.start('default_transaction_read_only=on')
      },
      end: async () => {
        await running.stop()
        await running.start()
      },
      says: /refused: cannot execute \w+ in a read-only transaction/,
    },
  ],
]

describe('an add-on whose PostgreSQL', () => {
  it.each(failures)(
    '%s answers 5xx meanwhile, loses nothing it acknowledged, and resumes without a restart',
    { timeout: 60_000 },
    async (_, { begin, end, says }) => {
      const { deliver, token, handled, get, lines } = await startNoting()
      const once = token()
      expect(await deliver('before', once)).toBe(204)
      expect(await get('/readyz')).toEqual([200, 'ready'])

      await begin()
      expect(await Promise.all([deliver('meanwhile 1'), deliver('meanwhile 2')])).toEqual([503, 503])
      expect(await get('/readyz')).toEqual([503, `the store does not answer: ${running.name}`])
      expect(await get('/healthz')).toEqual([200, 'ok'])
      expect(lines.find(({ msg }) => msg === 'not ready')).toMatchObject({
        level: 50,
        err: { code: 'ERR_STORE', message: expect.stringMatching(says) },
      })
      expect(JSON.stringify(lines)).not.toMatch(/p@ss word|p%40ss/)

      await end()
      await vi.waitFor(async () => expect(await get('/readyz')).toEqual([200, 'ready']), waiting)
      expect(await deliver('after')).toBe(204)
      expect(await deliver('before', once)).toBe(204) // a replay
      expect(await handled()).toEqual(['before', 'after'])
    },
  )

  it('is unavailable at start fails within seconds, and listens once it is available', async () => {
    await running.kill()
    const addon = createAddon({ ...testOptions, store: running.url })
    onTestFinished(() => addon.close())
    const error: unknown = await addon.listen().catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(StoreError)
    expect(String(error)).toContain(`${running.name} cannot be reached: connect ECONNREFUSED`)
    await running.start()
    const { url } = await addon.listen()
    expect((await fetch(`${url}/readyz`)).status).toBe(200)
  })
})
