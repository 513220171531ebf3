import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPersonalClient } from 'hipchat-addon'
import { expect, onTestFinished, test } from 'vitest'
import type { HipChatServer } from '../../../src/server/index.ts'
import {
  adminCall,
  call,
  declare,
  hook,
  installOverHttp,
  refusal,
  startAddon,
  startServer,
} from '../support.ts'

const png = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')

/** What hipchat/hipchat-rb sends: line ends without CR, base64 in lines of sixty characters, a stray member. */
const ruby = (metadata: object, name: string, type: string, content: Buffer): string =>
  [
    '--sendfileboundary',
    'Content-Type: application/json; charset=UTF-8',
    'Content-Disposition: attachment; name="metadata"',
    '',
    JSON.stringify({ room_id: 'Lobby', ...metadata }),
    '--sendfileboundary',
    `Content-Type: ${type}; charset=UTF-8`,
    'Content-Transfer-Encoding: base64',
    `Content-Disposition: attachment; name="file"; filename="${name}"`,
    '',
    `${content.toString('base64').replace(/.{60}/g, '$&\n')}\n`,
    '--sendfileboundary--',
  ].join('\n')

/** What tbruyelle/hipchat-go sends: names without quotes, a content type without its semicolon, no closing boundary. */
const go = (message: string, name: string, type: string, content: Buffer): string =>
  `${[
    '--hipfileboundary',
    'Content-Type: application/json; charset=UTF-8',
    'Content-Disposition: attachment; name="metadata"',
    '',
    `{"message": "${message}"}`,
    '--hipfileboundary',
    `Content-Type: ${type} charset=UTF-8`,
    'Content-Transfer-Encoding: base64',
    `Content-Disposition: attachment; name=file; filename=${name}`,
    '',
    content.toString('base64'),
    '--hipfileboundary',
  ].join('\n')}\n`

const upload = (server: HipChatServer, body: string | Uint8Array, boundary: string, path = '/room/Lobby') =>
  adminCall(server, 'POST', `${path}/share/file`, {
    body,
    headers: { 'content-type': `multipart/related; boundary=${boundary}` },
  })

/** A well-formed body, with CR LF. */
function exact(parts: (readonly [head: string, content: string | Uint8Array])[]): Buffer {
  const pieces = parts.flatMap(([head, content]) => [`--b\r\n${head}\r\n\r\n`, content, '\r\n'])
  return Buffer.concat([...pieces, '--b--\r\n'].map((piece) => Buffer.from(piece as string)))
}

const fileHead = (name: string) => `Content-Disposition: attachment; name="file"; filename="${name}"`

const fileOf = (server: HipChatServer, room = 'Lobby') => server.history(room).at(-1)?.file

async function fetched(url: string | undefined) {
  const answer = await fetch(url ?? '')
  return { status: answer.status, headers: answer.headers, bytes: Buffer.from(await answer.arrayBuffer()) }
}

test('a file as two client libraries send it is in the history and at its address', async () => {
  const server = await startServer()
  const long = Buffer.from('0123456789abcdef'.repeat(20))
  const sent = ruby({ message: 'Hello @alice', from: 'x' }, 'notes.txt', 'text/plain', long)
  const answer = await upload(server, sent, 'sendfileboundary')
  expect([answer.status, answer.body]).toEqual([204, ''])
  expect(server.history('Lobby')[0]).toMatchObject({
    type: 'message',
    from: { mention_name: 'admin' },
    message: 'Hello @alice',
    mentions: [{ mention_name: 'alice' }],
    file: { name: 'notes.txt', size: 320, url: expect.stringMatching(/\/files\/\w{40}\/notes\.txt$/) },
  })
  expect(await fetched(fileOf(server)?.url)).toMatchObject({ status: 200, bytes: long })

  expect(
    (await upload(server, go('Look', 'my picture.png', 'image/png', png), 'hipfileboundary')).status,
  ).toBe(204)
  const picture = fileOf(server)
  expect(picture).toEqual({
    name: 'my picture.png',
    size: png.length,
    url: expect.stringMatching(/\/files\/\w{40}\/my%20picture\.png$/),
    thumb_url: picture?.url,
  })
  expect((await fetched(picture?.url)).bytes).toEqual(png)
})

