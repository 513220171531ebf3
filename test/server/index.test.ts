import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createHipChatServer } from '../../src/server/index.ts'
import { planted } from '../leaks/planted.ts'
import {
  accessToken,
  adminCall,
  call,
  declare,
  hook,
  installOverHttp,
  startAddon,
  startServer,
  tokenCall,
} from './support.ts'

/** A server that others can reach needs a token that cannot be guessed. */
const adminToken = planted('token-of-the-administrator')

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'hipchat-test-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

test('with a data folder all data remain after a restart', async () => {
  const data = folder()
  const addon = await startAddon()
  declare(addon, {
    webhook: hook(addon),
    hipchatApiConsumer: { scopes: ['send_notification', 'admin_room'] },
  })
  const first = await startServer({ data })
  const record = await installOverHttp(first, addon, 'Lobby')
  const token = await accessToken(first, record)
  await call(first, 'POST', '/room/1/webhook', {
    token,
    json: { url: `${addon.url}/rest`, event: 'room_enter' },
  })
  const personal = await first.createToken({ user: 'alice' })
  await first.say('Lobby', 'alice', 'before')
  await first.close()

  const second = await startServer({ data })
  expect((await call(second, 'GET', '/room/Lobby', { token: personal })).status).toBe(200)
  expect((await call(second, 'GET', '/room/1/webhook', { token })).body.items).toHaveLength(2)
  expect((await tokenCall(second, record)).status).toBe(200)
  await second.say('Lobby', 'alice', 'after')
  await second.idle()
  expect(second.history('Lobby').map(({ message }) => message)).toEqual(['before', 'after'])
  expect(addon.to('/hook').map(({ body }) => body.item.message.message)).toEqual(['before', 'after'])
  // the administrator's token is made again; the old one no longer works
  expect((await call(second, 'GET', '/room', { token: first.adminToken })).status).toBe(401)
  expect((await adminCall(second, 'GET', '/room')).status).toBe(200)
})

test('a connection is kept longer than the minute that proxies keep theirs', async () => {
  const server = await startServer()
  const { headers } = await call(server, 'GET', `${server.url}/page/welcome`)
  expect(headers.get('keep-alive')).toBe('timeout=65')
})

test('tokens are not stored in clear text', async () => {
  const data = folder()
  const server = await startServer({ data })
  const token = await server.createToken({ user: 'alice' })
  await server.close()
  const files = readdirSync(data).map((name) => readFileSync(join(data, name), 'latin1'))
  expect(files.length).toBeGreaterThan(0)
  for (const content of files) {
    expect(content).not.toContain(token)
    expect(content).not.toContain(server.adminToken)
  }
})

test('without a data folder the temporary one is removed by close', async () => {
  const before = new Set(readdirSync(tmpdir()).filter((name) => name.startsWith('hipchat-server-')))
  const server = createHipChatServer({ port: 0, checkResponses: true })
  await server.listen()
  const made = readdirSync(tmpdir()).filter((name) => name.startsWith('hipchat-server-') && !before.has(name))
  expect(made.length).toBeGreaterThan(0)
  await server.close()
  await server.close()
  // other test files make such folders at the same time: one of the new ones must have been ours
  expect(made.some((name) => !existsSync(join(tmpdir(), name)))).toBe(true)
})

test('reset restores the seed and keeps the address and the token', async () => {
  const server = await startServer()
  const { url } = server
  await installOverHttp(server, await startAddon(), 'Lobby')
  await server.say('Lobby', 'alice', 'hi')
  await adminCall(server, 'DELETE', '/room/Workshop')
  await server.idle()
  await server.reset()
  expect(server.installations()).toEqual([])
  expect(server.deliveries()).toEqual([])
  expect(server.history('Lobby')).toEqual([])
  expect((await adminCall(server, 'GET', '/room')).body.items).toHaveLength(2)
  expect(server.url).toBe(url)
})

test('a port in use is reported as such, and nothing stays open', async () => {
  const server = await startServer()
  const port = Number(new URL(server.url).port)
  const second = createHipChatServer({ port, checkResponses: true })
  await expect(second.listen()).rejects.toThrow(
    `the server cannot listen on 127.0.0.1, port ${port}: the port is taken`,
  )
  await second.close()
})

test('methods called before listen say what to do', () => {
  const server = createHipChatServer({ port: 0, checkResponses: true })
  expect(() => server.history('Lobby')).toThrow('the server is not listening: call listen() first')
  expect(() => server.url).toThrow('the server is not listening: call listen() first')
})

test('close waits for running deliveries', async () => {
  const server = await startServer()
  const addon = await startAddon()
  declare(addon, { webhook: hook(addon) })
  await installOverHttp(server, addon, 'Lobby')
  await server.say('Lobby', 'alice', 'last words')
  await server.close()
  expect(addon.to('/hook')).toHaveLength(1)
})

test('links and callbacks contain the public address', async () => {
  const server = await startServer({ publicUrl: 'https://chat.example.net', adminToken })
  expect(server.capabilitiesUrl).toBe('https://chat.example.net/v2/capabilities')
})

