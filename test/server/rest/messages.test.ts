import { expect, test, vi } from 'vitest'
import type { HipChatServer } from '../../../src/server/index.ts'
import {
  accessToken,
  adminCall,
  call,
  declare,
  hook,
  installOverHttp,
  refusal,
  startAddon,
  startServer,
} from '../support.ts'

const notify = (server: HipChatServer, json: unknown) =>
  adminCall(server, 'POST', '/room/Lobby/notification', { json })

test('a notification is posted with HipChat’s defaults', async () => {
  const server = await startServer()
  const answer = await notify(server, { message: '<i>up</i>', room_id: 'stray' })
  expect([answer.status, answer.body]).toEqual([204, ''])
  expect(server.history('Lobby')).toEqual([
    {
      id: expect.any(String),
      date: expect.stringMatching(/\.\d{6}\+00:00$/),
      from: { name: 'Admin' },
      message: '<i>up</i>',
      type: 'notification',
      mentions: [],
      color: 'yellow',
      message_format: 'html',
    },
  ])
})

test('forms, strings for booleans, cards in forms and aliases are accepted as clients sent them', async () => {
  const server = await startServer()
  expect((await notify(server, { message: 'a', notify: 'true' })).status).toBe(204)
  const card = { style: 'link', id: '1', title: 'T' }
  const form = await adminCall(server, 'POST', '/room/Lobby/notification', {
    body: new URLSearchParams({ message: 'b', notify: '1', card: JSON.stringify(card) }).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  })
  expect(form.status).toBe(204)
  const byQuery = await call(server, 'POST', `/room/Lobby/notification?auth_token=${server.adminToken}`, {
    json: { message: 'c', card: null },
  })
  expect(byQuery.status).toBe(204)
  expect(server.history('Lobby').map(({ message, card: one }) => [message, one])).toEqual([
    ['a', undefined],
    ['b', JSON.stringify(card)],
    ['c', undefined],
  ])
})

// The bodies of notifications that three published add-ons sent, taken from their own request code: DanielHreben's
// hipchat-markdown (token in the query) and ac-koa-hipchat-sassy (Bearer), both on Atlassian's frameworks.
test('requests of published add-ons are accepted', async () => {
  const server = await startServer()
  const addon = await startAddon()
  const credentials = await installOverHttp(server, addon, 'Lobby')
  const basic = {
    authorization: `Basic ${Buffer.from(`${credentials.oauthId}:${credentials.oauthSecret}`).toString('base64')}`,
  }
  const json = await call(server, 'POST', '/oauth/token', {
    headers: basic,
    json: { grant_type: 'client_credentials', scope: 'send_notification' },
  })
  expect(json.status).toBe(200)
  const form = await call(server, 'POST', '/oauth/token', {
    headers: { ...basic, 'content-type': 'application/x-www-form-urlencoded' },
    body: 'grant_type=client_credentials&scope=send_notification%20',
  })
  expect(form.body).toMatchObject({ token_type: 'bearer', group_id: 1, group_name: 'Example' })
  const token = form.body.access_token
  const card = {
    style: 'application',
    id: '012d79dd-ea23-4673-91fc-ca3f7ac54c5a',
    title: 'View source markdown',
    description: { format: 'html', value: "<a href='#' data-target='viewer.dialog'>Open in viewer</a>" },
    activity: { html: '<img src=http://127.0.0.1/x.png width=32px heigth=32px> <b>Test User</b>' },
  }
  const bodies = [
    { message: '<p><em>hi</em></p>\n', message_format: 'html', color: 'gray', notify: false, card },
    { message: '<h1>Title</h1>\n', message_format: 'html', color: 'yellow', notify: false },
    { message: 'The GitHub add-on has been installed in this room', color: 'yellow', notify: false },
  ]
  for (const body of bodies) {
    const answer = await call(server, 'POST', `/room/1/notification?auth_token=${token}`, { json: body })
    expect(answer.status).toBe(204)
  }
  expect(server.history('Lobby').map(({ message }) => message)).toEqual(bodies.map(({ message }) => message))
})

