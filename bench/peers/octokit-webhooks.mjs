import { createServer } from 'node:http'
import { createNodeMiddleware, Webhooks } from '@octokit/webhooks'

const webhooks = new Webhooks({ secret: process.env.BENCH_SECRET })
webhooks.on('push', () => {})
const middleware = createNodeMiddleware(webhooks, { path: '/webhook' })
const server = createServer(async (request, response) => {
  if (!(await middleware(request, response))) response.writeHead(404).end()
})
server.listen(0, '127.0.0.1', () =>
  process.send({ url: `http://127.0.0.1:${server.address().port}`, path: '/webhook', scheme: 'github' }),
)
