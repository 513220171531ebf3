import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { HipChatServer } from '../../../src/server/index.ts'
import type { HandmadeFor } from '../../../src/server/state/clients.ts'
import type { TokenRecord } from '../../../src/server/state/records.ts'
import { openState } from '../../../src/server/state/state.ts'
import { type Answered, adminCall, call, refusal, startAddon, startServer } from '../support.ts'

const mentionNames = (count: number) => Array.from({ length: count }, (_, index) => `user${index}`)

const people = (count: number) =>
  mentionNames(count).map((mentionName, index) => ({ name: `Person ${index}`, mentionName }))

interface Group {
  readonly users: number
  readonly inside?: number
  readonly rooms?: number
  readonly privacy?: 'public' | 'private'
}

/** A server with a group of a size: people, a lobby with some of them in it, and other rooms. */
const serverWith = ({ users, inside = 0, rooms = 0, privacy = 'public' }: Group) =>
  startServer({
    seed: {
      users: people(users),
      rooms: [
        { name: 'Lobby', privacy, participants: mentionNames(inside) },
        ...Array.from({ length: rooms }, (_, index) => ({ name: `Room ${String(index).padStart(4, '0')}` })),
      ],
    },
  })

interface Visitor {
  readonly token: string
  ask(path: string): Promise<Answered>
}

async function visit(server: HipChatServer, mentionName: string): Promise<Visitor> {
  const token = await server.createPageToken(mentionName)
  return { token, ask: (path) => call(server, 'GET', `${server.url}/page${path}`, { token }) }
}

/** The events sent to a page, in order. */
async function listen(server: HipChatServer, { token, ask }: Visitor) {
  const abort = new AbortController()
  onTestFinished(() => abort.abort())
  const { cursor } = (await ask('/start')).body
  const answer = await fetch(`${server.url}/page/updates?after=${cursor}`, {
    headers: { authorization: `Bearer ${token}` },
    signal: abort.signal,
  })
  let text = ''
  const read = async () => {
    for await (const piece of answer.body?.pipeThrough(new TextDecoderStream()) ?? []) text += piece
  }
  read().catch(() => undefined)
  return {
    events: () =>
      [...text.matchAll(/^event: (.*)\ndata: (.*)$/gm)].map(([, name, data = '']) => ({
        name,
        data: JSON.parse(data),
      })),
  }
}

