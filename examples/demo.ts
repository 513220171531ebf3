/**
 * `npm start`: a HipChat-compatible server with its chat page, and three add-ons that are installed into it.
 * Everything uses HTTP, as between machines. Ctrl-C stops all of it.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPersonalClient } from 'hipchat-addon'
import { createHipChatServer } from 'hipchat-addon/server'
import { pino } from 'pino'
import { readLogLevel, variable } from '../src/common/environment.ts'
import { createDeploys } from './deploys/addon.ts'
import { createDice } from './dice/addon.ts'
import { createKarma } from './karma/addon.ts'

const hipchatPort = Number(variable('HIPCHAT_PORT') ?? 8080)
const addonPort = Number(variable('PORT') ?? 3000)
const room = 'Lobby'

const folder = mkdtempSync(join(tmpdir(), 'hipchat-addon-demo-'))
const { level, warning } = readLogLevel('LOG_LEVEL', process.env['LOG_LEVEL'], 'silent')
if (warning !== undefined) console.warn(warning)
const log = pino({ level })
const server = createHipChatServer({ port: hipchatPort, log })

const options = (name: string) => ({ store: join(folder, name), log })
const dice = createDice(options('dice'))
const deploys = createDeploys(options('deploys'))
const karma = createKarma(options('karma'))

async function stop(): Promise<void> {
  for (const addon of [dice, deploys, karma]) await addon.close()
  await server.close()
  rmSync(folder, { recursive: true, force: true })
}

async function run(): Promise<void> {
  await server.listen()
  const admin = createPersonalClient({ apiUrl: server.apiUrl, token: server.adminToken })

  await dice.listen(addonPort)
  await admin.installAddon({ url: dice.descriptor.links.self, room_id: room })
  await deploys.listen()
  await admin.installAddon({ url: deploys.descriptor.links.self, room_id: room })
  await karma.listen()
  await admin.installAddon({ url: karma.descriptor.links.self }) // for all rooms

  await admin.sendRoomMessage({ id_or_name: room, message: '/roll 2d6 for the first move' })
  await server.idle()
  await server.say(room, 'bob', 'alice++ for the cake')
  await server.say(room, 'alice', '/deploy api 4.2')
  await server.idle()

  console.log(`Open it       ${server.url}  and choose a user
Write         /roll 2d6, alice++, /karma, /deploy web 1.0
`)
  console.log(`Server        ${server.url}  (API: ${server.apiUrl})`)
  for (const { descriptor } of [dice, deploys, karma])
    console.log(`Add-on        ${descriptor.name.padEnd(8)} ${descriptor.links.self}`)

  console.log(`\nMessages in ${room}`)
  const history = await admin.getRoomHistory({ id_or_name: room, 'max-results': 12 })
  for (const { from, message } of history.items) {
    const name = typeof from === 'string' ? from : from?.name
    console.log(`  ${name}: ${message}`)
  }

  console.log(`
Send a message without the page
  curl -X POST '${server.apiUrl}/room/${room}/message' -H 'Authorization: Bearer ${server.adminToken}' -H 'Content-Type: application/json' -d '{"message": "/roll 3d20"}'
Read the room
  curl '${server.apiUrl}/room/${room}/history' -H 'Authorization: Bearer ${server.adminToken}'
See the descriptor
  curl '${dice.descriptor.links.self}'

Running. Ctrl-C stops the server and the add-ons.`)
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
