import { connect } from 'node:net'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import type { HipChatServer } from '../../../src/server/index.ts'
import { raw, request } from '../../attack/raw.ts'
import { planted } from '../../leaks/planted.ts'
import { freePort } from '../../ports.ts'
import {
  type Answered,
  accessToken,
  type CallOptions,
  call,
  declare,
  hook,
  installOverHttp,
  refusal,
  startAddon,
  startServer,
  verifyJwt,
} from '../support.ts'

afterEach(() => {
  vi.useRealTimers()
})

/** A call of the chat page's own operations. */
const pageCall = (server: HipChatServer, method: string, path: string, options: CallOptions = {}) =>
  call(server, method, `${server.url}/page${path}`, options)

const ids = { admin: 1, alice: 2, bob: 3, carol: 4 }

/** A user of the page, and calls in their name. */
async function visit(server: HipChatServer, name: keyof typeof ids) {
  const { status, body } = await pageCall(server, 'POST', '/session', { json: { user_id: ids[name] } })
  expect(status).toBe(201)
  const token: string = body.token
  return {
    token,
    call: (method: string, path: string, json?: unknown) =>
      pageCall(server, method, path, { token, ...(json === undefined ? {} : { json }) }),
  }
}

const protectedSeed = () => ({
  users: [
    { name: 'Dora Dent', mentionName: 'dora', email: 'dora@example.com', password: planted('dora-password') },
    { name: 'Open Oscar', mentionName: 'oscar' },
  ],
})

describe('signing in', () => {
  test('on a server for development users without a password can be chosen, and no others', async () => {
    const server = await startServer({ seed: protectedSeed() })
    const welcome = await pageCall(server, 'GET', '/welcome')
    expect(welcome.body).toEqual({
      group: 'Example',
      users: [
        { id: 1, name: 'Admin', mention_name: 'admin' },
        { id: 3, name: 'Open Oscar', mention_name: 'oscar' },
      ],
    })
    const choose = (user_id: number) => pageCall(server, 'POST', '/session', { json: { user_id } })
    const oscar = await choose(3)
    expect(oscar.body).toEqual({ token: expect.any(String), user_id: 3, expires: expect.any(String) })
    for (const id of [2, 99])
      expect(refusal(await choose(id))).toEqual([403, 'This user signs in with a password'])
    await call(server, 'DELETE', '/user/3', { token: server.adminToken })
    expect((await choose(3)).status).toBe(403)
  })

  test('behind a proxy, where others can reach the server, no user can be chosen', async () => {
    const port = await freePort()
    await startServer({
      port,
      publicUrl: 'https://chat.example.com',
      adminToken: planted('a-token-for-the-administrator'),
      seed: { users: protectedSeed().users.slice(0, 1) },
    })
    const at = `http://127.0.0.1:${port}/page`
    expect(await (await fetch(`${at}/welcome`)).json()).toEqual({ group: 'Example', users: [] })
    const choose = await fetch(`${at}/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"user_id":1}', // the administrator, who has no password
    })
    expect(choose.status).toBe(403)
  })

  test('name and password open a session; a wrong password is answered with 401, and with 429 after ten', async () => {
    const server = await startServer({ seed: protectedSeed() })
    const enter = (username: string, password: string) =>
      pageCall(server, 'POST', '/session', { json: { username, password } })
    for (const name of ['dora', '@dora', 'dora@example.com']) {
      const { status, body } = await enter(name, planted('dora-password'))
      expect([name, status, body.user_id]).toEqual([name, 201, 2])
    }
    const wrong = [401, 'Wrong user name or password']
    expect(refusal(await enter('oscar', 'anything'))).toEqual(wrong) // who has none cannot be guessed
    expect(refusal(await enter('nobody', 'anything'))).toEqual(wrong)
    for (let index = 0; index < 10; index += 1) expect(refusal(await enter('dora', 'guess'))).toEqual(wrong)
    const late = await enter('dora', planted('dora-password'))
    expect(refusal(late)).toEqual([429, 'Too many attempts to sign in'])
    expect(Number(late.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(refusal(await pageCall(server, 'POST', '/session', { json: { username: 'dora' } }))).toEqual([
      400,
      'Give username and password',
    ])
  })

  test('a session lasts until the user signs out, it expires, or the password changes', async () => {
    const server = await startServer()
    const [first, second, third] = [
      await visit(server, 'alice'),
      await visit(server, 'alice'),
      await visit(server, 'alice'),
    ]
    expect((await first.call('DELETE', '/session')).status).toBe(204)
    const over = [401, 'Invalid OAuth session']
    expect(refusal(await first.call('GET', '/start'))).toEqual(over)
    expect((await second.call('GET', '/start')).status).toBe(200)

    vi.useFakeTimers({ toFake: ['Date'] })
    vi.setSystemTime(Date.now() + 14 * 24 * 3600_000 + 1)
    expect(refusal(await second.call('GET', '/start'))).toEqual(over)
    vi.useRealTimers()

    expect((await third.call('GET', '/start')).status).toBe(200)
    await call(server, 'PUT', '/user/@alice', {
      token: server.adminToken,
      json: { password: planted('a-new-password') },
    })
    expect(refusal(await third.call('GET', '/start'))).toEqual(over)
  })

  test('a user who becomes an administrator is one on their open page, and a former one is not', async () => {
    const server = await startServer()
    const alice = await visit(server, 'alice')
    const look = async () =>
      (await call(server, 'GET', `${server.url}/admin/deliveries`, { token: alice.token })).status
    const promote = (is_group_admin: boolean) =>
      call(server, 'PUT', '/user/@alice', { token: server.adminToken, json: { is_group_admin } })
    expect(await look()).toBe(403)
    await promote(true)
    expect(await look()).toBe(200)
    await promote(false)
    expect(await look()).toBe(403)
  })

  test('neither another host name nor a page of another origin can sign in', async () => {
    const server = await startServer()
    const { port } = new URL(server.url)
    const body = '{"user_id":2}'
    const post = async (...headers: string[]) => {
      const about = ['Content-Type: application/json', `Content-Length: ${body.length}`]
      return (await raw(server.url, request(['POST /page/session HTTP/1.1', ...headers, ...about], body)))
        .text
    }
    expect(await post(`Host: evil.example:${port}`)).toMatch(
      /^HTTP\/1\.1 403 [\s\S]*does not answer to that host name/,
    )
    expect(await post(`Host: 127.0.0.1:${port}`, 'Origin: http://evil.example')).toMatch(
      /^HTTP\/1\.1 403 [\s\S]*pages of other origins/,
    )
    expect(await post(`Host: 127.0.0.1:${port}`, 'Origin: null')).toMatch(/^HTTP\/1\.1 403 /)
    // an add-on on another port of the same host is another origin too
    expect(await post(`Host: 127.0.0.1:${port}`, 'Origin: http://127.0.0.1:1')).toMatch(/^HTTP\/1\.1 403 /)
    expect(await post(`Host: 127.0.0.1:${port}`, `Origin: http://127.0.0.1:${port}`)).toMatch(
      /^HTTP\/1\.1 201 /,
    )
    const welcome = await raw(server.url, request(['GET /page/welcome HTTP/1.1', 'Host: evil.example']))
    expect(welcome.status).toBe(403)
  })
})

