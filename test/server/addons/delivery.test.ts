import { expect, test } from 'vitest'
import { deliveryBody } from '../../../src/api/events.ts'
import { validate } from '../../../src/common/validate.ts'
import {
  type Addon,
  accessToken,
  adminCall,
  call,
  declare,
  hook,
  inline,
  installOverHttp,
  signedBy,
  startAddon,
  startServer,
  verifyJwt,
} from '../support.ts'
import { listening } from './delivery.support.ts'

const tenEvents = [
  'room_message',
  'room_notification',
  'room_enter',
  'room_exit',
  'room_topic_change',
  'room_file_upload',
  'room_archived',
  'room_unarchived',
  'room_created',
  'room_deleted',
]

test('a message is delivered in the shape of recorded deliveries, signed with the secret of the installation', async () => {
  const server = await startServer()
  const { addon, record } = await listening(server, (one: Addon) =>
    hook(one, { url: `${one.url}/hook?name=abc` }),
  )
  await server.say('Lobby', 'alice', 'ahoy @bob')
  await server.idle()
  const [received] = addon.to('/hook')
  const api = server.apiUrl
  expect(received?.path).toBe('/hook?name=abc')
  expect(received?.headers['content-type']).toBe('application/json')
  expect(received?.body).toEqual({
    event: 'room_message',
    webhook_id: expect.any(Number),
    oauth_client_id: record.oauthId,
    item: {
      room: {
        id: 1,
        name: 'Lobby',
        is_archived: false,
        privacy: 'public',
        version: expect.stringMatching(/^[0-9A-Z]{8}$/),
        links: {
          self: `${api}/room/1`,
          participants: `${api}/room/1/participant`,
          webhooks: `${api}/room/1/webhook`,
        },
      },
      message: {
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        date: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00$/),
        type: 'message',
        message: 'ahoy @bob',
        from: {
          id: 2,
          name: 'Alice Archer',
          mention_name: 'alice',
          version: expect.stringMatching(/^[0-9A-Z]{8}$/),
          links: { self: `${api}/user/2` },
        },
        mentions: [expect.objectContaining({ id: 3, mention_name: 'bob' })],
      },
    },
  })
  const claims = received && signedBy(received, record.oauthSecret)
  expect(claims).toEqual({
    iss: record.oauthId,
    sub: '2',
    iat: expect.any(Number),
    exp: Number(claims?.['iat']) + 3600,
    jti: expect.stringMatching(/^\w{20}$/),
    context: { room_id: 1, user_tz: 'Europe/Berlin' },
  })
  expect(() => verifyJwt(String(received?.headers.authorization).slice(4), 'another')).toThrow(
    'the signature is wrong',
  )
})

test('a webhook without authentication is delivered unsigned, and one object is accepted for a list', async () => {
  const server = await startServer()
  const { addon } = await listening(server, (one: Addon) => ({
    event: 'room_message',
    url: `${one.url}/hook`,
  }))
  await server.say('Lobby', 'alice', 'hi')
  await server.idle()
  expect(addon.to('/hook')[0]?.headers).not.toHaveProperty('authorization')
})

