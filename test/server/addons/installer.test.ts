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

const install = (server: Parameters<typeof adminCall>[0], url: string, room?: string | number) =>
  adminCall(server, 'POST', '/addon', { json: { url, ...(room === undefined ? {} : { room_id: room }) } })

test('an add-on receives its credentials, and is installed once it answers with any 2xx', async () => {
  const server = await startServer({ group: { id: 17, name: 'Harbour' } })
  const addon = await startAddon()
  for (const status of [200, 201, 204]) {
    addon.respond = () => ({ status })
    const answer = await install(server, `${addon.url}/descriptor`, 'Lobby')
    expect(answer.status).toBe(201)
    const record = addon.to('/installed').findLast((one) => one.method === 'POST')?.body
    expect(record).toEqual({
      oauthId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      oauthSecret: expect.stringMatching(/^[A-Za-z0-9]{40}$/),
      capabilitiesUrl: server.capabilitiesUrl,
      groupId: 17,
      roomId: 1,
    })
    expect(answer.body).toEqual({
      id: record.oauthId,
      key: 'com.example.dice',
      links: { self: `${server.apiUrl}/addon/com.example.dice/installable/${record.oauthId}` },
    })
    await server.idle()
  }
  expect(server.installations()).toHaveLength(1)
})

test('a group installation names no room', async () => {
  const server = await startServer()
  const addon = await startAddon()
  const record = await installOverHttp(server, addon)
  expect(record).not.toHaveProperty('roomId')
})

test('the new client works while its callback is still running', async () => {
  const server = await startServer()
  const addon = await startAddon()
  const seen: unknown[] = []
  addon.respond = async ({ path, body }) => {
    if (path !== '/installed') return undefined
    const capabilities = await (await fetch(body.capabilitiesUrl)).json()
    seen.push((capabilities as { links: { self: string } }).links.self)
    const token = await accessToken(server, body)
    const answer = await call(server, 'POST', `/room/${body.roomId}/notification`, {
      token,
      json: { message: 'installed' },
    })
    seen.push(answer.status)
    return undefined
  }
  await installOverHttp(server, addon, 'Lobby')
  expect(seen).toEqual([server.capabilitiesUrl, 204])
  expect(server.history('Lobby').map(({ message }) => message)).toEqual(['installed'])
})

test('a refused installation leaves nothing behind and contains the add-on’s reason', async () => {
  const server = await startServer()
  const addon = await startAddon()
  let record = { oauthId: '', oauthSecret: '' }
  addon.respond = ({ body }) => {
    record = body
    return { status: 403, headers: { 'content-type': 'text/plain' }, body: 'Only\r\n  our hosts\u0007' }
  }
  const answer = await install(server, `${addon.url}/descriptor`, 'Lobby')
  expect(refusal(answer)).toEqual([400, 'The installation failed: the add-on answered 403 (Only our hosts)'])
  expect((await tokenCall(server, record)).status).toBe(401)
  expect(server.installations()).toEqual([])
})

test('the reason is truncated, and an HTML page is not a reason', async () => {
  const server = await startServer()
  const addon = await startAddon()
  addon.respond = () => ({ status: 500, headers: { 'content-type': 'text/plain' }, body: 'x'.repeat(5000) })
  const long = await install(server, `${addon.url}/descriptor`, 'Lobby')
  expect(long.body.error.message.length).toBeLessThan(300)
  addon.respond = () => ({ status: 500, headers: { 'content-type': 'text/html' }, body: '<h1>Oops</h1>' })
  expect(refusal(await install(server, `${addon.url}/descriptor`, 'Lobby'))).toEqual([
    400,
    'The installation failed: the add-on answered 500',
  ])
})

test('an add-on that does not answer in time is not installed, and a redirect confirms nothing', async () => {
  const server = await startServer({ installTimeout: 100 })
  const addon = await startAddon()
  addon.respond = () => new Promise(() => undefined)
  expect(refusal(await install(server, `${addon.url}/descriptor`, 'Lobby'))).toEqual([
    400,
    'The installation failed: the add-on did not answer in time',
  ])
  addon.respond = ({ path }) =>
    path === '/installed' ? { status: 302, headers: { location: `${addon.url}/elsewhere` } } : undefined
  expect(refusal(await install(server, `${addon.url}/descriptor`, 'Lobby'))).toEqual([
    400,
    'The installation failed: the add-on answered 302',
  ])
  expect(addon.to('/elsewhere')).toEqual([])
})

