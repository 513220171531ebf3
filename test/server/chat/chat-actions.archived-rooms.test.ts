import { expect, it, test } from 'vitest'
import {
  adminCall,
  call,
  declare,
  hook,
  inline,
  installOverHttp,
  refusal,
  startAddon,
  startServer,
} from '../support.ts'

const words = 'Room Lobby is archived: unarchive it first'

const archive = (server: Parameters<typeof adminCall>[0], is_archived = true) =>
  adminCall(server, 'PUT', '/room/Lobby', { json: { is_archived } })

const pieces = (name: string) =>
  [
    '--x',
    'Content-Type: application/json',
    'Content-Disposition: attachment; name="metadata"',
    '',
    '{"message":"a file"}',
    '--x',
    `Content-Disposition: attachment; name="file"; filename="${name}"`,
    '',
    'abc',
    '--x--',
    '',
  ].join('\r\n')

it.each<[what: string, method: string, path: string, options: object]>([
  ['message', 'POST', '/room/Lobby/message', { json: { message: 'hi' } }],
  ['notification', 'POST', '/room/Lobby/notification', { json: { message: 'hi' } }],
  ['link', 'POST', '/room/Lobby/share/link', { json: { link: 'https://example.com' } }],
  [
    'file',
    'POST',
    '/room/Lobby/share/file',
    { body: pieces('a.txt'), headers: { 'content-type': 'multipart/related; boundary=x' } },
  ],
  ['topic', 'PUT', '/room/Lobby/topic', { json: { topic: 'New' } }],
])('an archived room refuses a %s', async (_, method, path, options) => {
  const server = await startServer()
  await archive(server)
  expect(refusal(await adminCall(server, method, path, options))).toEqual([400, words])
  expect(server.history('Lobby')).toEqual([])
  await archive(server, false)
  expect((await adminCall(server, method, path, options)).status).toBeLessThan(300)
})

test('an archived room refuses replies, answers of add-ons, and people who enter', async () => {
  const server = await startServer()
  const addon = await startAddon()
  declare(addon, { webhook: [hook(addon), hook(addon, { event: 'room_archived' })] })
  await installOverHttp(server, addon, 'Lobby')
  const said = await server.say('Lobby', 'alice', 'before')
  addon.respond = async ({ body }) => {
    if (body?.event === 'room_message') await archive(server)
    return inline({ message: 'too late' })
  }
  await server.say('Lobby', 'alice', 'again')
  await server.idle()
  expect(server.history('Lobby').map(({ message }) => message)).toEqual(['before', 'again'])
  const json = { parentMessageId: said.id, message: 'an answer' }
  const token = await server.createToken({ user: 'alice' })
  expect(refusal(await call(server, 'POST', '/room/Lobby/reply', { token, json }))).toEqual([400, words])
  const page = await server.createPageToken('carol')
  const enter = await call(server, 'PUT', `${server.url}/page/room/1/presence`, { token: page })
  expect(refusal(enter)).toEqual([400, words])
  await expect(server.say('Lobby', 'alice', 'x')).rejects.toThrow(words)
})

test('an archived room can be changed, and archived again with its current topic', async () => {
  const server = await startServer()
  const whole = { name: 'Old Lobby', topic: 'Say hello', is_archived: true }
  expect((await adminCall(server, 'PUT', '/room/1', { json: whole })).status).toBe(204)
  expect((await adminCall(server, 'PUT', '/room/1', { json: { ...whole, name: 'Older' } })).status).toBe(204)
  const changed = { ...whole, topic: 'New', is_archived: false }
  expect((await adminCall(server, 'PUT', '/room/1', { json: changed })).status).toBe(204)
  const again = await adminCall(server, 'PUT', '/room/1', {
    json: { topic: 'Last words', is_archived: true },
  })
  expect(again.status).toBe(204)
})
