import { generateKeyPairSync } from 'node:crypto'
import { request } from 'node:https'
import { expect, test } from 'vitest'
import { createHipChatServer } from '../../src/server/index.ts'
import { certificate } from '../certificate.ts'
import { planted } from '../leaks/planted.ts'
import { needs } from '../store/redis-server.ts'
import { adminCall, refusal, startServer } from './support.ts'

const adminToken = planted('token-of-the-administrator')
const publicUrl = 'https://chat.example.net'

test.each<[string, object, string]>([
  [
    'without a token',
    { publicUrl },
    'a server that more than this machine can reach (https://chat.example.net) needs credentials: adminToken must be given, with at least 20 characters',
  ],
  [
    'with a short token',
    { host: '192.0.2.1', adminToken: 'secret' },
    'a server that more than this machine can reach (192.0.2.1) needs credentials: adminToken must have at least 20 characters, at least 8 of them different: generate it at random',
  ],
  [
    'with a monotonous token',
    { publicUrl, adminToken: 'abcabcabcabcabcabcabcabc' },
    'adminToken must have at least 20 characters, at least 8 of them different',
  ],
  [
    'with users who have no passwords, or short ones',
    {
      publicUrl,
      seed: {
        users: [
          { name: 'A', mentionName: 'ann', password: 'long enough' },
          { name: 'B', mentionName: 'bob' },
          { name: 'C', mentionName: 'cleo', password: '123456789' },
        ],
      },
    },
    'adminToken must be given, with at least 20 characters; seed must give a password to @bob; seed must give a password of 10 characters or more to @cleo',
  ],
])('a server that others can reach is refused %s', (_name, options, message) => {
  expect(() => createHipChatServer(options)).toThrow(
    expect.objectContaining({ code: 'ERR_SERVER_OPTION', message: expect.stringContaining(message) }),
  )
})

test('a server that others can reach begins with only its administrator', async () => {
  const server = await startServer({ publicUrl, adminToken })
  await expect(server.say('Lobby', 'alice', 'x')).rejects.toThrow('Room Lobby not found')
  await expect(server.createToken({ user: 'alice' })).rejects.toThrow('User alice not found')
  expect(await server.createToken({ user: 'admin' })).toMatch(/^\w{40}$/)
})

test('a server with a certificate serves https, and uses https in all links', async (context) => {
  needs('openssl')(context)
  const tls = certificate()
  const server = await startServer({ tls })
  expect(server.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/)
  const document = await new Promise<string>((resolve, reject) => {
    request(server.capabilitiesUrl, { ca: tls.cert }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () => resolve(text))
    })
      .on('error', reject)
      .end()
  })
  const { links, capabilities } = JSON.parse(document)
  const api = `${server.url}/v2`
  expect(links).toMatchObject({ self: `${api}/capabilities`, api, homepage: server.url })
  expect(capabilities.hipchatApiProvider.url).toBe(`${api}/`)
  expect(capabilities.oauth2Provider.tokenUrl).toBe(`${api}/oauth/token`)
  await expect(fetch(server.capabilitiesUrl.replace('https:', 'http:'))).rejects.toThrow()

  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const another = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  expect(() => createHipChatServer({ tls: { ...tls, key: another } })).toThrow(
    'tls.key must be the key of the certificate in tls.cert',
  )
  expect(() => createHipChatServer({ tls: { ...tls, key: 'x' } })).toThrow(
    'tls.key must be a private key in PEM form, without a passphrase',
  )
  expect(() => createHipChatServer({ tls, publicUrl: 'http://localhost' })).toThrow(
    'publicUrl must be https when the server has a certificate, got http://localhost',
  )
})

test('allowPrivate allows the private networks, and no link-local address', async () => {
  const server = await startServer({ allowPrivate: true })
  const install = (url: string) => adminCall(server, 'POST', '/addon', { json: { url } })
  expect(refusal(await install('http://169.254.169.254/latest'))).toEqual([
    400,
    'url has an address that is not known, or that this server does not call',
  ])
  // nothing listens there, but the server tried
  expect(refusal(await install('http://127.0.0.1:1/d'))).toEqual([
    400,
    'The descriptor could not be fetched: refused the connection',
  ])
})
