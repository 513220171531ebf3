import { chunkLength, createPace, nextTurn } from '../../common/next-turn.ts'
import { folded } from '../../common/text.ts'
import { knowing, maySee } from '../auth/room-rights.ts'
import { badRequest } from '../errors.ts'
import type { Named } from '../state/name-index.ts'
import type { RoomRecord, UserRecord } from '../state/records.ts'
import type { FoundRoom } from '../state/rooms.ts'
import type { State } from '../state/state.ts'

/** A part of a list that is ordered by name, and the cursor of the next part; null at the end. */
export interface Part<T> {
  readonly items: readonly T[]
  readonly next: string | null
}

/** The position in a list ordered by name, as a string that callers send back unchanged. */
const cursorOf = ({ name, id }: Named): string =>
  Buffer.from(JSON.stringify([name, id])).toString('base64url')

/** 400 for a string that {@link cursorOf} did not make. */
export function entryAt(cursor: string | undefined): Named | undefined {
  if (cursor === undefined) return undefined
  try {
    const [name, id] = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    if (typeof name === 'string' && Number.isSafeInteger(id)) return { name, id }
  } catch {
    // Refused below.
  }
  throw badRequest('after is not a valid cursor of this list: send the `next` of the previous part', 'after')
}

/** Those of some people whom a user may know of; a few are checked in each turn, since the rooms of each are read. */
export async function knownBy(
  user: UserRecord,
  { rooms }: State,
  found: readonly UserRecord[],
): Promise<UserRecord[]> {
  const isKnown = knowing(user, rooms)
  const pace = createPace(peoplePerTurn)
  const known: UserRecord[] = []
  for (const one of found) {
    if (isKnown(one)) known.push(one)
    if (user.isGuest) await pace()
  }
  return known
}

const peoplePerTurn = 5
const mostOfGuest = 1_000

/** All people whom a guest may know of, at once: a cursor would name a person they do not know. */
async function peopleOfGuest(guest: UserRecord, { rooms, people }: State): Promise<UserRecord[]> {
  const pace = createPace(chunkLength)
  const ids = new Set<number>()
  for (const roomId of rooms.idsForGuest(guest.id)) {
    const room = rooms.get(roomId)
    // Read in parts: rooms that become hidden from the guest meanwhile are left out.
    if (!room || !maySee(room, { user: guest })) continue
    const { ownerId, members, participants } = room
    for (const id of [ownerId, ...members, ...participants]) ids.add(id)
    if (ids.size >= mostOfGuest) break
    await pace(10 + members.length + participants.length)
  }
  return [...ids].slice(0, mostOfGuest).flatMap((id) => people.get(id) ?? [])
}

/** The people of the group, by name. */
export async function peoplePart(
  state: State,
  user: UserRecord,
  after: Named | undefined,
  limit: number,
): Promise<Part<UserRecord>> {
  if (user.isGuest) return { items: await peopleOfGuest(user, state), next: null }
  const found = state.people.byNames({ after, limit: limit + 1 })
  const items = found.slice(0, limit)
  const last = found.length > limit ? items.at(-1) : undefined
  return { items, next: last ? cursorOf({ name: folded(last.name), id: last.id }) : null }
}

interface RoomRange {
  /** Beginning of a word of the name. Default: all rooms. */
  readonly beginning?: string | undefined
  readonly after?: Named | undefined
  readonly limit: number
}

/** The rooms that a user can see, by name. */
export async function roomsPart(
  state: State,
  user: UserRecord,
  { beginning, after, limit }: RoomRange,
): Promise<Part<RoomRecord>> {
  const items = new Map<number, RoomRecord>()
  let last: Named | undefined
  for (let from = after; ; ) {
    const range = { after: from, limit: chunkLength }
    const chunk: FoundRoom[] =
      beginning === undefined
        ? state.rooms.byNames(range).map((room) => ({ room, entry: entryOf(room) }))
        : state.rooms.beginning(beginning, range)
    for (const { room, entry } of chunk) {
      if (!maySee(room, { user })) continue
      if (last && items.size === limit) return { items: [...items.values()], next: cursorOf(last) }
      items.set(room.id, room)
      last = entry
    }
    if (chunk.length < chunkLength) return { items: [...items.values()], next: null }
    from = chunk.at(-1)?.entry
    await nextTurn()
  }
}

const entryOf = ({ name, id }: RoomRecord): Named => ({ name: folded(name), id })
