import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createHipChatServer, type Seed } from '../../src/server/index.ts'
import { openState } from '../../src/server/state/state.ts'
import { adminCall, startAddon, startServer } from './support.ts'

const people: Seed = {
  group: { id: 17, name: 'Harbour' },
  users: [
    { name: 'Ines Brandt', mentionName: 'ines' },
    { name: 'Noor Haddad', mentionName: 'noor' },
  ],
  rooms: [
    { name: 'Quay', owner: 'ines', participants: ['noor'] },
    { name: 'Office', privacy: 'private' },
  ],
}

test('a seed creates a group, its messages, webhooks and installed add-ons', async () => {
  const addon = await startAddon()
  const server = await startServer({
    seed: {
      ...people,
      messages: [
        { room: 'Quay', from: 'ines', message: 'Ahoy @noor' },
        { room: 'Quay', message: 'Welcome' },
      ],
      webhooks: [
        { url: `${addon.url}/all`, event: 'room_message', owner: 'noor' },
        { url: `${addon.url}/quay`, event: 'room_message', room: 'Quay', pattern: '^/tide' },
      ],
      addons: [{ url: `${addon.url}/descriptor`, room: 'Quay' }, { url: `${addon.url}/descriptor` }],
    },
  })
  expect(server.seeded).toBe(true)
  expect((await adminCall(server, 'GET', '/group/17')).body.name).toBe('Harbour')
  expect(
    server.history('Quay').map(({ from, message }) => [(from as { name: string }).name, message]),
  ).toEqual([
    ['Ines Brandt', 'Ahoy @noor'],
    ['Admin', 'Welcome'],
  ])
  expect(
    server
      .installations()
      .map(({ roomId }) => roomId)
      .sort(),
  ).toEqual([1, undefined])
  expect(addon.to('/all')).toEqual([])
  await server.say('Quay', 'ines', '/tide')
  await server.say('Office', 'admin', '/tide')
  await server.idle()
  const heard = (path: string) => addon.to(path).map(({ body }) => body.item.room.name)
  // Noor does not see the office
  expect([heard('/all'), heard('/quay')]).toEqual([['Quay'], ['Quay']])

  await server.reset()
  expect(server.installations()).toHaveLength(2)
  expect(server.history('Quay').map(({ message }) => message)).toEqual(['Ahoy @noor', 'Welcome'])
})

test.each<[Seed, string]>([
  [{ messages: [{ room: 'Attic', message: 'x' }] }, 'seed names the room Attic, but does not list it'],
  [
    { messages: [{ room: 'Office', from: 'noor', message: 'x' }] },
    'seed.messages.0 is from noor, who may not enter Office',
  ],
  [
    { webhooks: [{ event: 'room_enter', url: 'ftp://example.com/' }] },
    'seed.webhooks.0 was refused: url: expected an http or https URL, got the scheme "ftp:"',
  ],
  [
    { webhooks: [{ event: 'room_message', url: 'https://example.com/', pattern: '(?=a)' }] },
    'seed.webhooks.0 was refused: pattern uses lookahead or lookbehind, which is not supported',
  ],
  [
    { addons: [{ url: 'http://127.0.0.1:1/d', room: 'Quay' }] },
    'seed.addons.0 was refused: The descriptor could not be fetched: refused the connection',
  ],
])('%j is refused by listen', async (more, message) => {
  const server = createHipChatServer({ port: 0, seed: { ...people, ...more } })
  await expect(server.listen()).rejects.toMatchObject({ code: 'ERR_SERVER_OPTION', message })
})

test('a data folder gets the seed once, and again after an interrupted start', async () => {
  const data = mkdtempSync(join(tmpdir(), 'hipchat-seed-'))
  onTestFinished(() => rmSync(data, { recursive: true, force: true }))
  const addon = await startAddon()
  const seed = { ...people, addons: [{ url: `${addon.url}/descriptor`, room: 'Quay' }] }
  addon.respond = () => ({ status: 503, headers: { 'content-type': 'text/plain' }, body: 'Not today' })
  const failed = createHipChatServer({ port: 0, data, seed })
  await expect(failed.listen()).rejects.toThrow(
    'seed.addons.0 was refused: The installation failed: the add-on answered 503 (Not today)',
  )
  addon.respond = () => undefined
  const first = await startServer({ data, seed })
  expect([first.seeded, first.installations().length]).toEqual([true, 1])
  await first.close()
  const second = await startServer({ data, seed: { rooms: [{ name: 'Another' }] } })
  expect(second.seeded).toBe(false)
  expect(
    (await adminCall(second, 'GET', '/room?include-private=true')).body.items.map(
      ({ name }: { name: string }) => name,
    ),
  ).toEqual(['Quay', 'Office'])
  await second.close()

  const state = openState(data, { durable: true })
  expect(state.group()).toEqual({ id: 17, name: 'Harbour' })
  await state.write(() => state.setGroup({ id: 17, name: 'Harbour', isSeeding: true }))
  await state.close()
  const third = await startServer({ data, seed: { rooms: [{ name: 'Another' }] } })
  expect([third.seeded, third.installations()]).toEqual([true, []])
})
