import { expect, test } from 'vitest'
import { operations } from '../../../src/api/operations/index.ts'
import { adminCall, call, startServer } from '../support.ts'

// Written down from the OpenAPI document and, below the empty line, from HipChat's own list of methods; not derived from
// the table: what they list must be there.
const documented: [id: string, method: string, path: string, status: number][] = [
  ['getCapabilities', 'GET', '/capabilities', 200],
  ['generateToken', 'POST', '/oauth/token', 200],
  ['getAllRooms', 'GET', '/room', 200],
  ['createRoom', 'POST', '/room', 201],
  ['getRoom', 'GET', '/room/{id_or_name}', 200],
  ['updateRoom', 'PUT', '/room/{id_or_name}', 204],
  ['deleteRoom', 'DELETE', '/room/{id_or_name}', 204],
  ['sendRoomNotification', 'POST', '/room/{id_or_name}/notification', 204],
  ['sendRoomMessage', 'POST', '/room/{id_or_name}/message', 200],
  ['getRoomHistory', 'GET', '/room/{id_or_name}/history', 200],
  ['getLatestRoomHistory', 'GET', '/room/{id_or_name}/history/latest', 200],
  ['getAllRoomWebhooks', 'GET', '/room/{id_or_name}/webhook', 200],
  ['createRoomWebhook', 'POST', '/room/{id_or_name}/webhook', 201],
  ['getRoomWebhook', 'GET', '/room/{id_or_name}/webhook/{webhook_id}', 200],
  ['deleteRoomWebhook', 'DELETE', '/room/{id_or_name}/webhook/{webhook_id}', 204],
  ['getAllUsers', 'GET', '/user', 200],
  ['getUser', 'GET', '/user/{id_or_email}', 200],
  ['updateUser', 'PUT', '/user/{id_or_email}', 204],
  ['deleteUser', 'DELETE', '/user/{id_or_email}', 204],
  ['sendPrivateMessage', 'POST', '/user/{id_or_email}/message', 204],
  ['getAllEmoticons', 'GET', '/emoticon', 200],
  ['getEmoticon', 'GET', '/emoticon/{emoticon_id_or_shortcut}', 200],
  ['installAddon', 'POST', '/addon', 201],
  ['uninstallAddon', 'DELETE', '/addon/{addon_key_or_id}/installable/{installable_id}', 204],
  ['getActiveSessions', 'GET', '/session', 200],

  ['setRoomTopic', 'PUT', '/room/{id_or_name}/topic', 204],
  ['getRoomStatistics', 'GET', '/room/{id_or_name}/statistics', 200],
  ['getAllRoomParticipants', 'GET', '/room/{id_or_name}/participant', 200],
  ['getAllRoomMembers', 'GET', '/room/{id_or_name}/member', 200],
  ['addRoomMember', 'PUT', '/room/{id_or_name}/member/{id_or_email}', 204],
  ['removeRoomMember', 'DELETE', '/room/{id_or_name}/member/{id_or_email}', 204],
  ['inviteUserToRoom', 'POST', '/room/{id_or_name}/invite/{id_or_email}', 204],
  ['getRoomMessage', 'GET', '/room/{id_or_name}/history/{message_id}', 200],
  ['replyToRoomMessage', 'POST', '/room/{id_or_name}/reply', 204],
  ['shareLinkWithRoom', 'POST', '/room/{id_or_name}/share/link', 204],
  ['shareFileWithRoom', 'POST', '/room/{id_or_name}/share/file', 204],
  ['shareFileWithUser', 'POST', '/user/{id_or_email}/share/file', 204],
  ['viewPrivatechatHistory', 'GET', '/user/{id_or_email}/history', 200],
  ['viewRecentPrivatechatHistory', 'GET', '/user/{id_or_email}/history/latest', 200],
  ['getPrivatechatMessage', 'GET', '/user/{id_or_email}/history/{message_id}', 200],
  ['shareLinkWithUser', 'POST', '/user/{id_or_email}/share/link', 204],
  ['getRoomExtensionWebhook', 'GET', '/room/{id_or_name}/extension/webhook/{key}', 200],
  ['createRoomExtensionWebhook', 'PUT', '/room/{id_or_name}/extension/webhook/{key}', 201],
  ['deleteRoomExtensionWebhook', 'DELETE', '/room/{id_or_name}/extension/webhook/{key}', 204],
  ['getGlobalWebhook', 'GET', '/extension/webhook/{key}', 200],
  ['createGlobalWebhook', 'PUT', '/extension/webhook/{key}', 201],
  ['deleteGlobalWebhook', 'DELETE', '/extension/webhook/{key}', 204],
  ['createUser', 'POST', '/user', 201],
  ['getAutoJoinRooms', 'GET', '/user/{id_or_email}/preference/auto-join', 200],
  ['inviteUserToGroup', 'POST', '/invite/user', 200],
  ['viewGroup', 'GET', '/group/{group_id}', 200],
  ['getGroupStatistics', 'GET', '/group/{group_id}/statistics', 200],
  ['getSession', 'GET', '/oauth/token/{access_token}', 200],
  ['deleteSession', 'DELETE', '/oauth/token/{access_token}', 204],
  ['getAddonCapabilitiesSchema', 'GET', '/capabilities/addon/schema', 200],
  ['addonUiUpdate', 'POST', '/addon/ui', 204],
  ['roomAddonUiUpdate', 'POST', '/addon/ui/room/{id_or_name}', 204],
  ['userInRoomAddonUiUpdate', 'POST', '/addon/ui/room/{id_or_name}/user/{id_or_email}', 204],
  ['userAddonUiUpdate', 'POST', '/addon/ui/user/{id_or_email}', 204],
  ['getRoomAvatar', 'GET', '/room/{id_or_name}/avatar', 302],
  ['updateRoomAvatar', 'PUT', '/room/{id_or_name}/avatar', 204],
  ['deleteRoomAvatar', 'DELETE', '/room/{id_or_name}/avatar', 204],
  ['getUserPhoto', 'GET', '/user/{id_or_email}/photo/{size}', 302],
  ['updateUserPhoto', 'PUT', '/user/{id_or_email}/photo', 204],
  ['deleteUserPhoto', 'DELETE', '/user/{id_or_email}/photo', 204],
  ['getGroupAvatar', 'GET', '/group/{group_id}/avatar', 302],
  ['updateGroupAvatar', 'PUT', '/group/{group_id}/avatar', 204],
  ['deleteGroupAvatar', 'DELETE', '/group/{group_id}/avatar', 204],
  ['getIntegrationInstallableData', 'GET', '/addon/{addon_key_or_id}/installable/{token}', 200],
]

