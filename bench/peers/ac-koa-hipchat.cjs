// Atlassian's own framework for HipChat, which verifies nothing: the installation is named in the body.
const { connect } = require('node:net')

const port = 20_000 + Math.floor(Math.random() * 20_000)
process.env.PORT = String(port)
const ack = require('ac-koa').require('hipchat')

const pkg = {
  name: 'com.example.bench',
  displayName: 'Bench',
  description: 'Measured',
  version: '1.0.0',
  author: { name: 'Example', url: 'https://example.com' },
}
console.log = () => {} // it logs every request
const app = ack(pkg, { store: 'MemoryStore' })
const addon = app.addon().hipchat().allowRoom(true).scopes('send_notification')
addon.webhook('room_message', /x/, function* () {})
app.listen()

// It does not report when it listens.
function whenListening(then) {
  const socket = connect(port, '127.0.0.1', () => {
    socket.destroy()
    then()
  })
  socket.on('error', () => setTimeout(whenListening, 20, then))
}
whenListening(() =>
  process.send({ url: `http://127.0.0.1:${port}`, scheme: 'body', descriptor: '/addon/capabilities' }),
)
