import { expect, test } from 'vitest'
import {
  accessToken,
  adminCall,
  call,
  declare,
  hook,
  installOverHttp,
  refusal,
  signedBy,
  startAddon,
  startServer,
  tokenCall,
} from '../support.ts'
import { install } from './installer.support.ts'

test('installing again replaces the client: the new one works, the old one is revoked and notified', async () => {
  const server = await startServer()
  const addon = await startAddon()
  declare(addon, { webhook: hook(addon) })
  const first = await installOverHttp(server, addon, 'Lobby')
  const token = await accessToken(server, first)
  const second = await installOverHttp(server, addon, 'Lobby')
  await server.idle()
  expect(second.oauthId).not.toBe(first.oauthId)
  expect(refusal(await call(server, 'GET', '/room/Lobby', { token }))).toEqual([401, 'Invalid OAuth session'])
  const goodBye = addon.to(`/installed/${first.oauthId}`)
  expect(goodBye.map(({ method }) => method)).toEqual(['DELETE'])
  expect(server.installations().map(({ oauthId }) => oauthId)).toEqual([second.oauthId])
  await server.say('Lobby', 'alice', 'hello')
  await server.idle()
  expect(addon.to('/hook').map(({ body }) => body.oauth_client_id)).toEqual([second.oauthId])
})

test('a failed update with new credentials keeps the old installation', async () => {
  const server = await startServer()
  const addon = await startAddon()
  const first = await installOverHttp(server, addon, 'Lobby')
  addon.respond = () => ({ status: 500 })
  expect((await install(server, `${addon.url}/descriptor`, 'Lobby')).status).toBe(400)
  expect((await tokenCall(server, first)).status).toBe(200)
  expect(server.installations().map(({ oauthId }) => oauthId)).toEqual([first.oauthId])
})

test('an update callback is signed, contains no secret, and the credentials stay', async () => {
  const server = await startServer()
  const addon = await startAddon()
  const installable = { callbackUrl: `${addon.url}/installed`, updateCallbackUrl: `${addon.url}/updated` }
  declare(addon, {
    installable,
    hipchatApiConsumer: { scopes: ['send_notification', 'view_room'] },
    webhook: hook(addon, { pattern: '^/old' }),
  })
  const record = await installOverHttp(server, addon, 'Lobby')
  const both = await accessToken(server, record)
  const narrow = await accessToken(server, record, 'send_notification')
  declare(addon, {
    hipchatApiConsumer: { scopes: ['send_notification', 'view_messages'] },
    webhook: hook(addon, { pattern: '^/new' }),
  })
  let granted = ''
  addon.respond = async ({ path }) => {
    if (path === '/updated') granted = (await tokenCall(server, record)).body.scope
    return undefined
  }
  expect((await install(server, `${addon.url}/descriptor`, 'Lobby')).body.id).toBe(record.oauthId)
  const [update] = addon.to('/updated')
  expect(update?.body).toEqual({
    oauthId: record.oauthId,
    capabilitiesUrl: server.capabilitiesUrl,
    groupId: 1,
    roomId: 1,
  })
  expect(update && signedBy(update, record.oauthSecret)).toMatchObject({ iss: record.oauthId })
  // No user: a token that names one may be a room member's own.
  expect(update && signedBy(update, record.oauthSecret)).not.toHaveProperty('sub')
  expect(granted).toBe('send_notification view_messages')
  // a token with a scope that is gone is revoked, another one stays
  expect((await call(server, 'GET', '/room/Lobby', { token: both })).status).toBe(401)
  expect(
    (await call(server, 'POST', '/room/Lobby/notification?auth_test=true', { token: narrow })).status,
  ).toBe(202)
  await server.say('Lobby', 'alice', '/old')
  await server.say('Lobby', 'alice', '/new')
  await server.idle()
  expect(addon.to('/hook').map(({ body }) => body.item.message.message)).toEqual(['/new'])
})

test('a refused update callback keeps descriptor and scopes as they were', async () => {
  const server = await startServer()
  const addon = await startAddon()
  declare(addon, {
    installable: { callbackUrl: `${addon.url}/installed`, updateCallbackUrl: `${addon.url}/updated` },
  })
  const record = await installOverHttp(server, addon, 'Lobby')
  declare(addon, { hipchatApiConsumer: { scopes: ['view_messages'] } })
  let during = ''
  addon.respond = async ({ path }) => {
    if (path !== '/updated') return undefined
    during = await accessToken(server, record)
    return { status: 500 }
  }
  expect(refusal(await install(server, `${addon.url}/descriptor`, 'Lobby'))).toEqual([
    400,
    'The update failed: the add-on answered 500',
  ])
  expect((await tokenCall(server, record)).body.scope).toBe('send_notification')
  expect((await call(server, 'GET', '/room/Lobby/history', { token: during })).status).toBe(401)
})

