import { expect, test } from 'vitest'
import { openApiDocument } from '../../src/server/http/openapi.ts'
import {
  accessToken,
  adminCall,
  call,
  declare,
  installOverHttp,
  refusal,
  startAddon,
  startServer,
} from '../server/support.ts'

test.each([
  ['/room', '1'],
  ['/user', '1'],
  ['/emoticon', '1'],
  ['/session', undefined],
  ['/room/Lobby/participant', '1'],
  ['/room/Lobby/history', undefined],
  ['/room/Lobby/history/latest', undefined],
  ['/room/Lobby/webhook', undefined],
  ['/user/@alice/preference/auto-join', '1'],
])(
  'the collection %s links to itself without a query, and to its other pages with one',
  async (path, perPage) => {
    const server = await startServer()
    const { body } = await adminCall(server, 'GET', `${path}?max-results=1&timezone=UTC&expand=items`)
    expect(body.links.self).toBe(server.apiUrl + path)
    const query = body.links.next && new URL(body.links.next).searchParams
    expect(query?.get('max-results')).toBe(perPage)
  },
)

test('answers without a body have a content type, which .NET reads before it looks for a body', async () => {
  const server = await startServer()
  const headers = { authorization: `Bearer ${server.adminToken}`, 'content-type': 'application/json' }
  const typeOf = async (method: string, path: string, body?: object) => {
    const answer = await fetch(server.apiUrl + path, {
      method,
      headers,
      redirect: 'manual',
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
    return [answer.status, answer.headers.get('content-type'), answer.headers.get('content-length')]
  }
  const nothing = [204, 'application/json; charset=utf-8', null]
  expect(await typeOf('POST', '/room/Lobby/notification', { message: 'x' })).toEqual(nothing)
  expect(await typeOf('PUT', '/room/Lobby/topic', { topic: 'x' })).toEqual(nothing)
  const picture = 'iVBORw0KGgoAAAANSUhEUg=='
  expect(await typeOf('PUT', '/user/@alice/photo', { photo: picture })).toEqual(nothing)
  expect(await typeOf('GET', '/user/@alice/photo/small')).toEqual([
    302,
    'application/json; charset=utf-8',
    '0',
  ])
  expect(await typeOf('DELETE', '/user/@alice/photo')).toEqual(nothing)
})

test.each([
  ['nothing', ''],
  ['whitespace', ' \r\n'],
  ["Go's null", 'null'],
  ["PHP's empty array", '[]'],
  ['an empty object', '{}'],
  ['a byte order mark', '\uFEFF'],
  ["Go's null behind a byte order mark", '\uFEFFnull'],
])('an optional body may be %s', async (_, body) => {
  const server = await startServer()
  for (const [method, path] of [
    ['PUT', '/room/Back office/member/@alice'],
    ['POST', '/room/Lobby/invite/@alice'],
  ] as const) {
    const answer = await adminCall(server, method, path, {
      body,
      headers: { 'content-type': 'application/json' },
    })
    expect([path, answer.status]).toEqual([path, 204])
  }
})

test.each(['null', '[]', '[{}]', '"x"'])(
  'a required body, and an optional one with unexpected content, may not be %s',
  async (body) => {
    const server = await startServer()
    const headers = { 'content-type': 'application/json' }
    const needed = await adminCall(server, 'POST', '/room/Lobby/notification', { body, headers })
    expect(refusal(needed)).toEqual([400, expect.stringMatching(/^The body must be an object/)])
    if (body === 'null' || body === '[]') return
    const optional = await adminCall(server, 'PUT', '/room/Back office/member/@alice', { body, headers })
    expect(refusal(optional)).toEqual([400, expect.stringMatching(/^The body must be an object/)])
  },
)

const multipart = (parts: readonly (readonly string[])[]) =>
  [...parts.flatMap((lines) => ['--b', ...lines]), '--b--', ''].join('\r\n')

const share = async (parts: readonly (readonly string[])[]) => {
  const server = await startServer()
  const shared = await adminCall(server, 'POST', '/room/Lobby/share/file', {
    body: multipart(parts),
    headers: { 'content-type': 'multipart/related; boundary=b' },
  })
  const { items } = (await adminCall(server, 'GET', '/room/Lobby/history')).body
  return { shared, message: items[0] }
}

const file = ['Content-Disposition: attachment; name="file"; filename="a.txt"', '', 'hello']

test.each([
  ['JSON without a Content-Disposition', ['Content-Type: application/json; charset=UTF-8']],
  [
    'JSON with a Content-Disposition that has no name',
    ['Content-Type: text/json', 'Content-Disposition: inline'],
  ],
  ['named metadata', ['Content-Disposition: attachment; name="metadata"']],
])('the metadata of a shared file may be %s', async (_, head) => {
  const { shared, message } = await share([[...head, '', '{"message": "look"}'], file])
  expect(shared.status).toBe(204)
  expect(message).toMatchObject({ message: 'look', file: { name: 'a.txt' } })
})

test('the part with a file name is the file, also without a part name', async () => {
  const { shared, message } = await share([
    ['Content-Type: application/json', '', '{"message": "look"}'],
    ['Content-Type: application/json', 'Content-Disposition: attachment; filename="a.json"', '', '{}'],
  ])
  expect(shared.status).toBe(204)
  expect(message).toMatchObject({ message: 'look', file: { name: 'a.json' } })
})

test('a part without a name that is neither JSON nor a file is refused', async () => {
  const { shared } = await share([['Content-Type: text/plain', '', 'look'], file])
  expect(refusal(shared)).toEqual([400, 'Each part of the body must have a name in Content-Disposition'])
})

test('every user has the keys of their picture and of their last activity', async () => {
  const server = await startServer()
  const one = (await adminCall(server, 'GET', '/user/@alice')).body
  const all = (await adminCall(server, 'GET', '/user?expand=items')).body.items
  const created = await adminCall(server, 'POST', '/user?expand=entity', {
    json: { name: 'Dan', email: 'dan@example.com', password: 'a long pass phrase' },
  })
  for (const user of [one, ...all]) expect(user).toMatchObject({ photo_url: null, last_active: null })
  expect((await adminCall(server, 'GET', `/user/${created.body.id}`)).body).toHaveProperty('photo_url', null)
})

test('a webhook without authentication gets the default of the description', async () => {
  const server = await startServer()
  const addon = await startAddon()
  declare(addon, { hipchatApiConsumer: { scopes: ['admin_room'] } })
  const record = await installOverHttp(server, addon)
  const token = await accessToken(server, record)
  // biome-ignore lint/suspicious/noExplicitAny: a document of any form
  const document: any = openApiDocument()
  const defaultOf = (method: string, path: string) =>
    document.paths[path][method].requestBody.content['application/json'].schema.properties.authentication
      .default
  const json = { url: `${addon.url}/hook`, event: 'room_message' }
  const made = await call(server, 'POST', '/room/1/webhook', { token, json })
  expect(made.body.authentication).toBe(defaultOf('post', '/room/{id_or_name}/webhook'))
  await call(server, 'PUT', '/room/1/extension/webhook/k', { token, json })
  const keyed = await call(server, 'GET', '/room/1/extension/webhook/k', { token })
  expect(keyed.body.authentication).toBe(defaultOf('put', '/room/{id_or_name}/extension/webhook/{key}'))
  // A user's webhook has no secret to sign deliveries with.
  expect((await adminCall(server, 'POST', '/room/1/webhook', { json })).body.authentication).toBe('none')
})

test.each([
  [`filename="fallback.txt"; filename*=UTF-8''na%C3%AFve%20%F0%9F%98%80.txt`, 'naïve 😀.txt'],
  [`filename*=utf-8'en'%e2%82%ac.txt; filename="fallback.txt"`, '€.txt'],
  [`filename*=iso-8859-1''caf%E9.txt; filename=fallback.txt`, 'café.txt'],
  [`filename="fallback.txt"; filename*="UTF-8''quoted.txt"`, 'quoted.txt'],
  [`filename*=UTF-8''..%2F..%2Fetc%2Fpasswd`, 'passwd'],
  [`filename*=UTF-8''%FF.txt; filename="fallback.txt"`, 'fallback.txt'],
  [`filename*=koi8-r''%C1.txt; filename="fallback.txt"`, 'fallback.txt'],
  [`filename*=nonsense; filename="fallback.txt"`, 'fallback.txt'],
  [`filename*=UTF-8''; filename="fallback.txt"`, 'fallback.txt'],
  [`filename="fallback.txt"; filename*=iso-8859-1'en'`, 'fallback.txt'],
  [`filename="fallback.txt"; filename*=UTF-8''%ED%A0%BD`, 'fallback.txt'],
  [`filename="fallback.txt"; filename*=`, 'fallback.txt'],
])('the name of a shared file is read from %s', async (parameters, name) => {
  const { shared, message } = await share([
    [`Content-Disposition: attachment; name="file"; ${parameters}`, '', 'hello'],
  ])
  expect(shared.status).toBe(204)
  expect(message.file.name).toBe(name)
})

test.each([`UTF-8''`, `UTF-8''a%00b`, `UTF-8''..`])('a file cannot be called %s', async (extended) => {
  const { shared } = await share([
    [`Content-Disposition: attachment; name="file"; filename*=${extended}`, '', 'x'],
  ])
  expect([shared.status, shared.body.error.field]).toEqual([400, 'file.name'])
})

test('the name of an archived room is refused with the reason, to callers who may know of the room', async () => {
  const server = await startServer()
  const created = 'Another room exists with that name.'
  const archived = `${created} It is archived: take it out of the archive, or choose another name.`
  const carol = (await server.createToken({ user: 'carol' })) as string
  const create = async (name: string, token: string) =>
    refusal(await call(server, 'POST', '/room', { token, json: { name } }))
  await adminCall(server, 'PUT', '/room/Workshop', { json: { is_archived: true } })
  expect(await create('Lobby', carol)).toEqual([400, created])
  expect(await create('workshop', carol)).toEqual([400, archived])
  const renamed = await adminCall(server, 'PUT', '/room/Lobby', { json: { name: 'Workshop' } })
  expect(refusal(renamed)).toEqual([400, archived])
  await adminCall(server, 'PUT', '/room/Back office', { json: { is_archived: true } })
  expect(await create('Back office', carol)).toEqual([400, created])
  expect(await create('Back office', server.adminToken)).toEqual([400, archived])
})
