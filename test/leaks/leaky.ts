/** Leaks in every way that is watched; search.test.ts runs it and checks that each leak is found. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pino } from 'pino'
import { it } from 'vitest'
import { ConfigurationError } from '../../src/errors.ts'
import { planted } from './planted.ts'

const secret = planted('leaky')

it('logs it', () => {
  pino({}, { write() {} }).info({ secret }, 'hello')
})

it('throws it, in a cause', () => {
  new ConfigurationError('harmless', { cause: { secret } })
})

it('prints it', () => {
  console.log(secret)
})

it('has a process print it', async () => {
  const code = `process.stdout.write(${JSON.stringify(secret)})`
  await once(spawn(process.execPath, ['-e', code]), 'close')
})

it('answers with it', async () => {
  const url = await serve(() => secret)
  await (await fetch(`${url}/page`)).text()
})

it('answers with what arrived as an unregistered token', async () => {
  const url = await serve((token) => Buffer.from(`xx${token}`).toString('base64'))
  const headers = { authorization: 'Bearer q8Zt0sVwYb3mKfJ2xLr5uN7cHd1gPa9eTiRo4XyE' }
  await (await fetch(`${url}/echo`, { headers })).text()
})

it('answers with a signed request', async () => {
  const part = Buffer.from(JSON.stringify({ alg: 'HS256', iss: 'somebody' })).toString('base64url')
  const url = await serve(() => `${part}.${part}.${'x'.repeat(43)}`)
  await (await fetch(`${url}/token`)).text()
})

it('answers with a token where tokens are issued', async () => {
  const url = await serve(() => secret)
  await (await fetch(`${url}/v2/oauth/token`, { method: 'POST' })).text()
})

async function serve(answer: (token: string) => string): Promise<string> {
  const server = createServer((request, response) => {
    response.end(answer(request.headers.authorization?.slice('Bearer '.length) ?? ''))
  }).listen(0)
  await once(server, 'listening')
  server.unref()
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}` // it listens on a port
}