test.each<[string, object, string]>([
  ['an unknown option', { prot: 1 }, 'prot is not a known option; expected one of port, host,'],
  ['a port out of range', { port: 70_000 }, 'expected port to be a whole number from 0 to 65535, got 70000'],
  [
    'all interfaces without a public address',
    { host: '0.0.0.0' },
    'publicUrl is required when the server listens on all interfaces (host 0.0.0.0)',
  ],
  [
    'a public address with a path',
    { publicUrl: 'https://example.com/chat' },
    'expected publicUrl to be an http or https origin without a path, got "https://example.com/chat"',
  ],
  [
    'an unknown form',
    { compatibility: 'modern' },
    'expected compatibility to be one of standard, classic; got "modern"',
  ],
  [
    'two rules for addresses',
    { allowPrivate: true, outbound: {} },
    'allowPrivate must be left out when outbound is given',
  ],
  [
    'two groups',
    { group: { id: 1, name: 'A' }, seed: { group: { name: 'B' } } },
    'group must be left out when the seed names one',
  ],
  [
    'no certificate',
    { tls: { cert: 'x', key: 'y' } },
    'tls.cert must be a certificate in PEM form (-----BEGIN CERTIFICATE-----)',
  ],
  [
    'an unknown limit',
    { limits: { floods: 1 } },
    'limits.floods is not a known option; expected one of api, user, flood',
  ],
  ['a seed of another form', { seed: { people: [] } }, 'seed is not valid: people is not a known member'],
  [
    'a message of a seed without a text',
    { seed: { messages: [{ room: 'Lobby' }] } },
    'seed is not valid: messages.0.message is missing',
  ],
  ['an empty token', { adminToken: '' }, 'expected adminToken to be a non-empty string, got an empty one'],
])('%s is refused when the server is created', (_name, options, message) => {
  expect(() => createHipChatServer(options)).toThrow(
    expect.objectContaining({ code: 'ERR_SERVER_OPTION', message: expect.stringContaining(message) }),
  )
})

test('a seed that contradicts itself is refused by listen', async () => {
  const server = createHipChatServer({ port: 0, seed: { rooms: [{ name: 'A', owner: 'ghost' }] } })
  await expect(server.listen()).rejects.toThrow('seed names the user ghost, but does not list them')
  const user = { name: 'A', mentionName: 'a', email: 'a@example.com' }
  const twins = createHipChatServer({ port: 0, seed: { users: [user, { ...user, mentionName: 'b' }] } })
  await expect(twins.listen()).rejects.toThrow('seed has two users with the email address a@example.com')
  const moon = createHipChatServer({ port: 0, seed: { users: [{ ...user, timezone: 'Moon/Base' }] } })
  await expect(moon.listen()).rejects.toMatchObject({
    code: 'ERR_SERVER_OPTION',
    message: 'seed gives a the time zone Moon/Base, which does not exist',
  })
})

test('a given administrator token and an empty seed are used unchanged', async () => {
  const server = await startServer({ adminToken: 'my-own-token', seed: false })
  expect(server.adminToken).toBe('my-own-token')
  expect((await adminCall(server, 'GET', '/user')).body.items).toHaveLength(1)
  expect((await adminCall(server, 'GET', '/room')).body.items).toEqual([])
})

test('one line is logged per request, delivery and installation, with no secret in it', async () => {
  const lines: string[] = []
  const write = (about: object, message: string) => lines.push(JSON.stringify({ ...about, message }))
  const server = await startServer({ log: { info: write, warn: write, error: write } })
  const addon = await startAddon()
  declare(addon, { webhook: hook(addon, { url: `${addon.url}/hook?key=hidden` }) })
  const record = await installOverHttp(server, addon, 'Lobby')
  const token = await accessToken(server, record)
  await call(server, 'POST', `/room/1/notification?auth_token=${token}`, { json: { message: 'hi' } })
  await call(server, 'GET', `/oauth/token/${token}`)
  await server.say('Lobby', 'alice', 'hi')
  await server.idle()
  const text = lines.join('\n')
  for (const message of ['request', 'delivery', 'add-on installed'])
    expect(text).toContain(`"message":"${message}"`)
  for (const secret of [token, record.oauthSecret, server.adminToken, 'hidden'])
    expect(text).not.toContain(secret)
})

test('a server behind a proxy fetches nothing from its own machine', async () => {
  const server = await startServer({ publicUrl: 'https://chat.example.net', adminToken })
  const { port } = new URL((await startAddon()).url)
  for (const url of [`http://127.0.0.1:${port}/descriptor`, `https://localhost:${port}/descriptor`])
    await expect(server.install(url)).rejects.toMatchObject({ status: 400 })
  await expect(server.install(`https://127.0.0.1:${port}/`)).rejects.toThrow(
    'url has an address that is not known, or that this server does not call',
  )
})

test('close does not wait for a body that does not arrive', async () => {
  const server = await startServer({ deliveryTimeout: 60_000 })
  const { port } = new URL(server.url)
  const socket = connect(Number(port), '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  socket.on('error', () => undefined)
  socket.write(
    `POST /v2/room HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${server.adminToken}\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{`,
  )
  await new Promise((resolve) => setTimeout(resolve, 50))
  const started = performance.now()
  await server.close()
  expect(performance.now() - started).toBeLessThan(8_000)
}, 15_000)
