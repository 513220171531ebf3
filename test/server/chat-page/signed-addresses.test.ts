import { describe, expect, it, test } from 'vitest'
import { fillTemplate } from '../../../src/server/chat-page/signed-addresses.ts'
import {
  type Answered,
  declare,
  installOverHttp,
  refusal,
  startAddon,
  startServer,
  verifyJwt,
} from '../support.ts'
import { type ids, visit } from './visitors.ts'

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

describe('work on foreign input', () => {
  it('stops early for an address that repeats a long value many times', () => {
    expect(() =>
      fillTemplate('https://example.com/{a}'.padEnd(2_000, '{a}'), { a: 'x'.repeat(9_000) }),
    ).toThrow(/more than 8192 characters/)
  })
})