test('uninstalling revokes first, then calls DELETE at the callback, with its query', async () => {
  const server = await startServer()
  const addon = await startAddon()
  declare(addon, { installable: { callbackUrl: `${addon.url}/installed?env=test` } })
  const record = await installOverHttp(server, addon, 'Lobby')
  let tokenStatus = 0
  addon.respond = async () => {
    tokenStatus = (await tokenCall(server, record)).status
    return { status: 500 }
  }
  const answer = await adminCall(server, 'DELETE', `/addon/com.example.dice/installable/${record.oauthId}`)
  expect(answer.status).toBe(204)
  await server.idle()
  const [call_] = addon.calls.slice(-1)
  expect([call_?.method, call_?.path]).toEqual(['DELETE', `/installed/${record.oauthId}?env=test`])
  expect(call_ && signedBy(call_, record.oauthSecret)).toMatchObject({
    iss: record.oauthId,
    context: { room_id: 1 },
  })
  expect(call_ && signedBy(call_, record.oauthSecret)).not.toHaveProperty('sub')
  expect(tokenStatus).toBe(401)
  expect(server.installations()).toEqual([])
  const again = await adminCall(server, 'DELETE', `/addon/com.example.dice/installable/${record.oauthId}`)
  expect(refusal(again)).toEqual([404, `Installation ${record.oauthId} not found`])
})

test('an updatedUrl keeps the credentials and redirects the browser', async () => {
  const server = await startServer()
  const addon = await startAddon()
  declare(addon, { installable: { updatedUrl: `${addon.url}/updated` } })
  const first = await install(server, `${addon.url}/descriptor`)
  const second = await install(server, `${addon.url}/descriptor`)
  expect(second.body.id).toBe(first.body.id)
  expect(second.body.installed_url).toMatch(new RegExp(`^${addon.url}/updated\\?redirect_url=`))
})

test('deleting a room ends its installations, which are notified of the deletion first', async () => {
  const server = await startServer()
  const addon = await startAddon()
  declare(addon, { webhook: hook(addon, { event: 'room_deleted' }) })
  const record = await installOverHttp(server, addon, 'Lobby')
  expect((await adminCall(server, 'DELETE', '/room/Lobby')).status).toBe(204)
  await server.idle()
  expect(addon.calls.slice(1).map(({ method, path }) => `${method} ${path}`)).toEqual([
    'POST /hook',
    `DELETE /installed/${record.oauthId}`,
  ])
  expect((await tokenCall(server, record)).status).toBe(401)
})

test('a descriptor from elsewhere with the key of an add-on does not get its credentials', async () => {
  const server = await startServer()
  const victim = await startAddon()
  const record = await installOverHttp(server, victim, 'Lobby')
  for (const installable of ['updateCallbackUrl', 'updatedUrl']) {
    const thief = await startAddon()
    declare(thief, { installable: { [installable]: `${thief.url}/steal` }, webhook: hook(thief) })
    expect(refusal(await install(server, `${thief.url}/descriptor`, 'Lobby'))).toEqual([
      400,
      'An add-on with the key com.example.dice is already installed here, and this descriptor has no address of that add-on to send the update to',
    ])
    await server.say('Lobby', 'alice', 'hi')
    await server.idle()
    expect([thief.calls, server.redirects()]).toEqual([[], []])
  }
  expect((await tokenCall(server, record)).status).toBe(200)
  const newcomer = await startAddon()
  declare(newcomer, {
    installable: {
      callbackUrl: `${newcomer.url}/installed`,
      updateCallbackUrl: `${newcomer.url}/updated`,
    },
  })
  expect((await installOverHttp(server, newcomer, 'Lobby')).oauthId).not.toBe(record.oauthId)
})

test('an installation that is removed while it is updated stays removed', async () => {
  const server = await startServer()
  const addon = await startAddon()
  declare(addon, {
    installable: { callbackUrl: `${addon.url}/installed`, updateCallbackUrl: `${addon.url}/updated` },
  })
  const record = await installOverHttp(server, addon, 'Lobby')
  addon.respond = async ({ path }) => {
    if (path === '/updated') await server.uninstall(record.oauthId)
    return undefined
  }
  expect(refusal(await install(server, `${addon.url}/descriptor`, 'Lobby'))).toEqual([
    400,
    'The installation was removed before the add-on confirmed its update',
  ])
  expect((await tokenCall(server, record)).status).toBe(401)
})

test('uninstalling twice at once notifies the add-on once', async () => {
  const server = await startServer()
  const addon = await startAddon()
  const { oauthId } = await installOverHttp(server, addon, 'Lobby')
  await Promise.all([server.uninstall(oauthId), server.uninstall(oauthId)])
  await server.idle()
  expect(addon.calls.filter(({ method }) => method === 'DELETE')).toHaveLength(1)
})

test('a group installation is notified of its end after the deliveries of all rooms', async () => {
  const server = await startServer()
  const addon = await startAddon()
  declare(addon, { webhook: hook(addon) })
  const { oauthId } = await installOverHttp(server, addon)
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  const arrived = new Promise<void>((resolve) => {
    addon.respond = async ({ method, path }) => {
      if (method !== 'POST' || path !== '/hook') return undefined
      resolve()
      await held
      order.push('answered')
      return undefined
    }
  })
  const order: string[] = []
  await server.say('Lobby', 'alice', 'hi')
  await arrived
  await server.uninstall(oauthId)
  release()
  await server.idle()
  expect([...order, addon.calls.at(-1)?.method]).toEqual(['answered', 'DELETE'])
  expect(addon.calls.map(({ method }) => method)).toEqual(['POST', 'POST', 'DELETE'])
})
