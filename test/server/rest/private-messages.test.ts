import { createPersonalClient } from 'hipchat-addon'
import { expect, test } from 'vitest'
import type { HipChatServer } from '../../../src/server/index.ts'
import { accessToken, call, declare, installOverHttp, refusal, startAddon, startServer } from '../support.ts'

/** Alice and Bob, each with a token and a way to write to the other. */
async function chatting(server: HipChatServer) {
  const alice = await server.createToken({ user: 'alice' })
  const bob = await server.createToken({ user: 'bob' })
  const write = (token: string, to: string, message: string) =>
    call(server, 'POST', `/user/${to}/message`, { token, json: { message, message_format: 'text' } })
  const read = (token: string, path: string) => call(server, 'GET', `/user/${path}`, { token })
  return { alice, bob, write, read }
}

const texts = ({ body }: { body: { items: { message: string }[] } }) =>
  body.items.map(({ message }) => message)

test('both sides of a chat read the same messages, and no one else reads them', async () => {
  const server = await startServer()
  const { alice, bob, write, read } = await chatting(server)
  await write(alice, '@bob', 'one')
  await write(bob, '@alice', 'two')
  await write(alice, '@carol', 'elsewhere')
  expect(texts(await read(alice, '@bob/history'))).toEqual(['one', 'two'])
  expect(texts(await read(bob, '2/history/latest'))).toEqual(['one', 'two'])
  expect(texts(await read(server.adminToken, '@bob/history'))).toEqual([])
  const { body } = await read(alice, '@bob/history')
  expect(body.items[0]).toEqual({
    id: expect.any(String),
    date: expect.stringMatching(/\.\d{6}\+00:00$/),
    from: expect.objectContaining({ id: 2, mention_name: 'alice' }),
    message: 'one',
    type: 'message',
    mentions: [],
    message_format: 'text',
  })
})

test('a private history is paged like the history of a room', async () => {
  const server = await startServer()
  const { alice, write, read } = await chatting(server)
  for (const text of ['1', '2', '3', '4', '5']) await write(alice, '@bob', text)
  const page = await read(alice, '@bob/history?max-results=2')
  expect(texts(page)).toEqual(['4', '5'])
  expect(page.body.links.next).toContain('start-index=2')
  expect(texts(await read(alice, '@bob/history?max-results=2&start-index=2&reverse=false'))).toEqual([
    '3',
    '2',
  ])
  const [, second] = (await read(alice, '@bob/history?max-results=4')).body.items
  const until = encodeURIComponent(second.date)
  expect(texts(await read(alice, `@bob/history?date=${until}`))).toEqual(['1', '2', '3'])
  expect(texts(await read(alice, `@bob/history/latest?not-before=${second.id}`))).toEqual(['3', '4', '5'])
  expect(refusal(await read(alice, '@bob/history/latest?not-before=x'))).toEqual([404, 'Message x not found'])
  const client = createPersonalClient({ apiUrl: server.apiUrl, token: alice })
  const walked: unknown[] = []
  for await (const { message } of client.viewPrivatechatHistory({
    id_or_email: '@bob',
    'max-results': 2,
    reverse: false,
  }))
    walked.push(message)
  expect(walked).toEqual(['5', '4', '3', '2', '1'])
})

test('one private message is found by its id by both people of the chat', async () => {
  const server = await startServer()
  const { alice, bob, write, read } = await chatting(server)
  await write(alice, '@bob', 'psst')
  const { id } = (await read(alice, '@bob/history')).body.items[0]
  const missing = [404, `Message ${id} not found`]
  expect((await read(bob, `@alice/history/${id}`)).body).toMatchObject({ message: { id, message: 'psst' } })
  expect(refusal(await read(server.adminToken, `@alice/history/${id}`))).toEqual(missing)
  expect(refusal(await read(alice, `@carol/history/${id}`))).toEqual(missing)
  const addon = await startAddon()
  declare(addon, { hipchatApiConsumer: { scopes: ['view_messages'] } })
  const token = await accessToken(server, await installOverHttp(server, addon))
  expect(refusal(await read(token, `@alice/history/${id}`))).toEqual(missing)
  expect((await read(token, '@alice/history')).status).toBe(403)
})

test('a link is shared with a person; an invitation to a room arrives as a message', async () => {
  const server = await startServer()
  const { alice, bob, read } = await chatting(server)
  const share = (json: unknown, to = '@bob') =>
    call(server, 'POST', `/user/${to}/share/link`, { token: alice, json })
  expect((await share({ link: 'https://example.com/', message: 'Look' })).status).toBe(204)
  expect(refusal(await share({ link: 'mailto:a@b.c' }))).toEqual([
    400,
    'link must be an absolute http or https address',
  ])
  expect(refusal(await share({ link: 'https://example.com/' }, '@nobody'))).toEqual([
    404,
    'User @nobody not found',
  ])
  await call(server, 'POST', '/room/Lobby/invite/@bob', { token: alice, json: { reason: 'Tea' } })
  expect(texts(await read(bob, '@alice/history'))).toEqual([
    'Look https://example.com/',
    'You are invited to the room Lobby: Tea',
  ])
})