test('each of the ten events is delivered with its item', async () => {
  const server = await startServer()
  const { addon } = await listening(
    server,
    (one: Addon) => tenEvents.map((event) => hook(one, { event })),
    null,
  )
  await adminCall(server, 'POST', '/room', { json: { name: 'Quay' } })
  await server.enter('Quay', 'carol')
  await server.enter('Quay', 'carol')
  await server.setTopic('Quay', 'carol', 'High water')
  await server.setTopic('Quay', 'carol', 'High water')
  await server.shareFile('Quay', 'carol', { name: 'tides.pdf', size: 3, url: 'https://example.com/t' })
  await server.notify('Quay', 'carol', { message: '<b>up</b>', color: 'green' })
  await server.leave('Quay', 'carol')
  await server.leave('Quay', 'carol')
  await adminCall(server, 'PUT', '/room/Quay', { json: { is_archived: true } })
  await adminCall(server, 'PUT', '/room/Quay', { json: { is_archived: false } })
  await adminCall(server, 'DELETE', '/room/Quay')
  await server.idle()

  const bodies = addon.to('/hook').map(({ body }) => body)
  expect(bodies.map(({ event }) => event)).toEqual([
    'room_created',
    'room_enter',
    'room_topic_change',
    'room_message',
    'room_file_upload',
    'room_notification',
    'room_exit',
    'room_archived',
    'room_unarchived',
    'room_deleted',
  ])
  for (const body of bodies) expect(validate(deliveryBody(body.event), body)).toMatchObject({ ok: true })
  const item = (event: string) => bodies.find((body) => body.event === event).item
  const carol = expect.objectContaining({ id: 4, mention_name: 'carol' })
  const admin = expect.objectContaining({ id: 1, mention_name: 'admin' })
  expect(Object.keys(item('room_enter')).sort()).toEqual(['room', 'sender'])
  expect([item('room_enter').sender, item('room_exit').sender]).toEqual([carol, carol])
  expect(item('room_topic_change')).toMatchObject({ sender: carol, topic: 'High water' })
  expect(item('room_file_upload')).toMatchObject({
    sender: carol,
    file: { name: 'tides.pdf', size: 3, url: 'https://example.com/t', thumb_url: null },
  })
  expect(item('room_message').message.file).toEqual({
    name: 'tides.pdf',
    size: 3,
    url: 'https://example.com/t',
  })
  expect(item('room_notification').message).toMatchObject({
    type: 'notification',
    from: 'Carol Cook',
    message: '<b>up</b>',
    message_format: 'html',
    color: 'green',
    mentions: [],
  })
  expect(item('room_archived')).toMatchObject({ sender: admin, room: { is_archived: true } })
  expect(item('room_unarchived')).toMatchObject({ sender: admin, room: { is_archived: false } })
  expect(item('room_created')).toMatchObject({ sender: admin, room: { name: 'Quay' } })
  expect(item('room_deleted')).toMatchObject({ sender: admin, room: { name: 'Quay' } })
})

test('a notification of an add-on names its installation, and is delivered to its sender too', async () => {
  const server = await startServer()
  const { addon, record } = await listening(server, (one: Addon) => hook(one, { event: 'room_notification' }))
  const token = await accessToken(server, record)
  await call(server, 'POST', '/room/1/notification', { token, json: { message: 'done', color: 'random' } })
  await server.idle()
  const [received] = addon.to('/hook')
  expect(received?.body.item.message).toMatchObject({
    from: 'Dice',
    type: 'notification',
    color: expect.stringMatching(/^(yellow|green|red|purple|gray)$/),
    notification_sender: { type: 'addon', id: 'com.example.dice', client_id: record.oauthId },
  })
  expect(received && signedBy(received, record.oauthSecret)).not.toHaveProperty('sub')
})

test('a topic set with an add-on token comes from an OAuth client', async () => {
  const server = await startServer()
  const addon = await startAddon()
  declare(addon, {
    hipchatApiConsumer: { scopes: ['admin_room'], fromName: 'Shipyard' },
    webhook: hook(addon, { event: 'room_topic_change' }),
  })
  const token = await accessToken(server, await installOverHttp(server, addon))
  const answer = await call(server, 'PUT', '/room/Lobby', { token, json: { topic: 'Freeze' } })
  expect(answer.status).toBe(204)
  await server.idle()
  expect(addon.to('/hook')[0]?.body.item.sender).toEqual({
    id: expect.any(Number),
    name: 'Shipyard',
    allowed_scopes: ['admin_room'],
    room: null,
    links: { self: expect.stringContaining('/oauth/client/') },
  })
})

test('a private room links its members', async () => {
  const server = await startServer()
  const { addon } = await listening(server, undefined, 'Back office')
  await server.say('Back office', 'alice', 'hush')
  await server.idle()
  expect(addon.to('/hook')[0]?.body.item.room).toMatchObject({
    privacy: 'private',
    links: { members: `${server.apiUrl}/room/3/member` },
  })
})