describe('an event for a page', () => {
  async function toldOfEntering(inside: number, privacy: 'public' | 'private' = 'public') {
    const server = await serverWith({ users: inside + 1, inside, privacy })
    if (privacy === 'private')
      await adminCall(server, 'PUT', `/room/Lobby/member/@user${inside}`, { json: {} })
    const page = await listen(server, await visit(server, 'user0'))
    await server.enter('Lobby', `user${inside}`)
    await server.say('Lobby', 'user0', 'over')
    await expect.poll(() => page.events().some(({ name }) => name === 'message')).toBe(true)
    return page.events().filter(({ name }) => name !== 'message')
  }

  test.each(['public', 'private'] as const)(
    'about a user who enters a %s room is as long with three hundred people as with three',
    async (privacy) => {
      const [small, large] = [await toldOfEntering(3, privacy), await toldOfEntering(300, privacy)]
      const lengthOf = (events: unknown) => JSON.stringify(events).replace(/\d+/g, '0').length
      expect(lengthOf(large)).toBe(lengthOf(small))
      expect(large.map(({ name }) => name)).toEqual(['participant', 'user'])
      expect(large[0]?.data).toEqual({ room_id: 1, user_id: 302, is_here: true, participants: 301 })
      expect(large[1]?.data).toEqual({ id: 302, presence: expect.objectContaining({ is_online: true }) })
      expect(JSON.stringify(large).length).toBeLessThan(400)
    },
  )

  test('about a room is as long with three hundred members as with three', async () => {
    const told = async (members: number) => {
      const server = await serverWith({ users: members, inside: members, privacy: 'private' })
      const page = await listen(server, await visit(server, 'user0'))
      await server.setTopic('Lobby', 'user0', 'A topic')
      const rooms = () => page.events().filter(({ name }) => name === 'room')
      await expect.poll(() => rooms().length).toBe(1)
      return rooms()
    }
    const [small, large] = [await told(3), await told(300)]
    expect(large[0]?.data).toMatchObject({ topic: 'A topic', participants: 300, is_inside: true })
    expect(JSON.stringify(large).length - JSON.stringify(small).length).toBeLessThan(10)
  })

  test('about presence contains only the presence, and is not sent when it stays the same', async () => {
    const server = await serverWith({ users: 2, rooms: 1 })
    const page = await listen(server, await visit(server, 'user0'))
    await server.enter('Lobby', 'user1')
    await server.enter('Room 0000', 'user1') // the user is already there
    await server.leave('Lobby', 'user1')
    await server.leave('Room 0000', 'user1')
    const { token } = await visit(server, 'user1')
    await call(server, 'PUT', `${server.url}/page/presence`, { token, json: { show: 'dnd', status: 'Busy' } })
    await adminCall(server, 'PUT', '/user/@user1', { json: { title: 'Boss' } })
    const users = () => page.events().filter(({ name }) => name === 'user')
    await expect.poll(() => users().length).toBe(4)
    expect(users().map(({ data }) => [Object.keys(data).length > 2, data.presence?.is_online])).toEqual([
      [false, true],
      [false, undefined],
      [false, false],
      [true, false],
    ])
    expect(users()[2]?.data.presence).toMatchObject({ show: 'dnd', status_text: 'Busy' })
    expect(users()[3]?.data).toMatchObject({ name: 'Person 1', title: 'Boss' })
  })

  test('about add-ons names the room, and is only for users who see it', async () => {
    const server = await serverWith({ users: 3, inside: 2, privacy: 'private' })
    const addon = await startAddon()
    const [inside, outside] = [
      await listen(server, await visit(server, 'user0')),
      await listen(server, await visit(server, 'user2')),
    ]
    await server.install(`${addon.url}/descriptor`, { room: 'Lobby' })
    await server.install(`${addon.url}/descriptor`)
    const told = (page: typeof inside) =>
      page.events().flatMap(({ name, data }) => (name === 'integrations' ? [data.room_id] : []))
    await expect.poll(() => told(outside)).toContain(null)
    expect(new Set(told(outside))).toEqual(new Set([null]))
    await expect.poll(() => new Set(told(inside))).toEqual(new Set([1, null]))
  })

  test('tells a page to start over when its user becomes or ceases to be an administrator', async () => {
    const server = await serverWith({ users: 2 })
    const [changed, other] = [
      await listen(server, await visit(server, 'user0')),
      await listen(server, await visit(server, 'user1')),
    ]
    const resets = (page: typeof changed) => page.events().filter(({ name }) => name === 'reset').length
    for (const [index, is_group_admin] of [true, false].entries()) {
      await adminCall(server, 'PUT', '/user/@user0', { json: { is_group_admin } })
      await expect.poll(() => resets(changed)).toBe(index + 1)
    }
    expect(resets(other)).toBe(0)
  })

  test('reaches a hundred pages in order, also when many are sent at once', async () => {
    const server = await serverWith({ users: 120 })
    const pages = await Promise.all(
      mentionNames(120).map(async (name) => listen(server, await visit(server, name))),
    )
    const texts = Array.from({ length: 50 }, (_, index) => `message ${index}`)
    await Promise.all(texts.map((text) => server.say('Lobby', 'user0', text)))
    const heard = (page: (typeof pages)[number]) =>
      page.events().flatMap(({ name, data }) => (name === 'message' ? [data.message.message] : []))
    for (const page of pages) await expect.poll(() => heard(page).length).toBe(texts.length)
    for (const page of pages) expect(heard(page)).toEqual(heard(pages[0] as typeof page))
  })
})

test('one user has at most a hundred open pages, and others can open theirs', async () => {
  const server = await serverWith({ users: 2 })
  const [one, other] = [await visit(server, 'user0'), await visit(server, 'user1')]
  await Promise.all(Array.from({ length: 100 }, () => listen(server, one)))
  const open = ({ token }: Visitor) => call(server, 'GET', `${server.url}/page/updates`, { token })
  expect(refusal(await open(one))).toEqual([429, 'You already have 100 pages open, which is the maximum'])
  await listen(server, other)
})

