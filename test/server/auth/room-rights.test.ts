import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { knowing } from '../../../src/server/auth/room-rights.ts'
import { openState } from '../../../src/server/state/state.ts'

test('the people a guest knows are found by the rooms of both, without reading any other room', async () => {
  const state = openState(mkdtempSync(join(tmpdir(), 'hipchat-guest-')), { durable: false })
  onTestFinished(() => state.close())
  const room = (id: number, more: object) => state.rooms.add({ id, name: `Room ${id}`, ownerId: 1, ...more })
  const { guest, member, open } = await state.write(() => {
    const guest = state.people.add({ id: 10, name: 'Gus', mentionName: 'gus', isGuest: true })
    for (let id = 100; id < 110; id += 1) room(id, { participants: [13] })
    return {
      guest,
      member: room(1, { privacy: 'private', members: [1, 10, 11] }),
      open: room(2, { guestAccess: true, participants: [12] }),
    }
  })
  const known = () => [1, 10, 11, 12, 13].filter((id) => knowing(guest, state.rooms)({ id }))
  expect([...state.rooms.idsForGuest(10)]).toEqual([1, 2])
  expect(known()).toEqual([1, 10, 11, 12])
  await state.write(() => state.rooms.change(open, { guestAccess: false }))
  expect(known()).toEqual([1, 10, 11])
  await state.write(() => state.rooms.change(member, { members: [1, 10] }))
  expect(known()).toEqual([1, 10])
  await state.write(() => state.rooms.remove({ ...member, members: [1, 10] }))
  expect(known()).toEqual([10])
})
