import { fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createPersonalClient } from '../../src/index.ts'
import { createHipChatServer } from '../../src/server/index.ts'
import { openStore, scopeStore } from '../../src/store/index.ts'
import { freePort } from '../ports.ts'
import { createDatabase, needs as needsPostgres } from '../store/postgres-server.ts'
import { needs, sharedUrl } from '../store/redis-server.ts'
import { delivered, sign } from '../support.ts'

const worker = fileURLToPath(new URL('several-processes.worker.ts', import.meta.url))

/** Four processes of one add-on on one port and one store, and a server that counts requests. */
async function start(setting: string) {
  const asked: string[] = []
  const note = (record: object): void => {
    if ('operation' in record) asked.push(String(record.operation))
  }
  const server = createHipChatServer({
    port: 0,
    limits: false,
    checkResponses: true,
    log: { info: note, warn: note, error: note },
  })
  await server.listen()
  const port = await freePort()
  const many = fork(worker, [setting, String(port), '4'], { execArgv: ['--import', 'tsx'] })
  const store = scopeStore(openStore(setting), 'com.example.many:')
  onTestFinished(async () => {
    const ended = new Promise((resolve) => many.once('exit', resolve))
    many.kill('SIGTERM')
    await ended
    await store.close()
    await server.close()
  })
  await new Promise((resolve) => many.once('message', resolve))
  const admin = createPersonalClient({ apiUrl: server.apiUrl, token: server.adminToken })
  const { id } = await admin.installAddon({ url: `http://localhost:${port}/`, room_id: 'Lobby' })
  const value = async (key: string): Promise<unknown> => {
    for await (const [name, text] of store.entries('value:'))
      if (name.endsWith(`:${id}:${key}`)) return JSON.parse(text)
    return undefined
  }
  return {
    server,
    admin,
    id,
    store,
    value,
    ask: `http://localhost:${port}/webhook/ask`,
    exchanges: () => asked.filter((name) => name === 'generateToken').length,
  }
}

type Many = Awaited<ReturnType<typeof start>>

async function live({ server, admin, id, store, value, exchanges, ask }: Many): Promise<void> {
  // Installed in one process, known in all: every delivery is verified by whichever process gets it.
  const texts = Array.from({ length: 60 }, (_, index) => `count ${index}`)
  for (const text of texts) await server.say('Lobby', 'alice', text)
  await server.idle()
  expect(await value('handled')).toEqual(Object.fromEntries(texts.map((text) => [text, 1])))
  expect(server.deliveries().every(({ status }) => status === 204)).toBe(true)

  // The token of the installation serves all of them; when it is gone, one of them fetches another.
  expect(exchanges()).toBe(1)
  await store.delete(`token:${id}`)
  const secret = (JSON.parse((await store.get(`installation:${id}`)) ?? '') as { secret: string }).secret
  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, index) =>
      fetch(ask, {
        method: 'POST',
        headers: { authorization: `JWT ${sign(id, secret, { sub: '2' })}` },
        body: JSON.stringify(delivered(id, 1, `ask ${index}`)),
      }),
    ),
  )
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([204]))
  expect(exchanges()).toBe(2)

  // Removed in one process, unknown in all others at once.
  await admin.uninstallAddon({ addon_key_or_id: 'com.example.many', installable_id: id })
  await server.idle()
  expect(await store.get(`installation:${id}`)).toBeUndefined()
}

describe('four processes of one add-on', () => {
  it('on one embedded store handle each delivery once, and share the installation and its token', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hipchat-addon-many-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    await live(await start(folder))
  }, 60_000)

  it('on one Redis handle each delivery once, and share the installation and its token', async (context) => {
    needs('redis')(context)
    await live(await start(sharedUrl))
  }, 60_000)

  it('on one PostgreSQL handle each delivery once, and share the installation and its token', async (context) => {
    needsPostgres('postgres')(context)
    const database = await createDatabase()
    onTestFinished(async () => void (await database.remove()))
    await live(await start(database.url))
  }, 60_000)
})
