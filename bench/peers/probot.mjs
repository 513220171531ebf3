import { generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:http'
import { createNodeMiddleware, Probot } from 'probot'

const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
})
const probot = new Probot({ appId: 1, privateKey, secret: process.env.BENCH_SECRET, logLevel: 'fatal' })
const middleware = await createNodeMiddleware(
  (app) => {
    app.on('push', () => {})
  },
  { probot, webhooksPath: '/webhook' },
)
const server = createServer(async (request, response) => {
  if (!(await middleware(request, response))) response.writeHead(404).end()
})
server.listen(0, '127.0.0.1', () =>
  process.send({ url: `http://127.0.0.1:${server.address().port}`, path: '/webhook', scheme: 'github' }),
)
