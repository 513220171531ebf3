import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { HipChatServer } from '../../src/server/index.ts'
import { commandLine } from '../build.ts'
import { planted } from '../leaks/planted.ts'
import { type Addon, adminCall, call, declare, hook, startAddon, startServer } from '../server/support.ts'

/** How often the server is killed; `KILLS=100` for a long run. */
const kills = Number(process.env['KILLS'] ?? 3)
const lanes = 6
const most = 35 // pieces of work before a kill: an administrator's token has an allowance of 100 calls

const adminToken = planted('token-of-the-administrator')

interface Child {
  readonly process: ChildProcess
  readonly api: string
}

/** The server as its own process, on a data folder. */
async function startChild(data: string): Promise<Child> {
  const argv = ['server', '--port', '0', '--data', data, '--admin-token', adminToken]
  const child = spawn(process.execPath, [commandLine, ...argv], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let printed = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (bytes) => {
      printed += bytes
    })
  await expect.poll(() => printed, { timeout: 20_000 }).toMatch(/^State/m)
  return { process: child, api: /^API\s+(\S+)/m.exec(printed)?.[1] ?? '' }
}

/** Whether the answered data are there. */
type Check = (server: HipChatServer) => unknown

interface Work {
  readonly api: string
  readonly addon: Addon
  /** A number that no other piece of work has. */
  readonly number: number
}

async function post(work: Work, path: string, json: unknown, token = adminToken, method = 'POST') {
  const response = await fetch(work.api + path, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${method} ${path} answered ${response.status} ${text}`)
  return text === '' ? undefined : JSON.parse(text)
}

async function makeRoom(work: Work): Promise<string> {
  const name = `Room ${work.number}`
  await post(work, '/room', { name })
  return name
}

/** Installs the add-on in a new room, and gets a token for it. */
async function installIn(work: Work, room: string) {
  const { id } = await post(work, '/addon', { url: `${work.addon.url}/descriptor`, room_id: room })
  const record = work.addon.to('/installed').findLast(({ body }) => body?.oauthId === id)?.body
  const response = await fetch(`${work.api}/oauth/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${id}:${record.oauthSecret}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  })
  const { access_token: token } = (await response.json()) as { access_token: string } // our own server
  if (!response.ok) throw new Error(`the token endpoint answered ${response.status}`)
  return { oauthId: String(id), token }
}

/** The work that is repeated. Each returns a check of what must exist once the server has answered. */
const works: readonly ((work: Work) => Promise<Check>)[] = [
  async function room(work) {
    const name = await makeRoom(work)
    return async (server) => expect((await adminCall(server, 'GET', `/room/${name}`)).status, name).toBe(200)
  },
  async function message(work) {
    const text = `message ${work.number}`
    await post(work, '/room/Lobby/message', { message: text })
    return (server) => expect(server.history('Lobby').map(({ message }) => message)).toContain(text)
  },
  async function user(work) {
    const email = `user${work.number}@example.com`
    await post(work, '/user', { name: `User ${work.number}`, email, password: 'correct horse battery' })
    return async (server) =>
      expect((await adminCall(server, 'GET', `/user/${email}`)).status, email).toBe(200)
  },
  async function deletedRoom(work) {
    const name = await makeRoom(work)
    await post(work, `/room/${name}`, undefined, adminToken, 'DELETE')
    return async (server) => expect((await adminCall(server, 'GET', `/room/${name}`)).status, name).toBe(404)
  },
  async function addon(work) {
    const room = await makeRoom(work)
    const { oauthId, token } = await installIn(work, room)
    const { id } = await post(
      work,
      `/room/${room}/webhook`,
      { url: `${work.addon.url}/rest`, event: 'room_enter' },
      token,
    )
    const content = { label: { type: 'html', value: `glance ${work.number}` } }
    await post(work, `/addon/ui/room/${room}`, { glance: [{ key: 'tea', content }] }, token)
    return async (server) => {
      expect(server.installations().map((one) => one.oauthId)).toContain(oauthId)
      const webhooks = await call(server, 'GET', `/room/${room}/webhook`, { token })
      expect(webhooks.body.items?.map((one: { id: string }) => one.id)).toContain(String(id))
      expect(server.glanceUpdates().map((update) => update.content)).toContainEqual(content)
    }
  },
]

test(
  `what was answered survives kill -9 (${kills} times)`,
  async () => {
    const data = mkdtempSync(join(tmpdir(), 'hipchat-kill-'))
    onTestFinished(() => rmSync(data, { recursive: true, force: true }))
    const addon = await startAddon()
    const icon = { url: 'https://example.com/i.png', 'url@2x': 'https://example.com/i2.png' }
    declare(addon, {
      webhook: hook(addon),
      glance: [{ key: 'tea', name: { value: 'Tea' }, icon }],
      hipchatApiConsumer: { scopes: ['send_notification', 'admin_room'] },
    })
    let number = 0
    let checked = 0
    for (let kill = 0; kill < kills; kill += 1) {
      const { process: child, api } = await startChild(data)
      const checks: Check[] = []
      const kinds = new Set<string>()
      const after = 12 + Math.floor(Math.random() * 12)
      let killed = false
      let begun = 0
      await Promise.all(
        Array.from({ length: lanes }, async () => {
          while (!killed && begun < most) {
            begun += 1
            number += 1
            const work = works[number % works.length]
            if (!work) throw new Error('there is no work')
            try {
              const check = await work({ api, addon, number })
              checks.push(check)
              kinds.add(work.name)
            } catch (error) {
              if (!killed) throw error // cut off by the kill: nothing was promised
            }
            if (checks.length >= after && kinds.size === works.length && !killed) {
              killed = true
              child.kill('SIGKILL')
            }
          }
        }),
      )
      expect([...kinds].toSorted()).toEqual(works.map(({ name }) => name).toSorted())
      expect(killed).toBe(true)
      if (child.signalCode === null) await once(child, 'exit')
      const server = await startServer({ data, adminToken })
      for (const check of checks) await check(server)
      checked += checks.length
      await server.close()
    }
    expect(checked).toBeGreaterThanOrEqual(12 * kills)
  },
  kills * 30_000,
)
