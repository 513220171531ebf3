import { nowMicros } from '../dates.ts'
import { randomVersion } from '../random.ts'
import type { RoomRecord, RoomStatistics } from './records.ts'
import { folded, type StateDatabase, table } from './table.ts'

export type NewRoom = Pick<RoomRecord, 'name' | 'ownerId'> & Partial<RoomRecord>

export interface Rooms {
  get(id: number): RoomRecord | undefined
  all(): RoomRecord[]
  /** By id or name. Digits mean an id; when there is no such id, a name after all. */
  find(text: string): RoomRecord | undefined
  byName(name: string): RoomRecord | undefined
  add(room: NewRoom & { id: number }): RoomRecord
  change(room: RoomRecord, changes: Partial<RoomRecord>): RoomRecord
  /** Who is in a room changes often and is no change of the room: its version stays. */
  setParticipants(room: RoomRecord, participants: readonly number[]): RoomRecord
  /** Whether a user is in any room now. */
  isPresent(userId: number): boolean
  remove(room: RoomRecord): void
  statistics(roomId: number): RoomStatistics
  setStatistics(roomId: number, statistics: RoomStatistics): void
}

export function createRooms(db: StateDatabase): Rooms {
  const rooms = table<RoomRecord>(db, 'room')
  const names = table<number>(db, 'roomName')
  const statistics = table<RoomStatistics>(db, 'statistics')
  const presences = table<true>(db, 'presence') // by user and room

  const byName = (name: string) => {
    const id = names.get(folded(name))
    return id === undefined ? undefined : rooms.get(id)
  }
  const byId = (text: string) => (/^\d{1,15}$/.test(text) ? rooms.get(Number(text)) : undefined)

  return {
    get: (id) => rooms.get(id),
    all: () => rooms.all(),
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
      rooms.put([record.id], record)
      names.put([folded(record.name)], record.id)
      statistics.put([record.id], { messagesSent: 0, lastActive: null })
      for (const userId of record.participants) presences.put([userId, record.id], true)
      return record
    },
    change(room, changes) {
      const record = { ...room, ...changes, version: randomVersion() }
      if (folded(record.name) !== folded(room.name)) names.remove(folded(room.name))
      rooms.put([record.id], record)
      names.put([folded(record.name)], record.id)
      return record
    },
    setParticipants(room, participants) {
      const record = { ...room, participants }
      rooms.put([record.id], record)
      for (const userId of room.participants) presences.remove(userId, room.id)
      for (const userId of participants) presences.put([userId, room.id], true)
      return record
    },
    isPresent: (userId) => presences.any(userId),
    remove(room) {
      for (const userId of room.participants) presences.remove(userId, room.id)
      names.remove(folded(room.name))
      statistics.remove(room.id)
      rooms.remove(room.id)
    },
    statistics: (roomId) => statistics.get(roomId) ?? { messagesSent: 0, lastActive: null },
    setStatistics: (roomId, record) => statistics.put([roomId], record),
  }
}