test('an invalid descriptor is refused with the reason', async () => {
  const server = await startServer()
  const addon = await startAddon()
  const good = addon.descriptor
  const withCapabilities = (capabilities: object) => ({ ...good, capabilities })
  const cases: [unknown, string, string | undefined][] = [
    [{ ...good, links: undefined }, 'The descriptor is not valid: links is missing', 'links'],
    [{ ...good, key: 5 }, 'The descriptor is not valid: key must be string, not number', 'key'],
    [
      withCapabilities({ installable: { allowRoom: false, allowGlobal: false } }),
      'The add-on cannot be installed anywhere: allowRoom and allowGlobal are both false',
      'capabilities.installable',
    ],
    [
      withCapabilities({ installable: { allowRoom: false } }),
      'The add-on can only be installed for the whole group (allowRoom is false)',
      'room_id',
    ],
    [
      withCapabilities({ hipchatApiConsumer: { scopes: ['read_minds'] } }),
      expect.stringContaining('capabilities.hipchatApiConsumer.scopes.0 must be one of'),
      'capabilities.hipchatApiConsumer.scopes.0',
    ],
    [
      withCapabilities({ webhook: [hook(addon), hook(addon, { pattern: '(?=a)' })] }),
      'capabilities.webhook.1.pattern uses lookahead or lookbehind, which is not supported',
      'capabilities.webhook.1.pattern',
    ],
    [
      withCapabilities({ webhook: hook(addon, { url: '/relative' }) }),
      'capabilities.webhook.url: expected an absolute http or https URL, got "/relative"',
      'capabilities.webhook.url',
    ],
    [
      withCapabilities({ webhook: [hook(addon, { key: 'a' }), hook(addon, { key: 'a' })] }),
      'The descriptor is not valid: the key a is used twice: for a webhook and for a webhook',
      'capabilities.webhook',
    ],
    [
      { ...good, apiVersion: '2:1' },
      'The add-on needs version 2 of the Connect API, this server has version 1',
      'apiVersion',
    ],
  ]
  for (const [document, message, field] of cases) {
    addon.descriptor = document as Record<string, unknown>
    const answer = await install(server, `${addon.url}/descriptor`, 'Lobby')
    expect([answer.status, answer.body.error.message, answer.body.error.field]).toEqual([400, message, field])
  }
  addon.descriptor = withCapabilities({ installable: { allowGlobal: false } })
  expect(refusal(await install(server, `${addon.url}/descriptor`))).toEqual([
    400,
    'The add-on can only be installed in a room (allowGlobal is false)',
  ])
  expect(server.installations()).toEqual([])
})

test('a descriptor that cannot be fetched is refused', async () => {
  const server = await startServer()
  const addon = await startAddon()
  addon.respond = ({ path }) => {
    if (path === '/large') return { body: `"${'x'.repeat(300 * 1024)}"` }
    if (path === '/text') return { body: 'hello' }
    return { status: 404 }
  }
  expect(refusal(await install(server, `${addon.url}/none`))).toEqual([
    400,
    'The descriptor could not be fetched: its address answered 404',
  ])
  expect(refusal(await install(server, `${addon.url}/large`))).toEqual([
    400,
    'The descriptor could not be fetched: answered with too many bytes',
  ])
  expect(refusal(await install(server, `${addon.url}/text`))).toEqual([
    400,
    'The descriptor is not valid JSON at line 1, column 1: expected a value, got h',
  ])
  expect(refusal(await install(server, 'ftp://example.com/d'))).toEqual([
    400,
    'url: expected an http or https URL, got the scheme "ftp:"',
  ])
  expect(refusal(await install(server, 'http://127.0.0.1:1/d'))).toEqual([
    400,
    'The descriptor could not be fetched: refused the connection',
  ])
})