test('an invalid notification is refused with the member, the rule and the value', async () => {
  const server = await startServer()
  const errors = async (json: unknown) => (await notify(server, json)).body.error
  expect(await errors({ message: 'a', notify: 'yes' })).toEqual({
    code: 400,
    type: 'Bad Request',
    message: 'notify must be boolean, not string',
    field: 'notify',
    validation: 'type',
    expected_type: 'boolean',
    value: 'yes',
  })
  expect(await errors({})).toMatchObject({
    message: 'message is missing',
    field: 'message',
    validation: 'required',
  })
  expect(await errors({ message: '' })).toMatchObject({ field: 'message', validation: 'minLength' })
  expect(await errors({ message: 'x'.repeat(10_001) })).toMatchObject({
    field: 'message',
    validation: 'maxLength',
  })
  expect(await errors({ message: 'a', color: 'blue' })).toMatchObject({ field: 'color', validation: 'enum' })
  expect(
    await errors({
      message: 'a',
      card: { style: 'link', id: '1', title: 'T', thumbnail: { url: 'u', width: '43' } },
    }),
  ).toMatchObject({ field: 'card.thumbnail.width', validation: 'type', value: '43' })
  expect(server.history('Lobby')).toEqual([])
})

test('random colors are resolved, and what cannot be attached is posted separately', async () => {
  const server = await startServer()
  const said = await server.say('Lobby', 'alice', 'hi')
  await notify(server, { message: 'a', color: 'random', attach_to: said.id })
  await notify(server, { message: 'b', attach_to: 'no-such-message' })
  const [, attached, alone] = server.history('Lobby')
  expect(attached?.color).toMatch(/^(yellow|green|red|purple|gray)$/)
  expect(attached?.attach_to).toBe(said.id)
  expect(alone).not.toHaveProperty('attach_to')
})

