import { describe, expect, it, onTestFinished, test, vi } from 'vitest'
import { shownResponse } from '../../src/server/addons/delivery-history.ts'
import { findMentions } from '../../src/server/chat/mentions.ts'
import {
  deepestMarkup,
  sanitizeCard,
  sanitizeGlance,
  sanitizeHtml,
} from '../../src/server/chat/sanitizing.ts'
import { fillTemplate } from '../../src/server/chat-page/signed-addresses.ts'
import { isNestedDeeper } from '../../src/server/http/json-depth.ts'
import { largestPage } from '../../src/server/http/paging.ts'
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
} from '../server/support.ts'

const nested = (depth: number, name = 'b') => `${`<${name}>`.repeat(depth)}x${`</${name}>`.repeat(depth)}`

const depthOf = (html: string): number => {
  let depth = 0
  let most = 0
  for (const [, closing] of html.matchAll(/<(\/?)\w+[^>]*>/g)) {
    depth += closing ? -1 : 1
    most = Math.max(most, depth)
  }
  return most
}

const card = { style: 'application', id: '1', title: 'Build' }
const message = 'Build'

describe('a notification', () => {
  it.each<[name: string, body: object, text: RegExp, field: string]>([
    [
      'a card whose activity is a hundred thousand elements within each other',
      { card: { ...card, activity: { html: nested(100_000) } } },
      /^card\.activity\.html must NOT have more than 10000 characters, got 700001$/,
      'card.activity.html',
    ],
    [
      'a card with an endless id',
      { card: { ...card, id: 'x'.repeat(256) } },
      /255 characters, got 256$/,
      'card.id',
    ],
    [
      'a card whose icon is a picture of a megabyte',
      { card: { ...card, icon: { url: 'x'.repeat(900_000) } } },
      /8192 characters, got 900000$/,
      'card.icon.url',
    ],
    [
      'a card with an endless attribute',
      { card: { ...card, attributes: [{ value: { label: 'x'.repeat(1_001) } }] } },
      /1000 characters, got 1001$/,
      'card.attributes.0.value.label',
    ],
    [
      'a card with more attributes than HipChat took',
      { card: { ...card, attributes: Array.from({ length: 11 }, () => ({ value: { label: 'x' } })) } },
      /^card\.attributes must NOT have more than 10 items, got 11$/,
      'card.attributes',
    ],
    [
      'a card with much metadata',
      { card: { ...card, metadata: { list: Array.from({ length: 20_000 }, () => 1) } } },
      /^card\.metadata must have at most 16384 characters as JSON, got 40010$/,
      'card.metadata',
    ],
    [
      'a card with many unknown members',
      { card: { ...card, images: { list: 'x'.repeat(70_000) } } },
      /^card must have at most 65536 characters as JSON, got 7\d{4}$/,
      'card',
    ],
  ])('with %s is refused with the limit and the value received', async (_, body, text, field) => {
    const server = await startServer()
    const answer = await adminCall(server, 'POST', '/room/Lobby/notification', { json: { message, ...body } })
    expect([answer.status, answer.body.error.message, answer.body.error.field]).toEqual([
      400,
      expect.stringMatching(text),
      field,
    ])
    expect(server.history('Lobby')).toEqual([])
  })

  it('with the largest card that HipChat accepted is accepted', async () => {
    const server = await startServer()
    const largest = {
      ...card,
      title: 'x'.repeat(500),
      description: { format: 'html', value: 'x'.repeat(1_000) },
      thumbnail: { url: 'x'.repeat(250), 'url@2x': 'x'.repeat(250) },
      activity: { html: 'x'.repeat(10_000) },
      attributes: Array.from({ length: 10 }, () => ({
        label: 'x'.repeat(50),
        value: { label: 'x'.repeat(500) },
      })),
    }
    const json = { message: 'x'.repeat(10_000), card: largest }
    expect((await adminCall(server, 'POST', '/room/Lobby/notification', { json })).status).toBe(204)
  })
})

