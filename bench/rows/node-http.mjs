// The baseline: only what is required, with node:http and node:crypto.
import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'
import { installed } from './installed.mjs'

const { oauthId, oauthSecret } = installed
const key = createSecretKey(Buffer.from(oauthSecret))

const server = createServer((request, response) => {
  if (request.method === 'GET') return response.end('{}')
  const token = (request.headers.authorization ?? '').slice('JWT '.length)
  const [header, claims, signature = ''] = token.split('.')
  const expected = createHmac('sha256', key).update(`${header}.${claims}`).digest()
  const given = Buffer.from(signature, 'base64url')
  const valid = given.length === expected.length && timingSafeEqual(given, expected)
  const { iss, exp } = JSON.parse(Buffer.from(claims, 'base64url').toString())
  if (!valid || iss !== oauthId || exp <= Date.now() / 1000) return response.writeHead(401).end()
  const chunks = []
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', () => {
    const { item } = JSON.parse(Buffer.concat(chunks).toString())
    response.writeHead(item.room.id === 1 ? 204 : 400).end()
  })
})
server.listen(0, '127.0.0.1', () =>
  process.send({ url: `http://127.0.0.1:${server.address().port}`, path: '/webhook', scheme: 'jwt' }),
)
