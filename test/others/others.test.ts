import { fork } from 'node:child_process'
import { createRequire } from 'node:module'
import { beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import type { HipChatServer } from '../../src/server/index.ts'
import { freePort } from '../ports.ts'
import { inline, startAddon, startServer } from '../server/support.ts'
import { folder, installOthers, needsOthers } from './installed.ts'

let installed = false
beforeAll(async () => {
  installed = await installOthers()
}, 180_000)
beforeEach((context) => needsOthers(installed, context))

type Callback = (error: Error | null, answer: unknown, status?: number) => void

/** The calls of hipchatter as promises; its errors are texts of the server. */
function hipchatter(server: HipChatServer) {
  const Client = createRequire(`${folder}package.json`)('hipchatter')
  const client = new Client(server.adminToken, `${server.apiUrl}/`)
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came
  const call = (name: string, ...given: unknown[]): Promise<any> =>
    new Promise((resolve, reject) => {
      const done: Callback = (error, answer) => (error ? reject(error) : resolve(answer))
      client[name](...given, done)
    })
  return { client, call }
}

describe('hipchatter', () => {
  it('gets through with every call it has', async () => {
    const server = await startServer()
    const addon = await startAddon()
    const { client, call } = hipchatter(server)
    const used = new Set<string>()
    const use: typeof call = (name, ...given) => {
      used.add(name)
      return call(name, ...given)
    }

    expect(await use('capabilities')).toMatchObject({ links: { self: server.capabilitiesUrl } })

    const created = await use('create_room', { name: 'Harbour', topic: 'Ships' })
    expect(created).toMatchObject({ id: expect.any(Number), links: { self: expect.any(String) } })
    expect((await use('rooms')).map(({ name }: { name: string }) => name)).toContain('Harbour')
    expect(await use('get_room', 'Harbour')).toMatchObject({ id: created.id, topic: 'Ships' })
    expect([await use('room_exists', 'Harbour'), await use('room_exists', 'Nowhere')]).toEqual([true, false])
    const bob = { room_name: 'Harbour', user_email: 'bob@example.com' }
    await use('invite_member', bob, { reason: 'Come in' })
    // it addresses the room by the name in what it sends, as its documentation has it: id or name
    const { owner } = await use('get_room', 'Harbour')
    await use('update_room', {
      name: 'Harbour',
      privacy: 'private',
      is_archived: false,
      is_guest_accessible: false,
      topic: 'Ships and boats',
      owner: { id: owner.id },
    })
    expect(await use('get_room', 'Harbour')).toMatchObject({ privacy: 'private', topic: 'Ships and boats' })
    await use('set_topic', 'Harbour', 'High water')
    expect((await use('get_room', 'Harbour')).topic).toBe('High water')

    await use('add_member', bob)
    await use('delete_member', bob)

    await use('send_room_message', 'Harbour', 'Ahoy')
    await use('notify', 'Harbour', {
      message: '<b>up</b>',
      color: 'green',
      notify: true,
      token: server.adminToken,
    })
    const history = await use('history', 'Harbour')
    expect(history.items.map(({ message }: { message: string }) => message)).toEqual(
      expect.arrayContaining(['Ahoy', '<b>up</b>']),
    )

    const webhook = await use('create_webhook', 'Harbour', {
      url: `${addon.url}/hook`,
      event: 'room_message',
      pattern: '^/tide',
      name: 'tides',
    })
    expect(await use('get_webhook', 'Harbour', webhook.id)).toMatchObject({
      name: 'tides',
      event: 'room_message',
    })
    expect((await use('webhooks', 'Harbour')).items).toHaveLength(1)
    addon.respond = () => inline({ message: 'ignored: a person has no installation' })
    await use('send_room_message', 'Harbour', { message: '/tide' })
    await server.idle()
    expect(addon.to('/hook')).toHaveLength(1)
    await use('delete_webhook', 'Harbour', webhook.id)
    for (const event of ['room_enter', 'room_exit'])
      await use('create_webhook', 'Harbour', { url: `${addon.url}/hook`, event })
    await use('delete_all_webhooks', 'Harbour')
    expect((await use('webhooks', 'Harbour')).items).toEqual([])

    const user = { name: 'Dora Dent', email: 'dora@example.com', mention_name: 'dora' }
    await use('create_user', { ...user, password: 'correct horse battery' })
    expect(await use('view_user', 'dora@example.com')).toMatchObject({ name: 'Dora Dent' })
    await use('update_user', { ...user, title: 'Pilot', is_group_admin: false, timezone: 'UTC' })
    expect(await use('view_user', '@dora')).toMatchObject({ title: 'Pilot' })
    expect((await use('users')).map(({ name }: { name: string }) => name)).toContain('Dora Dent')
    expect(await call('users', { 'max-results': 2 })).toHaveLength(2)
    await use('send_private_message', 'dora@example.com', { message: 'psst' })
    await use('delete_user', 'dora@example.com')
    await expect(call('send_private_message', 'dora@example.com', { message: 'x' })).rejects.toThrow(
      'not found',
    )

    expect((await use('emoticons')).map(({ shortcut }: { shortcut: string }) => shortcut)).toContain('smile')
    expect(await call('emoticons', { type: 'group' })).toHaveLength(1)
    expect(await use('get_emoticon', 'smile')).toMatchObject({ shortcut: 'smile' })

    await use('delete_room', 'Harbour')
    await expect(call('get_room', 'Harbour')).rejects.toThrow('Room Harbour not found')

    const helpers = ['url', 'request', 'isFunction']
    const all = Object.keys(Object.getPrototypeOf(client)).filter((name) => !helpers.includes(name))
    expect([...used].toSorted()).toEqual(all.toSorted())
  })
})

interface Heard {
  readonly heard?: string
  readonly failed?: string
}

describe('an add-on on ac-koa-hipchat', () => {
  it('is installed, greets, answers, hears, and is removed', async () => {
    const port = await freePort()
    const child = fork(`${folder}greeter.cjs`, [], {
      env: { ...process.env, HOSTNAME: 'localhost', PORT: String(port), NODE_ENV: 'development' },
      execArgv: [],
      silent: true,
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    const messages: Heard[] = []
    let output = ''
    child.stderr?.on('data', (bytes) => {
      output += bytes
    })
    child.on('message', (message: Heard) => messages.push(message))
    const hears = (heard: string, more: object = {}) =>
      expect
        .poll(() => messages, { timeout: 20_000, message: output })
        .toContainEqual(expect.objectContaining({ heard, ...more }))
    await hears('listening')

    const server = await startServer()
    const { oauthId, key } = await server.install(`http://localhost:${port}/addon/capabilities`, {
      room: 'Lobby',
    })
    expect(key).toBe('com.example.greeter')
    await hears('install', { group: 1 })
    const said = () => server.history('Lobby').map(({ message }) => message)
    expect(said()).toContain('Hi, room 1!')

    await server.say('Lobby', 'alice', '/hello bob')
    await expect.poll(said).toContain('Hello bob, says Alice Archer')
    await server.enter('Lobby', 'carol')
    await hears('room_enter', { sender: 'Carol Cook' })
    await server.setTopic('Lobby', 'carol', 'High water')
    await hears('room_topic_change', { sender: 'Carol Cook', topic: 'High water' })
    await server.leave('Lobby', 'carol')
    await hears('room_exit', { sender: 'Carol Cook' })
    await hears('room_notification')

    await server.uninstall(oauthId)
    await hears('uninstall')
    await server.idle()
    expect(server.deliveries({ failed: true })).toEqual([])
    expect(messages.filter(({ failed }) => failed)).toEqual([])
  })
})
