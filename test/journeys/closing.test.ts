import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, it, onTestFinished } from 'vitest'
import { createEmbeddedStore } from '../../src/store/index.ts'
import { delivered, sign, startWorld, type TestAddon } from '../support.ts'

/** Posts a delivery; returns its status, or 0 if the connection was refused or cut off. */
const post = (agent: Agent, url: string, token: string, body: unknown): Promise<number> =>
  new Promise((resolve) => {
    const headers = { authorization: `JWT ${token}`, 'content-type': 'application/json' }
    const sent = request(`${url}/webhook/hook`, { method: 'POST', agent, headers }, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode ?? 0))
    })
    sent.on('error', () => resolve(0))
    sent.end(JSON.stringify(body))
  })

it('close() under load loses no accepted delivery, and the others can be sent again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hipchat-addon-closing-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const handled = new Map<string, number>()
  const register = (addon: TestAddon): void => {
    addon.webhook('room_message', { key: 'hook', ordered: false }, async ({ message }) => {
      // Some take longer than the server waits, and longer than the connections are kept.
      await delay(Number(message.message) % 50 === 0 ? 2_000 : 2)
      handled.set(message.message, (handled.get(message.message) ?? 0) + 1)
    })
  }
  const options = { acknowledgeAfter: 50, store: createEmbeddedStore({ path: folder }) }
  const world = await startWorld(register, { addon: options })
  const { installation, secret } = await world.install()
  const agent = new Agent({ keepAlive: true, maxSockets: 40 })
  onTestFinished(() => agent.destroy())

  const statuses = new Map<string, number>()
  const tokens = new Map<string, string>()
  let sent = 0
  let over = false
  const deliver = async (text: string, url: string): Promise<number> => {
    const token = tokens.get(text) ?? sign(installation.oauthId, secret, { sub: '2' })
    tokens.set(text, token)
    return post(agent, url, token, delivered(installation.oauthId, installation.roomId ?? 0, text))
  }
  const sender = async (): Promise<void> => {
    while (!over) {
      const text = String(sent++)
      statuses.set(text, await deliver(text, world.url))
      if (statuses.get(text) === 0) await delay(1) // the port is closed
    }
  }
  const senders = Array.from({ length: 40 }, sender)
  while (handled.size < 400) await delay(5)
  await world.addon.close()
  const atClose = handled.size
  await delay(20)
  over = true
  await Promise.all(senders)

  const accepted = [...statuses].filter(([, status]) => status === 204).map(([text]) => text)
  const others = [...statuses].filter(([, status]) => status !== 204)
  expect(accepted.length).toBeGreaterThan(300)
  expect(others.length).toBeGreaterThan(0)
  expect(others.filter(([, status]) => status !== 0 && status !== 503)).toEqual([])
  expect(accepted.filter((text) => handled.get(text) !== 1)).toEqual([])
  expect(others.filter(([text]) => handled.has(text))).toEqual([])
  expect(handled.size, 'handled after close() had resolved').toBe(atClose)

  // The server sends the deliveries that were not accepted again, with the same tokens, to the next process.
  const next = await startWorld(register, {
    addon: { ...options, store: createEmbeddedStore({ path: folder }) },
  })
  const again = others.slice(0, 200).map(([text]) => text)
  const replayed = accepted.slice(0, 100)
  for (const text of [...again, ...replayed]) expect(await deliver(text, next.url)).toBe(204)
  await next.addon.close()
  expect([...again, ...replayed].filter((text) => handled.get(text) !== 1)).toEqual([])
})
