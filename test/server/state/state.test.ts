import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openLmdb } from '../../../src/common/lmdb/lmdb.ts'
import type { Written } from '../../../src/server/state/change-notes.ts'
import type { TokenRecord, WebhookRecord } from '../../../src/server/state/records.ts'
import { openState, type State } from '../../../src/server/state/state.ts'

function open(): State {
  const path = mkdtempSync(join(tmpdir(), 'hipchat-state-'))
  const state = openState(path, { durable: false })
  onTestFinished(async () => {
    await state.close()
    rmSync(path, { recursive: true, force: true })
  })
  return state
}

const token = (expires: number | null): TokenRecord => ({
  kind: 'user',
  use: 'access',
  scopes: [],
  oauthId: null,
  userId: 1,
  roomId: null,
  label: null,
  expires,
  created: 0,
})

test('expired tokens and installation documents are removed, and no others', async () => {
  const state = open()
  const document = { oauthId: 'a', oauthSecret: 's', capabilitiesUrl: 'c', groupId: 1 }
  const installable = { key: 'k', oauthId: 'a', document, confirms: false }
  await state.write(() => {
    state.tokens.put('old', token(Date.now() - 1))
    state.tokens.put('new', token(Date.now() + 60_000))
    state.tokens.put('eternal', token(null))
    state.installables.put('old', { ...installable, expires: Date.now() - 1 })
    state.installables.put('new', { ...installable, expires: Date.now() + 60_000 })
    state.tokens.removeExpired()
    state.installables.removeExpired()
  })
  expect(state.tokens.all().map(({ hash }) => hash)).toEqual(['eternal', 'new'])
  expect([state.installables.get('old'), state.installables.get('new')?.oauthId]).toEqual([undefined, 'a'])
})

test('the webhooks of an event are those of the room and of the group, oldest first', async () => {
  const state = open()
  const webhook = (id: number, roomId: number | null, event: WebhookRecord['event'] = 'room_enter') => ({
    id,
    owner: { userId: 1 },
    roomId,
    event,
    url: 'https://example.com/',
    pattern: null,
    name: null,
    key: String(id),
    authentication: 'none' as const,
    declared: false,
    created: 0,
  })
  const ofRoom = webhook(2, 7)
  await state.write(() => {
    for (const one of [
      webhook(12, null),
      ofRoom,
      webhook(3, 8),
      webhook(4, 7, 'room_exit'),
      webhook(1, null),
    ])
      state.webhooks.put(one)
  })
  const listening = (after: number, limit: number) =>
    state.webhooks.listening('room_enter', 7, { after, limit }).map(({ id }) => id)
  expect([listening(0, 10), listening(0, 2), listening(2, 2)]).toEqual([[1, 2, 12], [1, 2], [12]])
  await state.write(() => state.webhooks.remove(ofRoom))
  expect(state.webhooks.has(ofRoom)).toBe(false)
  expect(state.webhooks.of(7).map(({ id }) => id)).toEqual([4])
})

test('entering or leaving a room writes as many records in a room of a thousand as in an empty one', async () => {
  const state = open()
  const written: Written[] = []
  state.watch((records) => written.push(...records))
  const countOf = async (work: () => void) => {
    written.length = 0
    await state.write(work)
    return written.length
  }
  const room = (id: number, participants: readonly number[]) =>
    state.rooms.add({ id, name: `Room ${id}`, ownerId: 1, participants })
  const thousand = Array.from({ length: 1_000 }, (_, index) => index + 10)
  const [empty, full] = await state.write(() => [room(1, []), room(2, thousand)] as const)
  expect(await countOf(() => state.rooms.setParticipants(empty, [5]))).toBe(2)
  expect(await countOf(() => state.rooms.setParticipants(full, [...thousand, 5]))).toBe(2)
  expect(written.map(({ table }) => table)).toEqual(['participants', 'presence'])
  const entered = state.rooms.get(2)
  expect(entered?.participants).toEqual([...thousand, 5])
  expect(await countOf(() => state.rooms.setParticipants(entered ?? full, thousand))).toBe(2)
  expect([state.rooms.of(5, 10).map(({ id }) => id), state.rooms.of(10, 10).map(({ id }) => id)]).toEqual([
    [1],
    [2],
  ])
})

test('data of an older server are found by name and place, and rooms keep their people', async () => {
  const path = mkdtempSync(join(tmpdir(), 'hipchat-state-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  // as written before there were indexes of names and places, with the people of a room in its record
  const lmdb = openLmdb<unknown, (string | number)[]>(path)
  lmdb.transactionSync(() => {
    lmdb.putSync(['user', 2], {
      id: 2,
      name: 'Alice Archer',
      mentionName: 'alice',
      email: null,
      isDeleted: false,
    })
    lmdb.putSync(['user', 3], { id: 3, name: 'Gone', mentionName: 'gone', email: null, isDeleted: true })
    lmdb.putSync(['room', 1], { id: 1, name: 'Lobby', ownerId: 2, members: [], participants: [2] })
    lmdb.putSync(['roomName', 'lobby'], 1)
    lmdb.putSync(['presence', 2, 1], true)
    lmdb.putSync(['client', 'a'], { oauthId: 'a', key: 'k', roomId: 1 })
    lmdb.putSync(['installation', 'k', 1], 'a')
  })
  await lmdb.close()
  for (const _ of ['first', 'second']) {
    const state = openState(path, { durable: false })
    expect(state.people.beginning('arch', 10).map(({ id }) => id)).toEqual([2])
    expect(state.people.byNames({ limit: 10 }).map(({ id }) => id)).toEqual([2])
    expect(state.rooms.beginning('lob', { limit: 10 }).map(({ room }) => room.participants)).toEqual([[2]])
    expect(state.clients.of(1).map(({ oauthId }) => oauthId)).toEqual(['a'])
    expect(state.clients.withKey('k', 10).map(({ oauthId }) => oauthId)).toEqual(['a'])
    // a change of the room keeps its people
    const room = state.rooms.get(1)
    if (room) await state.write(() => state.rooms.change(room, { topic: 'Old' }))
    expect(state.rooms.get(1)).toMatchObject({ topic: 'Old', participants: [2] })
    await state.close()
  }
})
