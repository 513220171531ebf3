import nock from 'nock'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Card } from '../../src/api/card.ts'
import { operations } from '../../src/api/operations/index.ts'
import type { Scope } from '../../src/api/scopes.ts'
import { type Client, createClientFor, createRoomFor, type Room } from '../../src/client/client.ts'
import type { Authority } from '../../src/client/request.ts'
import { html } from '../../src/common/html.ts'
import { authority, calling, failure, hipchat, room17, useNock } from './support.ts'

useNock()
afterEach(() => {
  vi.useRealTimers()
})

/** A client and its room 17, as an add-on with every scope has them. */
function create(who: Partial<Authority> = {}): { client: Client<Scope>; room: Room<Scope> } {
  const methods = createClientFor(authority(who), calling())
  return {
    client: methods as Client<Scope>, // has every method of the table
    room: createRoomFor(methods, 17) as Room<Scope>, // and this every one of a room
  }
}

const path = '/room/17/notification'
const card = {
  style: 'application',
  id: '1',
  title: 'A card',
  url: 'https://example.com',
} as const satisfies Card

describe('the client', () => {
  it('has a method for every operation', () => {
    expect(Object.keys(create().client)).toEqual(Object.keys(operations))
  })

  it('reads a collection from its start-index on, with the other parameters', async () => {
    const next = 'https://chat.example.net/v2/room?start-index=12'
    hipchat()
      .get('/room')
      .query({ 'start-index': 10, 'max-results': 2, 'include-archived': true })
      .reply(200, { items: [room17, room17], links: { self: '', next } })
    hipchat()
      .get('/room')
      .query({ 'start-index': 12, 'max-results': 2, 'include-archived': true })
      .reply(200, { items: [room17], links: { self: '' } })
    const rooms = create().client.getAllRooms({
      'start-index': 10,
      'max-results': 2,
      'include-archived': true,
    })
    expect(await rooms.toArray()).toEqual([room17, room17, room17])
  })

  it('rejects, and does not throw, when a call is wrong', async () => {
    const { client } = create()
    const wrong = client.getRoom({ id_or_name: '' })
    expect(await failure(wrong)).toMatchObject({
      code: 'ERR_CONFIGURATION',
      message: 'getRoom: expected id_or_name to be an id or a name, got string',
    })
    const odd = client.getAllRooms({ 'start-index': Number.NaN })
    expect(await failure(odd)).toMatchObject({
      code: 'ERR_CONFIGURATION',
      message: expect.stringMatching(/^getAllRooms: start-index must be integer/),
    })
  })
})

describe('a room', () => {
  it('fills in its id, which cannot be overridden', async () => {
    hipchat().get('/room/17').reply(200, room17)
    hipchat().delete('/room/17/webhook/5').reply(204)
    const { room } = create()
    expect(room.id).toBe(17)
    expect(await room.getRoom()).toEqual(room17)
    const elsewhere: object = { id_or_name: 18 }
    await room.deleteRoomWebhook({ webhook_id: 5, ...elsewhere })
    expect(nock.isDone()).toBe(true)
  })

  it('has the operations on a room, and no others', () => {
    const ofRooms = Object.entries(operations).filter(([, operation]) => 'ownRoom' in operation)
    const shorthands = ['id', 'notify', 'sendCard', 'history']
    expect(Object.keys(create().room).sort()).toEqual([...ofRooms.map(([id]) => id), ...shorthands].sort())
  })
})

