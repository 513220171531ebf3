// An add-on on Atlassian's own framework for HipChat, as its users wrote them: it greets the room it is installed in,
// answers a message, and says over IPC what it hears.
const { connect } = require('node:net')

const ack = require('ac-koa').require('hipchat')

const pkg = {
  name: 'com.example.greeter',
  displayName: 'Greeter',
  description: 'Greets',
  version: '1.0.0',
  author: { name: 'Example', url: 'https://example.com' },
}
console.log = () => {} // it logs every request
const app = ack(pkg, { store: 'MemoryStore' })
const addon = app.addon().hipchat().allowRoom(true).scopes('send_notification', 'admin_room', 'view_messages')

addon.webhook('room_message', /^\/hello (\w+)/i, function* () {
  yield this.roomClient.sendNotification(`Hello ${this.match[1]}, says ${this.sender.name}`)
  process.send({ heard: 'room_message', text: this.content })
})
for (const event of ['room_enter', 'room_exit', 'room_topic_change', 'room_notification'])
  addon.webhook(event, function () {
    process.send({ heard: event, sender: this.sender?.name, topic: this.topic })
  })
addon.onWebhook('install', function* () {
  yield this.roomClient.sendNotification(`Hi, room ${this.tenant.room}!`)
  const made = yield this.tenantWebhooks.add('room_message', /^dynamic$/, function* () {})
  const webhooks = yield this.roomClient.getRoomWebhooks()
  const history = yield this.roomClient.getRecentRoomHistory()
  process.send({
    heard: 'install',
    group: this.tenant.group,
    made: typeof made,
    webhooks: webhooks.items.length,
    history: history.items.length,
  })
})
addon.onWebhook('uninstall', () => {
  process.send({ heard: 'uninstall' })
})
process.on('unhandledRejection', (error) => process.send({ failed: String(error?.message) }))
app.on('error', (error) => process.send({ failed: String(error?.message) }))
app.listen()

// It does not say when it listens.
const port = Number(process.env.PORT)
function whenListening(then) {
  const socket = connect(port, '127.0.0.1', () => {
    socket.destroy()
    then()
  })
  socket.on('error', () => setTimeout(whenListening, 20, then))
}
whenListening(() => process.send({ heard: 'listening' }))