describe('the initial state of a page', () => {
  test('is as long in a group of two thousand as in one of three hundred', async () => {
    const begun = async (users: number, rooms: number) => {
      const server = await serverWith({ users, rooms })
      return (await (await visit(server, 'user7')).ask('/start')).body
    }
    const [some, many] = [await begun(300, 150), await begun(2_000, 600)]
    for (const { people, rooms, next_people, next_rooms } of [some, many]) {
      expect([people.length, rooms.length]).toEqual([101, 100])
      expect(people[0].mention_name).toBe('user7')
      expect([next_people, next_rooms]).toEqual([expect.any(String), expect.any(String)])
    }
    expect(JSON.stringify(many).length).toBeLessThan(1.1 * JSON.stringify(some).length)
  })

  test('is all of a small group, and the rooms the user is in wherever they are in the list', async () => {
    const small = await serverWith({ users: 3, rooms: 2 })
    const { body } = await (await visit(small, 'user0')).ask('/start')
    expect([body.people.length, body.rooms.length, body.next_people, body.next_rooms]).toEqual([
      4,
      3,
      null,
      null,
    ])
    const large = await serverWith({ users: 1, rooms: 150 })
    await large.enter('Room 0149', 'user0')
    const { rooms } = (await (await visit(large, 'user0')).ask('/start')).body
    const inside = rooms.filter((one: { is_inside: boolean }) => one.is_inside)
    expect(inside.map(({ name }: { name: string }) => name)).toEqual(['Room 0149'])
    expect(rooms).toHaveLength(101)
  })

  test('is followed by the rest in parts, each person and each room once', async () => {
    const server = await serverWith({ users: 250, rooms: 220 })
    const visitor = await visit(server, 'user0')
    const start = (await visitor.ask('/start')).body
    for (const [kind, next, count] of [
      ['people', start.next_people, 251],
      ['rooms', start.next_rooms, 221],
    ] as const) {
      const found = new Set<number>(start[kind].map(({ id }: { id: number }) => id))
      let sum = found.size
      let parts = 0
      for (let after = next; after !== null; parts += 1) {
        const { items, next: following } = (await visitor.ask(`/${kind}?after=${after}`)).body
        expect(items.length).toBeLessThanOrEqual(100)
        for (const { id } of items) found.add(id)
        sum += items.length
        after = following
      }
      expect([kind, found.size, parts]).toEqual([kind, count, 2])
      expect(sum - count).toBeLessThanOrEqual(1) // the user themselves also comes first
    }
  })
})