test('a room’s own token posts notifications under its name and nothing else', async () => {
  const server = await startServer()
  const token = await server.createToken({ room: 'Lobby', label: 'Jenkins' })
  expect(
    (await call(server, 'POST', '/room/lobby/notification', { token, json: { message: 'a' } })).status,
  ).toBe(204)
  expect(server.history('Lobby')[0]?.from).toEqual({ name: 'Jenkins' })
  expect(
    refusal(await call(server, 'POST', '/room/Workshop/notification', { token, json: { message: 'a' } })),
  ).toEqual([403, 'This token is bound to another room'])
  expect(refusal(await call(server, 'GET', '/room/Lobby', { token }))).toEqual([
    403,
    expect.stringMatching(/^This action cannot be called with a room's notification token; it requires /),
  ])
})

test('a message is sent as the calling user, with its mentions', async () => {
  const server = await startServer()
  const token = await server.createToken({ user: 'alice' })
  const answer = await call(server, 'POST', '/room/Lobby/message', {
    token,
    json: { message: 'hi @Bob, @all and carol@example.com (@carol)' },
  })
  expect(answer.status).toBe(200)
  expect(answer.body).toEqual({
    id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    timestamp: expect.stringMatching(/\+00:00$/),
  })
  const [message] = server.history('Lobby')
  expect(message).toMatchObject({ id: answer.body.id, from: { id: 2 }, type: 'message' })
  expect(message?.mentions?.map(({ mention_name }) => mention_name)).toEqual(['bob', 'carol'])
})

test('an add-on cannot speak as a user', async () => {
  const server = await startServer()
  const token = await accessToken(server, await installOverHttp(server, await startAddon(), 'Lobby'))
  expect(
    refusal(await call(server, 'POST', '/room/Lobby/message', { token, json: { message: 'hi' } })),
  ).toEqual([
    403,
    "This action cannot be called with a room installation's token; it requires a user's token or a personal access token",
  ])
})

test('private messages are accepted as JSON and as plain text', async () => {
  const server = await startServer()
  expect(
    (await adminCall(server, 'POST', '/user/@bob/message', { json: { message: 'hi', notify: 'true' } }))
      .status,
  ).toBe(204)
  const bare = await adminCall(server, 'POST', '/user/bob%40example.com/message', {
    body: 'hi again',
    headers: { 'content-type': 'text/plain' },
  })
  expect(bare.status).toBe(204)
  expect(
    refusal(await adminCall(server, 'POST', '/user/@nobody/message', { json: { message: 'hi' } })),
  ).toEqual([404, 'User @nobody not found'])
})

test('history pages back from the newest message; within a page the oldest comes first', async () => {
  const server = await startServer()
  for (let index = 1; index <= 5; index += 1) await server.say('Lobby', 'alice', String(index))
  const texts = ({ body }: Awaited<ReturnType<typeof call>>) =>
    body.items.map(({ message }: { message: string }) => message)
  const first = await adminCall(server, 'GET', '/room/Lobby/history?max-results=2')
  expect(texts(first)).toEqual(['4', '5'])
  const second = await adminCall(server, 'GET', first.body.links.next)
  expect(texts(second)).toEqual(['2', '3'])
  expect(second.body).toMatchObject({ startIndex: 2, maxResults: 2 })
  const third = await adminCall(server, 'GET', second.body.links.next)
  expect(texts(third)).toEqual(['1'])
  expect(third.body.links).not.toHaveProperty('next')
  expect(texts(await adminCall(server, 'GET', '/room/Lobby/history?date=recent&reverse=false'))).toEqual([
    '5',
    '4',
    '3',
    '2',
    '1',
  ])
  const { items } = (await adminCall(server, 'GET', '/room/Lobby/history')).body
  const dated = (query: string) => adminCall(server, 'GET', `/room/Lobby/history?${query}`)
  const at = (index: number) => encodeURIComponent(items[index].date)
  expect(texts(await dated(`date=${at(2)}`))).toEqual(['1', '2', '3'])
  expect(texts(await dated(`date=${at(3)}&end-date=${at(1)}`))).toEqual(['2', '3', '4'])
  // a plus sign that is not encoded arrives as a space
  expect(texts(await dated(`date=${items[0].date}`))).toEqual(['1'])
  expect(texts(await dated('date=1000000000'))).toEqual([])
  expect(texts(await dated('date=2001-09-09T01:46:40Z'))).toEqual([])
})

test('dates are in the requested time zone, with microseconds and an offset', async () => {
  const server = await startServer()
  await server.say('Lobby', 'alice', 'hi')
  const date = async (timezone: string) =>
    (await adminCall(server, 'GET', `/room/Lobby/history?timezone=${timezone}`)).body.items[0].date
  const utc = await date('UTC')
  const kolkata = await date('Asia/Kolkata')
  expect(kolkata).toMatch(/\.\d{6}\+05:30$/)
  expect(Date.parse(kolkata)).toBe(Date.parse(utc))
  expect(await date('America/Phoenix')).toMatch(/-07:00$/)
  expect(refusal(await adminCall(server, 'GET', '/room/Lobby/history?timezone=Mars'))).toEqual([
    400,
    'timezone must be a name of the tz database such as Europe/Berlin',
  ])
  expect(refusal(await adminCall(server, 'GET', '/room/Lobby/history?date=soon'))).toEqual([
    400,
    'date must be an ISO 8601 date, UNIX seconds or recent',
  ])
})

test('the latest messages are read from a known one on', async () => {
  const server = await startServer()
  const ids: string[] = []
  for (const text of ['1', '2', '3']) ids.push((await server.say('Lobby', 'alice', text)).id)
  const read = async (query: string) => {
    const { body } = await adminCall(server, 'GET', `/room/Lobby/history/latest${query}`)
    return body.items.map(({ message }: { message: string }) => message)
  }
  expect(await read('')).toEqual(['1', '2', '3'])
  expect(await read('?max-results=2')).toEqual(['2', '3'])
  expect(await read(`?not-before=${ids[1]}`)).toEqual(['2', '3'])
  expect(refusal(await adminCall(server, 'GET', '/room/Lobby/history/latest?not-before=none'))).toEqual([
    404,
    'Message none not found',
  ])
})

test('from is next to the name of every kind of sender', async () => {
  const server = await startServer()
  const json = { message: 'built', from: 'CI' }
  const room = await server.createToken({ room: 'Lobby', label: 'Jenkins' })
  for (const token of [room, await server.createToken({ user: 'alice' })])
    await call(server, 'POST', '/room/Lobby/notification', { token, json })
  expect(server.history('Lobby').map(({ from }) => from)).toEqual([
    { name: 'Jenkins · CI' },
    { name: 'Alice Archer · CI' },
  ])
})

test('messages are dated by the current clock', async () => {
  const server = await startServer()
  vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2031, 0, 2) })
  try {
    expect((await server.say('Lobby', 'alice', 'later')).date).toMatch(/^2031-01-02T00:00:00\.\d{6}\+00:00$/)
  } finally {
    vi.useRealTimers()
  }
})

test('a day that does not exist is not a valid date', async () => {
  const server = await startServer()
  expect(refusal(await adminCall(server, 'GET', '/room/Lobby/history?date=2030-02-30'))).toEqual([
    400,
    'date must be an ISO 8601 date, UNIX seconds or recent',
  ])
})

