import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { planted } from '../leaks/planted.ts'
import { main, start } from './support.ts'

const run = (...given: string[]) => runWith({}, ...given)

const runWith = (env: Readonly<Record<string, string>>, ...given: string[]) =>
  start(process.execPath, [main, ...given], { cwd: process.cwd(), env })

function fileWith(content: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'hipchat-addon-cli-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'file')
  writeFileSync(file, content)
  return file
}

const lineOf = (printed: string, label: string): string | undefined =>
  new RegExp(`^${label}\\s+(.*)$`, 'm').exec(printed)?.[1]

describe('hipchat-addon server', () => {
  it('ignores an empty variable, and accepts a log level in any spelling', async () => {
    const empty = Object.fromEntries(
      [
        'PORT',
        'DATA',
        'SEED',
        'ADMIN_TOKEN',
        'PUBLIC_URL',
        'TOKEN_LIFETIME',
        'ALLOW_PRIVATE',
        'TRUSTED_PROXIES',
        'HOST',
      ].map((name) => [`HIPCHAT_${name}`, '']),
    )
    const { child, ended, printed } = runWith(
      { ...empty, HIPCHAT_LOG: '"WARNING"' },
      'server',
      '--port',
      '0',
      '--json',
    )
    await expect.poll(printed, { timeout: 20_000 }).toContain('"pending"')
    expect(JSON.parse(printed())).toMatchObject({ data: null, adminToken: expect.any(String) })
    child.kill('SIGINT')
    expect(await ended).toBe(0)
  })

  it('reads a seed with a byte order mark', async () => {
    const seed = fileWith('\uFEFF{ "users": [], "rooms": [] }')
    const { child, ended, printed } = run('server', '--port', '0', '--json', '--seed', seed)
    await expect.poll(printed, { timeout: 20_000 }).toContain('"pending"')
    child.kill('SIGINT')
    expect(await ended).toBe(0)
  })

  it('prints its address and token, and ends cleanly on a signal', async () => {
    const { child, ended, printed } = run('server', '--port', '0')
    await expect.poll(printed, { timeout: 20_000 }).toMatch(/State/)
    const api = lineOf(printed(), 'API')
    const token = lineOf(printed(), "Administrator's token")
    const rooms = await fetch(`${api}/room`, { headers: { authorization: `Bearer ${token}` } })
    expect(rooms.status).toBe(200)
    child.kill('SIGINT')
    expect(await ended).toBe(0)
  })

  it('prints the same as one JSON document, without a given token', async () => {
    const documentOf = async (...given: string[]) => {
      const { child, ended, printed } = run('server', '--port', '0', '--json', ...given)
      await expect.poll(printed, { timeout: 20_000 }).toMatch(/\n$/)
      child.kill('SIGTERM')
      expect(await ended).toBe(0)
      return JSON.parse(printed())
    }
    const { url, ...about } = await documentOf()
    expect(about).toEqual({
      apiUrl: `${url}/v2`,
      adminToken: expect.stringMatching(/^\w{40}$/),
      data: null,
      seeded: true,
      pending: [],
    })
    expect(await documentOf('--admin-token', planted('token'))).toMatchObject({ adminToken: null })
  })

  it('uses the given token without printing it, and keeps its state in --data', async () => {
    const data = mkdtempSync(join(tmpdir(), 'hipchat-addon-cli-'))
    onTestFinished(() => rmSync(data, { recursive: true, force: true }))
    const headers = { authorization: 'Bearer a-token-of-mine', 'content-type': 'application/json' }
    const first = run('server', '--port', '0', '--admin-token', 'a-token-of-mine', '--data', data)
    await expect.poll(first.printed, { timeout: 20_000 }).toMatch(/State/)
    const body = JSON.stringify({ message: 'remember this' })
    await fetch(`${lineOf(first.printed(), 'API')}/room/Lobby/message`, { method: 'POST', headers, body })
    first.child.kill('SIGTERM')
    expect(await first.ended).toBe(0)
    expect(first.printed()).not.toContain('a-token-of-mine')

    const second = run('server', '--port', '0', '--admin-token', 'a-token-of-mine', '--data', data)
    await expect.poll(second.printed, { timeout: 20_000 }).toMatch(/State/)
    const history = await fetch(`${lineOf(second.printed(), 'API')}/room/Lobby/history`, { headers })
    expect(JSON.stringify(await history.json())).toContain('remember this')
  })

  it('takes a setting from its flag, then from the environment, then from the default', async () => {
    const seed = fileWith(JSON.stringify({ group: { name: 'Harbour' }, rooms: [{ name: 'Quay' }] }))
    const env = {
      HIPCHAT_PORT: '1',
      HIPCHAT_ADMIN_TOKEN: planted('token-from-the-environment'),
      HIPCHAT_SEED: seed,
      HIPCHAT_TOKEN_LIFETIME: '77',
      HIPCHAT_LOG: 'info',
    }
    const { printed } = runWith(env, 'server', '--port', '0')
    await expect.poll(printed, { timeout: 20_000 }).toMatch(/State/)
    const api = lineOf(printed(), 'API')
    expect(new URL(api ?? '').port).not.toBe('1')
    expect(new URL(api ?? '').hostname).toBe('127.0.0.1')
    const headers = { authorization: `Bearer ${env.HIPCHAT_ADMIN_TOKEN}` }
    const rooms = await (await fetch(`${api}/room`, { headers })).json()
    expect(rooms).toMatchObject({ items: [{ name: 'Quay' }] })
    // the log is on stderr, as JSON
    await expect.poll(printed).toMatch(/^\{"level":30,.*"operation":"getAllRooms","status":200/m)
  })

  it('says that a seed was not applied to a folder that already contains a group', async () => {
    const data = mkdtempSync(join(tmpdir(), 'hipchat-addon-cli-'))
    onTestFinished(() => rmSync(data, { recursive: true, force: true }))
    const seed = fileWith('{ "rooms": [{ "name": "Quay" }] }')
    for (const line of [undefined, `not applied: ${data} already contains a group`]) {
      const { child, ended, printed } = run('server', '--port', '0', '--data', data, '--seed', seed)
      await expect.poll(printed, { timeout: 20_000 }).toMatch(/State/)
      expect(lineOf(printed(), 'Seed')).toBe(line)
      child.kill('SIGTERM')
      expect(await ended).toBe(0)
    }
  })

  it('shows examples and environment variables in its help', async () => {
    const { ended, printed } = run('server', '--help')
    expect(await ended).toBe(0)
    expect(printed()).toMatch(/Examples:[\s\S]*--port 8080 --admin-token secret/)
    expect(printed().replaceAll(/\s+/g, ' ')).toContain('(default: 3600, env: HIPCHAT_TOKEN_LIFETIME)')
  })

  const usage: [string[], string | RegExp][] = [
    [
      ['server', '--port', 'abc'],
      "error: option '-p, --port <number>' argument 'abc' is invalid. expected a whole number from 0 to 65535",
    ],
    [['server', '--prot', '1'], "error: unknown option '--prot' (Did you mean --port?)"],
    [['serve'], "error: unknown command 'serve' (Did you mean server?)"],
    [
      ['server', '--host', '0.0.0.0'],
      'error: --public-url is required when the server listens on all interfaces (host 0.0.0.0)',
    ],
    [
      ['server', '--host', '0.0.0.0', '--public-url', 'https://chat.example.net', '--admin-token', 'short'],
      'error: a server that more than this machine can reach (https://chat.example.net) needs credentials: --admin-token must have at least 20 characters, at least 8 of them different: generate it at random',
    ],
    [
      ['server', '--compatibility', 'new'],
      "error: option '--compatibility <form>' argument 'new' is invalid. Allowed choices are standard, classic.",
    ],
    [
      ['server', '--token-lifetime', '0'],
      "error: option '--token-lifetime <seconds>' argument '0' is invalid. expected a whole number from 1 to 315360000",
    ],
    [
      ['server', '--allow-private', 'perhaps'],
      "error: option '--allow-private [true|false]' argument 'perhaps' is invalid. expected true or false",
    ],
    [
      ['server', '--log', 'loud'],
      "error: option '--log <level>' argument 'loud' is invalid. Allowed choices are off, error, warn, info.",
    ],
    [
      ['server', '--tls-cert', 'cert.pem'],
      'error: --tls-cert and --tls-key must be used together: a certificate file and its key file',
    ],
    [
      ['server', '--seed', '/nowhere/seed.json'],
      'error: --seed: expected a file that can be read, got /nowhere/seed.json (ENOENT)',
    ],
  ]
  it.each(usage)('refuses %j in one line, with exit code 2', async (given, message) => {
    const { ended, printed } = run(...given)
    expect(await ended).toBe(2)
    expect(printed()).toBe(`${message} (see hipchat-addon --help)\n`)
  })

  it.each([
    [
      '{\n  "users": [{ "password": "hunter22hunter22" ]\n}',
      /^error: --seed: \S+ is not valid JSON from line 2 on$/,
    ],
    ['[]', /^error: --seed is not valid: value must be object, not array$/],
    ['null', /^error: --seed: expected an object with users, rooms and so on in \S+$/],
    ['{ "users": [{ "name": "A" }] }', /^error: --seed is not valid: users\.0\.mentionName is missing$/],
    [
      '{ "rooms": [{ "name": "A", "owner": "ghost" }] }',
      /^error: --seed names the user ghost, but does not list them$/,
    ],
  ])('refuses a seed of %j and names the wrong member', async (content, message) => {
    const { ended, printed } = run('server', '--port', '0', '--seed', fileWith(content))
    expect(await ended).toBe(2)
    expect(printed().replace(' (see hipchat-addon --help)\n', '')).toMatch(message)
  })

  it('says that its port is in use', async () => {
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void taken.close())
    const { port } = taken.address() as AddressInfo // it listens on a port
    const { ended, printed } = run('server', '--port', String(port))
    expect(await ended).toBe(1)
    expect(printed()).toContain(String(port))
    expect(printed()).not.toMatch(/^\s+at /m)
  })
})