describe('looking up', () => {
  test('finds people by id, by the beginning of a word of the name, and by the mention name', async () => {
    const server = await startServer()
    const alice = await visit(server, 'alice')
    const found = async (query: string) =>
      (await alice.ask(`/people?${query}`)).body.items.map(
        (one: { mention_name: string }) => one.mention_name,
      )
    expect(await found('ids=3,2,999')).toEqual(['bob', 'alice'])
    expect(await found('name=bak')).toEqual(['bob'])
    expect(await found('name=ALICE%20A')).toEqual(['alice'])
    expect(await found('name=car')).toEqual(['carol'])
    expect(await found('name=ob')).toEqual([])
    await adminCall(server, 'PUT', '/user/@bob', { json: { name: 'Robert Miller', mention_name: 'rob' } })
    expect(await found('name=bak')).toEqual([])
    expect(await found('name=mil')).toEqual(['rob'])
    await call(server, 'DELETE', '/user/@carol', { token: server.adminToken })
    expect(await found('name=car')).toEqual([])
    expect(await found('ids=4')).toEqual(['carol']) // her messages keep an author
  })

  test('finds only rooms that the user can see, and lists no others', async () => {
    const server = await startServer()
    const [alice, carol] = [await visit(server, 'alice'), await visit(server, 'carol')]
    const found = async (visitor: Visitor, query = '') =>
      (await visitor.ask(`/rooms${query}`)).body.items.map((one: { name: string }) => one.name)
    expect(await found(alice, '?name=off')).toEqual(['Back office'])
    expect(await found(alice, '?ids=3')).toEqual(['Back office'])
    for (const query of ['?name=off', '?name=back', '?ids=3']) expect(await found(carol, query)).toEqual([])
    expect(await found(carol)).toEqual(['Lobby', 'Workshop'])
    await adminCall(server, 'PUT', '/room/Workshop', { json: { name: 'Atelier des amis' } })
    expect(await found(carol, '?name=work')).toEqual([])
    expect(await found(carol, '?name=ami')).toEqual(['Atelier des amis'])
    expect(await found(carol)).toEqual(['Atelier des amis', 'Lobby'])
  })

  test('returns the people in a room in parts, to users who see the room', async () => {
    const server = await serverWith({ users: 251, inside: 250, privacy: 'private' })
    const member = await visit(server, 'user0')
    await adminCall(server, 'PUT', '/room/1/member/@user250', { json: {} })
    const ids: number[] = []
    for (let after: number | null = 0; after !== null; ) {
      const { body } = await member.ask(`/room/1/people?after=${after}`)
      expect(body.total).toBe(250)
      ids.push(...body.items.map(({ id }: { id: number }) => id))
      after = body.next
    }
    expect(new Set(ids).size).toBe(250)
    const absent = (await member.ask('/room/1/people?absent=true')).body
    expect(absent.items.map(({ mention_name }: { mention_name: string }) => mention_name)).toEqual([
      'admin',
      'user250',
    ])
    await adminCall(server, 'DELETE', '/room/1/member/@user250')
    const outside = await visit(server, 'user250')
    expect(refusal(await outside.ask('/room/1/people'))).toEqual([404, 'Room 1 not found'])
  })

  test('refuses an invalid cursor and invalid ids', async () => {
    const server = await startServer()
    const alice = await visit(server, 'alice')
    for (const list of ['people', 'rooms']) {
      for (const after of ['x', 'W10', Buffer.from('["a",1.5]').toString('base64url')])
        expect(refusal(await alice.ask(`/${list}?after=${after}`))).toEqual([
          400,
          'after is not a valid cursor of this list: send the `next` of the previous part',
        ])
      for (const ids of ['a', '1,', '-1', Array.from({ length: 101 }, (_, index) => index).join(',')])
        expect((await alice.ask(`/${list}?ids=${ids}`)).status, ids).toBe(400)
    }
  })
})

describe('lists of the API', () => {
  test('of people and rooms are read to their end in any group, each entry once', async () => {
    const server = await serverWith({ users: 620, rooms: 330 })
    for (const [path, count] of [
      ['/user', 621],
      ['/room', 331],
    ] as const) {
      const ids: number[] = []
      for (let start = 0; ; start += 100) {
        const { body } = await adminCall(server, 'GET', `${path}?start-index=${start}&max-results=100`)
        ids.push(...body.items.map(({ id }: { id: number }) => id))
        if (!body.links.next) break
      }
      expect([path, ids.length]).toEqual([path, count])
      expect(ids).toEqual([...new Set(ids)].sort((one, other) => one - other))
    }
    expect((await adminCall(server, 'GET', '/group/1/statistics')).body).toEqual({ users: 621 })
  })
})

test('tokens made by hand are found among those of thousands of sessions', async () => {
  const state = openState(mkdtempSync(join(tmpdir(), 'hipchat-state-')), { durable: false })
  onTestFinished(() => state.close())
  const token = (more: Partial<TokenRecord>): TokenRecord => ({
    kind: 'user',
    use: 'access',
    scopes: [],
    oauthId: null,
    userId: 1,
    roomId: null,
    label: null,
    expires: null,
    created: 0,
    ...more,
  })
  await state.write(() => {
    for (let index = 0; index < 3_000; index += 1) state.tokens.put(`session${index}`, token({}))
    state.tokens.put('own', token({ kind: 'personal' }))
    state.tokens.put('other', token({ kind: 'personal', userId: 2 }))
    state.tokens.put('room', token({ kind: 'room_notification', userId: null, roomId: 3 }))
  })
  const found = (place: HandmadeFor) => state.tokens.handmade(place, { limit: 10 }).map(({ hash }) => hash)
  expect([found({ userId: 1 }), found({ userId: 2 }), found({ userId: 3 })]).toEqual([['own'], ['other'], []])
  expect([found({ roomId: 3 }), state.tokens.handmadeRooms(0, 10)]).toEqual([['room'], [3]])
  await state.write(() => state.tokens.remove('own'))
  expect(found({ userId: 1 })).toEqual([])
})