test('a file may be sent raw, as the only part, with any bytes and any name', async () => {
  const server = await startServer()
  const bytes = Buffer.concat([
    Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
    Buffer.from('\r\n--b c\r\n--bb\r\n--\r\nx--b\r\n\r--b\r\n\r\r\n'), // nearly the boundary
  ])
  const names = [
    ['C:\\\\My Files\\\\ a;b.txt', ' a;b.txt'],
    ['Zürich \\"1\\".bin', 'Zürich "1".bin'],
    ['../../etc/passwd', 'passwd'],
  ] as const
  for (const [sent, kept] of names) {
    expect((await upload(server, exact([[fileHead(sent), bytes]]), '"b"')).status).toBe(204)
    expect(fileOf(server)).toMatchObject({ name: kept, size: bytes.length })
    expect((await fetched(fileOf(server)?.url)).bytes).toEqual(bytes)
  }
  expect(server.history('Lobby').map(({ message }) => message)).toEqual(['', '', ''])
})

test('only pictures are displayed; everything else is downloaded, and runs nowhere', async () => {
  const server = await startServer()
  const headers = async (name: string, content: Buffer) => {
    await upload(server, exact([[`Content-Type: text/html\r\n${fileHead(name)}`, content]]), 'b')
    const { headers: all } = await fetched(fileOf(server)?.url)
    return ['content-type', 'content-disposition'].map((one) => all.get(one))
  }
  expect(await headers("it's a picture.html", png)).toEqual([
    'image/png',
    "inline; filename*=UTF-8''it%27s%20a%20picture.html",
  ])
  expect(await headers('page.png', Buffer.from('<script>alert(1)</script>'))).toEqual([
    'application/octet-stream',
    "attachment; filename*=UTF-8''page.png",
  ])
  const { headers: all } = await fetched(fileOf(server)?.url)
  expect(all.get('x-content-type-options')).toBe('nosniff')
  expect(all.get('content-security-policy')).toBe("default-src 'none'; sandbox")
  expect((await fetched(`${server.url}/files/${'x'.repeat(40)}/page.png`)).status).toBe(404)
  expect((await fetched(`${server.url}/files/`)).status).toBe(404)
})

test('add-ons get a file as a message and as a file', async () => {
  const server = await startServer()
  const addon = await startAddon()
  declare(addon, { webhook: [hook(addon), hook(addon, { event: 'room_file_upload' })] })
  await installOverHttp(server, addon)
  await upload(server, go('Look', 'a.png', 'image/png', png), 'hipfileboundary')
  await upload(server, go('', 'a.txt', 'text/plain', Buffer.from('hi')), 'hipfileboundary')
  await server.idle()
  const told = addon.to('/hook').map(({ body }) => body)
  expect(told.map(({ event, item }) => [event, (item.file ?? item.message.file).name])).toEqual([
    ['room_message', 'a.png'],
    ['room_file_upload', 'a.png'],
    ['room_message', 'a.txt'],
    ['room_file_upload', 'a.txt'],
  ])
  const [picture, text] = server.history('Lobby').map(({ file }) => file)
  expect(told[1].item).toMatchObject({ file: picture, sender: { mention_name: 'admin' }, room: { id: 1 } })
  expect(told[3].item.file).toEqual({ ...text, thumb_url: null })
})

test('a file is shared with a person, who can read it', async () => {
  const server = await startServer()
  const [alice, bob] = [
    await server.createToken({ user: 'alice' }),
    await server.createToken({ user: 'bob' }),
  ]
  const client = createPersonalClient({ apiUrl: server.apiUrl, token: alice })
  await client.shareFileWithUser({
    id_or_email: '@bob',
    metadata: { message: 'psst' },
    file: { name: 'a.txt', type: 'text/plain', content: Buffer.from('hi') },
  })
  const { body } = await call(server, 'GET', '/user/@alice/history', { token: bob })
  expect(body.items).toMatchObject([{ message: 'psst', file: { name: 'a.txt', size: 2 } }])
  expect((await fetched(body.items[0].file.url)).bytes.toString()).toBe('hi')
  const nobody = await upload(server, exact([[fileHead('a'), 'x']]), 'b', '/user/@nobody')
  expect(refusal(nobody)).toEqual([404, 'User @nobody not found'])
})