describe('a text or a list without a documented bound', () => {
  it.each<[method: string, path: string, json: object, field: string]>([
    ['POST', '/user', { name: 'A', email: 'a@example.com', password: 'x'.repeat(1_001) }, 'password'],
    ['POST', '/user', { name: 'A', email: 'a@example.com', roles: Array(51).fill('a') }, 'roles'],
    ['PUT', '/user/@alice', { timezone: 'x'.repeat(101) }, 'timezone'],
    ['PUT', '/user/@alice', { presence: { status: 'x'.repeat(256) } }, 'presence.status'],
    ['POST', '/room', { name: 'A', owner_user_id: 'x'.repeat(256) }, 'owner_user_id'],
    ['PUT', '/room/Lobby', { owner: { id: 'x'.repeat(256) } }, 'owner.id'],
    ['POST', '/addon', { url: 'http://127.0.0.1/', room_id: 'x'.repeat(256) }, 'room_id'],
    ['POST', '/addon', { url: 'http://127.0.0.1/', scopes: Array(51).fill('view_room') }, 'scopes'],
    [
      'POST',
      '/oauth/token',
      { grant_type: 'password', username: 'a', password: 'x'.repeat(1_001) },
      'password',
    ],
    ['POST', '/oauth/token', { grant_type: 'client_credentials', scope: 'x '.repeat(600) }, 'scope'],
  ])('%s %s is refused above its bound', async (method, path, json, field) => {
    const server = await startServer()
    const answer = await adminCall(server, method, path, { json })
    expect([answer.status, answer.body.error.field]).toEqual([400, field])
  })

  it('is bounded in the query, too', async () => {
    const server = await startServer()
    expect(refusal(await adminCall(server, 'GET', `/room?expand=${'items.'.repeat(200)}`))).toEqual([
      400,
      'expand must NOT have more than 1000 characters, got 1200',
    ])
  })

  it.each<[what: string, changes: object, text: RegExp]>([
    [
      'description',
      { description: 'x'.repeat(10_001) },
      /description must NOT have more than 10000 characters/,
    ],
    ['name', { name: 'x'.repeat(256) }, /name must NOT have more than 255 characters, got 256/],
    [
      'list of glances',
      {
        capabilities: {
          glance: Array.from({ length: 101 }, (_, at) => ({
            key: `g${at}`,
            name: { value: 'x' },
            icon: { url: 'https://example.com/', 'url@2x': 'https://example.com/' },
          })),
        },
      },
      /capabilities\.glance must NOT have more than 100 items, got 101/,
    ],
  ])('is bounded in a descriptor: its %s', async (_, changes, text) => {
    const server = await startServer()
    const document = {
      key: 'a',
      name: 'A',
      description: 'A',
      links: { self: 'https://example.com/' },
      ...changes,
    }
    const url = `data:application/json;base64,${Buffer.from(JSON.stringify(document)).toString('base64')}`
    const answer = await adminCall(server, 'POST', '/addon', { json: { url } })
    expect([answer.status, answer.body.error.message]).toEqual([400, expect.stringMatching(text)])
  })

  it('is bounded on the chat page: the values of placeholders', async () => {
    const server = await startServer()
    const token = await server.createPageToken('alice')
    const answer = await call(server, 'POST', `${server.url}/page/integration/x/open`, {
      token,
      json: { key: 'a', values: { text: 'x'.repeat(140_000) } },
    })
    expect([answer.status, answer.body.error.field]).toEqual([400, 'values'])
  })
})

describe('markup', () => {
  it.each([
    ['elements within each other', nested(3_000)],
    ['elements that are never closed', '<i>'.repeat(3_000)],
    ['lists within lists', '<ul><li>'.repeat(1_000)],
    ['tables within tables', '<table><tr><td>'.repeat(600)],
  ])('of %s keeps this many levels, and all of its text', (_, html) => {
    const left = sanitizeHtml(`${html}text`)
    expect(depthOf(left)).toBeLessThanOrEqual(deepestMarkup)
    expect(left).toContain('text')
  })

  it('as deep as people write it stays unchanged', () => {
    const deep =
      '<table><tr><td><ul><li><ul><li><b><i><a href="https://example.com/">a</a></i></b></li></ul></li></ul></td></tr></table>'
    expect(sanitizeHtml(deep)).toBe(deep)
  })

  it('of a card and of a glance has the same depth limit', () => {
    const sanitised = sanitizeCard({
      style: 'link',
      id: '1',
      title: 'x',
      activity: { html: nested(500) },
      description: { format: 'html', value: nested(140) },
    })
    expect(depthOf(sanitised.activity?.html ?? '')).toBe(deepestMarkup)
    expect(depthOf((sanitised.description as { value: string }).value)).toBe(deepestMarkup)
    expect(depthOf(sanitizeGlance({ label: { type: 'html', value: nested(140) } }).label.value)).toBe(
      deepestMarkup,
    )
  })
})

