import { createPersonalClient } from 'hipchat-addon'
import { expect, test } from 'vitest'
import type { HipChatServer } from '../../../src/server/index.ts'
import {
  accessToken,
  adminCall,
  call,
  declare,
  installOverHttp,
  refusal,
  startAddon,
  startServer,
} from '../support.ts'

const png = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')
const gif = Buffer.from('GIF89a picture')
const jpeg = Buffer.from('ffd8ffe000104a464946', 'hex')

const places = [
  {
    path: '/room/Lobby/avatar',
    read: '/room/Lobby/avatar',
    member: 'avatar',
    shown: '/room/1',
    url: 'avatar_url',
  },
  {
    path: '/user/@alice/photo',
    read: '/user/@alice/photo/small',
    member: 'photo',
    shown: '/user/2',
    url: 'photo_url',
  },
  {
    path: '/group/1/avatar',
    read: '/group/1/avatar',
    member: 'avatar',
    shown: '/group/1',
    url: 'avatar_url',
  },
]

/** Where a picture is, asked without following: fetch would show the picture instead. */
async function locate(server: HipChatServer, path: string) {
  const headers = { authorization: `Bearer ${server.adminToken}` }
  const answer = await fetch(server.apiUrl + path, { headers, redirect: 'manual' })
  return { status: answer.status, location: answer.headers.get('location') ?? '' }
}

test.each(places)('the picture at $path is put, found, replaced and deleted', async (place) => {
  const { path, read, member, shown, url } = place
  const server = await startServer()
  const missing = await adminCall(server, 'GET', read)
  expect([missing.status, (await adminCall(server, 'DELETE', path)).status]).toEqual([404, 404])
  expect((await adminCall(server, 'GET', shown)).body[url] ?? null).toBe(null)

  const put = (text: string) => adminCall(server, 'PUT', path, { json: { [member]: text } })
  const answer = await put(png.toString('base64'))
  expect([answer.status, answer.body]).toEqual([204, ''])
  const { status, location } = await locate(server, read)
  expect([status, location]).toEqual([302, expect.stringMatching(/\/pictures\/\w{40}$/)])
  expect((await adminCall(server, 'GET', shown)).body[url]).toBe(location)
  const picture = await fetch(location)
  expect(Buffer.from(await picture.arrayBuffer())).toEqual(png)
  expect(picture.headers.get('content-type')).toBe('image/png')
  expect(picture.headers.get('content-security-policy')).toContain('sandbox')
  expect(picture.headers.get('x-content-type-options')).toBe('nosniff')

  expect((await put(`data:image/jpeg;base64,${jpeg.toString('base64')}`)).status).toBe(204)
  expect((await fetch(location)).status).toBe(404)
  const other = (await locate(server, read)).location
  expect((await fetch(other)).headers.get('content-type')).toBe('image/jpeg')

  expect((await adminCall(server, 'DELETE', path)).status).toBe(204)
  expect((await fetch(other)).status).toBe(404)
  expect((await adminCall(server, 'GET', read)).status).toBe(404)
})

test('only JPEG, PNG and GIF are pictures', async () => {
  const server = await startServer()
  const put = async (avatar: string) =>
    refusal(await adminCall(server, 'PUT', '/room/1/avatar', { json: { avatar } }))
  const words = [400, 'avatar must be a JPEG, PNG or GIF in base64']
  const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>')
  for (const avatar of [
    svg.toString('base64'),
    `data:image/png;base64,${svg.toString('base64')}`,
    'GIF89a',
    '==',
  ])
    expect(await put(avatar)).toEqual(words)
  expect(
    (await adminCall(server, 'PUT', '/room/1/avatar', { json: { avatar: gif.toString('base64') } })).status,
  ).toBe(204)
})

test('the client returns the address of a picture', async () => {
  const server = await startServer()
  const client = createPersonalClient({ apiUrl: server.apiUrl, token: server.adminToken })
  await client.updateUserPhoto({ id_or_email: '@bob', photo: png.toString('base64') })
  expect(await client.getUserPhoto({ id_or_email: '@bob', size: 'big' })).toContain(`${server.url}/pictures/`)
  expect(refusal(await adminCall(server, 'GET', '/user/@bob/photo/huge'))).toEqual([
    400,
    'size must be one of small, big',
  ])
})

test('pictures are changed by people who run the place', async () => {
  const server = await startServer()
  const json = { avatar: png.toString('base64'), photo: png.toString('base64') }
  const token = await server.createToken({ user: 'bob', scopes: ['admin_group', 'admin_room', 'view_group'] })
  const put = (path: string, withToken = token) => call(server, 'PUT', path, { token: withToken, json })
  const groups = [403, 'Only administrators of the group may do this']
  expect(refusal(await put('/user/@bob/photo'))).toEqual(groups)
  expect(refusal(await put('/group/1/avatar'))).toEqual(groups)
  expect(refusal(await put('/room/1/avatar'))).toEqual([
    403,
    'Only administrators of the room and of the group may do this',
  ])
  const addon = await startAddon()
  declare(addon, { hipchatApiConsumer: { scopes: ['admin_room', 'admin_group'] } })
  const ofAddon = await accessToken(server, await installOverHttp(server, addon))
  expect((await put('/room/3/avatar', ofAddon)).status).toBe(204)
  expect(refusal(await put('/user/1/photo', ofAddon))).toEqual([
    403,
    'Only the owner of the group may change their own profile',
  ])
  const outsider = await server.createToken({ user: 'carol' })
  expect((await call(server, 'GET', '/room/3/avatar', { token: outsider })).status).toBe(404)
  expect((await adminCall(server, 'PUT', '/group/2/avatar', { json })).status).toBe(404)
})

test('a picture is removed with its room, and with its user', async () => {
  const server = await startServer()
  const json = { avatar: png.toString('base64'), photo: png.toString('base64') }
  await adminCall(server, 'PUT', '/room/1/avatar', { json })
  await adminCall(server, 'PUT', '/user/@alice/photo', { json })
  const [ofRoom, ofAlice] = [
    await locate(server, '/room/1/avatar'),
    await locate(server, '/user/2/photo/big'),
  ]
  await adminCall(server, 'DELETE', '/room/1')
  await adminCall(server, 'DELETE', '/user/2')
  expect((await fetch(ofRoom.location)).status).toBe(404)
  expect((await fetch(ofAlice.location)).status).toBe(404)
  expect((await adminCall(server, 'GET', '/user/2')).body).toMatchObject({ photo_url: null })
})
