/**
 * `npm start`: a HipChat-compatible server and an add-on, which is installed into one of its rooms, hears a message and
 * answers it. Everything goes over HTTP, as it would between two machines. Ctrl-C stops both.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPersonalClient } from 'hipchat-addon'
import { createHipChatServer } from 'hipchat-addon/server'
import { pino } from 'pino'
import { createDice } from './dice/addon.ts'

const hipchatPort = Number(process.env['HIPCHAT_PORT'] ?? 8080)
const addonPort = Number(process.env['PORT'] ?? 3000)
const room = 'Lobby'

const folder = mkdtempSync(join(tmpdir(), 'hipchat-addon-demo-'))
const log = pino({ level: process.env['LOG_LEVEL'] ?? 'silent' })
const server = createHipChatServer({ port: hipchatPort, log })
const addon = createDice({ baseUrl: `http://localhost:${addonPort}`, store: folder, log })

async function stop(): Promise<void> {
  await addon.close()
  await server.close()
  rmSync(folder, { recursive: true, force: true })
}

async function run(): Promise<void> {
  await server.listen()
  console.log(`Server        ${server.url}  (API: ${server.apiUrl})`)
  const { url } = await addon.listen(addonPort)
  console.log(`Add-on        ${url}  (descriptor: ${addon.descriptor.links.self})`)

  const admin = createPersonalClient({ apiUrl: server.apiUrl, token: server.adminToken })
  const installed = await admin.installAddon({ url: addon.descriptor.links.self, room_id: room })
  console.log(`Installed     ${installed.key} in ${room}, as ${installed.id}`)

  await admin.sendRoomMessage({ id_or_name: room, message: '/roll 2d6 for the first move' })
  await server.idle()
  console.log(`\nWhat ${room} saw`)
  const history = await admin.getRoomHistory({ id_or_name: room, 'max-results': 10 })
  for (const { from, message } of history.items) {
    const name = typeof from === 'string' ? from : from?.name
    console.log(`  ${name}: ${message}`)
  }

  console.log(`
Say something yourself
  curl -X POST '${server.apiUrl}/room/${room}/message' -H 'Authorization: Bearer ${server.adminToken}' -H 'Content-Type: application/json' -d '{"message": "/roll 3d20"}'
Read the room
  curl '${server.apiUrl}/room/${room}/history' -H 'Authorization: Bearer ${server.adminToken}'
See the descriptor
  curl '${addon.descriptor.links.self}'

Running. Ctrl-C stops the server and the add-on.`)
}

let stopping = false
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    if (stopping) return
    stopping = true
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error)
        process.exit(1)
      },
    )
  })

run().catch(async (error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  await stop().catch(() => {})
  process.exit(1)
})
