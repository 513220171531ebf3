import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createPersonalClient } from '../../src/index.ts'
import { planted } from '../leaks/planted.ts'
import { needsTerminal } from '../terminal.ts'
import { main, run, start, temporaryFolder, tsx } from './support.ts'

const framework = new URL('../../src/index.ts', import.meta.url).href
const tsxFolder = join(dirname(fileURLToPath(tsx)), '..')

/** An add-on that answers pings, as an author writes it. */
const program = (name = 'Ping') => `
import { createAddon } from '${framework}'

const addon = createAddon({
  key: 'com.example.ping', name: '${name}', description: 'Answers', scopes: ['send_notification'],
  baseUrl: process.env.BASE_URL, log: false,
})
addon.webhook('room_message', ({ message }) => (message.message === 'ping' ? 'pong' : undefined))
addon.on('uninstalled', () => console.log('forgotten'))
await addon.listen(Number(process.env.PORT))
console.log('${name} listens')
process.once('SIGTERM', () => addon.close())
`

/** A folder as a project has it, with the program in it. */
function project(files: Readonly<Record<string, string>>, withTsx = true): string {
  const folder = temporaryFolder()
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
  mkdirSync(join(folder, 'node_modules'), { recursive: true })
  if (withTsx) symlinkSync(tsxFolder, join(folder, 'node_modules', 'tsx'), 'dir')
  return folder
}

const anyPorts = ['--port', '0', '--addon-port', '0']

function dev(folder: string, ...given: string[]) {
  const started = start(process.execPath, [main, 'dev', ...anyPorts, ...given], {
    cwd: folder,
  })
  return {
    ...started,
    prints: (what: RegExp) => expect.poll(started.printed, { timeout: 25_000 }).toMatch(what),
  }
}

/** Acts as the administrator, with what the command printed. */
function administrator(printed: string) {
  const [, apiUrl = ''] = /^API +(\S+)/m.exec(printed) ?? []
  const [, token = ''] = /^Administrator's token +(\S+)/m.exec(printed) ?? []
  return createPersonalClient({ apiUrl, token })
}

/** The commands of this machine that name a folder; none where commands cannot be read as files. */
async function processesOf(folder: string): Promise<string[]> {
  const ids = existsSync('/proc/self/cmdline')
    ? readdirSync('/proc').filter((name) => /^\d+$/.test(name))
    : []
  const commands = await Promise.all(ids.map((id) => readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '')))
  return commands.filter((command) => command.includes(folder))
}

const isGone = (address: string): Promise<boolean> =>
  fetch(address).then(
    () => false,
    () => true,
  )

