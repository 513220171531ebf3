import { most } from '../../api/bounds.ts'
import type { Scope } from '../../api/scopes.ts'
import { createPace } from '../../common/next-turn.ts'
import { badRequest } from '../errors.ts'
import type { RoomRecord, TokenRecord, UserRecord } from '../state/records.ts'
import type { State } from '../state/state.ts'
import type { HandmadeFor, HashedToken } from '../state/tokens.ts'
import { type Caller, person } from './callers.ts'
import { mayRun, maySee } from './room-rights.ts'
import { makeToken } from './tokens.ts'

/** Id of a token: a part of its hash, which grants no access. */
export const tokenId = (hash: string): string => hash.slice(0, 16)

/**
 * 400 when a user, or a room for all who run it, already has the most tokens made by hand. Runs inside a
 * transaction and removes tokens that have ended.
 */
export function checkHandmadeCount(state: State, room: RoomRecord | undefined, userId: number): void {
  const place: HandmadeFor = room ? { roomId: room.id } : { userId }
  let good = 0
  for (const { hash, token } of state.tokens.handmade(place, { limit: 2 * most.handmadeTokens }))
    if (state.tokens.isGood(token)) good += 1
    else state.tokens.remove(hash)
  if (good < most.handmadeTokens) return
  throw badRequest(
    `${room ? `Room ${room.name} has` : 'You have'} ${good} tokens made by hand already, expected fewer than ${most.handmadeTokens}: revoke one first`,
  )
}

/** Makes a token for a person's own programs, inside a transaction, and returns its text. */
export const makePersonalToken = (
  state: State,
  { id: userId }: UserRecord,
  scopes: readonly Scope[],
  label: string | null = null,
): string => makeToken(state, { kind: 'personal', scopes, userId, label })

/** Makes a token for notifications in a room, inside a transaction, and returns its text. It is good while `maker` may make it. */
export const makeRoomToken = (
  state: State,
  { id: roomId }: RoomRecord,
  scopes: readonly Scope[],
  label = 'Integration',
  maker?: UserRecord,
): string =>
  makeToken(state, {
    kind: 'room_notification',
    scopes,
    roomId,
    label,
    ...(maker ? { madeBy: maker.id } : {}),
  })

/** Whether a token was made by hand for the caller, or for a room that they run. */
function isOwn({ kind, use, userId, roomId, admin }: TokenRecord, caller: Caller, state: State): boolean {
  const user = person(caller)
  if (use !== 'access' || admin) return false
  if (kind === 'personal') return userId === user.id
  const room = roomId === null ? undefined : state.rooms.get(roomId)
  return kind === 'room_notification' && room !== undefined && maySee(room, caller) && mayRun(room, user)
}

/** Finds one of the caller's tokens by its {@link tokenId}. */
export const findHandmade = (id: string, caller: Caller, state: State): HashedToken | undefined =>
  /^[0-9a-f]{16}$/.test(id)
    ? state.tokens.beginning(id, 1).find(({ token }) => isOwn(token, caller, state))
    : undefined

/** Where a list of tokens continues: after a token of a room; room 0 stands for the caller's own. */
interface Place {
  readonly roomId: number
  readonly id?: string
}

const placeAt = (cursor: string | undefined): Place => {
  const [roomId = '0', id] = cursor?.split('.') ?? []
  return { roomId: Number(roomId), ...(id === undefined ? {} : { id }) }
}

const cursorOf = ({ hash, token }: HashedToken): string =>
  `${token.kind === 'personal' ? 0 : (token.roomId ?? 0)}.${tokenId(hash)}`

const roomsPerTurn = 50

/** Some of the caller's tokens, their own first, and where the rest begins; null at the end. */
export async function handmadePart(
  state: State,
  caller: Caller,
  cursor: string | undefined,
  limit: number,
): Promise<{ items: HashedToken[]; next: string | null }> {
  const place = placeAt(cursor)
  const found: HashedToken[] = [] // one more shows whether there are others
  for await (const tokens of handmadeFrom(state, caller, place, limit + 1)) {
    found.push(...tokens)
    if (found.length > limit) break
  }
  const last = found.length > limit ? found[limit - 1] : undefined
  const items = found.slice(0, limit).filter(({ token }) => isOwn(token, caller, state))
  return { items, next: last ? cursorOf(last) : null }
}

/** The tokens of one place after the other, a few of the rooms in each turn of the event loop. */
async function* handmadeFrom(
  state: State,
  caller: Caller,
  { roomId: first, id }: Place,
  limit: number,
): AsyncGenerator<HashedToken[]> {
  const own = ({ token }: HashedToken) => isOwn(token, caller, state)
  // Sorts after all hashes with this beginning.
  const after = id === undefined ? undefined : `${id}g`
  const user = person(caller)
  if (first === 0) yield state.tokens.handmade({ userId: user.id }, { after, limit }).filter(own)
  const pace = createPace(roomsPerTurn)
  for (const roomId of roomsWithTokens(state, caller, Math.max(first, 1))) {
    const range = { after: roomId === first ? after : undefined, limit }
    const [one] = state.tokens.handmade({ roomId }, { limit: 1 })
    if (one && own(one)) yield state.tokens.handmade({ roomId }, range)
    await pace()
  }
}

/**
 * Ids of rooms that the caller may run, from a given id on. Only administrators run rooms that they do not belong
 * to.
 */
function* roomsWithTokens(state: State, caller: Caller, first: number): Generator<number> {
  const user = person(caller)
  if (!user.isAdmin) {
    const ids = new Set(state.rooms.idsAround(user.id))
    yield* [...ids].filter((id) => id >= first).sort((one, other) => one - other)
    return
  }
  for (let from = first; ; ) {
    const [roomId] = state.tokens.handmadeRooms(from, 1)
    if (roomId === undefined) return
    yield roomId
    from = roomId + 1
  }
}