test('one message of a room is found by its id, in that room only, as the member `message` of the answer', async () => {
  const server = await startServer()
  const said = await server.say('Lobby', 'alice', 'ahoy @bob')
  const { status, body } = await adminCall(
    server,
    'GET',
    `/room/Lobby/history/${said.id}?timezone=Europe/Berlin`,
  )
  expect(status).toBe(200)
  expect(Object.keys(body)).toEqual(['message'])
  const { message } = body
  expect(message).toMatchObject({ id: said.id, message: 'ahoy @bob', mentions: [{ id: 3 }], from: { id: 2 } })
  expect(message.date).toMatch(/\+0[12]:00$/)
  expect(refusal(await adminCall(server, 'GET', `/room/Workshop/history/${said.id}`))).toEqual([
    404,
    `Message ${said.id} not found`,
  ])
  expect((await adminCall(server, 'GET', `/room/Lobby/history/${said.id}?timezone=Moon`)).status).toBe(400)
  const secret = await server.say('Back office', 'bob', 'psst')
  const token = await server.createToken({ user: 'carol' })
  expect(refusal(await call(server, 'GET', `/room/3/history/${secret.id}`, { token }))).toEqual([
    404,
    'Room 3 not found',
  ])
})

test('a reply is sent as the calling user, attached to its parent, and delivered to add-ons', async () => {
  const server = await startServer()
  const addon = await startAddon()
  declare(addon, { webhook: hook(addon) })
  await installOverHttp(server, addon, 'Lobby')
  const said = await server.say('Lobby', 'alice', 'tea?')
  const token = await server.createToken({ user: 'bob' })
  const reply = (json: unknown, room = 'Lobby') =>
    call(server, 'POST', `/room/${room}/reply`, { token, json })
  const answer = await reply({ parentMessageId: said.id, message: 'yes @alice' })
  expect([answer.status, answer.body]).toEqual([204, ''])
  // as hipchat/hipchat-rb spells it
  expect((await reply({ parent_message_id: said.id, message: 'please' })).status).toBe(204)
  await server.idle()
  expect(server.history('Lobby').slice(1)).toMatchObject([
    { message: 'yes @alice', from: { id: 3 }, attach_to: said.id, mentions: [{ id: 2 }], type: 'message' },
    { message: 'please', attach_to: said.id },
  ])
  expect(addon.to('/hook').map(({ body }) => body.item.message.message)).toEqual([
    'tea?',
    'yes @alice',
    'please',
  ])
  expect(refusal(await reply({ parentMessageId: 'x', message: 'a' }))).toEqual([404, 'Message x not found'])
  expect(refusal(await reply({ parentMessageId: said.id, message: 'a' }, 'Workshop'))).toEqual([
    404,
    `Message ${said.id} not found`,
  ])
  expect(refusal(await reply({ message: 'a' }))).toEqual([400, 'parentMessageId is missing'])
})

test('a shared link is sent with its text, if it is a web address', async () => {
  const server = await startServer()
  const share = (json: unknown) => adminCall(server, 'POST', '/room/Lobby/share/link', { json })
  expect((await share({ link: 'https://example.com/a', message: 'Look' })).status).toBe(204)
  expect((await share({ link: 'http://example.com/b' })).status).toBe(204)
  expect(server.history('Lobby').map(({ message }) => message)).toEqual([
    'Look https://example.com/a',
    'http://example.com/b',
  ])
  for (const link of ['javascript:alert(1)', '/relative', 'example.com'])
    expect(refusal(await share({ link }))).toEqual([400, 'link must be an absolute http or https address'])
  expect(refusal(await share({}))).toEqual([400, 'link is missing'])
})

test('replies and links count towards the limit of messages', async () => {
  const server = await startServer({ limits: { flood: 2 } })
  const token = await server.createToken({ user: 'alice' })
  const said = await server.say('Lobby', 'bob', 'hi')
  const json = { link: 'https://example.com/' }
  expect((await call(server, 'POST', '/room/1/share/link', { token, json })).status).toBe(204)
  const reply = { parentMessageId: said.id, message: 'a' }
  expect((await call(server, 'POST', '/room/1/reply', { token, json: reply })).status).toBe(204)
  expect((await call(server, 'POST', '/room/Lobby/share/link', { token, json })).status).toBe(429)
  expect((await call(server, 'POST', '/user/@bob/share/link', { token, json })).status).toBe(204)
})
