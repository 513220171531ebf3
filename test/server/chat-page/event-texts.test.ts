import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { createPresenter } from '../../../src/server/chat/api-objects.ts'
import type { Change } from '../../../src/server/chat-page/changes.ts'
import { createEventTexts, type Entry } from '../../../src/server/chat-page/event-texts.ts'
import type { MessageRecord } from '../../../src/server/state/records.ts'
import { openState } from '../../../src/server/state/state.ts'

async function group() {
  const path = mkdtempSync(join(tmpdir(), 'hipchat-state-'))
  const state = openState(path, { durable: false })
  onTestFinished(async () => {
    await state.close()
    rmSync(path, { recursive: true, force: true })
  })
  const users = await state.write(() => {
    state.setGroup({ id: 1, name: 'Example' })
    const added = Array.from({ length: 10 }, (_, index) =>
      state.people.add({ id: index + 1, name: `User ${index}`, mentionName: `user${index}` }),
    )
    state.rooms.add({ id: 1, name: 'Lobby', ownerId: 1, participants: [1, 2] })
    state.rooms.add({ id: 2, name: 'Private', ownerId: 1, privacy: 'private', members: [1, 2, 3] })
    return added
  })
  const texts = createEventTexts(
    state,
    createPresenter(state, () => 'http://127.0.0.1'),
  )
  const entry = (change: Change): Entry => ({ id: 'era-1', change, texts: new Map() })
  /** The texts that all users get for a change, each counted once. */
  const told = (change: Change) => {
    const one = entry(change)
    const all = users.map((user) => texts.of(one, user))
    return { all, different: new Set(all.filter(Boolean)).size, kept: one.texts.size }
  }
  return { state, texts, told, users }
}

const message = (roomId: number): MessageRecord => ({
  id: 'm',
  at: 1,
  roomId,
  type: 'message',
  author: { kind: 'user', id: 1 },
  text: 'hello',
  mentions: [],
})

it('an event is written once for all users who get the same text', async () => {
  const { told } = await group()
  const changes: [Change, number][] = [
    [{ kind: 'message', message: message(1) }, 10],
    [{ kind: 'message', message: message(2) }, 3],
    [{ kind: 'user', id: 3 }, 10],
    [{ kind: 'presence', id: 3 }, 10],
    [{ kind: 'participant', roomId: 1, userId: 2, isHere: true }, 10],
    [{ kind: 'integrations', roomId: null }, 10],
  ]
  for (const [change, count] of changes) {
    const { all, different, kept } = told(change)
    expect([change.kind, all.filter(Boolean).length, different, kept]).toEqual([change.kind, count, 1, 1])
  }
})

it('a room is written once for people in it, for people who run it, and for all others', async () => {
  const { told } = await group()
  const { different } = told({ kind: 'room', id: 1 })
  expect(different).toBe(3)
  const { all: ofPrivate } = told({ kind: 'room', id: 2 })
  expect(ofPrivate.map(Boolean)).toEqual([true, true, true, ...Array(7).fill(false)])
})

it('a changed room is looked up again', async () => {
  const { state, texts, told, users } = await group()
  const told1 = (change: Change) => new TextDecoder().decode(told(change).all[0])
  expect(told1({ kind: 'room', id: 1 })).toContain('"participants":2')
  state.watch((written) => texts.forget(written))
  await state.write(() => {
    const room = state.rooms.get(1)
    if (room) state.rooms.setParticipants(room, [1, 2, 3])
  })
  expect(told1({ kind: 'room', id: 1 })).toContain('"participants":3')
  await state.write(() => {
    const room = state.rooms.get(2)
    if (room) state.rooms.change(room, { members: [1] })
  })
  expect(
    users.map((user) =>
      Boolean(
        texts.of({ id: 'x', change: { kind: 'message', message: message(2) }, texts: new Map() }, user),
      ),
    ),
  ).toEqual([true, ...Array(9).fill(false)])
})