describe('an operation of the page', () => {
  test('accepts only a token of the page', async () => {
    const server = await startServer()
    const addon = await startAddon({
      hipchatApiConsumer: { scopes: ['send_notification', 'admin_room', 'view_group'] },
    })
    const group = await installOverHttp(server, addon)
    const room = await installOverHttp(server, addon, 'Lobby')
    const tokens: [string, string | undefined, number][] = [
      ['none', undefined, 401],
      ['a wrong one', 'wrong', 401],
      ['a personal one', await server.createToken({ user: 'alice' }), 403],
      ["the administrator's", server.adminToken, 403],
      ['one of a room', await server.createToken({ room: 'Lobby' }), 403],
      ["an add-on's for the group", await accessToken(server, group), 403],
      ["an add-on's for a room", await accessToken(server, room), 403],
    ]
    const calls: [string, string, unknown?][] = [
      ['GET', '/start'],
      ['DELETE', '/session'],
      ['GET', '/integrations'],
      ['GET', '/tokens'],
      ['POST', '/tokens', {}],
      ['DELETE', '/tokens/0123456789abcdef'],
      ['GET', '/room/1/glances'],
      ['PUT', '/room/1/presence'],
      ['POST', `/integration/${group.oauthId}/open`, { page: 'configurable' }],
      ['GET', '/updates'],
    ]
    for (const [what, token, status] of tokens)
      for (const [method, path, json] of calls) {
        const answer = await pageCall(server, method, path, {
          ...(token === undefined ? {} : { token }),
          ...(json === undefined ? {} : { json }),
        })
        expect([what, method, path, answer.status]).toEqual([what, method, path, status])
      }
    // nor in the address, where it would be logged
    const { token } = await visit(server, 'alice')
    expect((await pageCall(server, 'GET', `/updates?auth_token=${token}`)).status).toBe(401)
  })

  test('accepts no token that a user gave to an add-on', async () => {
    const server = await startServer({ seed: protectedSeed() })
    const answer = await call(server, 'POST', '/oauth/token', {
      json: { grant_type: 'password', username: 'dora', password: planted('dora-password') },
    })
    expect(answer.status).toBe(200)
    expect(refusal(await pageCall(server, 'GET', '/start', { token: answer.body.access_token }))).toEqual([
      403,
      'This is for the chat page: sign in there, or use the API below /v2',
    ])
  })
})