describe('work on foreign input', () => {
  it('does not grow with the square of an answer that looks like tokens', () => {
    const { body } = shownResponse({}, 'eyJ'.repeat(90_000))
    expect(body).toHaveLength(4_097)
    expect(
      shownResponse({}, `${'x'.repeat(4_000)}eyJhbGciOi.eyJpc3MiOi.${'s'.repeat(200)}`).body,
    ).not.toMatch(/eyJ/)
  })

  it('does not grow with the square of a mention without an end', () => {
    let asked = 0
    const people = {
      byMention(name: string) {
        asked += name.length
        return undefined
      },
    }
    expect(findMentions(`@${'-'.repeat(9_990)}a`, people)).toEqual([])
    expect(asked).toBeLessThanOrEqual(100)
  })

  it('stops early for an address that repeats a long value many times', () => {
    expect(() =>
      fillTemplate('https://example.com/{a}'.padEnd(2_000, '{a}'), { a: 'x'.repeat(9_000) }),
    ).toThrow(/more than 8192 characters/)
  })
})

test('other calls are served while the labels of many glances are sanitized', async () => {
  const server = await startServer()
  const addon = await startAddon()
  const picture = { url: 'https://example.com/a.png', 'url@2x': 'https://example.com/a.png' }
  declare(addon, { glance: [{ key: 'g', name: { value: 'G' }, icon: picture }] })
  const token = await accessToken(server, await installOverHttp(server, addon, 'Lobby'))
  const content = { label: { type: 'html', value: nested(140).slice(0, 1_000) } }
  let pushed = false
  const push = call(server, 'POST', '/addon/ui/room/Lobby', {
    token,
    json: { glance: Array.from({ length: 100 }, () => ({ key: 'g', content })) },
  }).then(({ status }) => {
    pushed = true
    return status
  })
  let served = 0
  while (!pushed) {
    await fetch(`${server.apiUrl}/capabilities`)
    served += 1
  }
  expect(await push).toBe(204)
  expect(served).toBeGreaterThan(3)
  expect(server.glanceUpdates()).toHaveLength(100)
})

test('a list of deliveries ends at its limit of bytes', async () => {
  const server = await startServer()
  const addon = await startAddon()
  declare(addon, { webhook: hook(addon) })
  await installOverHttp(server, addon, 'Lobby')
  for (let number = 0; number < 150; number += 1) await server.say('Lobby', 'alice', '€'.repeat(10_000))
  await server.idle()
  const { body } = await adminCall(server, 'GET', `${server.url}/admin/deliveries?limit=200`)
  expect(Buffer.byteLength(JSON.stringify(body))).toBeLessThan(largestPage * 1.01)
  expect(body.items.length).toBeGreaterThan(100)
  expect(body.items[0].id).toBe(150)
  expect((await adminCall(server, 'GET', `${server.url}/admin/deliveries/1`)).body).toMatchObject({ id: 1 })
})

test('a room accepts a limited number of add-ons, and those that it has can be updated', async () => {
  const server = await startServer()
  const install = (key: string, room?: string) => {
    const document = { key, name: key, description: 'A', links: { self: 'https://example.com/' } }
    const url = `data:application/json,${encodeURIComponent(JSON.stringify(document))}`
    return adminCall(server, 'POST', '/addon', { json: { url, ...(room ? { room_id: room } : {}) } })
  }
  for (let number = 0; number < 100; number += 1)
    expect((await install(`a${number}`, 'Lobby')).status).toBe(201)
  expect(refusal(await install('b', 'Lobby'))).toEqual([
    400,
    'Room Lobby has 100 add-ons already, expected fewer than 100',
  ])
  expect((await install('a7', 'Lobby')).status).toBe(201)
  expect((await install('b', 'Workshop')).status).toBe(201)
  expect((await install('b')).status).toBe(201)
})

test.each([
  ['JSON that opens a million lists', 'application/json', '['.repeat(1_000_000)],
  ['JSON whose member opens many objects', 'application/json', `{"message":${'{"a":'.repeat(150_000)}`],
  [
    'a form whose card opens a million lists',
    'application/x-www-form-urlencoded',
    `message=a&card=${'['.repeat(1_000_000)}`,
  ],
])('%s is refused before it is parsed', async (_, type, body) => {
  const server = await startServer()
  const parse = vi.spyOn(JSON, 'parse')
  onTestFinished(() => parse.mockRestore())
  const answer = await adminCall(server, 'POST', '/room/Lobby/notification', {
    body,
    headers: { 'content-type': type },
  })
  expect(refusal(answer)).toEqual([400, 'The body is nested more than 32 levels deep'])
  expect(parse.mock.calls.every(([text]) => text.length < 100_000)).toBe(true)
})

test('brackets within strings are not nested, however they are escaped', () => {
  const text = JSON.stringify({ a: '[[[[\\"[[[["]]', b: ['\\', '{{{{'] })
  expect([isNestedDeeper(text, 2), isNestedDeeper(text, 1)]).toEqual([false, true])
})