describe('notify', () => {
  it.each([
    ['a text as text', 'a < b', { message: 'a < b', message_format: 'text' }],
    ['HTML as HTML', html`<b>${'<'}</b>`, { message: '<b>&lt;</b>', message_format: 'html' }],
    ['a notification as it is', { message: '<b>x</b>' } as const, { message: '<b>x</b>' }],
  ])('posts %s', async (_, message, body) => {
    hipchat().post(path, body).reply(204)
    expect(await create().room.notify(message)).toBeUndefined()
    expect(nock.isDone()).toBe(true)
  })

  it('accepts options', async () => {
    hipchat().post(path, { message: 'Hi', message_format: 'text', color: 'green', notify: true }).reply(204)
    await create().room.notify('Hi', { color: 'green', notify: true })
    expect(nock.isDone()).toBe(true)
  })

  it('is aborted by a signal', async () => {
    hipchat().post(path).delay(30_000).reply(204)
    const reason = new Error('closing')
    const controller = new AbortController()
    const call = create().room.notify('Hi', { signal: controller.signal })
    setTimeout(() => controller.abort(reason), 20)
    expect(await failure(call)).toBe(reason)
  })

  it.each<[string, unknown, object, string]>([
    ['message', { message: 'Hi', colour: 'red' }, {}, 'notification: colour is not a known member'],
    ['message', 5, {}, 'expected a message as a string'],
    ['option', 'Hi', { colour: 'red' }, 'sendRoomNotification: colour is not a known parameter'],
    ['option', 'Hi', { color: 'blue' }, 'sendRoomNotification: color must be one of'],
  ])('rejects, and does not throw, for a wrong %s', async (_, message, options, why) => {
    const server = hipchat().post(path).reply(204)
    const call = create().room.notify(message as string, options) // wrong on purpose
    expect(await failure(call)).toMatchObject({
      code: 'ERR_CONFIGURATION',
      message: expect.stringContaining(why),
    })
    expect(server.isDone()).toBe(false)
  })
})

describe('sendCard', () => {
  it('posts the card with its message and options', async () => {
    hipchat()
      .post(path, { message: 'See', message_format: 'text', color: 'red', attach_to: 'm1', card })
      .reply(204)
    await create().room.sendCard(card, 'See', { color: 'red', attach_to: 'm1' })
    hipchat().post(path, { message: '<b>See</b>', message_format: 'html', card }).reply(204)
    await create().room.sendCard(card, html`<b>See</b>`)
    expect(nock.isDone()).toBe(true)
  })

  it('rejects a card without a message', async () => {
    const server = hipchat().post(path).reply(204)
    for (const message of [undefined, '', { message: 'See' }])
      expect(await failure(create().room.sendCard(card, message as string))).toMatchObject({
        code: 'ERR_CONFIGURATION',
        message: expect.stringMatching(/^(sendCard: expected a message|notification: message)/),
      })
    expect(server.isDone()).toBe(false)
  })

  it('rejects a value that is not a card', async () => {
    const server = hipchat().post(path).reply(204)
    const { room } = create()
    expect(await failure(room.sendCard({ ...card, thumbnail: { url: '' } }, 'See'))).toMatchObject({
      code: 'ERR_CONFIGURATION',
      message: expect.stringContaining('sendCard: thumbnail.url must NOT have fewer than 1'),
    })
    expect((await failure(room.sendCard(undefined as never, 'See'))).message).toMatch(/undefined/)
    expect(server.isDone()).toBe(false)
  })
})

describe('history', () => {
  const message = (id: string) => ({
    id,
    date: '2016-05-26T09:59:00.000000+00:00',
    from: { id: 1, name: 'Ada' },
    type: 'message',
    message: 'Hi',
  })

  it('goes back from now, on stable pages', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: new Date('2016-05-26T10:00:00Z') })
    const fixed = { date: '2016-05-26T10:00:00.000Z', reverse: false }
    const next = 'https://chat.example.net/v2/room/17/history?start-index=1'
    hipchat()
      .get('/room/17/history')
      .query({ ...fixed, 'start-index': 0 })
      .reply(200, () => {
        vi.setSystemTime(new Date('2016-05-26T11:00:00Z')) // the next page is asked for later
        return { items: [message('m2')], links: { self: '', next } }
      })
    hipchat()
      .get('/room/17/history')
      .query({ ...fixed, 'start-index': 1 })
      .reply(200, { items: [message('m1')], links: { self: '' } })
    const ids: string[] = []
    for await (const { id } of create().room.history()) ids.push(id)
    expect(ids).toEqual(['m2', 'm1'])
  })

  it('accepts both ends', async () => {
    hipchat()
      .get('/room/17/history')
      .query({
        date: '2016-05-26T10:00:00.000Z',
        'end-date': '2016-05-25T10:00:00.000Z',
        reverse: false,
        'start-index': 0,
      })
      .reply(200, { items: [] })
    const [before, after] = [new Date('2016-05-26T10:00:00Z'), new Date('2016-05-25T10:00:00Z')]
    for await (const one of create().room.history({ before, after })) expect.fail(one.id)
    expect(nock.isDone()).toBe(true)
  })
})
