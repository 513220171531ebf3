import { expect, test } from 'vitest'
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
  tokenCall,
} from '../support.ts'
import { install } from './installer.support.ts'

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
