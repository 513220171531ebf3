import { expect, it } from 'vitest'
import type { HipChatServer } from '../../../src/server/index.ts'
import { type Addon, adminCall, call, startAddon, startServer } from '../support.ts'

const propose = async (server: HipChatServer, addon: Addon, room?: string, token = server.adminToken) =>
  (
    await call(server, 'POST', `${server.url}/admin/proposal`, {
      token,
      json: { url: `${addon.url}/descriptor`, ...(room === undefined ? {} : { room_id: room }) },
    })
  ).body.warnings

const install = async (server: HipChatServer, addon: Addon, room?: string) => {
  const { status, body } = await adminCall(server, 'POST', '/addon', {
    json: { url: `${addon.url}/descriptor`, ...(room === undefined ? {} : { room_id: room }) },
  })
  expect(status).toBe(201)
  return body
}

const listed = async (server: HipChatServer, user: string, query = '') => {
  const token = await server.createPageToken(user)
  const { body } = await call(server, 'GET', `${server.url}/page/integrations${query}`, { token })
  return body.items
    .sort((one: { created: number }, other: { created: number }) => one.created - other.created)
    .map((one: { room_id: number | null; warnings: string[] }) => [one.room_id, one.warnings])
}

it('an add-on installed for the group warns when it is installed in a room too, and names the other installation', async () => {
  const server = await startServer()
  const addon = await startAddon()
  expect(await propose(server, addon)).toEqual([])
  const ofGroup = await install(server, addon)
  expect(ofGroup.warnings).toBeUndefined()
  const warning = `Dice is installed for the whole group too, as ${ofGroup.id}. In Lobby both get every event, and both answer: remove one of them.`
  expect(await propose(server, addon, 'Lobby')).toEqual([warning])
  const ofRoom = await install(server, addon, 'Lobby')
  expect(ofRoom.warnings).toEqual([warning])
  const reverse = `Dice is installed for single rooms too: in Lobby as ${ofRoom.id}. There both get every event, and both answer: remove one of them.`
  expect(await listed(server, 'admin', '?room_id=1')).toEqual([
    [null, [reverse]],
    [1, [warning]],
  ])
  expect(await listed(server, 'admin')).toEqual([[null, [reverse]]])
  // in another room there is only one
  expect(await listed(server, 'admin', '?room_id=2')).toEqual([[null, []]])
})

it('an add-on installed in rooms warns when it is installed for the group too', async () => {
  const server = await startServer({
    seed: { rooms: Array.from({ length: 7 }, (_, index) => ({ name: `Room ${index}` })) },
  })
  const addon = await startAddon()
  const first = await install(server, addon, 'Room 0')
  expect(await propose(server, addon)).toEqual([
    `Dice is installed for single rooms too: in Room 0 as ${first.id}. There both get every event, and both answer: remove one of them.`,
  ])
  for (const index of [1, 2, 3, 4, 5, 6]) await install(server, addon, `Room ${index}`)
  const [many] = (await install(server, addon)).warnings
  expect(many).toContain('in 2 more rooms')
  expect(many.match(/ as /g)).toHaveLength(5)
})

it('two add-ons with different keys, an update, and a removed installation cause no warning', async () => {
  const server = await startServer()
  const [one, other] = [await startAddon(), await startAddon()]
  other.descriptor = { ...other.descriptor, key: 'com.example.other' }
  await install(server, one)
  const ofGroup = await install(server, one)
  expect(ofGroup.warnings).toBeUndefined()
  expect((await install(server, other, 'Lobby')).warnings).toBeUndefined()
  await server.uninstall(ofGroup.id)
  expect((await install(server, one, 'Lobby')).warnings).toBeUndefined()
})

it('a warning names no room that the caller cannot see', async () => {
  const server = await startServer({
    seed: {
      users: [{ name: 'Alice', mentionName: 'alice' }],
      rooms: [{ name: 'Secret', privacy: 'private', owner: 'alice' }, { name: 'Lobby' }],
    },
  })
  await adminCall(server, 'PUT', '/room/Secret', { json: { delegate_admin_visibility: false } })
  const addon = await startAddon()
  await server.install(`${addon.url}/descriptor`, { room: 'Secret' })
  expect(await propose(server, addon)).toEqual([])
  expect((await install(server, addon)).warnings).toBeUndefined()
  expect(JSON.stringify(await listed(server, 'admin'))).not.toContain('Secret')
  expect(JSON.stringify(await listed(server, 'alice'))).toContain('in Secret as')
})