describe('tokens made by hand', () => {
  test('are shown once, work as allowed, and end when they are revoked', async () => {
    const server = await startServer()
    const alice = await visit(server, 'alice')
    const made = await alice.call('POST', '/tokens', { label: 'Builds', scopes: ['view_room'] })
    expect(made.status).toBe(201)
    const ofRoom = await alice.call('POST', '/tokens', { room_id: 3, label: 'Deploys' })
    const { body } = await alice.call('GET', '/tokens')
    expect(body.items).toEqual([
      {
        id: ofRoom.body.id,
        kind: 'room_notification',
        label: 'Deploys',
        scopes: ['send_notification'],
        room_id: 3,
        created: expect.any(String),
        expires: null,
      },
      {
        id: made.body.id,
        kind: 'personal',
        label: 'Builds',
        scopes: ['view_room'],
        room_id: null,
        created: expect.any(String),
        expires: null,
      },
    ])
    expect(JSON.stringify(body)).not.toContain(made.body.token)
    expect((await call(server, 'GET', '/room/Lobby', { token: made.body.token })).status).toBe(200)
    expect((await call(server, 'GET', '/user', { token: made.body.token })).status).toBe(403)
    const notify = (room: number) =>
      call(server, 'POST', `/room/${room}/notification`, {
        token: ofRoom.body.token,
        json: { message: 'done' },
      })
    expect((await notify(3)).status).toBe(204)
    expect((await notify(1)).status).toBe(403)
    expect(server.history(3).at(-1)).toMatchObject({ message: 'done', from: { name: 'Deploys' } })
    for (const { id } of body.items) expect((await alice.call('DELETE', `/tokens/${id}`)).status).toBe(204)
    expect((await call(server, 'GET', '/room/Lobby', { token: made.body.token })).status).toBe(401)
    expect((await notify(3)).status).toBe(401)
    expect((await alice.call('GET', '/tokens')).body.items).toEqual([])
  })

  test('have no more rights than their maker, and are not made for rooms that the maker does not run', async () => {
    const server = await startServer()
    const bob = await visit(server, 'bob')
    const make = async (json: unknown) => refusal(await bob.call('POST', '/tokens', json))
    expect(await make({ scopes: ['admin_group'] })).toEqual([403, 'You do not have the scope admin_group'])
    expect(await make({ scopes: [] })).toEqual([400, 'A token needs at least one scope'])
    expect((await make({ scopes: ['everything'] }))[0]).toBe(400)
    expect(await make({ label: '' })).toEqual([400, expect.stringContaining('label')])
    const nobody = 'Only administrators of the room and of the group may do this'
    for (const room_id of [1, 3]) expect(await make({ room_id })).toEqual([403, nobody])
    const carol = await visit(server, 'carol')
    expect(refusal(await carol.call('POST', '/tokens', { room_id: 3 }))).toEqual([404, 'Room 3 not found'])
    const alice = await visit(server, 'alice')
    expect(refusal(await alice.call('POST', '/tokens', { room_id: 3, scopes: ['view_room'] }))).toEqual([
      403,
      "A room's token sends notifications; it cannot have the scope view_room",
    ])
  })

  test('can be seen and revoked only by their owner', async () => {
    const server = await startServer()
    const [admin, alice, bob] = [
      await visit(server, 'admin'),
      await visit(server, 'alice'),
      await visit(server, 'bob'),
    ]
    const own = (await alice.call('POST', '/tokens', {})).body
    const ofRoom = (await alice.call('POST', '/tokens', { room_id: 3 })).body
    const listed = async (who: typeof bob) =>
      (await who.call('GET', '/tokens')).body.items.map(({ id }: { id: string }) => id)
    expect(await listed(bob)).toEqual([])
    expect(await listed(admin)).toEqual([ofRoom.id]) // an administrator sees the room; the server's own token is not listed
    for (const { id } of [own, ofRoom])
      expect(refusal(await bob.call('DELETE', `/tokens/${id}`))).toEqual([404, `Token ${id} not found`])
    expect((await admin.call('DELETE', `/tokens/${own.id}`)).status).toBe(404)
    expect(await listed(alice)).toHaveLength(2)
    expect((await call(server, 'GET', '/room', { token: own.token })).status).toBe(200)
  })
})

