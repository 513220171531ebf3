import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { TokenRecord } from '../../../src/server/state/records.ts'
import { openState } from '../../../src/server/state/state.ts'
import type { HandmadeFor } from '../../../src/server/state/tokens.ts'

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