test('the client sends any name and megabytes of any bytes', async () => {
  const server = await startServer()
  const client = createPersonalClient({ apiUrl: server.apiUrl, token: server.adminToken })
  const content = Buffer.alloc(5 * 1024 * 1024, '\r\n--boundary--\r\n')
  const name = ' a "quoted"; name=x – é.bin'
  await client.shareFileWithRoom({ id_or_name: 'Lobby', file: { name, content } })
  expect(fileOf(server)).toMatchObject({ name, size: content.length })
  expect((await fetched(fileOf(server)?.url)).bytes.equals(content)).toBe(true)
})

test('files are stored with the data, removed with their room, and gone after a reset', async () => {
  const data = mkdtempSync(join(tmpdir(), 'hipchat-files-'))
  onTestFinished(() => rmSync(data, { recursive: true, force: true }))
  const first = await startServer({ data })
  await upload(first, exact([[fileHead('a.txt'), 'kept']]), 'b')
  const path = new URL(fileOf(first)?.url ?? '').pathname
  await first.close()
  const server = await startServer({ data })
  expect((await fetched(server.url + path)).bytes.toString()).toBe('kept')
  expect(fileOf(server)?.url).toBe(server.url + path) // of the address that it has now
  await upload(server, exact([[fileHead('b.txt'), 'other']]), 'b', '/room/Workshop')
  const other = fileOf(server, 'Workshop')?.url
  await adminCall(server, 'DELETE', '/room/Lobby')
  expect((await fetched(server.url + path)).status).toBe(404)
  expect((await fetched(other)).status).toBe(200)
  await server.reset()
  expect((await fetched(other)).status).toBe(404)
})

test('a malformed body is refused with the reason', async () => {
  const server = await startServer()
  const file = [fileHead('a.txt'), 'x'] as const
  const refused = async (body: string | Uint8Array, boundary = 'b') => {
    const answer = await upload(server, body, boundary)
    return [answer.status, answer.body.error.message, answer.body.error.field]
  }
  const metadata = (text: string) =>
    exact([['Content-Disposition: attachment; name="metadata"', text], [...file]])
  expect(await refused('', 'b')).toEqual([
    400,
    'The body does not contain the boundary that its Content-Type names',
    undefined,
  ])
  expect(await refused('--b\r\n', ';')).toEqual([
    400,
    'The Content-Type of a multipart body must name its boundary, of at most 70 characters',
    undefined,
  ])
  expect(await refused(exact([[...file]]).subarray(0, -8))).toEqual([
    400,
    'The body ends before its last boundary',
    undefined,
  ])
  expect(await refused(exact([['X: y', 'x']]))).toEqual([
    400,
    'Each part of the body must have a name in Content-Disposition',
    undefined,
  ])
  expect(await refused(exact([['no colon', 'x']]))).toEqual([
    400,
    'A part of the body has a header without a colon',
    undefined,
  ])
  expect(await refused(exact([[`X: ${'y'.repeat(5000)}`, 'x']]))).toEqual([
    400,
    'A part of the body must have a head of at most 4096 bytes and an empty line',
    undefined,
  ])
  expect(await refused(exact(Array.from({ length: 11 }, () => file)))).toEqual([
    400,
    'The body has more than 10 parts',
    undefined,
  ])
  expect(await refused(exact([[...file], [...file]]))).toEqual([
    400,
    'The body has more than one part named file',
    'file',
  ])
  expect(await refused(metadata('{"message": "a"b"}'))).toEqual([
    400,
    'The part metadata is not valid JSON at line 1, column 16: expected a comma, or }, got b',
    'metadata',
  ])
  expect(await refused(metadata('{"message": 1}'))).toEqual([
    400,
    'metadata.message must be string or null, not number',
    'metadata.message',
  ])
  expect(await refused(metadata('{"message": null}').subarray(0, -60))).toEqual([
    400,
    'The body ends before its last boundary',
    undefined,
  ])
  expect(await refused(exact([['Content-Disposition: attachment; name="other"', 'x']]))).toEqual([
    400,
    'file is missing',
    'file',
  ])
  expect(await refused(exact([['Content-Disposition: attachment; name="file"', 'x']]))).toEqual([
    400,
    'file.name is missing',
    'file.name',
  ])
  for (const name of ['..', 'a\u0001b'])
    expect(await refused(exact([[fileHead(name), 'x']]))).toEqual([
      400,
      expect.stringMatching(/^file\.name must match pattern/),
      'file.name',
    ])
  for (const [encoding, words] of [
    ['base64', 'The part file is not valid base64'],
    ['x-uuencode', 'The part file must be base64 or binary, not x-uuencode'],
  ] as const)
    expect(
      await refused(exact([[`${fileHead('a')}\r\nContent-Transfer-Encoding: ${encoding}`, '%%%']])),
    ).toEqual([400, words, 'file'])
  expect(refusal(await adminCall(server, 'POST', '/room/Lobby/share/file', { json: {} }))).toEqual([
    415,
    'This call takes multipart/related, not application/json',
  ])
  expect(server.history('Lobby')).toEqual([])
})

