import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { BodyRefusedError, readJson } from '../../src/common/body.ts'

let server: Server
let port = 0
beforeAll(async () => {
  server = createServer(async (request, response) => {
    try {
      response.end(JSON.stringify({ body: await readJson(request, 100, 200) }))
    } catch (error) {
      if (!(error instanceof BodyRefusedError)) throw error
      response.writeHead(error.status, { connection: 'close' }).end(`${error.code} ${error.message}`)
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (typeof address === 'object' && address) port = address.port
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

async function post(body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) {
  const response = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body, headers })
  return `${response.status} ${await response.text()}`
}

/** Sends bytes as they are and reads until the server closes. */
async function raw(...parts: (string | Buffer)[]): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let answer = ''
  socket.setEncoding('utf8').on('data', (text: string) => {
    answer += text
  })
  for (const part of parts) socket.write(part)
  await once(socket, 'close')
  return answer
}

it('a JSON body is read, even with charset and content-encoding identity', async () => {
  expect(await post('{"a":"ü"}')).toBe('200 {"body":{"a":"ü"}}')
  const headers = { 'content-type': 'application/json; charset="UTF-8"', 'content-encoding': 'identity' }
  expect(await post('[1]', headers)).toBe('200 {"body":[1]}')
})

it('a body that is too long is refused with 413, with and without content-length', async () => {
  expect(await post(JSON.stringify('x'.repeat(98)))).toMatch(/^200/)
  expect(await post(JSON.stringify('x'.repeat(99)))).toBe(
    '413 ERR_BODY_REFUSED the body is longer than 100 bytes',
  )
  const chunk = `78\r\n${'x'.repeat(120)}\r\n`
  const answer = await raw(`POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}`)
  expect(answer).toMatch(/^HTTP\/1.1 413/)
})

it('a body that does not arrive in time is refused with 408', async () => {
  const answer = await raw('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\n{"a":')
  expect(answer).toMatch(/^HTTP\/1.1 408[\s\S]*the body did not arrive within 200 ms/)
})

it('a compressed body is refused with 415', async () => {
  const gzip = Uint8Array.from(gzipSync('{}'))
  expect(await post(gzip, { 'content-encoding': 'gzip' })).toMatch(
    /^415 .*expected an uncompressed body, got content-encoding gzip$/,
  )
})

it('another charset is refused with 415', async () => {
  const headers = { 'content-type': 'application/json; charset=iso-8859-1' }
  expect(await post('{}', headers)).toMatch(/^415 .*expected the charset utf-8, got iso-8859-1$/)
})

it('bytes that are not UTF-8 are refused with 400', async () => {
  expect(await post(Uint8Array.of(0x22, 0xff, 0x22))).toMatch(/^400 .*is not UTF-8$/)
})

it('a text that is not JSON, and an empty body, are refused with 400 and different messages', async () => {
  expect(await post('{"a"')).toMatch(/^400 .*the body is not valid JSON$/)
  expect(await post('')).toMatch(/^400 .*expected a JSON body, got an empty one$/)
})

it('a body that breaks off leaves the server alive', async () => {
  const socket = connect(port, '127.0.0.1')
  socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\n{"a":', () => socket.destroy())
  await once(socket, 'close')
  expect(await post('[1]')).toBe('200 {"body":[1]}')
})
