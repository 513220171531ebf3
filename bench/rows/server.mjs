// The compatible server on a data folder, in its own process. Argument: JSON with the number of rooms, users in each, and
// messages in the first room. Sends its address.
import { dirname } from 'node:path'

const { data, rooms, users, messages } = JSON.parse(process.argv[2])
const { createHipChatServer } = await import(`${dirname(process.env.BENCH_PACKAGE)}/server/index.js`)

const count = (length, make) => Array.from({ length }, (_, index) => make(index))
const names = (room) => count(users, (index) => `user${room * users + index}`)
const server = createHipChatServer({
  port: 0,
  data,
  limits: false,
  seed: {
    users: count(rooms * users, (index) => ({ name: `User ${index}`, mentionName: `user${index}` })),
    rooms: count(rooms, (room) => ({ name: `Room ${room}`, participants: names(room) })),
  },
})
await server.listen()
for (let said = 0; said < messages; said += 1000)
  await Promise.all(count(1000, (index) => server.say('Room 0', 'user0', `message ${said + index}`)))
process.on('disconnect', () => process.exit())
process.send({ api: server.apiUrl, token: server.adminToken })
