import { randomVersion } from '../../common/random.ts'
import { folded } from '../../common/text.ts'
import { nowMicros } from '../dates.ts'
import { createNameIndex, fromEachWord, type Named } from './name-index.ts'
import type { RoomRecord, RoomStatistics } from './records.ts'
import { type StateDatabase, table } from './table.ts'

/** A room to add; absent members get defaults. */
export type NewRoom = Pick<RoomRecord, 'name' | 'ownerId'> & Partial<RoomRecord>

/** Rooms of the group, with their people. */
export interface Rooms {
  get(id: number): RoomRecord | undefined
  all(): RoomRecord[]
  /** At most `limit` rooms ordered by id, starting at an id. */
  from(id: number, limit: number): RoomRecord[]
  /** At most `limit` rooms ordered by name, after a given entry. */
  byNames(range: { after?: Named | undefined; limit: number }): RoomRecord[]
  /** Rooms with a word in their name that begins with a text; after a given entry. */
  beginning(text: string, range: { after?: Named | undefined; limit: number }): FoundRoom[]
  /** At most `limit` of the rooms that a user is in now. */
  of(userId: number, limit: number): RoomRecord[]
  /**
   * Ids of the rooms that a user owns, is a member of, or is in now. Each at least once; read as far as needed,
   * without the rooms.
   */
  idsAround(userId: number): Iterable<number>
  /** At most `limit` ids of the rooms that a user is in now. */
  idsOf(userId: number, limit: number): number[]
  /**
   * Ids of the rooms that a guest sees: those that they are a member of, and the public ones that are open to
   * guests.
   */
  idsForGuest(userId: number): Set<number>
  /** Number of rooms that a maker created and that still exist; counts no further than `most`. */
  countMade(maker: string, most: number): number
  /** Finds a room by id or name. Digits are an id; if there is no such id, a name. */
  find(text: string): RoomRecord | undefined
  byName(name: string): RoomRecord | undefined
  add(room: NewRoom & { id: number }): RoomRecord
  change(room: RoomRecord, changes: Partial<RoomRecord>): RoomRecord
  /**
   * Changes who is in a room. This happens often and does not count as a change of the room: its version and record
   * stay.
   */
  setParticipants(room: RoomRecord, participants: readonly number[]): RoomRecord
  /** Whether a user is in any room now. */
  isPresent(userId: number): boolean
  /** Number of rooms that a user is in now; counts no further than two. */
  presencesOf(userId: number): number
  remove(room: RoomRecord): void
  statistics(roomId: number): RoomStatistics
  setStatistics(roomId: number, statistics: RoomStatistics): void
  /** Builds the indexes of names and members, for data of a server that had none. Call it inside a transaction. */
  completeIndex(): void
}

/** A room found by a word of its name. */
export interface FoundRoom {
  readonly room: RoomRecord
  readonly entry: Named
}

/** A room without the people in it, who are stored separately. Older data has them here. */
type StoredRoom = Omit<RoomRecord, 'participants'> & Partial<Pick<RoomRecord, 'participants'>>