test('a room installation gets the events of its room only, a group installation those of all rooms', async () => {
  const server = await startServer()
  const { addon, record } = await listening(server)
  const everywhere = await installOverHttp(server, addon)
  await server.say('Workshop', 'alice', 'one')
  await server.say('Lobby', 'alice', 'two')
  await server.say('Back office', 'alice', 'three')
  await server.idle()
  const heard = addon.to('/hook').map(({ body }) => `${body.oauth_client_id} ${body.item.message.message}`)
  expect(heard.sort()).toEqual(
    [
      `${everywhere.oauthId} one`,
      `${record.oauthId} two`,
      `${everywhere.oauthId} two`,
      `${everywhere.oauthId} three`,
    ].sort(),
  )
})

test('patterns search the raw text', async () => {
  const server = await startServer()
  const { addon } = await listening(server, (one: Addon) => [
    hook(one, { url: `${one.url}/case`, pattern: '(?i)^/roll' }),
    hook(one, { url: `${one.url}/anchor`, pattern: '\\A/roll\\b' }),
    hook(one, { url: `${one.url}/anywhere`, pattern: "^/gif|it's working" }),
    hook(one, { url: `${one.url}/all`, pattern: '.*' }),
  ])
  for (const text of ['/ROLL', 'please /roll', "now it's working", '/roll 2']) await server.say(1, 2, text)
  await server.shareFile('Lobby', 'alice', { name: 'a', size: 1, url: 'https://example.com/a' })
  await server.idle()
  const texts = (path: string) => addon.to(path).map(({ body }) => body.item.message.message)
  expect(texts('/case')).toEqual(['/ROLL', '/roll 2'])
  expect(texts('/anchor')).toEqual(['/roll 2'])
  expect(texts('/anywhere')).toEqual(["now it's working"])
  expect(texts('/all')).toEqual(['/ROLL', 'please /roll', "now it's working", '/roll 2', ''])
})

test('the deliveries of a room stay in order, and a slow add-on delays neither others nor the chat', async () => {
  const server = await startServer()
  const { addon: slow } = await listening(server)
  const { addon: quick } = await (async () => {
    const addon = await startAddon()
    addon.descriptor = { ...addon.descriptor, key: 'com.example.quick' }
    declare(addon, { webhook: hook(addon) })
    return { addon, record: await installOverHttp(server, addon, 'Lobby') }
  })()
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  slow.respond = async () => {
    await held
    return undefined
  }
  const arrived = new Promise<void>((resolve) => {
    quick.respond = ({ body }) => {
      if (body.item.message.message === '3') resolve()
      return undefined
    }
  })
  for (const text of ['1', '2', '3']) await server.say('Lobby', 'alice', text)
  await arrived
  expect(slow.to('/hook')).toHaveLength(1)
  release()
  await server.idle()
  expect(slow.to('/hook').map(({ body }) => body.item.message.message)).toEqual(['1', '2', '3'])
})

test('a notification in the answer to a webhook is posted as the add-on', async () => {
  const server = await startServer()
  const { addon, record } = await listening(server)
  addon.respond = () => inline({ message: 'rolled <b>9</b>', color: 'gray', ignored: true })
  await server.say('Lobby', 'alice', '/roll')
  await server.idle()
  expect(server.history('Lobby').at(-1)).toMatchObject({
    type: 'notification',
    from: { name: 'Dice' },
    message: 'rolled <b>9</b>',
    message_format: 'html',
    color: 'gray',
    notification_sender: { type: 'addon', id: 'com.example.dice', client_id: record.oauthId },
  })
  expect(server.deliveries({ event: 'room_message' })).toMatchObject([{ status: 200, replied: true }])
})

