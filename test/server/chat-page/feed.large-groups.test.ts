import { describe, expect, onTestFinished, test } from 'vitest'
import type { HipChatServer } from '../../../src/server/index.ts'
import { adminCall, call, refusal, startAddon } from '../support.ts'
import { mentionNames, serverWith, type Visitor, visit } from './large-groups.ts'

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