describe('opening a module', () => {
  async function opened(capabilities: Record<string, unknown>, room?: string) {
    const server = await startServer()
    const addon = await startAddon()
    declare(addon, capabilities)
    const { oauthId, oauthSecret } = await installOverHttp(server, addon, room)
    const open = async (name: keyof typeof ids, json: object): Promise<Answered> =>
      (await visit(server, name)).call('POST', `/integration/${oauthId}/open`, json)
    return { server, addon, oauthId, oauthSecret, open }
  }
  const panel = (url: string, more: object = {}) => ({
    webPanel: [{ key: 'board', name: { value: 'Board' }, location: 'hipchat.sidebar.right', url, ...more }],
  })

  test('fills the placeholders of its address, and signs it for the current user', async () => {
    const { open, oauthId, oauthSecret } = await opened(
      panel('https://dice.example.org/board/{room.name}?text={message.body}&all={message}&none={a.b.c}#{x}'),
    )
    const { status, body } = await open('alice', {
      room_id: 1,
      key: 'board',
      values: { room: { name: 'a/b ?' }, message: { body: '&signed_request=mine' } },
      theme: 'dark',
    })
    expect(status).toBe(200)
    const url = new URL(body.url)
    expect(url.origin + url.pathname).toBe('https://dice.example.org/board/a%2Fb%20%3F')
    expect(Object.fromEntries(url.searchParams)).toEqual({
      text: '&signed_request=mine',
      all: '{"body":"&signed_request=mine"}',
      none: '',
      signed_request: body.token,
      theme: 'dark',
      connect_client_api_version: '1',
    })
    expect(verifyJwt(body.token, oauthSecret)).toMatchObject({
      iss: oauthId,
      sub: '2',
      context: { room_id: 1, user_tz: 'Europe/Berlin' },
    })
    expect(body.expires).toBeGreaterThan(Date.now())
  })

  test('signs nothing into an address without authentication', async () => {
    const { open } = await opened(panel('https://dice.example.org/board', { authentication: 'none' }))
    const { body } = await open('bob', { room_id: 1, key: 'board' })
    expect([...new URL(body.url).searchParams.keys()]).toEqual(['connect_client_api_version'])
  })

  test.each([['javascript:alert(1)'], ['data:text/html,hello'], ['/board'], ['https://'], ['{message.url}']])(
    'returns no address that is unsafe for a browser: %s',
    async (url) => {
      const { open } = await opened(panel(url))
      const answer = await open('alice', {
        room_id: 1,
        key: 'board',
        values: { message: { url: 'javascript:alert(1)' } },
      })
      expect(refusal(answer)).toEqual([
        400,
        expect.stringMatching(/^The address of the module is not an http or https address/),
      ])
    },
  )

  test('limits the length of the address', async () => {
    const { open } = await opened(panel('https://dice.example.org/?text={text}'))
    expect(
      refusal(await open('alice', { room_id: 1, key: 'board', values: { text: 'x'.repeat(9000) } })),
    ).toEqual([400, 'The address of the module would have more than 8192 characters'])
  })

  test('is refused for a missing module, and for one that is not there for this user', async () => {
    const { server, open, oauthId } = await opened(panel('https://dice.example.org/board'), 'Back office')
    expect((await open('bob', { room_id: 3, key: 'board' })).status).toBe(200)
    expect(refusal(await open('carol', { room_id: 3, key: 'board' }))).toEqual([404, 'Room 3 not found'])
    const elsewhere = [404, `Installation ${oauthId} not found`]
    expect(refusal(await open('bob', { room_id: 1, key: 'board' }))).toEqual(elsewhere)
    expect(refusal(await open('bob', { key: 'board' }))).toEqual(elsewhere)
    expect(refusal(await open('bob', { room_id: 3, key: 'other' }))).toEqual([404, 'Module other not found'])
    for (const json of [{ room_id: 3 }, { room_id: 3, key: 'board', page: 'configurable' }])
      expect(refusal(await open('bob', json))).toEqual([400, 'Give either key or page'])
    expect(refusal(await open('admin', { room_id: 3, page: 'configurable' }))).toEqual([
      400,
      'This add-on has no configuration page',
    ])
    const listed = async (name: keyof typeof ids, room: string) =>
      (await (await visit(server, name)).call('GET', `/integrations${room}`)).body.items?.length
    expect(await listed('bob', '?room_id=3')).toBe(1)
    expect(await listed('bob', '')).toBe(0)
    expect(await listed('carol', '?room_id=3')).toBeUndefined()
  })

  test('an action has no address of its own', async () => {
    const { open } = await opened({
      action: [{ key: 'roll', name: { value: 'Roll' }, location: 'hipchat.input.action', target: 'nowhere' }],
    })
    expect(refusal(await open('alice', { room_id: 1, key: 'roll' }))).toEqual([
      400,
      'The module roll has no address to open',
    ])
  })

  const configurable = (more: object = {}) => ({
    configurable: { url: 'https://dice.example.org/settings', ...more },
    adminPage: { url: 'https://dice.example.org/admin' },
  })
  const notHere = [403, 'Only administrators may configure this add-on here']

  test('a global add-on is configured by administrators, and in a room by its owner if the add-on allows it', async () => {
    const strict = await opened(configurable())
    const page = { page: 'configurable' }
    expect((await strict.open('admin', page)).status).toBe(200)
    for (const json of [page, { ...page, room_id: 3 }])
      expect(refusal(await strict.open('alice', json))).toEqual(notHere)
    const open = await opened(configurable({ allowAccessToRoomAdmins: true }))
    const answer = await open.open('alice', { ...page, room_id: 3 })
    expect(verifyJwt(answer.body.token, open.oauthSecret)).toMatchObject({
      sub: '2',
      context: { room_id: 3 },
    })
    expect(refusal(await open.open('alice', page))).toEqual(notHere)
    expect(refusal(await open.open('alice', { ...page, room_id: 1 }))).toEqual(notHere) // not her room
    expect(refusal(await open.open('bob', { ...page, room_id: 3 }))).toEqual(notHere)
    const shown = async (name: keyof typeof ids) =>
      (await (await visit(open.server, name)).call('GET', '/integrations?room_id=3')).body.items[0]
    expect(await shown('admin')).toMatchObject({ configurable: true, admin_page: true, removable: true })
    expect(await shown('alice')).toMatchObject({ configurable: true, admin_page: false, removable: false })
    expect(await shown('bob')).toMatchObject({ configurable: false, admin_page: false, removable: false })
  })

  test('an add-on of a room is configured by people who run the room; its administration page is for administrators', async () => {
    const { server, open } = await opened(configurable({ authentication: 'none' }), 'Back office')
    const { body } = await open('alice', { page: 'configurable', room_id: 3 })
    expect(new URL(body.url).searchParams.has('signed_request')).toBe(false)
    expect(refusal(await open('bob', { page: 'configurable', room_id: 3 }))).toEqual(notHere)
    const admin = { page: 'adminPage', room_id: 3 }
    expect(refusal(await open('alice', admin))).toEqual([
      403,
      'Only administrators of the group may open this page',
    ])
    expect(new URL((await open('admin', admin)).body.url).searchParams.has('signed_request')).toBe(true)
    const shown = await (await visit(server, 'alice')).call('GET', '/integrations?room_id=3')
    expect(shown.body.items).toMatchObject([
      { name: 'Dice', room_id: 3, configurable: true, admin_page: false, removable: true },
    ])
  })

  test('the addresses of all glances of a room are returned at once; a wrong one does not affect the others', async () => {
    const icon = { url: 'https://dice.example.org/i.png', 'url@2x': 'https://dice.example.org/i2.png' }
    const glance = (key: string, more: object) => ({ key, name: { value: key }, icon, ...more })
    const { server, oauthId, oauthSecret } = await opened({
      glance: [
        glance('good', { queryUrl: 'https://dice.example.org/glance' }),
        glance('wrong', { queryUrl: 'javascript:alert(1)' }),
        glance('static', {}),
      ],
    })
    const { body } = await (await visit(server, 'carol')).call('GET', '/room/1/glances')
    expect(body.items).toEqual([{ oauth_id: oauthId, key: 'good', url: expect.any(String) }])
    const token = new URL(body.items[0].url).searchParams.get('signed_request') ?? ''
    expect(verifyJwt(token, oauthSecret)).toMatchObject({ sub: '4', context: { room_id: 1 } })
  })
})