/** Creates the table of rooms in a database. */
export function createRooms(db: StateDatabase): Rooms {
  const stored = table<StoredRoom>(db, 'room')
  const participantLists = table<readonly number[]>(db, 'participants')
  const names = table<number>(db, 'roomName')
  const beginnings = createNameIndex(db, 'roomBeginning')
  const statistics = table<RoomStatistics>(db, 'statistics')
  const presences = table<true>(db, 'presence') // by user and room
  const memberships = table<true>(db, 'membership') // by user and room, also of owners
  const guestRooms = table<true>(db, 'guestRoom')
  const madeRooms = table<true>(db, 'madeRoom') // by maker

  const whole = (room: StoredRoom): RoomRecord => ({
    ...room,
    participants: participantLists.get(room.id) ?? room.participants ?? [],
  })

  function get(id: number): RoomRecord | undefined {
    const room = stored.get(id)
    return room && whole(room)
  }

  function put({ participants, ...room }: RoomRecord): void {
    if (participantLists.get(room.id) === undefined) participantLists.put([room.id], participants)
    stored.put([room.id], room)
  }

  const byName = (name: string) => {
    const id = names.get(folded(name))
    return id === undefined ? undefined : get(id)
  }
  const byId = (text: string) => (/^\d{1,15}$/.test(text) ? get(Number(text)) : undefined)

  function index({ id, name }: StoredRoom): void {
    for (const one of fromEachWord(name)) beginnings.add(one, id)
  }

  function unindex({ id, name }: StoredRoom): void {
    for (const one of fromEachWord(name)) beginnings.remove(one, id)
  }

  /** Updates the index of members where it has changed. */
  function indexPeople(before: StoredRoom | undefined, after: StoredRoom | undefined): void {
    const [old, current] = [peopleOf(before), peopleOf(after)]
    const id = (after ?? before)?.id ?? 0
    for (const userId of old) if (!current.has(userId)) memberships.remove(userId, id)
    for (const userId of current) if (!old.has(userId)) memberships.put([userId, id], true)
    if (isForGuests(after)) guestRooms.put([id], true)
    else if (isForGuests(before)) guestRooms.remove(id)
  }

  const roomIds = (of: typeof presences, userId: number, limit = Number.MAX_SAFE_INTEGER): number[] =>
    of.keysFrom([userId], { to: [userId + 1], limit }).map(([, roomId]) => Number(roomId))

  return {
    get,
    all: () => stored.all().map(whole),
    from: (id, limit) => stored.from([id], limit).map(whole),
    byNames: ({ after, limit }) =>
      names
        .from(after === undefined ? [] : [after.name], limit + 1)
        .filter((id) => id !== after?.id)
        .slice(0, limit)
        .flatMap((id) => get(id) ?? []),
    beginning: (text, range) =>
      beginnings.find(text, range).flatMap((entry) => {
        const room = get(entry.id)
        return room ? [{ room, entry }] : []
      }),
    of: (userId, limit) => roomIds(presences, userId, limit).flatMap((id) => get(id) ?? []),
    *idsAround(userId) {
      yield* roomIds(memberships, userId)
      yield* roomIds(presences, userId)
    },
    idsOf: (userId, limit) => roomIds(presences, userId, limit),
    idsForGuest: (userId) => {
      const open = guestRooms.keysFrom([], { limit: Number.MAX_SAFE_INTEGER })
      return new Set([...roomIds(memberships, userId), ...open.map(([id]) => Number(id))])
    },
    countMade: (maker, most) => madeRooms.count([maker], most),
    find: (text) => byId(text) ?? byName(text),
    byName,
    add(room) {
      const record: RoomRecord = {
        version: randomVersion(),
        topic: '',
        privacy: 'public',
        isArchived: false,
        guestAccess: false,
        guestKey: null,
        delegateAdminVisibility: null,
        members: [],
        participants: [],
        created: nowMicros(),
        ...room,
      }
      put(record)
      index(record)
      indexPeople(undefined, record)
      if (record.maker !== undefined) madeRooms.put([record.maker, record.id], true)
      names.put([folded(record.name)], record.id)
      statistics.put([record.id], { messagesSent: 0, lastActive: null })
      for (const userId of record.participants) presences.put([userId, record.id], true)
      return record
    },
    change(room, changes) {
      const record = { ...room, ...changes, version: randomVersion() }
      put(record)
      indexPeople(room, record)
      if (record.name === room.name) return record
      names.remove(folded(room.name))
      unindex(room)
      names.put([folded(record.name)], record.id)
      index(record)
      return record
    },
    setParticipants(room, participants) {
      const before = new Set(room.participants)
      const after = new Set(participants)
      participantLists.put([room.id], [...participants])
      for (const userId of before) if (!after.has(userId)) presences.remove(userId, room.id)
      for (const userId of after) if (!before.has(userId)) presences.put([userId, room.id], true)
      return { ...room, participants }
    },
    isPresent: (userId) => presences.any(userId),
    presencesOf: (userId) => presences.count([userId], 2),
    remove(room) {
      for (const userId of room.participants) presences.remove(userId, room.id)
      participantLists.remove(room.id)
      names.remove(folded(room.name))
      unindex(room)
      indexPeople(room, undefined)
      if (room.maker !== undefined) madeRooms.remove(room.maker, room.id)
      statistics.remove(room.id)
      stored.remove(room.id)
    },
    statistics: (roomId) => statistics.get(roomId) ?? { messagesSent: 0, lastActive: null },
    setStatistics: (roomId, record) => statistics.put([roomId], record),
    completeIndex() {
      const isNamed = beginnings.find('', { limit: 1 }).length > 0
      const isPeopled = memberships.any()
      if (isNamed && isPeopled) return
      for (const room of stored.all()) {
        if (!isNamed) index(room)
        if (!isPeopled) indexPeople(undefined, room)
      }
    },
  }
}

const peopleOf = (room: StoredRoom | undefined): Set<number> =>
  new Set(room ? [room.ownerId, ...room.members] : [])

const isForGuests = (room: StoredRoom | undefined): boolean => room?.privacy === 'public' && room.guestAccess
