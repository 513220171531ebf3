// What a careful author writes by hand: Koa, jsonwebtoken, and the secret as a KeyObject that is created once.
import { createSecretKey } from 'node:crypto'
import jsonwebtoken from 'jsonwebtoken'
import Koa from 'koa'
import { installed } from './installed.mjs'

const { oauthId, oauthSecret } = installed
const keys = new Map([[oauthId, createSecretKey(Buffer.from(oauthSecret))]])

const app = new Koa()
app.use(async (ctx, next) => {
  if (ctx.path !== '/webhook') return next()
  const token = /^JWT (.+)$/.exec(ctx.get('authorization'))?.[1]
  const key = keys.get(jsonwebtoken.decode(token)?.iss)
  if (!key) ctx.throw(401)
  jsonwebtoken.verify(token, key, { algorithms: ['HS256'] })
  const chunks = []
  for await (const chunk of ctx.req) chunks.push(chunk)
  const { item } = JSON.parse(Buffer.concat(chunks).toString())
  ctx.status = item.room.id === 1 ? 204 : 400
})
app.use((ctx) => {
  ctx.body = {}
})
const server = app.listen(0, '127.0.0.1', () =>
  process.send({ url: `http://127.0.0.1:${server.address().port}`, path: '/webhook', scheme: 'jwt' }),
)