describe('a change', () => {
  interface Told {
    readonly id: string
    readonly name: string
    // biome-ignore lint/suspicious/noExplicitAny: tests read any answer
    readonly data: any
  }

  /** Opens the connection for changes, as a page does. */
  async function listen(server: HipChatServer, token: string, after: string) {
    const abort = new AbortController()
    onTestFinished(() => abort.abort())
    const answer = await fetch(`${server.url}/page/updates?after=${after}`, {
      headers: { authorization: `Bearer ${token}` },
      signal: abort.signal,
    })
    const told: Told[] = []
    let ended = false
    const read = async () => {
      let rest = ''
      for await (const piece of answer.body?.pipeThrough(new TextDecoderStream()) ?? []) {
        const blocks = (rest + piece).split('\n\n')
        rest = blocks.pop() ?? ''
        for (const block of blocks) {
          const [, id, name, data] = /^id: (.*)\nevent: (.*)\ndata: (.*)$/.exec(block) ?? []
          if (id !== undefined && name !== undefined && data !== undefined)
            told.push({ id, name, data: JSON.parse(data) })
        }
      }
    }
    const reading = read()
      .catch(() => undefined)
      .finally(() => {
        ended = true
      })
    return {
      answer,
      told,
      reading,
      hasEnded: () => ended,
      texts: () => told.flatMap(({ data }) => data.message?.message ?? []),
      leave: () => abort.abort(),
    }
  }

  const cursorOf = async (visitor: Awaited<ReturnType<typeof visit>>): Promise<string> =>
    (await visitor.call('GET', '/start')).body.cursor

  test('of a deleted room is hidden from users who did not see it', async () => {
    const server = await startServer()
    const addon = await startAddon({
      glance: [
        {
          key: 'glance',
          name: { value: 'G' },
          queryUrl: 'http://127.0.0.1:1/glance',
          icon: { url: 'http://127.0.0.1:1/i', 'url@2x': 'http://127.0.0.1:1/i' },
        },
      ],
    })
    const token = await accessToken(server, await installOverHttp(server, addon))
    const carol = await visit(server, 'carol')
    const before = await cursorOf(carol)
    const json = {
      glance: [{ key: 'glance', content: { label: { type: 'html', value: 'behind originRules' } } }],
    }
    expect((await call(server, 'POST', '/addon/ui/room/3', { token, json })).status).toBe(204)
    await call(server, 'DELETE', '/room/3', { token: server.adminToken })
    await server.say('Lobby', 'alice', 'afterwards')
    const page = await listen(server, carol.token, before)
    await vi.waitFor(() => expect(page.texts()).toEqual(['afterwards']))
    expect(page.told.map(({ name }) => name)).not.toContain('glance')
  })

  test('is sent at once, and once, to everyone it concerns', async () => {
    const server = await startServer()
    const [alice, bob, carol] = [
      await visit(server, 'alice'),
      await visit(server, 'bob'),
      await visit(server, 'carol'),
    ]
    const cursor = await cursorOf(alice)
    const pages = await Promise.all([alice, bob, carol].map(({ token }) => listen(server, token, cursor)))
    for (const { answer } of pages) {
      expect(answer.status).toBe(200)
      expect(answer.headers.get('content-type')).toContain('text/event-stream')
      expect(answer.headers.get('cache-control')).toBe('no-store')
    }
    await server.say('Back office', 'alice', 'behind closed originRules')
    await call(server, 'POST', '/user/@bob/message', {
      token: await server.createToken({ user: 'alice' }),
      json: { message: 'for Bob alone' },
    })
    await server.setTopic('Lobby', 'bob', 'OriginRules')
    await server.say('Lobby', 'bob', 'for all')
    for (const page of pages) await expect.poll(page.texts).toContain('for all')
    const [ofAlice, ofBob, ofCarol] = pages
    expect(ofAlice?.texts().filter((text) => text !== 'for all').length).toBeGreaterThanOrEqual(2)
    for (const page of [ofAlice, ofBob]) {
      expect(page?.texts()).toContain('behind closed originRules')
      expect(page?.told.find(({ name }) => name === 'private_message')?.data.message.message).toBe(
        'for Bob alone',
      )
    }
    expect(ofAlice?.told.find(({ name }) => name === 'private_message')?.data.user_id).toBe(ids.bob)
    expect(ofBob?.told.find(({ name }) => name === 'private_message')?.data.user_id).toBe(ids.alice)
    const toCarol = JSON.stringify(ofCarol?.told)
    expect(toCarol).not.toContain('behind closed originRules')
    expect(toCarol).not.toContain('Back office')
    expect(toCarol).not.toContain('for Bob alone')
    for (const page of pages)
      expect(
        page.told.filter(({ name, data }) => name === 'room' && data.topic === 'OriginRules'),
      ).not.toEqual([])
    // administrators only
    for (const page of pages)
      expect(page.told.filter(({ name }) => name === 'delivery' || name === 'call')).toEqual([])
  })

  test('is sent to administrators: deliveries by their ids, calls of add-ons without secrets', async () => {
    const server = await startServer()
    const addon = await startAddon()
    declare(addon, { webhook: hook(addon) })
    const admin = await visit(server, 'admin')
    const page = await listen(server, admin.token, await cursorOf(admin))
    const record = await installOverHttp(server, addon, 'Lobby')
    const token = await accessToken(server, record)
    await server.say('Lobby', 'alice', 'hi')
    await server.idle()
    await call(server, 'GET', `/oauth/token/${token}`, { token })
    await call(server, 'POST', `/room/3/notification?auth_token=${token}`, { json: { message: 'no' } })
    const names = () => page.told.map(({ name }) => name)
    await expect.poll(() => names().filter((name) => name === 'call').length).toBeGreaterThanOrEqual(3)
    expect(page.told.find(({ name }) => name === 'delivery')?.data).toEqual({ id: 1 })
    const calls = page.told.filter(({ name }) => name === 'call').map(({ data }) => data)
    expect(calls).toMatchObject([
      {
        oauth_id: record.oauthId,
        method: 'POST',
        path: '/oauth/token',
        operation: 'generateToken',
        status: 200,
      },
      { method: 'GET', path: '/oauth/token/…', operation: 'getSession', status: 200, error: null },
      {
        method: 'POST',
        path: '/room/3/notification',
        operation: 'sendRoomNotification',
        status: 403,
        error: 'This token is bound to another room',
      },
    ])
    expect(JSON.stringify(page.told)).not.toContain(token)
    const { body } = await call(server, 'GET', `${server.url}/admin/calls`, { token: server.adminToken })
    expect(body.items).toEqual(calls.toReversed())
  })

  test('can be requested from a known cursor on', async () => {
    const server = await startServer()
    const alice = await visit(server, 'alice')
    const cursor = await cursorOf(alice)
    for (const text of ['one', 'two', 'three']) await server.say('Lobby', 'bob', text)
    const first = await listen(server, alice.token, cursor)
    await expect.poll(first.texts).toEqual(['one', 'two', 'three'])
    first.leave()
    const second = first.told.find(({ data }) => data.message?.message === 'two')
    await server.say('Lobby', 'bob', 'four')
    const page = await listen(server, alice.token, second?.id ?? '')
    await expect.poll(page.texts).toEqual(['three', 'four'])
    expect(page.told.map(({ name }) => name)).not.toContain('reset')
  })

  test('starts over for a page with an unknown, absent or expired cursor', async () => {
    const server = await startServer()
    const alice = await visit(server, 'alice')
    const cursor = await cursorOf(alice)
    const [era, number] = cursor.split('-')
    for (const after of ['', 'otherera-0', `${era}-${Number(number) + 1}`, `${era}-x`, `${era}--1`]) {
      const page = await listen(server, alice.token, after)
      await expect.poll(() => page.told.map(({ name }) => name)).toEqual(['reset'])
      page.leave()
    }
    const fresh = await listen(server, alice.token, cursor)
    await server.say('Lobby', 'bob', 'hello')
    await expect.poll(fresh.texts).toEqual(['hello'])
    expect(fresh.told.map(({ name }) => name)).not.toContain('reset')
    fresh.leave()
    for (let index = 0; index < 2_001; index += 1) await server.say('Lobby', 'bob', `message ${index}`)
    const late = await listen(server, alice.token, cursor)
    await expect.poll(() => late.told.map(({ name }) => name)).toEqual(['reset'])
    await server.say('Lobby', 'bob', 'on we go') // and goes on from there
    await expect.poll(late.texts).toEqual(['on we go'])
  })

  test('is no longer sent after signing out, a new password, a deletion, or the end of the server', async () => {
    const server = await startServer()
    const alice = await visit(server, 'alice')
    const [bob, carol, admin] = [
      await visit(server, 'bob'),
      await visit(server, 'carol'),
      await visit(server, 'admin'),
    ]
    const cursor = await cursorOf(alice)
    const [ofAlice, ofBob, ofCarol, ofAdmin] = await Promise.all([
      listen(server, alice.token, cursor),
      listen(server, bob.token, cursor),
      listen(server, carol.token, cursor),
      listen(server, admin.token, cursor),
    ])
    await alice.call('DELETE', '/session')
    await expect.poll(ofAlice.hasEnded).toBe(true)
    await call(server, 'PUT', '/user/@bob', {
      token: server.adminToken,
      json: { password: planted('another-password') },
    })
    await expect.poll(ofBob.hasEnded).toBe(true)
    await call(server, 'DELETE', '/user/@carol', { token: server.adminToken })
    await expect.poll(ofCarol.hasEnded).toBe(true)
    expect(ofAdmin.hasEnded()).toBe(false)
    await server.close()
    await expect.poll(ofAdmin.hasEnded).toBe(true)
  })

  test('a room that is closed to a user disappears from their page', async () => {
    const server = await startServer()
    const carol = await visit(server, 'carol')
    const page = await listen(server, carol.token, await cursorOf(carol))
    await call(server, 'PUT', '/room/Workshop', { token: server.adminToken, json: { privacy: 'private' } })
    await expect
      .poll(() => page.told.map(({ name, data }) => [name, data.id]))
      .toContainEqual(['room_removed', 2])
    await server.say('Workshop', 'alice', 'not for Carol')
    await server.say('Lobby', 'alice', 'for Carol')
    await expect.poll(page.texts).toEqual(['for Carol'])
    const removals = page.told.filter(({ name }) => name === 'room_removed')
    expect(removals).toHaveLength(1) // nothing more of it, once it has gone
  })

  test('events in a private room are not sent to the pages of others', async () => {
    const server = await startServer()
    const carol = await visit(server, 'carol')
    const page = await listen(server, carol.token, await cursorOf(carol))
    await server.enter('Back office', 'alice')
    await server.setTopic('Back office', 'alice', 'secret')
    await server.leave('Back office', 'alice')
    await server.say('Lobby', 'alice', 'for Carol')
    await expect.poll(page.texts).toEqual(['for Carol'])
    expect(page.told.filter(({ name }) => name !== 'message' && name !== 'user')).toEqual([])
  })

  test('a page that missed megabytes gets them in parts, each continuing where the last one ended', async () => {
    const server = await startServer()
    const alice = await visit(server, 'alice')
    let cursor = await cursorOf(alice)
    const count = 600
    const long = 'x'.repeat(9_900)
    for (let index = 0; index < count; index += 1) await server.say('Lobby', 'bob', `${index} ${long}`)
    const numbers: number[] = []
    let rounds = 0
    while (numbers.length < count && rounds < 10) {
      rounds += 1
      const page = await listen(server, alice.token, cursor)
      await expect.poll(() => page.hasEnded() || numbers.length + page.texts().length === count).toBe(true)
      page.leave()
      numbers.push(...page.texts().map((text: string) => Number.parseInt(text, 10)))
      cursor = page.told.at(-1)?.id ?? cursor
    }
    expect(numbers).toEqual(Array.from({ length: count }, (_, index) => index))
    expect(rounds).toBeGreaterThan(1)
  })

  test('a page that does not read is disconnected before it costs much', async () => {
    const server = await startServer()
    const alice = await visit(server, 'alice')
    const { hostname, port } = new URL(server.url)
    const socket = connect(Number(port), hostname)
    onTestFinished(() => void socket.destroy())
    let read = ''
    let ended = false
    socket.setEncoding('utf8')
    socket.write(
      `GET /page/updates?after=${await cursorOf(alice)} HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: Bearer ${alice.token}\r\nConnection: close\r\n\r\n`,
    )
    await new Promise<void>((resolve) => socket.once('readable', () => resolve()))
    const long = 'x'.repeat(9_900)
    const count = 3_000 // far more than what is kept, what may wait, and what buffers of the system hold
    for (let index = 0; index < count; index += 1) await server.say('Lobby', 'bob', `${index} ${long}`)
    socket.on('data', (text) => {
      read += text
    })
    socket.on('close', () => {
      ended = true
    })
    await expect.poll(() => ended, { timeout: 10_000 }).toBe(true)
    const told = read.match(/^event: message$/gm)?.length ?? 0
    expect(told).toBeGreaterThan(300)
    expect(told).toBeLessThan(count)
  })
})