test('an answer that is not a notification is not posted', async () => {
  const server = await startServer()
  const { addon } = await listening(server)
  const answers = [
    { headers: { 'content-type': 'application/json' }, body: '' },
    { headers: { 'content-type': 'text/plain' }, body: '{"message":"no"}' },
    { headers: { 'content-type': 'application/json' }, body: '{"message":' },
    { headers: { 'content-type': 'application/json' }, body: '["message"]' },
    inline({ message: '' }),
    inline({ message: 5 }),
    inline({ message: 'no', color: 'blue' }),
    inline({ message: 'no', padding: 'x'.repeat(70_000) }),
    { ...inline({ message: 'no' }), status: 500 },
  ]
  for (const answer of answers) {
    addon.respond = () => answer
    await server.say('Lobby', 'alice', 'hi')
    await server.idle()
  }
  expect(addon.to('/hook')).toHaveLength(answers.length)
  expect(server.history('Lobby').filter(({ type }) => type === 'notification')).toEqual([])
})

test('without send_notification nothing is posted', async () => {
  const server = await startServer()
  const addon = await startAddon()
  declare(addon, { hipchatApiConsumer: { scopes: ['view_room'] }, webhook: hook(addon) })
  await installOverHttp(server, addon, 'Lobby')
  addon.respond = () => inline({ message: 'no' })
  await server.say('Lobby', 'alice', 'hi')
  await server.idle()
  expect(server.history('Lobby')).toHaveLength(1)
})

test('an add-on that answers its own notifications does not go on forever', async () => {
  const server = await startServer()
  const { addon } = await listening(server, (one: Addon) => [
    hook(one),
    hook(one, { event: 'room_notification' }),
  ])
  addon.respond = () => inline({ message: 'echo' })
  await server.say('Lobby', 'alice', 'hi')
  await server.idle()
  expect(server.history('Lobby').map(({ message }) => message)).toEqual(['hi', 'echo'])
})

test('failed deliveries are recorded, not repeated, and never reach the chat', async () => {
  const server = await startServer({ deliveryTimeout: 100 })
  const { addon } = await listening(server, (one: Addon) => hook(one, { url: `${one.url}/hook?secret=1` }))
  addon.respond = () => ({ status: 503 })
  await server.say('Lobby', 'alice', 'a')
  await server.idle()
  addon.respond = () => ({ status: 302, headers: { location: `${addon.url}/elsewhere` } })
  await server.say('Lobby', 'alice', 'b')
  await server.idle()
  addon.respond = () => new Promise(() => undefined)
  await server.say('Lobby', 'alice', 'c')
  await server.idle()
  expect(server.deliveries().map(({ status, error }) => [status, error])).toEqual([
    [503, 'answered 503'],
    [302, 'answered 302'],
    [undefined, 'did not answer in time'],
  ])
  expect(addon.to('/hook')).toHaveLength(3)
  expect(addon.to('/elsewhere')).toEqual([])
  expect(JSON.stringify(server.deliveries())).not.toContain('secret')
})

test('after ten failures in a row an add-on is not called for a while', async () => {
  const server = await startServer()
  const { addon } = await listening(server)
  addon.respond = () => ({ status: 500 })
  for (let index = 0; index < 12; index += 1) await server.say('Lobby', 'alice', String(index))
  await server.idle()
  expect(addon.to('/hook')).toHaveLength(10)
  expect(server.deliveries().at(-1)?.error).toBe('skipped: the add-on failed many times in a row')
})

test('after an uninstallation nothing is delivered', async () => {
  const server = await startServer()
  const { addon, record } = await listening(server)
  await server.uninstall(record.oauthId)
  await server.say('Lobby', 'alice', 'hi')
  await server.idle()
  expect(addon.to('/hook')).toEqual([])
})

test('installations that answer each other stop after ten answers', async () => {
  const server = await startServer()
  const addon = await startAddon()
  declare(addon, { webhook: [hook(addon), hook(addon, { event: 'room_notification' })] })
  await installOverHttp(server, addon, 'Lobby')
  await installOverHttp(server, addon)
  addon.respond = ({ path }) => (path === '/hook' ? inline({ message: 'pong' }) : undefined)
  await server.say('Lobby', 'alice', 'ping')
  await server.idle()
  // two answers to the message, each answered in turn by the other installation
  expect(server.history('Lobby')).toHaveLength(1 + 2 * 10)
})
