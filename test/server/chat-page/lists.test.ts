import { describe, expect, test } from 'vitest'
import { adminCall, call, refusal, startServer } from '../support.ts'
import { serverWith, type Visitor, visit } from './large-groups.ts'

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

describe('looking up people and rooms', () => {
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