test('an expensive body is refused early', async () => {
  const server = await startServer()
  const nearly = exact([[fileHead('a'), '\n--b-'.repeat(1001)]])
  expect(refusal(await upload(server, nearly, 'b'))).toEqual([
    400,
    'The body has more than 1000 lines that begin like its boundary',
  ])
  expect((await upload(server, exact([[fileHead('a'), '\n--b-'.repeat(1000)]]), 'b')).status).toBe(204)
  const talkative = exact([['Content-Disposition: attachment; name="metadata"', ' '.repeat(1024 * 1024 + 1)]])
  expect(refusal(await upload(server, talkative, 'b'))).toEqual([
    413,
    'The part metadata is longer than 1048576 bytes',
  ])
  const deep = `{"message":${'['.repeat(40)}${']'.repeat(40)}}`
  const nested = exact([['Content-Disposition: attachment; name="metadata"', deep]])
  expect(refusal(await upload(server, nested, 'b'))).toEqual([
    400,
    'The body is nested more than 32 levels deep',
  ])
})

test('a file may have at most twenty megabytes, raw or in base64', async () => {
  const server = await startServer()
  const most = 20 * 1024 * 1024
  const size = async (length: number) =>
    (await upload(server, exact([[fileHead('a'), Buffer.alloc(length)]]), 'b')).status
  expect(await size(most)).toBe(204)
  expect(await size(most + 1)).toBe(413)
  const encoded = ruby({ message: 'm' }, 'a', 'text/plain', Buffer.alloc(most))
  expect((await upload(server, encoded, 'sendfileboundary')).status).toBe(204)
  const answer = await upload(server, exact([[fileHead('a'), Buffer.alloc(28 * 1024 * 1024)]]), 'b')
  expect(refusal(answer)).toEqual([413, `The body is longer than ${28 * 1024 * 1024} bytes`])
})

test('users who may not write to a room share no file there', async () => {
  const server = await startServer()
  const body = exact([[fileHead('a'), 'x']])
  const headers = { 'content-type': 'multipart/related; boundary=b' }
  const share = async (token: string, room: string) =>
    refusal(await call(server, 'POST', `/room/${room}/share/file`, { token, body, headers }))
  expect(await share(await server.createToken({ user: 'carol' }), '3')).toEqual([404, 'Room 3 not found'])
  const reader = await server.createToken({ user: 'carol', scopes: ['view_room'] })
  expect(await share(reader, '1')).toEqual([
    403,
    'This action requires one of the following scopes: ["send_message"]',
  ])
})
