import bolt from '@slack/bolt'

const app = new bolt.App({
  signingSecret: process.env.BENCH_SECRET,
  authorize: async () => ({ botToken: 'xoxb-1', botId: 'B1', botUserId: 'U1' }),
  logLevel: 'error',
})
app.message(async () => {})
const server = await app.start({ port: 0, host: '127.0.0.1' })
process.send({ url: `http://127.0.0.1:${server.address().port}`, path: '/slack/events', scheme: 'slack' })