test('a public server does not fetch from private addresses', async () => {
  const addon = await startAddon()
  const server = await startServer({ outbound: {} })
  expect(refusal(await install(server, 'https://10.1.2.3/d'))).toEqual([
    400,
    'url has an address that is not known, or that this server does not call',
  ])
  expect((await install(server, `${addon.url}/descriptor`)).status).toBe(400)
  expect(addon.calls).toEqual([])
})

test('a descriptor may be in the URL itself', async () => {
  const server = await startServer()
  const addon = await startAddon()
  const json = JSON.stringify(addon.descriptor)
  const plain = await install(server, `data:application/json,${encodeURIComponent(json)}`, 'Lobby')
  expect(plain.status).toBe(201)
  const encoded = await install(
    server,
    `data:application/json;base64,${Buffer.from(json).toString('base64')}`,
    'Workshop',
  )
  expect(encoded.status).toBe(201)
  expect(server.installations().map(({ roomId }) => roomId)).toEqual(expect.arrayContaining([1, 2]))
  expect(refusal(await install(server, 'data:application/json,%E0%A4%A'))).toEqual([
    400,
    'The data: URL is not percent-encoded correctly',
  ])
})

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

test('an installation in the browser is complete once its document is read, which works once', async () => {
  const server = await startServer()
  const addon = await startAddon()
  declare(addon, {
    installable: {
      installedUrl: `${addon.url}/welcome?lang=en`,
      uninstalledUrl: `${addon.url}/bye`,
    },
    webhook: hook(addon),
  })
  const answer = await install(server, `${addon.url}/descriptor`, 'Lobby')
  expect(answer.status).toBe(201)
  const redirect = new URL(answer.body.installed_url)
  expect([redirect.origin + redirect.pathname, redirect.searchParams.get('lang')]).toEqual([
    `${addon.url}/welcome`,
    'en',
  ])
  expect(redirect.searchParams.get('redirect_url')).toBe(`${server.url}/`)
  await server.say('Lobby', 'alice', 'too early')
  expect(server.installations()).toEqual([])

  const installableUrl = redirect.searchParams.get('installable_url') ?? ''
  const document = await call(server, 'GET', installableUrl)
  expect(document.body).toEqual({
    oauthId: answer.body.id,
    oauthSecret: expect.stringMatching(/^\w{40}$/),
    capabilitiesUrl: server.capabilitiesUrl,
    groupId: 1,
    roomId: 1,
  })
  expect(refusal(await call(server, 'GET', installableUrl))).toEqual([
    404,
    'This installation document does not exist, or was read already',
  ])
  expect((await tokenCall(server, document.body)).status).toBe(200)
  await server.say('Lobby', 'alice', 'now')
  await server.idle()
  expect(addon.to('/hook').map(({ body }) => body.item.message.message)).toEqual(['now'])

  await server.uninstall(answer.body.id)
  const bye = server.redirects().at(-1)
  expect([bye?.reason, bye?.url.startsWith(`${addon.url}/bye?`)]).toEqual(['uninstalled', true])
  const last = await call(server, 'GET', new URL(bye?.url ?? '').searchParams.get('installable_url') ?? '')
  expect(last.body.oauthId).toBe(answer.body.id)
})