describe('for administrators', () => {
  test('only administrators see the secret of an installation and the calls of add-ons', async () => {
    const server = await startServer()
    const addon = await startAddon()
    const { oauthId, oauthSecret } = await installOverHttp(server, addon, 'Lobby')
    const paths = [`/installations/${oauthId}/secret`, '/calls']
    const admin = await visit(server, 'admin')
    const ask = (path: string, token?: string) =>
      call(server, 'GET', `${server.url}/admin${path}`, token === undefined ? {} : { token })
    expect((await ask(paths[0] ?? '', admin.token)).body).toEqual({ oauthSecret })
    expect((await ask('/installations/other/secret', admin.token)).status).toBe(404)
    const alice = await visit(server, 'alice') // owns a room, and no more
    const refused: [string | undefined, number][] = [
      [undefined, 401],
      ['wrong', 401],
      [alice.token, 403],
      [await server.createToken({ user: 'alice' }), 403],
      [await server.createToken({ user: 'admin', scopes: ['view_group'] }), 403],
      [await accessToken(server, { oauthId, oauthSecret }), 403],
    ]
    for (const [token, status] of refused)
      for (const path of paths) expect([path, (await ask(path, token)).status]).toEqual([path, status])
  })

  test('the calls of one add-on are listed alone, newest first, up to the requested number', async () => {
    const server = await startServer()
    const addon = await startAddon()
    const one = await installOverHttp(server, addon, 'Lobby')
    const other = await installOverHttp(server, addon, 'Workshop')
    const token = await accessToken(server, one)
    await accessToken(server, other)
    for (const color of ['red', 'green'])
      await call(server, 'POST', '/room/1/notification', { token, json: { message: 'hi', color } })
    const list = async (query: string) =>
      (await call(server, 'GET', `${server.url}/admin/calls${query}`, { token: server.adminToken })).body
        .items
    const operations = (items: { operation: string }[]) => items.map(({ operation }) => operation)
    expect(operations(await list(`?oauthId=${one.oauthId}`))).toEqual([
      'sendRoomNotification',
      'sendRoomNotification',
      'generateToken',
    ])
    expect(operations(await list('?limit=1'))).toEqual(['sendRoomNotification'])
    expect(await list(`?oauthId=${other.oauthId}`)).toMatchObject([
      { oauth_id: other.oauthId, operation: 'generateToken', method: 'POST', status: 200, error: null },
    ])
    expect(await list('?oauthId=nobody')).toEqual([])
  })
})
