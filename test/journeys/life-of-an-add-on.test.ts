import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createAddon, createPersonalClient, type StoreSetting } from '../../src/index.ts'
import { createHipChatServer } from '../../src/server/index.ts'
import { planted } from '../leaks/planted.ts'
import { needs, sharedUrl } from '../store/redis-server.ts'

/** A counting bot, as an author would write it. */
function createCounter(store: StoreSetting, lines: string[]) {
  const addon = createAddon({
    key: 'com.example.counter',
    name: 'Counter',
    description: 'Counts',
    scopes: ['send_notification', 'view_messages'],
    store,
    secretKey: planted('a passphrase that is long enough'),
    log: pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) }),
  })
  addon.command('/count', async ({ store }) => {
    const count = await store.update<number>('count', (value = 0) => value + 1)
    return `${count} so far`
  })
  addon.command('/recall', async ({ room }) => {
    const texts: string[] = []
    for await (const { message } of room.history()) if (message?.endsWith('so far')) texts.push(message)
    return `I said: ${texts.join(', ')}`
  })
  addon.on('installed', ({ room }) => room?.notify('Ready to count'))
  return addon
}

async function life(store: () => StoreSetting) {
  const folder = mkdtempSync(join(tmpdir(), 'hipchat-addon-journey-'))
  const lines: string[] = []
  const server = createHipChatServer({ port: 0, checkResponses: true })
  await server.listen()
  let addon = createCounter(store(), lines)
  const { port } = await addon.listen()
  onTestFinished(async () => {
    await addon.close()
    await server.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const admin = createPersonalClient({ apiUrl: server.apiUrl, token: server.adminToken })
  const heard = async (text: string) => {
    await server.say('Lobby', 'bob', text)
    await server.idle()
    return server.history('Lobby').at(-1)?.message
  }

  const { id } = await admin.installAddon({ url: addon.descriptor.links.self, room_id: 'Lobby' })
  expect(server.history('Lobby').at(-1)?.message).toBe('Ready to count')
  expect(await heard('/count')).toBe('1 so far')
  expect(await heard('/count')).toBe('2 so far')

  await addon.close()
  addon = createCounter(store(), lines)
  await addon.listen(port)
  expect(await heard('/count')).toBe('3 so far')
  expect(await heard('/recall')).toBe('I said: 3 so far, 2 so far, 1 so far')

  await admin.uninstallAddon({ addon_key_or_id: 'com.example.counter', installable_id: id })
  await server.idle()
  expect(await addon.installation(id)).toBeUndefined()
  expect(await heard('/count')).toBe('/count')
  return { server, addon, lines }
}

describe('an add-on that is installed, restarted and removed', () => {
  it('keeps its installation and values in the embedded store', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hipchat-addon-store-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    await life(() => folder)
  })

  it('keeps its installation and values in Redis', async (context) => {
    needs('redis')(context)
    await life(() => sharedUrl)
  })

  it('logs one line per installation, delivery and API call, without secrets', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hipchat-addon-store-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const { lines, server } = await life(() => folder)
    const messages = lines.map((line) => (JSON.parse(line) as { msg: string }).msg)
    const count = (text: string) => messages.filter((message) => message === text).length
    expect([count('installed'), count('uninstalled')]).toEqual([1, 1])
    expect(count('delivery')).toBe(4)
    expect(count('api call')).toBe(2)
    const delivery = lines.map((line) => JSON.parse(line) as object).find((line) => 'webhook' in line)
    expect(delivery).toMatchObject({
      event: 'room_message',
      webhook: 'command.count',
      status: 200,
      failed: false,
      installation: expect.any(String),
    })
    expect(lines.join()).not.toContain(server.adminToken)
    expect(lines.join()).not.toMatch(/[Bb]earer|JWT ey|eyJ|Basic |signed_request|oauthSecret/)
  })
})