test('with both ways declared, the callback is used', async () => {
  const server = await startServer()
  const addon = await startAddon()
  declare(addon, {
    installable: { callbackUrl: `${addon.url}/installed`, installedUrl: `${addon.url}/welcome` },
  })
  const answer = await install(server, `${addon.url}/descriptor`, 'Lobby')
  expect(answer.body).not.toHaveProperty('installed_url')
  expect(addon.to('/installed')).toHaveLength(1)
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

test('the same add-on installed twice at once is installed once', async () => {
  const server = await startServer()
  const addon = await startAddon()
  const answers = await Promise.all([
    install(server, `${addon.url}/descriptor`, 'Lobby'),
    install(server, `${addon.url}/descriptor`, 'Lobby'),
  ])
  await server.idle()
  expect(answers.map(({ status }) => status)).toEqual([201, 201])
  expect(server.installations()).toHaveLength(1)
})

test('a room owner installs in their room, not in others and not for the group', async () => {
  const server = await startServer({
    seed: {
      users: [{ name: 'Olga', mentionName: 'olga' }],
      rooms: [{ name: 'Hers', owner: 'olga' }, { name: 'Other' }],
    },
  })
  const addon = await startAddon()
  const token = await server.createToken({ user: 'olga', scopes: ['admin_room', 'send_notification'] })
  const asOlga = (room_id?: string) =>
    call(server, 'POST', '/addon', {
      token,
      json: { url: `${addon.url}/descriptor`, ...(room_id === undefined ? {} : { room_id }) },
    })
  expect((await asOlga('Hers')).status).toBe(201)
  expect(refusal(await asOlga('Other'))).toEqual([
    403,
    'Only administrators of the room and of the group may do this',
  ])
  expect(refusal(await asOlga())).toEqual([
    403,
    'This action requires the scope admin_group unless it names a room',
  ])
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

test('a descriptor that the server could not store is refused', async () => {
  const server = await startServer()
  const addon = await startAddon()
  const original = addon.descriptor
  const refused = async (changes: object) => {
    addon.descriptor = { ...original, ...changes }
    return refusal(await install(server, `${addon.url}/descriptor`))
  }
  expect(await refused({ key: 'x'.repeat(256) })).toEqual([
    400,
    'The key of an add-on has at most 255 characters',
  ])
  const deep = JSON.parse(`${'['.repeat(500)}${']'.repeat(500)}`)
  expect(await refused({ icon: deep })).toEqual([400, 'The descriptor is nested more than 32 levels deep'])
})

test('HEAD does not use up the one-time document', async () => {
  const server = await startServer()
  const addon = await startAddon()
  declare(addon, { installable: { installedUrl: `${addon.url}/welcome` } })
  const { installed_url } = (await install(server, `${addon.url}/descriptor`)).body
  const url = new URL(installed_url).searchParams.get('installable_url') ?? ''
  const head = await call(server, 'HEAD', url)
  expect([head.status, head.headers.get('allow'), server.installations()]).toEqual([405, 'DELETE, GET', []])
  expect((await call(server, 'GET', url)).status).toBe(200)
  expect(server.installations()).toHaveLength(1)
})

test('the relay state of an install link is returned to the add-on, however it is notified', async () => {
  const server = await startServer()
  const addon = await startAddon()
  const relayed = (room_id: string, relay_state = 'shelf 3&4') =>
    adminCall(server, 'POST', '/addon', { json: { url: `${addon.url}/descriptor`, room_id, relay_state } })
  declare(addon, {
    installable: { callbackUrl: `${addon.url}/installed`, updateCallbackUrl: `${addon.url}/updated` },
  })
  await relayed('Lobby')
  await relayed('Lobby', 'again')
  expect(addon.to('/installed')[0]?.body.relayState).toBe('shelf 3&4')
  expect(addon.to('/updated')[0]?.body.relayState).toBe('again')
  declare(addon, { installable: { installedUrl: `${addon.url}/welcome?lang=en` } })
  const { installed_url } = (await relayed('Workshop')).body
  expect(new URL(installed_url).searchParams.get('relayState')).toBe('shelf 3&4')
  // without one the member is not there
  declare(addon, { installable: { callbackUrl: `${addon.url}/installed` } })
  expect(await installOverHttp(server, addon)).not.toHaveProperty('relayState')
})

test('a descriptor that asks for more than was approved is refused', async () => {
  const server = await startServer()
  const addon = await startAddon()
  declare(addon, { hipchatApiConsumer: { scopes: ['send_notification', 'admin_room'] } })
  const approve = (scopes: string[]) =>
    adminCall(server, 'POST', '/addon', { json: { url: `${addon.url}/descriptor`, scopes } })
  expect(refusal(await approve(['send_notification']))).toEqual([
    400,
    'The descriptor asks for more than was approved: admin_room',
  ])
  expect([addon.calls, server.installations()]).toEqual([[], []])
  expect((await approve(['admin_room', 'send_notification', 'view_room'])).status).toBe(201)
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