describe('hipchat-addon dev', () => {
  it('installs the add-on, shows deliveries and calls, and updates it when it changed', async () => {
    const folder = project({ 'package.json': '{ "type": "module" }', 'src/index.ts': program() })
    const { child, ended, printed, prints } = dev(folder)
    await prints(/^\d\d:\d\d:\d\d {2}com\.example\.ping is installed in Lobby$/m)
    expect(printed()).toMatch(/^\d\d:\d\d:\d\d {2}200 {2}generateToken <- {2}\d+ ms$/m)
    expect(printed()).toMatch(/^Ping listens$/m)
    expect(printed()).not.toContain('Keys')

    const admin = administrator(printed())
    await admin.sendRoomMessage({ id_or_name: 'Lobby', message: 'ping' })
    await prints(
      /^\d\d:\d\d:\d\d {2}200 {2}room_message -> \/webhook\/\S+ {2}\d+ ms {2}\(the answer was posted\)$/m,
    )

    writeFileSync(join(folder, 'src/index.ts'), `${program()}// another comment`)
    await prints(/src\/index\.ts changed$[\s\S]*The add-on runs; its descriptor is the same$/m)
    writeFileSync(join(folder, 'src/index.ts'), program('Pong'))
    await prints(/com\.example\.ping is updated in Lobby$/m)
    await admin.sendRoomMessage({ id_or_name: 'Lobby', message: 'ping' })
    await prints(/Pong listens[\s\S]* 200 {2}room_message -> /)

    const [, page = ''] = /^Chat page +(\S+)/m.exec(printed()) ?? []
    const [, addon = ''] = /^Add-on +(\S+)/m.exec(printed()) ?? []
    child.kill('SIGINT')
    expect(await ended).toBe(0)
    expect(printed()).toMatch(/^forgotten$/m)
    expect(await Promise.all([isGone(page), isGone(addon)])).toEqual([true, true])
  })

  it('shows the jobs that ran', async () => {
    const counting = `
const count = addon.job('count', () => {})
addon.on('installed', (context) => count.add(context))
await addon.listen`
    const text = program().replace('log: false,', '').replace('await addon.listen', counting)
    const folder = project({ 'package.json': '{ "type": "module" }', 'src/index.ts': text })
    const { child, ended, prints } = dev(folder)
    await prints(/^\d\d:\d\d:\d\d {2}done {2}job count {2}\d+ ms$/m)
    child.kill('SIGINT')
    expect(await ended).toBe(0)
  })

  it('says why an add-on ended at its start, and starts it again when it is fixed', async () => {
    const folder = project({
      'package.json': '{ "type": "module" }',
      'src/addon.ts': 'throw new Error("no dice")',
    })
    const { prints, child, ended } = dev(folder)
    await prints(/no dice[\s\S]*The add-on ended with code 1; it starts again when a file changes$/m)
    writeFileSync(join(folder, 'src/addon.ts'), program())
    await prints(/com\.example\.ping is installed in Lobby/)
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
  })

  it('prints a JSON document for each event, and keeps its state in --data', async () => {
    const plain = `
      const { createServer } = require('node:http')
      createServer((request, response) => {
        const url = process.env.BASE_URL
        if (request.url !== '/descriptor') return response.writeHead(request.url === '/fail' ? 503 : 204).end()
        response.end(JSON.stringify({
          key: 'com.example.plain', name: 'Plain', description: 'Plain', links: { self: url + '/descriptor' },
          capabilities: {
            installable: { callbackUrl: url + '/installed', allowRoom: false },
            webhook: [{ event: 'room_topic_change', url: url + '/fail', authentication: 'jwt' }],
          },
        }))
      }).listen(process.env.PORT)`
    const folder = project({ 'package.json': '{ "main": "lib/plain.js" }', 'lib/plain.js': plain }, false)
    const { child, ended, printed, prints } = dev(
      folder,
      '--json',
      '--descriptor',
      '/descriptor',
      '--data',
      'chat',
    )
    await prints(/"event":"installed"/)
    const events = () =>
      printed()
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
    const [first, second] = events()
    expect(first).toEqual({
      at: expect.stringMatching(/^\d{4}-/),
      event: 'started',
      page: expect.stringMatching(/^http:/),
      apiUrl: `${first.page}/v2`,
      adminToken: expect.any(String),
      addon: expect.stringMatching(/^http:\/\/localhost:\d+$/),
      entry: join(folder, 'lib/plain.js'),
    })
    expect(second).toMatchObject({ event: 'installed', key: 'com.example.plain', room: null })
    const admin = createPersonalClient({ apiUrl: first.apiUrl, token: first.adminToken })
    await admin.setRoomTopic({ id_or_name: 'Lobby', topic: 'Dice' })
    await prints(/"event":"delivery"/)
    expect(events()[2]).toMatchObject({ webhook: 'room_topic_change', status: 503, error: 'answered 503' })
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
    expect(existsSync(join(folder, 'chat'))).toBe(true)
  })

  it('runs the entry as the main module each time, and leaves no process behind', async () => {
    const plain = `
      const { createServer } = require('node:http')
      console.log('main', require.main === module, process.argv.length, typeof process.send, process.pid)
      createServer((_, response) => {
        const url = process.env.BASE_URL
        response.end(JSON.stringify({
          key: 'com.example.plain', name: 'Plain', description: 'Plain', links: { self: url + '/d' },
          capabilities: { installable: { callbackUrl: url, allowRoom: true } },
        }))
      }).listen(process.env.PORT)`
    const folder = project({ 'package.json': '{}', 'index.js': plain }, false)
    const { child, ended, printed, prints } = dev(folder, '--descriptor', '/d')
    const processes = () => new Set(printed().match(/main true 2 undefined \d+/g))
    await prints(/is installed in Lobby/)
    for (const change of [1, 2]) {
      writeFileSync(join(folder, 'index.js'), `${plain}\n// ${change}`)
      await expect.poll(processes, { timeout: 25_000 }).toHaveProperty('size', change + 1)
      await expect.poll(() => printed().split('The add-on runs; ')).toHaveLength(change + 1)
    }
    expect(printed()).not.toMatch(/main false|main true [^2]|function/)
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
    expect(await processesOf(folder)).toEqual([])
  })

  it('starts with the given seed and token, and prints neither', async () => {
    const password = planted('password')
    const token = planted('token')
    const folder = project({
      'package.json': '{ "type": "module" }',
      'src/index.ts': program(),
      'seed.json': JSON.stringify({
        users: [{ name: 'Ada Admin', mentionName: 'ada', isAdmin: true, password }],
        rooms: [{ name: 'Tower', owner: 'ada' }],
      }),
    })
    const { child, ended, printed, prints } = dev(folder, '--seed', 'seed.json', '--admin-token', token)
    await prints(/com\.example\.ping is installed in Tower$/m)
    expect(printed()).toMatch(/^Administrator's token +\(as given\)$/m)
    const [, apiUrl = ''] = /^API +(\S+)/m.exec(printed()) ?? []
    await createPersonalClient({ apiUrl, token }).sendRoomMessage({ id_or_name: 'Tower', message: 'ping' })
    await prints(/room_message -> .*\(the answer was posted\)/)
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
  })

  it('reports what a server refuses, and keeps running', async () => {
    const folder = project({
      'index.js': program().replace("'com.example.ping'", "'com.example:ping'.repeat(20)"),
    })
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
    const bad = program().replace(
      'await addon.listen',
      'addon.on("installed", () => { throw new Error("not today") })\nawait addon.listen',
    )
    writeFileSync(join(folder, 'index.ts'), bad)
    const { prints, child, ended } = dev(folder, 'index.ts')
    await prints(/The add-on was not installed: .*The installation failed: the add-on answered 500/)
    writeFileSync(join(folder, 'index.ts'), program())
    await prints(/com\.example\.ping is installed in Lobby/)
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
  })

  it('takes keys in a terminal: r sends the last delivery again, o opens the page, c clears, q quits', async ({
    skip,
  }) => {
    needsTerminal(skip)
    const folder = project({ 'package.json': '{ "type": "module" }', 'src/index.ts': program() })
    const command = [process.execPath, main, 'dev', ...anyPorts].join(' ')
    const opened = join(folder, 'opened')
    for (const opener of ['xdg-open', 'open'])
      writeFileSync(join(folder, opener), `#!/bin/sh\nprintf %s "$1" > '${opened}'\n`, { mode: 0o755 })
    const { child, ended, printed } = start('script', ['-qefc', command, join(folder, 'typed')], {
      cwd: folder,
      env: { PATH: `${folder}:${process.env['PATH']}` },
    })
    const prints = (what: RegExp) => expect.poll(printed, { timeout: 25_000 }).toMatch(what)
    await prints(/is installed in Lobby/)
    expect(printed()).toMatch(/Keys +r send the last delivery again, o open the page, c clear, q quit/)
    child.stdin?.write('r')
    await prints(/There was no delivery yet/)
    await administrator(printed().replaceAll('\r', '')).sendRoomMessage({
      id_or_name: 'Lobby',
      message: 'ping',
    })
    await prints(/room_message -> .*\(the answer was posted\)/)
    child.stdin?.write('r')
    await prints(/room_message -> .*\(the answer was posted\) {2}\(delivery 1 again\)/)
    child.stdin?.write('o')
    const [, page] = /^Chat page +(http:\S+)/m.exec(printed()) ?? []
    await expect.poll(() => existsSync(opened) && readFileSync(opened, 'utf8')).toBe(page)
    child.stdin?.write('c')
    await expect.poll(printed).toContain('\u001b[')
    child.stdin?.write('q')
    expect(await ended).toBe(0)
    expect(readFileSync(join(folder, 'typed'), 'utf8')).toContain('forgotten')
  })

  it('refuses an entry that it cannot run, in one line', async () => {
    const folder = project({}, false)
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, resolve))
    onTestFinished(() => void taken.close())
    const { port } = taken.address() as AddressInfo // it listens on a port
    writeFileSync(join(folder, 'here.js'), '')
    const cases: [string[], number, RegExp][] = [
      [
        [join(folder, 'nowhere.ts')],
        2,
        /expected a file that can be run, got \S+nowhere\.ts, which does not exist/,
      ],
      [
        [join(folder, 'here.js'), '--addon-port', String(port)],
        1,
        /the add-on cannot listen on port \d+: it is in use/,
      ],
      [
        [join(folder, 'here.js'), ...anyPorts, '--room', 'Nowhere'],
        2,
        /--room: expected one of Lobby, Workshop, Back office; got Nowhere/,
      ],
      [
        [join(folder, 'here.js'), ...anyPorts, '--seed', 'none.json'],
        2,
        /--seed: expected a file that can be read, got none\.json/,
      ],
      [[join(folder, 'here.js'), '--addon-port', 'x'], 2, /expected a whole number from 0 to 65535/],
    ]
    for (const [given, code, message] of cases) {
      const ended = await run(['dev', '--port', '0', ...given])
      expect(ended).toMatchObject({ code, out: '' })
      expect(ended.err).toMatch(message)
      expect(ended.err.trim().split('\n')).toHaveLength(1)
    }
    const { ended, printed } = dev(temporaryFolder())
    expect(await ended).toBe(2)
    expect(printed()).toMatch(/has no src\/index\.ts, src\/addon\.ts, index\.js or main in package\.json/)
  })

  it('says what to install when nothing can run TypeScript', async ({ skip }) => {
    skip(
      'typescript' in process.features && Boolean(process.features.typescript),
      'what is said where nothing runs TypeScript: this Node runs it itself; run on Node 20',
    )
    const folder = project({ 'src/index.ts': program() }, false)
    const { ended, printed } = dev(folder)
    expect(await ended).toBe(2)
    expect(printed()).toMatch(
      /is TypeScript, which Node \S+ cannot run, and tsx is not installed there: npm install --save-dev tsx/,
    )
  })
})