test('the table has every documented operation with its method, path and status', () => {
  const table = Object.entries(operations).map(([id, operation]) => [
    id,
    operation.method,
    operation.path,
    operation.result.status,
  ])
  expect(table.sort()).toEqual([...documented].sort())
})

test.each(documented)(
  '%s is routed and asks for credentials first where it needs them',
  async (id, method, path) => {
    const server = await startServer()
    const address = path.replace(/\{\w+\}/g, '1')
    const answer = await call(
      server,
      method,
      address,
      method === 'POST' || method === 'PUT' ? { json: {} } : {},
    )
    const open: Record<string, number> = {
      getCapabilities: 200,
      generateToken: 400,
      getAddonCapabilitiesSchema: 200,
      getIntegrationInstallableData: 404,
    }
    expect(answer.status).toBe(open[id] ?? 401)
    if (!(id in open)) {
      expect(answer.body.error.message).toMatch(/^Authenticated requests only\. /)
      expect(answer.headers.get('www-authenticate')).toBe('Bearer')
    }
  },
)

test('an unknown path is not found, and a known one with the wrong method lists the right ones', async () => {
  const server = await startServer()
  const missing = await call(server, 'GET', '/nothing/here')
  expect(missing.body).toEqual({
    error: { code: 404, type: 'Not Found', message: 'There is no such resource' },
  })
  const outside = await call(server, 'GET', `${server.url}/elsewhere`)
  expect([outside.status, outside.body.error.message]).toEqual([
    404,
    'There is nothing here; the API is below /v2',
  ])
  const wrong = await call(server, 'PATCH', '/room/1')
  expect([wrong.status, wrong.body.error.message]).toEqual([
    405,
    'This resource takes GET, PUT, DELETE, not PATCH',
  ])
  expect(wrong.headers.get('allow')).toBe('GET, PUT, DELETE')
})

test('several slashes in a path count as one', async () => {
  const server = await startServer()
  const answer = await call(server, 'GET', `${server.url}//v2//capabilities`)
  expect(answer.status).toBe(200)
})

test('HEAD answers like GET, without a body', async () => {
  const server = await startServer()
  const answer = await call(server, 'HEAD', '/capabilities')
  expect([answer.status, answer.body]).toEqual([200, ''])
})

test('the front page names the API and cannot be framed', async () => {
  const server = await startServer()
  const answer = await call(server, 'GET', server.url)
  expect(answer.status).toBe(200)
  expect(answer.body).toContain('/v2/capabilities')
  const policy = answer.headers.get('content-security-policy')
  expect(policy).toContain("frame-ancestors 'none'")
  expect(policy).toContain("script-src 'self';")
})

test('the capabilities document is found at its own address and its links can be concatenated', async () => {
  const server = await startServer()
  const { body } = await call(server, 'GET', '/capabilities')
  expect(body.links.self).toBe(server.capabilitiesUrl)
  expect(body.name).toBe('HipChat')
  expect(body.links.api).toBe(`${server.url}/v2`)
  expect(body.capabilities.hipchatApiProvider.url).toBe(`${server.url}/v2/`)
  expect(body.capabilities.oauth2Provider.tokenUrl).toBe(`${server.url}/v2/oauth/token`)
  expect(Object.keys(body.capabilities.hipchatApiProvider.availableScopes)).toHaveLength(9)
  expect(body.links.homepage).toBe(server.url)
})

// `nullable` in the OpenAPI document, or a member the document does not know.
const mayBeNull = [
  'guest_access_url',
  'file',
  'delegate_admin_visibility',
  'avatar_url',
  'photo_url',
  'last_active',
  'audio_path',
  'status_text',
]

test('absent values are left out where the OpenAPI document allows no null', async () => {
  const server = await startServer()
  await adminCall(server, 'POST', '/room/2/webhook', {
    json: { url: 'http://127.0.0.1:1/', event: 'room_message' },
  })
  for (const path of [
    '/room?expand=items.owner,items.participants&include-private=true',
    '/user?expand=items',
    '/room/2/webhook',
    '/room/2/history',
    '/emoticon',
    '/session',
  ]) {
    const { body } = await adminCall(server, 'GET', path)
    const members: [string, unknown][] = []
    const walk = (value: unknown, within: string) => {
      if (typeof value !== 'object' || value === null) return
      for (const [name, inner] of Object.entries(value)) {
        // those of a room's statistics are left out, those of rooms and users are there with null
        if (inner === null && (!mayBeNull.includes(name) || within === 'statistics'))
          members.push([path, name])
        walk(inner, name === 'statistics' || name === 'owner' || name === 'participants' ? name : within)
      }
    }
    walk(body, path)
    expect(members).toEqual([])
  }
  const { items } = (await adminCall(server, 'GET', '/room/2/webhook')).body
  expect(items[0]).toMatchObject({ name: '', pattern: '' })
})
