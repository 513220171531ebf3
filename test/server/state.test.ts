import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { TokenRecord, WebhookRecord } from '../../src/server/state/records.ts'
import { openState, type State } from '../../src/server/state/state.ts'

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
  expect(state.webhooks.listening('room_enter', 7).map(({ id }) => id)).toEqual([1, 2, 12])
  await state.write(() => state.webhooks.remove(ofRoom))
  expect(state.webhooks.has(ofRoom)).toBe(false)
  expect(state.webhooks.of(7).map(({ id }) => id)).toEqual([4])
})
